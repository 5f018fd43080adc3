#include "cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "agent.h"
#include "config.h"
#include "ipc.h"
#include "listeners.h"
#include "log.h"

static const char USAGE[] =
"usage: pitstop agent\n"
"\n"
"The part of pitstop that has the sockets. `pitstop run` starts it beside the\n"
"step and restarts it when it dies; it is not meant to be started by hand.\n";

/* A descriptor that the supervisor handed over by name; -1 when it did not. */
static int inherited(const char *variable)
{
	const char *text = getenv(variable), *bad = NULL;
	int fd = text ? (int)strtonum(text, 0, 1 << 20, &bad) : -1;

	if (!text || bad || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	return fd;
}

static uint32_t inherited_by_flag(void)
{
	const char *text = getenv(IPC_BY_FLAG_VARIABLE), *bad;

	return text ? (uint32_t)strtonum(text, 0, UINT32_MAX, &bad) : 0;
}

static void on_bad(void *ctx, const char *sentence)
{
	(void)ctx;
	(void)sentence;  /* the supervisor has told it already */
}

int cmd_agent(int argc, char **argv)
{
	static struct config config;
	int ipc_fd = inherited(IPC_FD_VARIABLE);
	const struct listeners listeners = {
		.hooks = inherited(IPC_HOOK_FD_VARIABLE),
		.debuggees = inherited(IPC_DEBUGGEE_FD_VARIABLE),
		.spool = inherited(IPC_SPOOL_FD_VARIABLE),
	};

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 ||
			 strcmp(argv[1], "-h") == 0)) {
		fputs(USAGE, stdout);
		return 0;
	}
	if (argc > 1 || ipc_fd < 0 || listeners.hooks < 0) {
		fputs(USAGE, stderr);
		return 2;
	}
	config_defaults(&config);
	config_environment(&config, on_bad, NULL);
	config.by_flag = inherited_by_flag();
	if (!*config.token) {
		log_warn("no token: PITSTOP_TOKEN is not set; not serving");
		return 2;
	}
	return agent_run(&config, &listeners, ipc_fd);
}
