#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <cjson/cJSON.h>
#include <uv.h>

#include "adapter.h"
#include "address.h"
#include "api.h"
#include "exit_event.h"
#include "exit_report.h"
#include "imds.h"
#include "ipc.h"
#include "listeners.h"
#include "log.h"
#include "metadata.h"
#include "metrics.h"
#include "runlog.h"
#include "sessions.h"

#define END_MS 1000  /* for clients to take in that the step has ended */
#define END_TURNS 4  /* of the loop: words, end of file, closing; none waits */

struct agent {
	uv_loop_t loop;
	uv_poll_t ipc;
	uv_timer_t heartbeat;
	uv_timer_t end;
	uv_idle_t end_soon;
	unsigned turns;         /* of the loop, since the step's end */
	struct exit_report report;
	struct adapter *adapter;
	char token[256];
	int ipc_fd;
	uint16_t http_port;
	bool ended;   /* nobody is left to hear of the step's end */
};

/* A full socketpair means a supervisor that does not read, which is its own
 * affair; a closed one that there is nobody left to serve. */
static void on_heartbeat(uv_timer_t *t)
{
	struct agent *a = t->data;
	int rc = ipc_send(a->ipc_fd, IPC_HEARTBEAT, 0);

	if (rc < 0 && rc != -EAGAIN)
		uv_stop(&a->loop);
}

static void on_delivered(void *ctx)
{
	struct agent *a = ctx;

	uv_stop(&a->loop);
}

/* Ranks of which each has its own agent share a run: each says its own. */
static cJSON *end_fields(const struct agent *a)
{
	cJSON *to = exit_event_fields(&a->report, sessions_raised(
					adapter_sessions(a->adapter)));

	if (to && metadata_add_rank(to))
		return to;
	cJSON_Delete(to);
	return NULL;
}

static void on_ended(void *ctx)
{
	struct agent *a = ctx;

	if (a->ended)
		return;
	a->ended = true;
	if (!runlog_has_told(RUNLOG_ENDED))
		runlog_tell_once(RUNLOG_ENDED, "ended", end_fields(a));
	runlog_finish(on_delivered, a);
}

static void on_end_late(uv_timer_t *t)
{
	on_ended(t->data);
}

/* The step's status waits for us: clients get a moment to hear of the end, and
 * the run log as long as the supervisor gives us. */
static void end(struct agent *a)
{
	metric_set(METRIC_STEP_EXIT_STATUS, exit_report_status(&a->report));
	imds_give_up();
	uv_timer_start(&a->end, on_end_late, END_MS, 0);
	adapter_end(a->adapter, on_ended, a);
}

/* First is heard what the hooks said before, and that their processes are
 * gone. */
static void on_turn(uv_idle_t *i)
{
	struct agent *a = i->data;

	if (++a->turns < END_TURNS)
		return;
	uv_idle_stop(i);
	end(a);
}

static void on_ipc(uv_poll_t *p, int status, int events)
{
	struct agent *a = p->data;
	struct ipc_message m;
	int rc = status;

	(void)events;
	while (rc >= 0 && (rc = ipc_receive(a->ipc_fd, &m)) > 0)
		if (m.type == IPC_STEP_ENDED) {
			a->report = m.report;
			uv_idle_start(&a->end_soon, on_turn);
		}
	if (rc < 0)
		uv_stop(&a->loop);
}

static void on_abort(void *ctx)
{
	struct agent *a = ctx;

	ipc_send(a->ipc_fd, IPC_ABORT, 0);
}

/* Without a port for it there is no HTTP, and all else goes on. */
static uint16_t open_api(struct agent *a, const struct config *config,
			 int hooks, const char *token)
{
	struct api *api = api_open(&a->loop, config, hooks,
				   adapter_sessions(a->adapter), token,
				   on_abort, a);
	uint16_t port = api ? api_port(api) : 0;

	adapter_set_http_port(a->adapter, port);
	return port;
}

/* How it was started, where it runs, and where to attach. */
static void tell_start(const struct agent *a, const struct imds_answer *said)
{
	const struct address_choice *at = adapter_address(a->adapter);
	cJSON *to = cJSON_CreateObject();

	if (cJSON_AddStringToObject(to, "pitstop", PITSTOP_VERSION) &&
	    cJSON_AddStringToObject(to, "way_in", sessions_way_in()) &&
	    cJSON_AddStringToObject(to, "address", at->host) &&
	    cJSON_AddStringToObject(to, "address_by", at->why) &&
	    cJSON_AddNumberToObject(to, "port", adapter_port(a->adapter)) &&
	    cJSON_AddNumberToObject(to, "http_port", a->http_port) &&
	    metadata_add(to, said)) {
		runlog_tell_once(RUNLOG_STARTED, "started", to);
		return;
	}
	cJSON_Delete(to);
}

static void on_imds(void *ctx, const struct imds_answer *said)
{
	struct agent *a = ctx;

	if (!adapter_settle(a->adapter, said))
		uv_stop(&a->loop);
	if (runlog_is_read() && !runlog_has_told(RUNLOG_STARTED))
		tell_start(a, said);
}

static void count_start(void)
{
	const char *text = getenv(IPC_RESTARTS_VARIABLE), *bad = NULL;
	long long restarts = text ? strtonum(text, 0, UINT32_MAX, &bad) : 0;

	metric_set(METRIC_START_TIME, (double)time(NULL));
	metric_set(METRIC_AGENT_RESTARTS, (double)restarts);
}

static int wire(struct agent *a, const struct config *config,
		const struct listeners *listeners)
{
	const char *token = NULL;
	int error = 0;

	if (strcmp(config->token, "none") != 0) {
		strlcpy(a->token, config->token, sizeof(a->token));
		token = a->token;
	}
	a->adapter = adapter_open(&a->loop, config, token, listeners,
				  &error);
	if (!a->adapter) {
		log_warn("the agent cannot serve: %s", uv_strerror(error));
		return error;
	}
	a->http_port = open_api(a, config, listeners->hooks, token);
	uv_timer_init(&a->loop, &a->heartbeat);
	uv_timer_init(&a->loop, &a->end);
	uv_idle_init(&a->loop, &a->end_soon);
	uv_poll_init(&a->loop, &a->ipc, a->ipc_fd);
	a->heartbeat.data = a->end.data = a->ipc.data = a;
	a->end_soon.data = a;
	uv_poll_start(&a->ipc, UV_READABLE | UV_DISCONNECT, on_ipc);
	uv_timer_start(&a->heartbeat, on_heartbeat, IPC_HEARTBEAT_MS,
		       IPC_HEARTBEAT_MS);
	imds_ask(&a->loop, on_imds, a);
	return ipc_send(a->ipc_fd, IPC_READY,
			(uint32_t)a->http_port << 16 |
			adapter_port(a->adapter));
}

/* A connection for each Python process of the step, and those of strangers:
 * more than the usual 1024. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int agent_run(const struct config *config, const struct listeners *listeners,
	      int ipc_fd)
{
	static struct agent a;  /* the callbacks' for as long as the process
				   lives */

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);  /* a journal as long as `ulimit -f` lets it */
	/* a step's own value of 1 would have the journal wait for any disk */
	unsetenv("UV_THREADPOOL_SIZE");
	raise_descriptor_limit();
	count_start();
	a.ipc_fd = ipc_fd;
	if (uv_loop_init(&a.loop) < 0)
		return 1;
	runlog_open(&a.loop, config, listeners->spool);
	if (wire(&a, config, listeners) < 0)
		return 1;
	uv_run(&a.loop, UV_RUN_DEFAULT);
	/* libuv's own end waits for its threads, and the step's status for
	 * that: one of them may be with a disk that never answers. */
	if (a.loop.active_reqs.count > 0)
		_exit(0);
	return 0;
}
