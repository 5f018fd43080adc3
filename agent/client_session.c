#include "client_internal.h"

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "attach_config.h"
#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "sessions.h"

#define WAIT_SESSION_MS 60000  /* for a Python process to come up */
#define WAIT_DEBUGGEE_MS 45000 /* for it to load the debugger: longer than the
				  hook's own limit, which says why */
#define CONFIGURE_MS 30000     /* for the client, while a child stands still */
#define TRACE_MS 5000          /* for the debugger to trace all threads: with
				  many busy ones it takes seconds */
#define DEFERRED_MAX (1024 * 1024)  /* bytes of events before the attach is
				 answered; a few hundred are usual, but the step
				 prints what it likes */

/* attaching */

static void on_wait_over(uv_timer_t *t)
{
	struct client *c = t->data;
	char why[sizeof(c->why)];

	strlcpy(why, c->why, sizeof(why));
	client_leave(c, why, false);
}

void client_wait(struct client *c, const char *why)
{
	strlcpy(c->why, why, sizeof(c->why));
	if (c->state != CLIENT_WAITING)
		client_limit(c, on_wait_over, WAIT_SESSION_MS);
	c->state = CLIENT_WAITING;
}

void client_expect(struct client *c, struct session *s)
{
	c->state = CLIENT_EXPECTING;
	c->session = s;
	c->since = client_now();
	strlcpy(c->why, "the step does not answer: it may be inside native "
			"code that does not let Python run", sizeof(c->why));
	client_limit(c, on_wait_over, WAIT_DEBUGGEE_MS);
}

void client_take(struct client *c, struct session *s, struct debuggee *d)
{
	c->traced = c->state != CLIENT_EXPECTING;
	if (c->traced) {
		strlcpy(c->why, "the configuration did not come in time",
			sizeof(c->why));
		client_limit(c, on_wait_over, CONFIGURE_MS);
	}
	c->state = CLIENT_STARTING;
	c->session = s;
	c->debuggee = d;
	c->pid = debuggee_pid(d);
	strlcpy(c->proof, debuggee_token(d), sizeof(c->proof));
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
		client_leave(c, error, false);
		return;
	}
	c->state = CLIENT_CONFIGURING;
	dap_peer_event(c->peer, "initialized", NULL);
}

static void flush_deferred(struct client *c)
{
	struct dap_limits all = { 4096, DEFERRED_MAX, 512 };
	const char *at = c->deferred.data;
	size_t left = c->deferred.len;
	struct dap_frame frame;
	struct dap_message m;

	while (dap_next(at, left, &all, &frame) == DAP_OK &&
	       dap_scan(frame.body, frame.body_len, all.depth, &m) == DAP_OK) {
		dap_peer_forward(c->peer, &m, 0);
		at += frame.total;
		left -= frame.total;
	}
	buf_free(&c->deferred);
}

/* The moment of "attached": the client has the answer to its attach. */
static void attached(struct client *c)
{
	uv_timer_stop(&c->timer);
	dap_peer_respond(c->peer, c->attach_seq, "attach", NULL);
	c->attach_seq = 0;
	c->state = CLIENT_ATTACHED;
	c->since = client_now();
	flush_deferred(c);
	client_watch_request(c);   /* a pause counts from when it is told */
	if (c->session)
		session_ready(c->session);
	c->ops->attached(c->ctx, c, c->debuggee);
}

static void on_traced_late(uv_timer_t *t)
{
	attached(t->data);
}

void client_traced(struct client *c)
{
	c->traced = true;
	if (c->state == CLIENT_CONFIGURING && c->configured && c->peer)
		attached(c);
}

/* The debug server took configurationDone. Only then does it set out to trace
 * the threads that run, and meanwhile breakpoints are missed. */
void client_configured(void *debuggee, int64_t seq,
			  const struct dap_message *m)
{
	struct client *c = debuggee_client(debuggee);

	if (!c || !c->peer || c->state != CLIENT_CONFIGURING)
		return;
	if (!m)
		return;  /* the debuggee is gone, as will be told next */
	if (!m->success) {
		client_leave(c, "the debugger in the step did not start",
			     false);
		return;
	}
	dap_peer_forward(c->peer, m, seq & UINT32_MAX);
	if (c->configured)
		return;
	c->configured = true;
	if (c->traced)
		attached(c);
	else
		client_limit(c, on_traced_late, TRACE_MS);
}

/* from the debuggee */

/* exec(): the connection ends, and the new program makes its own. */
static bool is_replaced(const struct dap_message *m)
{
	cJSON *body;
	const char *why;
	bool yes;

	if (!dap_is(m, "exited") || !m->data.p)
		return false;
	body = cJSON_ParseWithLength(m->data.p, m->data.len);
	why = cJSON_GetStringValue(cJSON_GetObjectItem(body, "pydevdReason"));
	yes = why && strcmp(why, "processReplaced") == 0;
	cJSON_Delete(body);
	return yes;
}

static bool fits(const struct client *c, const struct dap_message *m)
{
	return c->deferred.len + m->body_len < DEFERRED_MAX;
}

/* While its threads are being traced the step runs: none of what it sends, such
 * as a `stopped`, is lost, and where there is much of it the attach is answered
 * before that is over. */
void client_event(struct client *c, const struct dap_message *m)
{
	client_watch_event(c, m);
	client_place_event(c, m);
	if (!c->peer)
		return;
	client_pause_note(c, m);
	if (dap_is(m, "continued") && !client_takes_continued(c))
		return;
	if (is_replaced(m)) {
		c->replaced = true;
		return;
	}
	if (c->state == CLIENT_CONFIGURING && c->configured && !fits(c, m))
		attached(c);
	if (c->state == CLIENT_ATTACHED || c->state == CLIENT_LEAVING)
		client_relay(c, m, 0);
	else if (fits(c, m))
		dap_write(&c->deferred, m->body, m->body_len);
}

void client_debuggee_drained(struct client *c)
{
	if (c->peer)
		dap_peer_resume(c->peer);
}

/* other processes */

static void on_offer_answer(void *ctx, int64_t pid,
			    const struct dap_message *m)
{
	struct client *c = ctx;

	if (m && !m->success)
		c->ops->declined(c->ctx, c, (int)pid);
}

bool client_offer(struct client *c, const char *name, int pid, uint16_t port)
{
	cJSON *config, *args;

	if ((c->state != CLIENT_ATTACHED && c->state != CLIENT_OUTLIVING) ||
	    !c->peer)
		return false;
	c->replaced = c->replaced && c->pid != pid;
	config = attach_config_for_offer(c->attach, name, pid, port);
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
		    c->initialize, "supportsStartDebuggingRequest"))) {
		cJSON_AddStringToObject(config, "request", "attach");
		dap_peer_event(c->peer, "debugpyAttach", config);
		return true;
	}
	args = cJSON_CreateObject();
	cJSON_AddStringToObject(args, "request", "attach");
	cJSON_AddItemToObject(args, "configuration", config);
	dap_peer_request(c->peer, "startDebugging", args, on_offer_answer,
			 pid);
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

int client_pid(const struct client *c)
{
	return c->pid;
}

const char *client_proof(const struct client *c)
{
	return c->proof;
}

bool client_is_replaced(const struct client *c)
{
	return c->replaced;
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
	return c->since ? (client_now() - c->since) / 1000 : 0;
}
