#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "attach_config.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "log.h"
#include "sessions.h"

#define DETACH_MS 2000     /* for debugpy to answer `disconnect` */
#define FAREWELL_MS 30000  /* for the client to close a finished session */
#define REPLACED_MS 10000  /* for the program that exec() started to connect;
			      it may be none that is debugged */

static struct log_rate refusals = { .every_ms = 10000, .burst = 10,
				    .left = 10 };

/* small things */

int64_t client_now(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

void client_note_refusal(struct client *c, const char *why)
{
	if (!log_rate_allow(&refusals, client_now()))
		return;
	if (refusals.dropped)
		log_warn("refused %u more in the meantime", refusals.dropped);
	refusals.dropped = 0;
	log_warn("refused a debugger from %s: %s", c->address, why);
}

void client_limit(struct client *c, uv_timer_cb then, uint64_t ms)
{
	uv_update_time(c->timer.loop);
	uv_timer_start(&c->timer, then, ms, 0);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct client *c = h->data;

	if (--c->open_timers > 0)
		return;
	native_pause_finish(&c->pause);
	cJSON_Delete(c->initialize);
	cJSON_Delete(c->attach);
	buf_free(&c->greeting);
	buf_free(&c->deferred);
	free(c);
}

void client_open_timers(struct client *c, uv_loop_t *loop)
{
	uv_timer_t *timers[] = { &c->timer, &c->pause_timer, &c->watch };

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		uv_timer_init(loop, timers[i]);
		timers[i]->data = c;
		c->open_timers++;
	}
}

void client_close_timers(struct client *c)
{
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	uv_close((uv_handle_t *)&c->pause_timer, on_timer_closed);
	uv_close((uv_handle_t *)&c->watch, on_timer_closed);
}

int64_t client_tag(const struct client *c, int64_t seq)
{
	return (int64_t)c->id << 32 | (seq & UINT32_MAX);
}

struct client *client_tagged(void *debuggee, int64_t t)
{
	struct client *c = debuggee_client(debuggee);

	return c && c->peer && (int64_t)c->id == t >> 32 ? c : NULL;
}

void client_maybe_free(struct client *c)
{
	if (c->peer || c->debuggee || c->session || c->closing)
		return;
	c->closing = true;
	c->ops->gone(c->ctx, c);
	client_close_timers(c);
}

/* the last words */

void client_tell(struct client *c, const char *text)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "category", "important");
	cJSON_AddStringToObject(body, "output", text);
	dap_peer_event(c->peer, "output", body);
}

static void on_farewell_over(uv_timer_t *t)
{
	struct client *c = t->data;

	if (c->peer)
		dap_peer_close(c->peer);
}

void client_say_farewell(struct client *c)
{
	bool attached = c->attach_seq == 0 && c->attach;

	c->state = CLIENT_ENDED;
	uv_timer_stop(&c->timer);
	c->ops->ended(c->ctx, c);
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
		dap_peer_respond(c->peer, c->farewell_seq, "disconnect",
				 NULL);
	dap_peer_resume(c->peer);  /* for its `disconnect` */
	if (c->farewell_seq || !attached)
		dap_peer_finish(c->peer);
	else
		client_limit(c, on_farewell_over, FAREWELL_MS);
}

/* leaving the step */

static void on_replacement_late(uv_timer_t *t)
{
	struct client *c = t->data;

	c->replaced = false;
	if (!c->ops->outlives(c->ctx, c))
		client_outlived(c);
}

/* Its process has ended: keep the session for others that go on? */
static bool outlives(struct client *c)
{
	if (c->state != CLIENT_ATTACHED || !c->peer ||
	    !(c->replaced || c->ops->outlives(c->ctx, c)))
		return false;
	c->state = CLIENT_OUTLIVING;
	uv_timer_stop(&c->timer);
	dap_peer_resume(c->peer);  /* the debuggee was busy, maybe */
	if (c->replaced)
		client_limit(c, on_replacement_late, REPLACED_MS);
	return true;
}

void client_outlived(struct client *c)
{
	if (c->state != CLIENT_OUTLIVING || c->replaced)
		return;
	client_say_farewell(c);
	client_maybe_free(c);
}

/* It has no debuggee any more. */
static void client_left(struct client *c)
{
	struct session *s = c->session;
	bool ends = c->debuggee && debuggee_ends(c->debuggee);

	c->session = NULL;
	c->debuggee = NULL;
	if (s && ends)
		session_ends(s);
	else if (s)
		session_detached(s);
	if (!outlives(c))
		client_say_farewell(c);
	client_maybe_free(c);
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
		c->ops->freed(c->ctx);
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
	if (c->session)
		session_leaving(c->session);
	if (terminate)
		log_warn("%s ends process %d", c->address, c->pid);
	/* debugpy ends it with status 0, which would pass for a success */
	if (terminate && c->session && session_terminate(c->session))
		terminate = false;
	cJSON_AddBoolToObject(args, "terminateDebuggee", terminate);
	client_limit(c, on_disconnect_late, DETACH_MS);
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
		c->ops->returned(c->ctx, d);
	} else if (s) {
		session_attach_failed(s);
	}
	client_say_farewell(c);
	if (s && !d)
		c->ops->freed(c->ctx);
}

void client_leave(struct client *c, const char *why, bool terminate)
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
	if (c->peer && c->state == CLIENT_ATTACHED)
		client_tell(c, why);
	client_leave(c, why, false);
}

void client_step_ended(struct client *c)
{
	if (!c->attach && c->peer)
		dap_peer_close(c->peer);
	else if (c->state < CLIENT_ATTACHED)
		client_leave(c, "the step has ended", false);
	c->replaced = false;
	if (!c->ops->outlives(c->ctx, c))
		client_outlived(c);
}

void client_refuse(struct client *c, const char *why)
{
	client_leave(c, why, false);
}

void client_too_late(struct client *c)
{
	dap_peer_respond(c->peer, c->attach_seq, "attach", NULL);
	c->attach_seq = 0;
	client_say_farewell(c);
}

/* VS Code's first request is `initialize` with seq 1, and it shows nothing
 * when a connection is closed without an answer: so it is answered blindly. */
void client_turn_away(struct client *c, const char *why)
{
	client_note_refusal(c, why);
	dap_peer_refuse(c->peer, 1, "initialize", REFUSED_ADDRESS, why);
	dap_peer_finish(c->peer);
	c->state = CLIENT_ENDED;
}

void client_cut(struct client *c)
{
	dap_peer_close(c->peer);
}

/* without a step */

/* The user may set breakpoints, in the editor for all sessions. */
static cJSON *idle_breakpoints(const struct dap_message *m)
{
	cJSON *args = cJSON_ParseWithLength(m->arguments.p, m->arguments.len);
	cJSON *body = cJSON_CreateObject(), *one;
	cJSON *list = cJSON_AddArrayToObject(body, "breakpoints");
	int n = cJSON_GetArraySize(cJSON_GetObjectItem(args, "breakpoints"));

	while (n-- > 0) {
		one = cJSON_CreateObject();
		cJSON_AddFalseToObject(one, "verified");
		cJSON_AddItemToArray(list, one);
	}
	cJSON_Delete(args);
	return body;
}

bool client_answer_idle(struct client *c, const struct dap_message *m)
{
	char name[64];
	cJSON *body = NULL;

	if (c->state != CLIENT_OUTLIVING)
		return false;
	dap_peer_name(m, name, sizeof(name));
	if (strcmp(name, "threads") == 0) {
		body = cJSON_CreateObject();
		cJSON_AddArrayToObject(body, "threads");
	} else if (strncmp(name, "set", 3) == 0 && m->arguments.p) {
		body = idle_breakpoints(m);
	}
	if (body)
		dap_peer_respond(c->peer, m->seq, name, body);
	return body;
}

/* the step leaves */

/* Before it was attached to. For a process that was offered this is no error:
 * many are short. */
static void ended_early(struct client *c, const char *why)
{
	if (c->state >= CLIENT_LEAVING)
		return;
	strlcpy(c->why, why, sizeof(c->why));
	if (c->peer && attach_config_offered(c->attach))
		client_too_late(c);
	else
		client_say_farewell(c);
}

void client_debuggee_gone(struct client *c)
{
	struct session *s = c->session;

	if (c->state == CLIENT_ATTACHED || c->state == CLIENT_LEAVING) {
		client_left(c);
		return;
	}
	c->debuggee = NULL;
	c->session = NULL;
	if (s)
		session_attach_failed(s);
	ended_early(c, "the step ended while the debugger was attaching");
	client_maybe_free(c);
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
		client_limit(c, on_last_words_over, DETACH_MS);
		return;
	}
	if (lost)
		ended_early(c, why);
	client_leave(c, why, false);
	client_maybe_free(c);
}
