#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "attach_config.h"
#include "buf.h"
#include "capabilities.h"
#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "log.h"
#include "sessions.h"
#include "stream.h"

#define AUTH_MS 15000         /* a connection that has not attached by then
				 is closed */
#define BAD_TOKEN_MS 3000     /* the price of a wrong token */
#define WAIT_SESSION_MS 60000 /* for a Python process to come up */
#define WAIT_DEBUGGEE_MS 45000 /* for it to load the debugger: longer than the
				 hook's own limit, which says why */
#define DETACH_MS 2000        /* for debugpy to answer `disconnect` */
#define FAREWELL_MS 30000     /* for the client to close a finished session */
#define DEFERRED_MAX (1024 * 1024)  /* bytes of events before the attach is
				 answered; there are a few hundred */

static const struct dap_limits STRANGER = { 4096, 64 * 1024, 32 };
static const struct dap_limits TRUSTED = { 4096, 8 * 1024 * 1024, 256 };

/* Error ids, unique to the reason as DAP asks. */
enum { REFUSED_ORDER = 1, REFUSED_TOKEN, REFUSED_ATTACH, REFUSED_GONE,
       REFUSED_LAUNCH, REFUSED_ADDRESS };

enum client_state {
	CLIENT_NEW,         /* connected */
	CLIENT_GREETED,     /* `initialize` answered */
	CLIENT_PUNISHED,    /* wrong token: its refusal is on the clock */
	CLIENT_WAITING,     /* authorised, no session yet */
	CLIENT_EXPECTING,   /* the hook was asked to connect the debugger */
	CLIENT_STARTING,    /* the debuggee is there and is being set up */
	CLIENT_CONFIGURING, /* `initialized` sent, breakpoints come in */
	CLIENT_ATTACHED,
	CLIENT_LEAVING,     /* debugpy was asked to disconnect */
	CLIENT_ENDED,       /* `terminated` sent */
};

struct client {
	struct dap_peer *peer;     /* NULL once the connection is closed */
	uv_timer_t timer;
	const struct client_ops *ops;
	void *ctx;
	const char *token;
	enum client_state state;
	uint32_t id;
	char address[64];
	struct buf greeting;         /* the arguments of initialize, as text
					until it is authorised: a stranger
					costs no tree of them */
	cJSON *initialize, *attach;  /* arguments */
	int64_t attach_seq;          /* 0 once answered */
	int64_t farewell_seq;        /* the `disconnect` to answer, 0: none */
	char farewell[16];
	char why[256];
	struct session *session;
	struct debuggee *debuggee;
	struct buf deferred;
	int64_t since;
	bool authorised;
	bool closing;
};

static struct log_rate refusals = { .every_ms = 10000, .burst = 10,
				    .left = 10 };

static void client_left(struct client *c);

/* small things */

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static void note_refusal(struct client *c, const char *why)
{
	if (!log_rate_allow(&refusals, now_ms()))
		return;
	if (refusals.dropped)
		log_warn("refused %u more in the meantime", refusals.dropped);
	refusals.dropped = 0;
	log_warn("refused a debugger from %s: %s", c->address, why);
}

static void limit(struct client *c, uv_timer_cb then, uint64_t ms)
{
	uv_update_time(c->timer.loop);
	uv_timer_start(&c->timer, then, ms, 0);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	cJSON_Delete(c->initialize);
	cJSON_Delete(c->attach);
	buf_free(&c->greeting);
	buf_free(&c->deferred);
	free(c);
}

/* Free it once neither side holds it any more. */
static void maybe_free(struct client *c)
{
	if (c->peer || c->debuggee || c->session || c->closing)
		return;
	c->closing = true;
	c->ops->gone(c->ctx, c);
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

static void on_farewell_over(uv_timer_t *t)
{
	struct client *c = t->data;

	if (c->peer)
		dap_peer_close(c->peer);
}

/* The end of the conversation: answer what is open, say `terminated` to one
 * that was attached, and close, or let the client close. */
static void say_farewell(struct client *c)
{
	bool attached = c->attach_seq == 0 && c->attach;

	c->state = CLIENT_ENDED;
	uv_timer_stop(&c->timer);
	if (!c->peer)
		return;
	if (c->attach_seq) {
		dap_peer_refuse(c->peer, c->attach_seq, "attach",
				REFUSED_ATTACH, c->why);
		c->attach_seq = 0;
	}
	if (attached)
		dap_peer_event(c->peer, "terminated", NULL);
	if (c->farewell_seq)
		dap_peer_respond(c->peer, c->farewell_seq, c->farewell, NULL);
	if (c->farewell_seq || !attached)
		dap_peer_finish(c->peer);
	else
		limit(c, on_farewell_over, FAREWELL_MS);
}

/* leaving the step */

/* It has no debuggee any more. */
static void client_left(struct client *c)
{
	struct session *s = c->session;

	c->session = NULL;
	c->debuggee = NULL;
	if (s)
		session_detached(s);
	say_farewell(c);
	maybe_free(c);
}

static void on_disconnected(void *debuggee, int64_t id,
			    const struct dap_message *m)
{
	struct debuggee *d = debuggee;
	struct client *c = debuggee_client(d);

	if (!c || (int64_t)c->id != id || c->state != CLIENT_LEAVING)
		return;
	debuggee_claim(d, NULL);
	client_left(c);
	if (m)
		c->ops->detached(c->ctx, c, d);
	else
		debuggee_close(d);  /* it was not even asked */
}

static void on_disconnect_late(uv_timer_t *t)
{
	struct client *c = t->data;

	if (c->debuggee)
		debuggee_close(c->debuggee);
}

static void leave_attached(struct client *c, bool terminate)
{
	cJSON *args = cJSON_CreateObject();

	c->state = CLIENT_LEAVING;
	cJSON_AddBoolToObject(args, "terminateDebuggee", terminate);
	limit(c, on_disconnect_late, DETACH_MS);
	dap_peer_resume(debuggee_peer(c->debuggee));
	dap_peer_request(debuggee_peer(c->debuggee), "disconnect", args,
			 on_disconnected, c->id);
}

/* Before configurationDone: take the attach back as a whole. */
static void leave_unattached(struct client *c)
{
	struct session *s = c->session;
	struct debuggee *d = c->debuggee;

	c->session = NULL;
	c->debuggee = NULL;
	if (d) {
		debuggee_claim(d, NULL);
		if (s)
			debuggee_close(d);
		else
			debuggee_unblock(d);  /* a child stands there */
	}
	if (s)
		session_attach_failed(s);
	say_farewell(c);
}

static void leave(struct client *c, const char *why, bool terminate)
{
	if (c->state >= CLIENT_LEAVING)
		return;
	strlcpy(c->why, why, sizeof(c->why));
	if (c->state == CLIENT_ATTACHED && c->debuggee)
		leave_attached(c, terminate);
	else
		leave_unattached(c);
}

void client_oust(struct client *c, const char *why)
{
	cJSON *body;

	if (c->peer && c->state == CLIENT_ATTACHED) {
		body = cJSON_CreateObject();
		cJSON_AddStringToObject(body, "category", "important");
		cJSON_AddStringToObject(body, "output", why);
		dap_peer_event(c->peer, "output", body);
	}
	leave(c, why, false);
}

void client_step_ended(struct client *c)
{
	if (!c->attach && c->peer)
		dap_peer_close(c->peer);
	else if (c->state < CLIENT_ATTACHED)
		leave(c, "the step has ended", false);
}

void client_refuse(struct client *c, const char *why)
{
	leave(c, why, false);
}

/* VS Code's first request is `initialize` with seq 1, and it shows nothing
 * when a connection is closed without an answer: so it is answered blindly. */
void client_turn_away(struct client *c, const char *why)
{
	note_refusal(c, why);
	dap_peer_refuse(c->peer, 1, "initialize", REFUSED_ADDRESS, why);
	dap_peer_finish(c->peer);
	c->state = CLIENT_ENDED;
}

void client_cut(struct client *c)
{
	dap_peer_close(c->peer);
}

/* attaching */

static void on_too_slow(uv_timer_t *t)
{
	struct client *c = t->data;

	note_refusal(c, "no attach request in time");
	dap_peer_close(c->peer);
}

static void on_wait_over(uv_timer_t *t)
{
	struct client *c = t->data;
	char why[sizeof(c->why)];

	strlcpy(why, c->why, sizeof(why));
	leave(c, why, false);
}

void client_wait(struct client *c, const char *why)
{
	strlcpy(c->why, why, sizeof(c->why));
	if (c->state != CLIENT_WAITING)
		limit(c, on_wait_over, WAIT_SESSION_MS);
	c->state = CLIENT_WAITING;
}

void client_expect(struct client *c, struct session *s)
{
	c->state = CLIENT_EXPECTING;
	c->session = s;
	strlcpy(c->why, "the step does not answer: it may be inside native "
			"code that does not let Python run", sizeof(c->why));
	limit(c, on_wait_over, WAIT_DEBUGGEE_MS);
}

void client_take(struct client *c, struct session *s, struct debuggee *d)
{
	c->state = CLIENT_STARTING;
	c->session = s;
	c->debuggee = d;
	debuggee_claim(d, c);
	debuggee_start(d, cJSON_Duplicate(c->initialize, true),
		       attach_config_for_debuggee(c->attach),
		       attach_config_ide_os(c->attach));
}

void client_started(struct client *c, bool ok, const char *error)
{
	if (c->state != CLIENT_STARTING)
		return;
	if (!ok) {
		leave(c, error, false);
		return;
	}
	c->state = CLIENT_CONFIGURING;
	dap_peer_event(c->peer, "initialized", NULL);
}

static void flush_deferred(struct client *c)
{
	struct dap_limits all = { 4096, DEFERRED_MAX, 512 };
	struct dap_frame frame;
	struct dap_message m;

	while (dap_next(c->deferred.data, c->deferred.len, &all, &frame) ==
		       DAP_OK &&
	       dap_scan(frame.body, frame.body_len, all.depth, &m) == DAP_OK) {
		dap_peer_forward(c->peer, &m, 0);
		buf_consume(&c->deferred, frame.total);
	}
	buf_free(&c->deferred);
}

/* The moment of "attached": the debug server took configurationDone and the
 * client has the answer to its attach. */
static void on_configured(void *debuggee, int64_t seq,
			  const struct dap_message *m)
{
	struct client *c = debuggee_client(debuggee);

	if (!c || !c->peer || c->state != CLIENT_CONFIGURING)
		return;
	if (!m || !m->success) {
		leave(c, "the step ended while the debugger was attaching",
		      false);
		return;
	}
	uv_timer_stop(&c->timer);
	dap_peer_forward(c->peer, m, seq & UINT32_MAX);
	dap_peer_respond(c->peer, c->attach_seq, "attach", NULL);
	c->attach_seq = 0;
	c->state = CLIENT_ATTACHED;
	c->since = now_ms();
	flush_deferred(c);
	if (c->session)
		session_ready(c->session);
}

/* requests */

static int64_t tag(const struct client *c, int64_t seq)
{
	return (int64_t)c->id << 32 | (seq & UINT32_MAX);
}

/* The client that a tag belongs to, if it is still there. */
static struct client *tagged(void *debuggee, int64_t t)
{
	struct client *c = debuggee_client(debuggee);

	return c && c->peer && (int64_t)c->id == t >> 32 ? c : NULL;
}

static void on_answer(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct client *c = tagged(debuggee, t);

	if (!c)
		return;
	if (m)
		dap_peer_forward(c->peer, m, t & UINT32_MAX);
	else
		dap_peer_refuse(c->peer, t & UINT32_MAX, "request",
				REFUSED_GONE, "the step has ended");
}

/* debugpy can let the step end before it has answered. */
static void on_continue_answer(void *debuggee, int64_t t,
			       const struct dap_message *m)
{
	struct client *c = tagged(debuggee, t);
	cJSON *body;

	if (m || !c) {
		on_answer(debuggee, t, m);
		return;
	}
	body = cJSON_CreateObject();
	cJSON_AddTrueToObject(body, "allThreadsContinued");
	dap_peer_respond(c->peer, t & UINT32_MAX, "continue", body);
}

static void forward(struct client *c, const struct dap_message *m)
{
	struct dap_peer *to = debuggee_peer(c->debuggee);

	dap_peer_forward_request(to, m, on_answer, tag(c, m->seq));
	if (c->debuggee && dap_peer_full(to))
		dap_peer_pause(c->peer);
}

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

	say_farewell(c);
}

static bool token_ok(struct client *c)
{
	enum attach_token t = attach_config_token(c->attach, c->token);

	if (t == TOKEN_RIGHT)
		return true;
	strlcpy(c->why, t == TOKEN_WRONG
			? "wrong token: \"pitstopToken\" in the launch "
			  "configuration is not the one in this step's log"
			: "missing token: take \"pitstopToken\" over from "
			  "the launch configuration in the step's log",
		sizeof(c->why));
	note_refusal(c, t == TOKEN_WRONG ? "wrong token" : "missing token");
	return false;
}

static void do_attach(struct client *c, const struct dap_message *m)
{
	const char *mistake;

	c->attach = arguments_of(m);
	c->attach_seq = m->seq;
	if (!token_ok(c)) {
		cJSON_Delete(c->attach);
		c->attach = NULL;
		c->state = CLIENT_PUNISHED;
		limit(c, on_punished, BAD_TOKEN_MS);
		return;
	}
	c->authorised = true;
	c->initialize = parse_arguments(c->greeting.data, c->greeting.len);
	buf_free(&c->greeting);
	uv_timer_stop(&c->timer);
	dap_peer_set_limits(c->peer, &TRUSTED);
	mistake = attach_config_mistake(c->attach);
	if (mistake)
		leave(c, mistake, false);
	else
		c->ops->attach(c->ctx, c);
}

static void do_launch(struct client *c, const struct dap_message *m)
{
	dap_peer_refuse(c->peer, m->seq, "launch", REFUSED_LAUNCH,
			"the step runs already: use \"request\": \"attach\"");
}

static void do_configuration_done(struct client *c,
				  const struct dap_message *m)
{
	dap_peer_forward_request(debuggee_peer(c->debuggee), m, on_configured,
				 tag(c, m->seq));
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
			 go ? on_continue_answer : on_answer,
			 tag(c, m->seq));
}

static void farewell_asked(struct client *c, const struct dap_message *m,
			   bool terminate)
{
	c->farewell_seq = m->seq;
	dap_peer_name(m, c->farewell, sizeof(c->farewell));
	if (c->state == CLIENT_ENDED) {
		dap_peer_respond(c->peer, m->seq, c->farewell, NULL);
		dap_peer_finish(c->peer);
		return;
	}
	leave(c, "the client disconnected", terminate);
}

static void do_disconnect(struct client *c, const struct dap_message *m)
{
	cJSON *args = arguments_of(m);
	bool terminate = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
		args, "terminateDebuggee"));

	cJSON_Delete(args);
	farewell_asked(c, m, terminate);
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
	dap_peer_respond(c->peer, m->seq, "terminate", NULL);
	leave(c, "the client asked to terminate", true);
}

static const struct {
	const char *name;
	enum client_state from, to;  /* the states in which it is allowed */
	void (*handle)(struct client *c, const struct dap_message *m);
} REQUESTS[] = {
	{ "initialize", CLIENT_NEW, CLIENT_NEW, do_initialize },
	{ "attach", CLIENT_GREETED, CLIENT_GREETED, do_attach },
	{ "launch", CLIENT_GREETED, CLIENT_GREETED, do_launch },
	{ "configurationDone", CLIENT_CONFIGURING, CLIENT_CONFIGURING,
	  do_configuration_done },
	{ "pause", CLIENT_ATTACHED, CLIENT_ATTACHED, do_all_threads },
	{ "continue", CLIENT_ATTACHED, CLIENT_ATTACHED, do_all_threads },
	{ "terminate", CLIENT_GREETED, CLIENT_ATTACHED, do_terminate },
	{ "disconnect", CLIENT_NEW, CLIENT_ENDED, do_disconnect },
};

static void refuse_order(struct client *c, const struct dap_message *m)
{
	char name[64];

	dap_peer_refuse(c->peer, m->seq, dap_peer_name(m, name, sizeof(name)),
			REFUSED_ORDER, c->state < CLIENT_CONFIGURING
			? "not attached: `initialize` and `attach` come first"
			: "not attached any more");
	if (c->state > CLIENT_GREETED)
		return;
	note_refusal(c, "its first requests were not `initialize` and "
			"`attach`");
	dap_peer_finish(c->peer);
}

static void on_request(void *ctx, const struct dap_message *m)
{
	struct client *c = ctx;

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
	else
		refuse_order(c, m);
}

/* from the debuggee and the session */

/* Visual Studio takes a step for a promise that all threads resume, and is
 * confused by events that say so. */
static bool unwanted(struct client *c, const struct dap_message *m)
{
	const char *id = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(c->initialize, "clientID"));

	return dap_is(m, "continued") && id &&
	       (strcmp(id, "visualstudio") == 0 ||
		strcmp(id, "vsformac") == 0);
}

void client_event(struct client *c, const struct dap_message *m)
{
	if (!c->peer || unwanted(c, m))
		return;
	if (c->state == CLIENT_ATTACHED || c->state == CLIENT_LEAVING) {
		dap_peer_forward(c->peer, m, 0);
		if (c->debuggee && c->state == CLIENT_ATTACHED &&
		    dap_peer_full(c->peer))
			dap_peer_pause(debuggee_peer(c->debuggee));
	} else if (c->deferred.len + m->body_len < DEFERRED_MAX) {
		dap_write(&c->deferred, m->body, m->body_len);
	}
}

static void on_drained(void *ctx)
{
	struct client *c = ctx;

	if (c->debuggee)
		dap_peer_resume(debuggee_peer(c->debuggee));
}

void client_debuggee_drained(struct client *c)
{
	if (c->peer)
		dap_peer_resume(c->peer);
}

void client_debuggee_gone(struct client *c)
{
	struct session *s = c->session;

	c->debuggee = NULL;
	if (c->state == CLIENT_ATTACHED || c->state == CLIENT_LEAVING) {
		client_left(c);
		return;
	}
	c->session = NULL;
	if (s)
		session_attach_failed(s);
	if (c->state < CLIENT_LEAVING) {
		strlcpy(c->why, "the step ended while the debugger was "
				"attaching", sizeof(c->why));
		say_farewell(c);
	}
	maybe_free(c);
}

static void on_last_words_over(uv_timer_t *t)
{
	on_disconnect_late(t);
}

void client_dropped(struct client *c, const char *why, bool lost)
{
	c->session = NULL;
	if (lost && c->debuggee) {
		/* its last events may still be on their way */
		limit(c, on_last_words_over, DETACH_MS);
		return;
	}
	leave(c, why, false);
	maybe_free(c);
}

/* the connection */

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
		note_refusal(c, why);
	leave(c, "the client closed the connection", false);
	maybe_free(c);
}

static const struct dap_peer_ops PEER_OPS = {
	.request = on_request,
	.event = on_event,
	.drained = on_drained,
	.closed = on_closed,
};

struct client *client_accept(uv_stream_t *listener, const char *token,
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
	uv_timer_init(listener->loop, &c->timer);
	c->timer.data = c;
	c->peer = dap_peer_accept(listener, STREAM_NODELAY | STREAM_WATCH_PEER,
				  &STRANGER, &PEER_OPS, c);
	if (!c->peer) {
		uv_close((uv_handle_t *)&c->timer, on_timer_closed);
		return NULL;
	}
	dap_peer_address(c->peer, c->address);
	limit(c, on_too_slow, AUTH_MS);
	return c;
}

/* children */

bool client_offer(struct client *c, int pid, uint16_t port)
{
	cJSON *config, *args;

	if (c->state != CLIENT_ATTACHED || !c->peer)
		return false;
	config = attach_config_for_child(c->attach, pid, port);
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
		    c->initialize, "supportsStartDebuggingRequest"))) {
		cJSON_AddStringToObject(config, "request", "attach");
		dap_peer_event(c->peer, "debugpyAttach", config);
		return true;
	}
	args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "request", "attach");
	cJSON_AddItemToObject(args, "configuration", config);
	dap_peer_request(c->peer, "startDebugging", args, NULL, 0);
	return true;
}

/* what it is */

const struct cJSON *client_config(const struct client *c)
{
	return c->attach;
}

const char *client_address(const struct client *c)
{
	return c->address;
}

struct session *client_session(const struct client *c)
{
	return c->session;
}

void client_sockaddr(const struct client *c, struct sockaddr_storage *to)
{
	dap_peer_sockaddr(c->peer, to);
}

bool client_is_waiting(const struct client *c)
{
	return c->state == CLIENT_WAITING;
}

bool client_is_expecting(const struct client *c)
{
	return c->state == CLIENT_EXPECTING;
}

bool client_is_stranger(const struct client *c)
{
	return c->state < CLIENT_WAITING;
}

bool client_is_ending(const struct client *c)
{
	return c->state == CLIENT_ENDED && !c->authorised && c->peer;
}

int64_t client_seconds(const struct client *c)
{
	return c->since ? (now_ms() - c->since) / 1000 : 0;
}
