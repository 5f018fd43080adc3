#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "attach_config.h"
#include "capabilities.h"
#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "guesses.h"
#include "sessions.h"
#include "stream.h"

#define AUTH_MS 15000      /* a connection that has not attached by then is
			      closed */
#define BAD_TOKEN_MS GUESSES_MS  /* until a refusal is told */

static const struct dap_limits STRANGER = { 4096, 64 * 1024, 32 };
static const struct dap_limits TRUSTED = { 4096, 8 * 1024 * 1024, 256 };


/* answers of the debuggee */

/* debugpy can let the step end before it has answered. */
static void on_continue_answer(void *debuggee, int64_t t,
			       const struct dap_message *m)
{
	struct client *c = client_tagged(debuggee, t);
	cJSON *body;

	if (m || !c) {
		client_answer(debuggee, t, m);
		return;
	}
	body = cJSON_CreateObject();
	cJSON_AddTrueToObject(body, "allThreadsContinued");
	dap_peer_respond(c->peer, t & UINT32_MAX, "continue", body);
}

static void forward(struct client *c, const struct dap_message *m)
{
	struct dap_peer *to = debuggee_peer(c->debuggee);

	dap_peer_forward_request(to, m, client_answer, client_tag(c, m->seq));
	if (c->debuggee && dap_peer_full(to))
		dap_peer_pause(c->peer);
}

/* requests */

static cJSON *parse_arguments(const char *text, size_t len)
{
	cJSON *a = text ? cJSON_ParseWithLength(text, len) : NULL;

	if (cJSON_IsObject(a))
		return a;
	cJSON_Delete(a);
	return cJSON_CreateObject();
}

static cJSON *arguments_of(const struct dap_message *m)
{
	return parse_arguments(m->arguments.p, m->arguments.len);
}

static void do_initialize(struct client *c, const struct dap_message *m)
{
	buf_add(&c->greeting, m->arguments.p, m->arguments.len);
	c->state = CLIENT_GREETED;
	dap_peer_respond(c->peer, m->seq, "initialize", capabilities());
}

static void on_punished(uv_timer_t *t)
{
	struct client *c = t->data;

	client_say_farewell(c);
}

static bool refuse_token(struct client *c, const char *reason, const char *why)
{
	strlcpy(c->why, why, sizeof(c->why));
	client_note_refusal(c, METRIC_REFUSED_TOKEN, reason);
	return false;
}

static bool token_ok(struct client *c)
{
	struct guesses *guesses = guesses_shared();
	struct sockaddr_storage from;
	int64_t now = client_now();

	dap_peer_sockaddr(c->peer, &from);
	if (guesses_full(guesses, (struct sockaddr *)&from, now))
		return refuse_token(c, "too many wrong tokens",
				    "too many wrong tokens came from your "
				    "address: try again in a few seconds");
	switch (attach_config_token(c->attach, c->token)) {
	case TOKEN_RIGHT:
		return true;
	case TOKEN_MISSING:
		return refuse_token(c, "missing token",
				    "missing token: put \"pitstopToken\" into "
				    "the configuration: the PITSTOP_TOKEN "
				    "that the step was started with, or the "
				    "one in its log if it was held");
	case TOKEN_WRONG:
		break;
	}
	guesses_add(guesses, (struct sockaddr *)&from, now);
	return refuse_token(c, "wrong token",
			    "wrong token: \"pitstopToken\" in the "
			    "configuration has to be the PITSTOP_TOKEN that "
			    "this step was started with, or the one in its "
			    "log if it was held");
}

/* Takes the request's arguments as those of an attach. */
static bool shows_token(struct client *c, const struct dap_message *m)
{
	c->attach = arguments_of(m);
	c->attach_seq = m->seq;
	if (token_ok(c))
		return true;
	cJSON_Delete(c->attach);
	c->attach = NULL;
	c->state = CLIENT_PUNISHED;
	client_limit(c, on_punished, BAD_TOKEN_MS);
	return false;
}

/* Would an attach be let in? It is the same question at the same price. */
static void do_check(struct client *c, const struct dap_message *m)
{
	c->checking = true;
	if (!shows_token(c, m))
		return;
	cJSON_Delete(c->attach);
	c->attach = NULL;
	c->attach_seq = 0;
	c->checking = false;
	dap_peer_respond(c->peer, m->seq, "pitstopCheck", NULL);
}

static void do_attach(struct client *c, const struct dap_message *m)
{
	const char *mistake;

	if (!shows_token(c, m))
		return;
	c->authorised = true;
	c->initialize = parse_arguments(c->greeting.data, c->greeting.len);
	buf_free(&c->greeting);
	uv_timer_stop(&c->timer);
	dap_peer_set_limits(c->peer, &TRUSTED);
	mistake = attach_config_mistake(c->attach);
	if (mistake)
		client_leave(c, mistake, false);
	else
		c->ops->attach(c->ctx, c);
}

static void do_launch(struct client *c, const struct dap_message *m)
{
	dap_peer_refuse(c->peer, m->seq, "launch", REFUSED_LAUNCH,
			"the step runs already: use \"request\": \"attach\"");
}

static void do_restart(struct client *c, const struct dap_message *m)
{
	dap_peer_refuse(c->peer, m->seq, "restart", REFUSED_RESTART,
			"a step cannot be restarted from here: the pipeline "
			"starts it; disconnect and attach again to get a "
			"fresh session in the same step");
}

static void do_configuration_done(struct client *c,
				  const struct dap_message *m)
{
	dap_peer_forward_request(debuggee_peer(c->debuggee), m,
				 client_configured, client_tag(c, m->seq));
}

/* All threads: debugpy stops and resumes them together. */
static void do_all_threads(struct client *c, const struct dap_message *m)
{
	cJSON *args = arguments_of(m);
	bool go = dap_is(m, "continue");

	cJSON_DeleteItemFromObjectCaseSensitive(args, "threadId");
	cJSON_AddStringToObject(args, "threadId", "*");
	dap_peer_request(debuggee_peer(c->debuggee),
			 go ? "continue" : "pause", args,
			 go ? on_continue_answer : client_answer,
			 client_tag(c, m->seq));
}

/* As debugpy's adapter answers it, with what the step says of itself. */
static void on_system_info(void *debuggee, int64_t t,
			   const struct dap_message *m)
{
	struct client *c = client_tagged(debuggee, t);
	cJSON *body;

	if (!c)
		return;
	body = m && m->success ? client_parse(m->data) : NULL;
	if (!body)
		body = cJSON_CreateObject();
	cJSON_AddStringToObject(cJSON_AddObjectToObject(body, "debugpy"),
				"version",
				c->session ? session_debugpy(c->session) : "");
	dap_peer_respond(c->peer, t & UINT32_MAX, "debugpySystemInfo", body);
}

static void do_system_info(struct client *c, const struct dap_message *m)
{
	dap_peer_request(debuggee_peer(c->debuggee), "pydevdSystemInfo", NULL,
			 on_system_info, client_tag(c, m->seq));
}

static void do_disconnect(struct client *c, const struct dap_message *m)
{
	cJSON *args = arguments_of(m);
	bool terminate = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
		args, "terminateDebuggee"));

	cJSON_Delete(args);
	if (c->farewell_seq) {
		/* Once more: the first one's answer is on its way. */
		dap_peer_respond(c->peer, m->seq, "disconnect", NULL);
		return;
	}
	c->farewell_seq = m->seq;
	if (c->state == CLIENT_OUTLIVING) {
		client_say_farewell(c);
		return;
	}
	if (c->state == CLIENT_ENDED) {
		dap_peer_respond(c->peer, m->seq, "disconnect", NULL);
		dap_peer_finish(c->peer);
		return;
	}
	client_leave(c, "the client disconnected", terminate);
}

/* With "onTerminate": "KeyboardInterrupt" debugpy interrupts the main thread
 * by itself; otherwise the step is ended. */
static void do_terminate(struct client *c, const struct dap_message *m)
{
	if (c->state == CLIENT_ATTACHED &&
	    attach_config_interrupts(c->attach)) {
		forward(c, m);
		return;
	}
	if (c->state == CLIENT_ATTACHED || c->state == CLIENT_OUTLIVING)
		dap_peer_respond(c->peer, m->seq, "terminate", NULL);
	else
		dap_peer_refuse(c->peer, m->seq, "terminate", REFUSED_ORDER,
				"not attached yet, so the step is not ended; "
				"only the attach is taken back");
	if (c->state == CLIENT_OUTLIVING)
		client_say_farewell(c);
	client_leave(c, "the client asked to terminate", true);
}

static const struct {
	const char *name;
	enum client_state from, to;  /* the states in which it is allowed */
	void (*handle)(struct client *c, const struct dap_message *m);
} REQUESTS[] = {
	{ "initialize", CLIENT_NEW, CLIENT_NEW, do_initialize },
	{ "attach", CLIENT_GREETED, CLIENT_GREETED, do_attach },
	{ "pitstopCheck", CLIENT_GREETED, CLIENT_GREETED, do_check },
	{ "launch", CLIENT_GREETED, CLIENT_GREETED, do_launch },
	{ "restart", CLIENT_WAITING, CLIENT_ATTACHED, do_restart },
	{ "configurationDone", CLIENT_CONFIGURING, CLIENT_CONFIGURING,
	  do_configuration_done },
	{ "pause", CLIENT_ATTACHED, CLIENT_ATTACHED, do_all_threads },
	{ "continue", CLIENT_ATTACHED, CLIENT_ATTACHED, do_all_threads },
	{ "debugpySystemInfo", CLIENT_CONFIGURING, CLIENT_ATTACHED,
	  do_system_info },
	{ "terminate", CLIENT_GREETED, CLIENT_OUTLIVING, do_terminate },
	{ "disconnect", CLIENT_NEW, CLIENT_ENDED, do_disconnect },
};

static const char *order_mistake(const struct client *c)
{
	if (c->state < CLIENT_CONFIGURING)
		return "not attached: `initialize` and `attach` come first";
	return c->state == CLIENT_CONFIGURING ? "not attached yet"
					      : "not attached any more";
}

static void refuse_order(struct client *c, const struct dap_message *m)
{
	char name[64];

	dap_peer_refuse(c->peer, m->seq, dap_peer_name(m, name, sizeof(name)),
			REFUSED_ORDER, order_mistake(c));
	if (c->state > CLIENT_GREETED)
		return;
	client_note_refusal(c, METRIC_REFUSED_PROTOCOL, "its first requests "
			    "were not `initialize` and `attach`");
	dap_peer_finish(c->peer);
}

static void on_request(void *ctx, const struct dap_message *m)
{
	struct client *c = ctx;

	client_watch_request(c);
	if (c->state == CLIENT_ATTACHED && c->debuggee &&
	    client_pause_answers(c, m))
		return;
	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(*REQUESTS); i++) {
		if (!dap_is(m, REQUESTS[i].name))
			continue;
		if (c->state < REQUESTS[i].from || c->state > REQUESTS[i].to)
			refuse_order(c, m);
		else
			REQUESTS[i].handle(c, m);
		return;
	}
	if (c->debuggee && (c->state == CLIENT_CONFIGURING ||
			    c->state == CLIENT_ATTACHED))
		forward(c, m);
	else if (!client_answer_idle(c, m))
		refuse_order(c, m);
}

/* the connection */

static void on_too_slow(uv_timer_t *t)
{
	struct client *c = t->data;

	client_note_refusal(c, METRIC_REFUSED_PROTOCOL,
			    "no attach request in time");
	dap_peer_close(c->peer);
}

static void on_drained(void *ctx)
{
	client_watch_drained(ctx);
}

static void on_event(void *ctx, const struct dap_message *m)
{
	(void)ctx;
	(void)m;  /* DAP has no events from a client */
}

static void on_closed(void *ctx, const char *why)
{
	struct client *c = ctx;

	c->peer = NULL;
	if (why && c->state < CLIENT_WAITING)
		client_note_refusal(c, METRIC_REFUSED_PROTOCOL, why);
	client_leave(c, "the client closed the connection", false);
	client_maybe_free(c);
}

static const struct dap_peer_ops PEER_OPS = {
	.request = on_request,
	.event = on_event,
	.drained = on_drained,
	.closed = on_closed,
};

struct client *client_accept(uv_stream_t *listener, const char *token,
			     unsigned pause_limit,
			     const struct client_ops *ops, void *ctx)
{
	static uint32_t last_id;
	struct client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->ops = ops;
	c->ctx = ctx;
	c->token = token;
	c->id = ++last_id & INT32_MAX;
	client_open_timers(c, listener->loop);
	c->pause_limit.limit = (int64_t)pause_limit * 1000;
	c->peer = dap_peer_accept(listener, STREAM_NODELAY |
				  STREAM_WATCH_PEER | STREAM_COUNT, &STRANGER,
				  &PEER_OPS, c);
	if (!c->peer) {
		client_close_timers(c);
		return NULL;
	}
	dap_peer_address(c->peer, c->address);
	client_limit(c, on_too_slow, AUTH_MS);
	return c;
}
