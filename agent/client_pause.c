#include "client_internal.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"

#define RETURN_MS 1000  /* between looks whether a thread is back */

/* An expression that asks nothing of the step. debugpy refuses it at once for
 * a thread that is not stopped, and takes it up for one that is. */
#define PROBE "0"

#define DEPTH 512       /* of an answer of debugpy's, as in debuggee.c */

static void on_clock(uv_timer_t *t);

/* small things */

static int64_t number(const cJSON *object, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : -1;
}

static cJSON *parse(struct dap_span s)
{
	return s.p ? cJSON_ParseWithLength(s.p, s.len) : NULL;
}

static enum native_pause_action happens(struct client *c,
					enum native_pause_event event)
{
	return native_pause_event(&c->pause, event, client_now());
}

static void set_clock(struct client *c, uint64_t ms)
{
	uv_update_time(c->pause_timer.loop);
	uv_timer_start(&c->pause_timer, on_clock, ms, 0);
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

static void probe(struct client *c, int64_t frame, dap_peer_reply *reply,
		  int64_t tag)
{
	cJSON *args = cJSON_CreateObject();

	cJSON_AddStringToObject(args, "expression", PROBE);
	cJSON_AddNumberToObject(args, "frameId", (double)frame);
	cJSON_AddStringToObject(args, "context", "watch");
	dap_peer_request(debuggee_peer(c->debuggee), "evaluate", args, reply,
			 tag);
}

/* a stop of ours */

/* debugpy answers, and by the order of its messages nothing was stopped
 * before it did. */
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
		set_clock(c, NATIVE_PAUSE_MS);
		return;
	}
	body = parse(m->data);
	thread = native_pause_choose(&c->pause, cJSON_GetObjectItemCaseSensitive(
						body, "threads"));
	cJSON_Delete(body);
	if (thread && happens(c, NATIVE_OVERDUE) == NATIVE_SHOW) {
		c->pause.thread = thread;
		dap_peer_event(c->peer, "stopped",
			       native_pause_stopped(&c->pause, client_now()));
	}
}

static void ask_threads(struct client *c)
{
	set_clock(c, NATIVE_PAUSE_MS);
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

/* threads that hang while others are stopped */

static void on_return(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct client *c = client_tagged(debuggee, t);
	int64_t thread = t & UINT32_MAX;
	cJSON *body;

	if (!c || c->state != CLIENT_ATTACHED)
		return;
	c->pause_probes--;
	if (!m || !m->success || !native_pause_has_thread(&c->pause, thread))
		return;
	native_pause_came_back(&c->pause, thread);
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(
		    c->initialize, "supportsInvalidatedEvent")))
		return;
	body = cJSON_CreateObject();
	cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "areas"),
			     cJSON_CreateString("stacks"));
	cJSON_AddNumberToObject(body, "threadId", (double)thread);
	dap_peer_event(c->peer, "invalidated", body);
}

/* debugpy says nothing when such a thread stops as well. */
static void look_for_return(struct client *c)
{
	struct native_frame f;

	set_clock(c, RETURN_MS);
	if (c->pause_probes)
		return;
	for (size_t i = 0; native_pause_outermost(&c->pause, i, &f); i++) {
		c->pause_probes++;
		probe(c, f.frame, on_return, client_tag(c, f.thread));
	}
}

static void on_clock(uv_timer_t *t)
{
	struct client *c = t->data;

	if (c->state != CLIENT_ATTACHED || !c->peer || !c->debuggee)
		return;
	if (c->pause.state == NATIVE_ASKED)
		ask_threads(c);
	else if (c->pause.state == NATIVE_STOPPED && c->pause.count)
		look_for_return(c);
}

/* The stack of a thread that may hang: the answer waits until that is known.
 * It is freed with its last question. */
struct look {
	unsigned questions;
	uint32_t client;
	int64_t seq, thread;
	bool hangs;
	struct buf answer;
};

static struct client *look_client(const struct look *l, void *debuggee)
{
	return client_tagged(debuggee, (int64_t)l->client << 32);
}

static void look_done(struct look *l)
{
	if (--l->questions)
		return;
	buf_free(&l->answer);
	free(l);
}

static void note_frames(struct client *c, const struct look *l,
			const struct dap_message *m)
{
	cJSON *body = parse(m->data);
	const cJSON *f;

	cJSON_ArrayForEach(f, cJSON_GetObjectItemCaseSensitive(
				   body, "stackFrames"))
		native_pause_hangs(&c->pause, l->thread, number(f, "id"));
	cJSON_Delete(body);
	if (c->pause.count)
		set_clock(c, RETURN_MS);
}

static void on_probed(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct look *l = (struct look *)(intptr_t)t;

	(void)debuggee;
	l->hangs = m && !m->success;
	look_done(l);
}

/* debugpy answers these in their order, so the probe has failed by now if it
 * does. */
static void on_fence(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct look *l = (struct look *)(intptr_t)t;
	struct client *c = look_client(l, debuggee);
	struct dap_message stack;

	(void)m;
	if (c && dap_scan(l->answer.data, l->answer.len, DEPTH, &stack) ==
			 DAP_OK) {
		if (l->hangs)
			note_frames(c, l, &stack);
		dap_peer_forward(c->peer, &stack, l->seq);
	}
	look_done(l);
}

static int64_t last_frame(const struct dap_message *m)
{
	cJSON *body = parse(m->data);
	cJSON *frames = cJSON_GetObjectItemCaseSensitive(body, "stackFrames");
	int64_t id = number(cJSON_GetArrayItem(
				    frames, cJSON_GetArraySize(frames) - 1),
			    "id");

	cJSON_Delete(body);
	return id;
}

static void on_stack(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct look *l = (struct look *)(intptr_t)t;
	struct client *c = look_client(l, debuggee);
	int64_t frame = m && m->success ? last_frame(m) : -1;
	cJSON *args;

	if (c && c->debuggee && frame >= 0 &&
	    buf_add(&l->answer, m->body, m->body_len)) {
		l->questions += 2;
		probe(c, frame, on_probed, t);
		args = cJSON_CreateObject();
		cJSON_AddNumberToObject(args, "frameId", (double)frame);
		dap_peer_request(debuggee_peer(c->debuggee), "scopes", args,
				 on_fence, t);
	} else if (c) {
		client_answer(debuggee, client_tag(c, l->seq), m);
	}
	look_done(l);
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
	bool watch = happens(c, NATIVE_PAUSE) == NATIVE_WATCH;

	(void)m;
	if (watch) {
		c->pause.thread = number(args, "threadId");
		set_clock(c, NATIVE_PAUSE_MS);
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
	char name[64];

	/* debugpy would keep it and carry it out at some later stop */
	if (c->pause.state == NATIVE_STOPPED &&
	    native_pause_has_thread(&c->pause, number(args, "threadId"))) {
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
	struct look *l;

	if (c->pause.state != NATIVE_STOPPED ||
	    number(args, "threadId") == c->pause.thread)
		return false;
	l = calloc(1, sizeof(*l));
	if (!l)
		return false;
	l->questions = 1;
	l->client = c->id;
	l->seq = m->seq;
	l->thread = number(args, "threadId");
	dap_peer_forward_request(debuggee_peer(c->debuggee), m, on_stack,
				 (int64_t)(intptr_t)l);
	return true;
}

static bool on_scopes(struct client *c, const struct dap_message *m,
		      const cJSON *args)
{
	if (!native_pause_has_frame(&c->pause, number(args, "frameId")))
		return false;
	dap_peer_respond(c->peer, m->seq, "scopes", native_pause_scopes());
	return true;
}

static bool on_variables(struct client *c, const struct dap_message *m,
			 const cJSON *args)
{
	if (number(args, "variablesReference") != NATIVE_PAUSE_REFERENCE)
		return false;
	dap_peer_respond(c->peer, m->seq, "variables",
			 native_pause_variables(&c->pause, client_now()));
	return true;
}

static bool on_set_variable(struct client *c, const struct dap_message *m,
			    const cJSON *args)
{
	return number(args, "variablesReference") == NATIVE_PAUSE_REFERENCE &&
	       refuse(c, m);
}

/* Without a frame, debugpy evaluates by itself. */
static bool on_frame(struct client *c, const struct dap_message *m,
		     const cJSON *args)
{
	int64_t frame = number(args, "frameId");

	return frame >= 0 && native_pause_has_frame(&c->pause, frame) &&
	       refuse(c, m);
}

/* debugpy would leave these without an answer. */
static bool on_thread(struct client *c, const struct dap_message *m,
		      const cJSON *args)
{
	return native_pause_has_thread(&c->pause, number(args, "threadId")) &&
	       refuse(c, m);
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
		args = parse(m->arguments);
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
		body = parse(m->data);
		c->pause.thread = number(body, "threadId");
		cJSON_Delete(body);
	}
}
