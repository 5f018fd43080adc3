#include "client_internal.h"

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"

#define RETURN_MS 1000  /* between looks whether a thread is back */
#define DEPTH 512       /* of an answer of debugpy's, as in debuggee.c */

/* An expression that asks nothing of the step. debugpy refuses it at once for
 * a thread that is not stopped, and takes it up for one that is. */
#define PROBE "0"

/* small things */

void client_pause_clock(struct client *c, uv_timer_cb then, uint64_t ms)
{
	uv_update_time(c->pause_timer.loop);
	uv_timer_start(&c->pause_timer, then, ms, 0);
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

/* is it back? */

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

/* debugpy says nothing when a thread that hung stops as well. */
static void look_for_return(uv_timer_t *t)
{
	struct client *c = t->data;
	struct native_frame f;

	if (c->state != CLIENT_ATTACHED || !c->peer || !c->debuggee ||
	    !c->pause.count)
		return;
	client_pause_clock(c, look_for_return, RETURN_MS);
	if (c->pause_probes)
		return;
	for (size_t i = 0; native_pause_outermost(&c->pause, i, &f); i++) {
		c->pause_probes++;
		probe(c, f.frame, on_return, client_tag(c, f.thread));
	}
}

/* does it hang? */

/* The stack of a thread that may: the answer waits until that is known.
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
	cJSON *body = client_parse(m->data);
	const cJSON *f;

	cJSON_ArrayForEach(f, cJSON_GetObjectItemCaseSensitive(
				   body, "stackFrames"))
		native_pause_hangs(&c->pause, l->thread,
				   client_number(f, "id"));
	cJSON_Delete(body);
	if (c->pause.count)
		client_pause_clock(c, look_for_return, RETURN_MS);
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
	cJSON *body = client_parse(m->data);
	cJSON *frames = cJSON_GetObjectItemCaseSensitive(body, "stackFrames");
	int64_t id = client_number(cJSON_GetArrayItem(
				frames, cJSON_GetArraySize(frames) - 1), "id");

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

bool client_hang_stack(struct client *c, const struct dap_message *m,
		       int64_t thread)
{
	struct look *l = calloc(1, sizeof(*l));

	if (!l)
		return false;
	l->questions = 1;
	l->client = c->id;
	l->seq = m->seq;
	l->thread = thread;
	dap_peer_forward_request(debuggee_peer(c->debuggee), m, on_stack,
				 (int64_t)(intptr_t)l);
	return true;
}
