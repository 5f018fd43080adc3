#include "debuggee.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "dap.h"
#include "dap_peer.h"
#include "stream.h"

/* Before it has shown a session's token, and then. */
static const struct dap_limits STRANGER = { 4096, 64 * 1024, 32 };
static const struct dap_limits KNOWN = { 4096, 64 * 1024 * 1024, 512 };

struct debuggee {
	struct dap_peer *peer;
	const struct debuggee_ops *ops;
	void *ctx;
	void *client;
	char token[65];
	pid_t pid, ppid;
	bool ends;
	cJSON *attach;      /* waits for the answer to initialize */
	const char *ide_os;
};

/* who it is */

static cJSON *body_of(const struct dap_message *m)
{
	if (!m || !m->success || !m->data.p)
		return NULL;
	return cJSON_ParseWithLength(m->data.p, m->data.len);
}

static void on_system_info(void *ctx, int64_t tag, const struct dap_message *m)
{
	struct debuggee *d = ctx;
	cJSON *body = body_of(m);
	const cJSON *process = cJSON_GetObjectItem(body, "process");
	const cJSON *pid = cJSON_GetObjectItem(process, "pid");
	const cJSON *ppid = cJSON_GetObjectItem(process, "ppid");

	(void)tag;
	if (cJSON_IsNumber(pid)) {
		d->pid = pid->valueint;
		d->ppid = cJSON_IsNumber(ppid) ? ppid->valueint : 0;
		d->ops->identified(d->ctx, d);
	} else if (m) {
		debuggee_close(d);
	}
	cJSON_Delete(body);
}

static void on_authorized(void *ctx, int64_t tag, const struct dap_message *m)
{
	struct debuggee *d = ctx;
	cJSON *body = body_of(m);
	const char *token = cJSON_GetStringValue(
		cJSON_GetObjectItem(body, "clientAccessToken"));

	(void)tag;
	if (token && *token && strlcpy(d->token, token, sizeof(d->token)) <
		     sizeof(d->token))
		dap_peer_request(d->peer, "pydevdSystemInfo", NULL,
				 on_system_info, 0);
	else if (m)
		debuggee_close(d);
	cJSON_Delete(body);
}

static void ask_who(struct debuggee *d)
{
	cJSON *args = cJSON_CreateObject();

	cJSON_AddNullToObject(args, "debugServerAccessToken");
	dap_peer_request(d->peer, "pydevdAuthorize", args, on_authorized, 0);
}

/* the way to breakpoints */

static void report_started(struct debuggee *d, const struct dap_message *m)
{
	char text[512] = "the debugger in the step does not start";

	if (!d->client || !m)
		return;  /* without an answer, `gone` follows */
	if (m->message.p)
		snprintf(text, sizeof(text), "the debugger in the step says "
			 "%.*s", (int)m->message.len, m->message.p);
	d->ops->started(d->client, m->success, text);
}

static void on_properties(void *ctx, int64_t tag, const struct dap_message *m)
{
	(void)tag;
	report_started(ctx, m);
}

/* Up to debugpy 1.6.3 no breakpoint is hit without these; its own adapter
 * sends them too, and every later version takes them. */
static cJSON *properties(const char *ide_os)
{
	cJSON *p = cJSON_CreateObject();
	cJSON *list;

	list = cJSON_AddArrayToObject(p, "skipSuspendOnBreakpointException");
	cJSON_AddItemToArray(list, cJSON_CreateString("BaseException"));
	list = cJSON_AddArrayToObject(p, "skipPrintBreakpointException");
	cJSON_AddItemToArray(list, cJSON_CreateString("NameError"));
	cJSON_AddTrueToObject(p, "multiThreadsSingleNotification");
	cJSON_AddStringToObject(p, "ideOS", ide_os);
	return p;
}

static void on_attached(void *ctx, int64_t tag, const struct dap_message *m)
{
	struct debuggee *d = ctx;

	(void)tag;
	if (!m || !m->success) {
		report_started(d, m);
		return;
	}
	dap_peer_request(d->peer, "setDebuggerProperty",
			 properties(d->ide_os), on_properties, 0);
}

static void on_initialized(void *ctx, int64_t tag, const struct dap_message *m)
{
	struct debuggee *d = ctx;
	cJSON *attach = d->attach;

	(void)tag;
	d->attach = NULL;
	if (m && m->success) {
		dap_peer_request(d->peer, "attach", attach, on_attached, 0);
		return;
	}
	cJSON_Delete(attach);
	report_started(d, m);
}

void debuggee_start(struct debuggee *d, cJSON *initialize, cJSON *attach,
		    const char *ide_os)
{
	cJSON_Delete(d->attach);
	d->attach = attach;
	d->ide_os = ide_os;
	dap_peer_request(d->peer, "initialize", initialize, on_initialized, 0);
}

static void on_unblocked(void *ctx, int64_t tag, const struct dap_message *m)
{
	struct debuggee *d = ctx;

	(void)tag;
	if (m)
		d->ops->unblocked(d->ctx, d);
}

void debuggee_unblock(struct debuggee *d)
{
	cJSON *initialize = cJSON_CreateObject();
	cJSON *attach = cJSON_CreateObject();

	cJSON_AddStringToObject(initialize, "adapterID", "debugpy");
	cJSON_AddNumberToObject(attach, "subProcessId", d->pid);
	dap_peer_request(d->peer, "initialize", initialize, NULL, 0);
	dap_peer_request(d->peer, "attach", attach, NULL, 0);
	dap_peer_request(d->peer, "configurationDone", NULL, NULL, 0);
	dap_peer_request(d->peer, "disconnect", NULL, on_unblocked, 0);
}

/* the connection */

/* The adapter answers for the client: what the step sends is no order to it
 * (runInTerminal would run a command on the user's machine). */
static void on_request(void *ctx, const struct dap_message *m)
{
	struct debuggee *d = ctx;
	char name[64];

	dap_peer_refuse(d->peer, m->seq, dap_peer_name(m, name, sizeof(name)),
			1, "requests from the step are not allowed");
}

static void on_event(void *ctx, const struct dap_message *m)
{
	struct debuggee *d = ctx;

	if (dap_is(m, "initialized"))
		return;
	d->ends = dap_is(m, "terminated");
	if (d->ends)
		debuggee_close(d);
	else if (d->client)
		d->ops->event(d->client, m);
}

static void on_drained(void *ctx)
{
	struct debuggee *d = ctx;

	if (d->client)
		d->ops->drained(d->client);
}

static void on_closed(void *ctx, const char *why)
{
	struct debuggee *d = ctx;

	(void)why;
	d->ops->gone(d->ctx, d, d->client);
	cJSON_Delete(d->attach);
	free(d);
}

static const struct dap_peer_ops PEER_OPS = {
	.request = on_request,
	.event = on_event,
	.drained = on_drained,
	.closed = on_closed,
};

struct debuggee *debuggee_accept(uv_stream_t *listener,
				 const struct debuggee_ops *ops, void *ctx)
{
	struct debuggee *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->ops = ops;
	d->ctx = ctx;
	d->peer = dap_peer_accept(listener, STREAM_NODELAY | STREAM_QUICKACK,
				  &STRANGER, &PEER_OPS, d);
	if (!d->peer) {
		free(d);
		return NULL;
	}
	ask_who(d);
	return d;
}

const char *debuggee_token(const struct debuggee *d)
{
	return d->token;
}

pid_t debuggee_pid(const struct debuggee *d)
{
	return d->pid;
}

pid_t debuggee_ppid(const struct debuggee *d)
{
	return d->ppid;
}

struct dap_peer *debuggee_peer(struct debuggee *d)
{
	return d->peer;
}

void debuggee_trust(struct debuggee *d)
{
	dap_peer_set_limits(d->peer, &KNOWN);
}

void debuggee_claim(struct debuggee *d, void *client)
{
	d->client = client;
}

void *debuggee_client(const struct debuggee *d)
{
	return d->client;
}

bool debuggee_ends(const struct debuggee *d)
{
	return d->ends;
}

void debuggee_close(struct debuggee *d)
{
	dap_peer_close(d->peer);
}
