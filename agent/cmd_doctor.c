#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "address.h"
#include "cmd_common.h"
#include "config.h"
#include "interpreter.h"
#include "log.h"
#include "port_free.h"
#include "preflight.h"
#include "preflight_look.h"
#include "pycmd.h"

#define COMMAND "doctor"
#define MORE_PORTS 15

static const char HELP[] =
"usage: pitstop doctor [--json] [OPTION...] [--] [COMMAND...]\n"
"\n"
"Says what would stand in the way of debugging COMMAND here, and the remedies,\n"
"without starting it; 'pitstop run' and its options may stand before it. When\n"
"there is no COMMAND, or none that leads to a Python, the first python3 in PATH\n"
"is looked at.\n"
"\n"
"  --json  for scripts\n"
"\n"
"An OPTION is one of 'pitstop run'.\n"
"\n"
"Exit status: 0, 1 when there is a problem, 2 usage.\n";

static const char *const LEVELS[] = {
	[PREFLIGHT_OK] = "ok",
	[PREFLIGHT_WARNING] = "warning",
	[PREFLIGHT_PROBLEM] = "problem",
};

struct told {
	cJSON *list;      /* NULL: as lines */
	bool problem;
};

static void on_found(void *ctx, const char *check, enum preflight_level level,
		     const char *text, const char *remedy)
{
	struct told *t = ctx;
	cJSON *one;

	t->problem |= level == PREFLIGHT_PROBLEM;
	if (!t->list) {
		printf("%-7s  %s: %s\n", LEVELS[level], check, text);
		if (*remedy)
			printf("         %s\n", remedy);
		return;
	}
	one = cJSON_CreateObject();
	cJSON_AddStringToObject(one, "check", check);
	cJSON_AddStringToObject(one, "result", LEVELS[level]);
	cJSON_AddStringToObject(one, "text", text);
	if (*remedy)
		cJSON_AddStringToObject(one, "remedy", remedy);
	cJSON_AddItemToArray(t->list, one);
}

/* the facts */

static void find_port(struct preflight *p, uint16_t wanted)
{
	unsigned port = wanted;

	p->wanted_port = wanted;
	do
		p->port_error = port_free((uint16_t)port);
	while (p->port_error == -EADDRINUSE && port - wanted < MORE_PORTS &&
	       ++port <= UINT16_MAX);
	p->last_port = port;
	p->port = p->port_error == 0 ? (uint16_t)port : 0;
}

static void find_address(struct preflight *p)
{
	struct address_choice at;

	address_choose(p->config->advertise, p->config->vnet, NULL, &at);
	strlcpy(p->host, at.host, sizeof(p->host));
	address_subnet(at.host, p->subnet);
	p->host_why = at.why;
	p->doubtful = at.doubtful;
	p->missed_vnet = at.missed_vnet;
	p->bridged = at.bridged;
}

/* `command` as the kernel would start it: a script behind its interpreter. */
static void find_script(struct preflight *p, char **command, size_t count,
			const char *script)
{
	const char **argv = calloc(count + 2, sizeof(*argv)), *slash;
	size_t argc = 0;
	struct pycmd cmd;

	if (!argv)
		return;
	if (*script) {
		argv[argc++] = p->exe;
		argv[argc++] = script;
		command++;
		count--;
	}
	while (count-- > 0)
		argv[argc++] = *command++;
	pycmd_parse(argv, argc, &cmd);
	p->isolated = cmd.isolated;
	p->unfrozen = cmd.unfrozen;
	p->outputs_len = outputs_find(argv + cmd.args_at, argc - cmd.args_at,
				      p->cwd, p->outputs);
	slash = cmd.kind == PYCMD_SCRIPT ? strrchr(cmd.name, '/') : NULL;
	if (slash)
		snprintf(p->script_dir, sizeof(p->script_dir), "%.*s",
			 (int)(slash - cmd.name), cmd.name);
	free(argv);
}

static struct preflight *examine(const struct config *config,
				 enum preflight_way way, char **command,
				 size_t count)
{
	struct preflight *p = calloc(1, sizeof(*p));
	char script[PATH_MAX];

	if (!p)
		return NULL;
	p->config = config;
	p->way = way;
	p->unchecked = getenv("PYDEVD_DISABLE_FILE_VALIDATION");
	if (!getcwd(p->cwd, sizeof(p->cwd)))
		*p->cwd = '\0';
	if (interpreter_find(count ? *command : NULL, p->exe, script))
		find_script(p, command, count, script);
	else if (count && *p->exe)
		log_warn("'%s' leads to no Python; %s is looked at instead",
			 *command, p->exe);
	interpreter_ask(p, config->debugpy);
	find_port(p, config->port);
	find_address(p);
	preflight_look(p);
	return p;
}

/* telling it */

static int tell(const struct preflight *p, bool json)
{
	cJSON *to = json ? cJSON_CreateObject() : NULL;
	struct told t = { to ? cJSON_AddArrayToObject(to, "checks") : NULL,
			  false };
	char *text;

	preflight_judge(p, on_found, &t);
	if (json) {
		text = cJSON_Print(to);
		puts(text ? text : "{}");
		cJSON_free(text);
		cJSON_Delete(to);
	}
	return fflush(stdout) != 0 || t.problem ? CMD_FAILED : 0;
}

static void on_bad(void *ctx, const char *sentence)
{
	(void)ctx;
	log_warn("%s", sentence);
}

static int unknown_option(const char *word)
{
	return cmd_mistake(COMMAND, "there is no option %.*s",
			   (int)strcspn(word, "="), word);
}

/* "pitstop run", as it stands before a step's command. */
static bool is_run(char **command, int count)
{
	const char *slash = count > 1 ? strrchr(*command, '/') : NULL;

	return count > 1 && strcmp(command[1], "run") == 0 &&
	       strcmp(slash ? slash + 1 : *command, "pitstop") == 0;
}

int cmd_doctor(int argc, char **argv)
{
	static struct config config;
	enum preflight_way way = getenv("PITSTOP_SOCKET") ? WAY_INSIDE
							  : WAY_NONE;
	struct preflight *p;
	bool json = false;
	int at = 1, status;

	config_defaults(&config);
	config_environment(&config, on_bad, NULL);
	while (config_flags(&config, argc, argv, &at, on_bad, NULL) < 0) {
		if (strcmp(argv[at], "--help") == 0 ||
		    strcmp(argv[at], "-h") == 0)
			return fputs(HELP, stdout) < 0;
		if (strcmp(argv[at], "--json") != 0)
			return unknown_option(argv[at]);
		json = true;
		at++;
	}
	if (is_run(argv + at, argc - at)) {
		at += 2;
		if (config_flags(&config, argc, argv, &at, on_bad, NULL) < 0)
			return unknown_option(argv[at]);
		way = WAY_PREFIX;
	}
	p = examine(&config, way, argv + at, (size_t)(argc - at));
	status = p ? tell(p, json) : CMD_FAILED;
	preflight_free(p);
	return status;
}
