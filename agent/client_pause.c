#include "client_internal.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"

/* small things */

static enum native_pause_action happens(struct client *c,
					enum native_pause_event event)
{
	return native_pause_event(&c->pause, event, client_now());
}

static void say(struct client *c, const char *text)
{
	cJSON *body = cJSON_CreateObject();

	cJSON_AddStringToObject(body, "category", "console");
	cJSON_AddStringToObject(body, "output", text);
	dap_peer_event(c->peer, "output", body);
}

/* Visual Studio takes a step for a promise that all threads resume, and is
 * confused by events that say so. */
bool client_takes_continued(const struct client *c)
{
	const char *id = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(c->initialize, "clientID"));

	return !id || (strcmp(id, "visualstudio") != 0 &&
		       strcmp(id, "vsformac") != 0);
}

static void say_continued(struct client *c)
{
	cJSON *body;

	if (!client_takes_continued(c))
		return;
	body = cJSON_CreateObject();
	cJSON_AddNumberToObject(body, "threadId", (double)c->pause.thread);
	cJSON_AddTrueToObject(body, "allThreadsContinued");
	dap_peer_event(c->peer, "continued", body);
}

/* a stop of ours */

static void on_overdue(uv_timer_t *t);

static void watch(struct client *c)
{
	client_pause_clock(c, on_overdue, NATIVE_PAUSE_MS);
}

/* debugpy answers, and had it stopped something, it would have said so
 * before. */
static void on_threads(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct client *c = client_tagged(debuggee, t);
	int64_t thread;
	cJSON *body;

	if (!c || c->state != CLIENT_ATTACHED)
		return;
	c->pause_look = false;
	if (!m || !m->success || c->pause.state != NATIVE_ASKED)
		return;
	if (c->pause_late) {  /* it may stop by itself, now that it answers */
		watch(c);
		return;
	}
	body = client_parse(m->data);
	thread = native_pause_choose(
		&c->pause, cJSON_GetObjectItemCaseSensitive(body, "threads"));
	cJSON_Delete(body);
	if (thread && happens(c, NATIVE_OVERDUE) == NATIVE_SHOW) {
		c->pause.thread = thread;
		dap_peer_event(c->peer, "stopped",
			       native_pause_stopped(&c->pause, client_now()));
	}
}

static void on_overdue(uv_timer_t *t)
{
	struct client *c = t->data;

	if (c->state != CLIENT_ATTACHED || !c->peer || !c->debuggee ||
	    c->pause.state != NATIVE_ASKED)
		return;
	watch(c);
	if (!c->pause_look) {
		c->pause_look = true;
		c->pause_late = false;
		dap_peer_request(debuggee_peer(c->debuggee), "threads", NULL,
				 on_threads, client_tag(c, 0));
	} else if (!c->pause_late) {
		c->pause_late = true;
		say(c, "pitstop: the step is inside native code that does not "
		       "let Python run: not even its stack can be read. It "
		       "stops when it comes back.\n");
	}
}

/* requests: true when it is answered here, now or later */

typedef bool handle(struct client *c, const struct dap_message *m,
		    const cJSON *args);

static bool refuse(struct client *c, const struct dap_message *m)
{
	char name[64], why[256];

	dap_peer_fail(c->peer, m->seq, dap_peer_name(m, name, sizeof(name)),
		      native_pause_refusal(&c->pause, client_now(), why,
					   sizeof(why)));
	return true;
}

static bool on_pause(struct client *c, const struct dap_message *m,
		     const cJSON *args)
{
	(void)m;
	if (happens(c, NATIVE_PAUSE) == NATIVE_WATCH) {
		c->pause.thread = client_number(args, "threadId");
		watch(c);
	}
	return false;
}

static bool on_continue(struct client *c, const struct dap_message *m,
			const cJSON *args)
{
	cJSON *body;

	(void)args;
	if (happens(c, NATIVE_CONTINUE) != NATIVE_CANCEL)
		return false;
	body = cJSON_CreateObject();
	cJSON_AddStringToObject(body, "threadId", "*");
	dap_peer_request(debuggee_peer(c->debuggee), "continue", body, NULL,
			 0);
	body = cJSON_CreateObject();
	cJSON_AddTrueToObject(body, "allThreadsContinued");
	dap_peer_respond(c->peer, m->seq, "continue", body);
	say_continued(c);
	return true;
}

static bool on_step(struct client *c, const struct dap_message *m,
		    const cJSON *args)
{
	int64_t thread = client_number(args, "threadId");
	char name[64];

	/* debugpy would keep it and carry it out at some later stop */
	if (c->pause.state == NATIVE_STOPPED &&
	    native_pause_has_thread(&c->pause, thread)) {
		dap_peer_refuse(c->peer, m->seq,
				dap_peer_name(m, name, sizeof(name)),
				REFUSED_NATIVE, "this thread is inside native "
				"code: it stops by itself at its next line");
		return true;
	}
	if (happens(c, NATIVE_STEP) != NATIVE_PROMISE)
		return false;
	dap_peer_respond(c->peer, m->seq,
			 dap_peer_name(m, name, sizeof(name)), NULL);
	say_continued(c);
	say(c, "pitstop: the step is inside native code; it stops at its next "
	       "line when it comes back.\n");
	return true;
}

static bool on_stack_trace(struct client *c, const struct dap_message *m,
			   const cJSON *args)
{
	int64_t thread = client_number(args, "threadId");

	if (thread == c->pause.thread)
		return client_place_stack(c, m);
	return c->pause.state == NATIVE_STOPPED &&
	       client_hang_stack(c, m, thread);
}

static bool on_scopes(struct client *c, const struct dap_message *m,
		      const cJSON *args)
{
	if (!native_pause_has_frame(&c->pause, client_number(args, "frameId")))
		return false;
	dap_peer_respond(c->peer, m->seq, "scopes", native_pause_scopes());
	return true;
}

static bool on_variables(struct client *c, const struct dap_message *m,
			 const cJSON *args)
{
	if (client_number(args, "variablesReference") != NATIVE_PAUSE_REFERENCE)
		return false;
	dap_peer_respond(c->peer, m->seq, "variables",
			 native_pause_variables(&c->pause, client_now()));
	return true;
}

static bool on_set_variable(struct client *c, const struct dap_message *m,
			    const cJSON *args)
{
	return client_number(args, "variablesReference") ==
	       NATIVE_PAUSE_REFERENCE && refuse(c, m);
}

/* Without a frame, debugpy evaluates by itself. */
static bool on_frame(struct client *c, const struct dap_message *m,
		     const cJSON *args)
{
	int64_t frame = client_number(args, "frameId");

	return frame >= 0 && native_pause_has_frame(&c->pause, frame) &&
	       refuse(c, m);
}

/* debugpy would leave these without an answer. */
static bool on_thread(struct client *c, const struct dap_message *m,
		      const cJSON *args)
{
	int64_t thread = client_number(args, "threadId");

	return native_pause_has_thread(&c->pause, thread) && refuse(c, m);
}

static const struct {
	const char *name;
	handle *handle;
} REQUESTS[] = {
	{ "pause", on_pause },
	{ "continue", on_continue },
	{ "next", on_step },
	{ "stepIn", on_step },
	{ "stepOut", on_step },
	{ "stackTrace", on_stack_trace },
	{ "scopes", on_scopes },
	{ "variables", on_variables },
	{ "setVariable", on_set_variable },
	{ "evaluate", on_frame },
	{ "setExpression", on_frame },
	{ "completions", on_frame },
	{ "stepInTargets", on_frame },
	{ "exceptionInfo", on_thread },
	{ "goto", on_thread },
};

bool client_pause_answers(struct client *c, const struct dap_message *m)
{
	cJSON *args;
	bool answered;

	for (size_t i = 0; i < sizeof(REQUESTS) / sizeof(*REQUESTS); i++) {
		if (!dap_is(m, REQUESTS[i].name))
			continue;
		args = client_parse(m->arguments);
		answered = REQUESTS[i].handle(c, m, args);
		cJSON_Delete(args);
		return answered;
	}
	return false;
}

/* events */

void client_pause_note(struct client *c, const struct dap_message *m)
{
	cJSON *body;

	if (dap_is(m, "continued")) {
		happens(c, NATIVE_RESUMED);
	} else if (dap_is(m, "stopped")) {
		if (happens(c, NATIVE_STOP) == NATIVE_HAND_OVER)
			say_continued(c);
		body = client_parse(m->data);
		c->pause.thread = client_number(body, "threadId");
		cJSON_Delete(body);
	}
}
