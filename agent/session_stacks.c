#include "session_stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "hook_server.h"
#include "kernel_threads.h"
#include "sessions_internal.h"
#include "stacks.h"
#include "stacks_groups.h"

#define ANSWER_MS 2000  /* that the hook has */
#define SAMPLE_MS 200   /* of these: how much its threads run */

struct waiter {
	struct waiter *next;
	session_stacks_done *done;
	void *ctx;
};

/* One question to a hook, for all who have asked until it is answered. */
struct stacks_question {
	uv_timer_t timer;
	struct session *session;
	struct stacks stacks;
	struct kernel_threads *before;
	struct waiter *waiters;
};

/* A question to each of them. */
struct round {
	session_stacks_done *done;
	void *ctx;
	cJSON *answers;
	unsigned open;   /* questions, and one while they are being asked */
	bool failed;     /* memory was short */
};

static void on_closed(uv_handle_t *h)
{
	struct stacks_question *q = h->data;

	stacks_free(&q->stacks);
	kernel_threads_free(q->before);
	free(q);
}

/* `answer` is consumed. */
static void finish(struct session *s, cJSON *answer)
{
	struct stacks_question *q = s->question;

	s->question = NULL;
	while (q->waiters) {
		struct waiter *w = q->waiters;

		q->waiters = w->next;
		w->done(w->ctx, cJSON_Duplicate(answer, true));
		free(w);
	}
	cJSON_Delete(answer);
	uv_close((uv_handle_t *)&q->timer, on_closed);
}

/* Where the script is then, for people; NULL: it is not held. */
static const char *held_where(const struct session *s, const cJSON *stacks)
{
	if (barrier_due(&s->barrier) < 0 ||
	    !cJSON_HasObjectItem(stacks, "threads"))
		return NULL;
	if (*s->failed)
		return "held where it failed";
	return stacks_have_begun(stacks) ? "held where it waits for a debugger"
					 : "held before its first line";
}

/* `more` is consumed; its members join those that say whose it is. */
static cJSON *described(const struct session *s, cJSON *more)
{
	cJSON *json = cJSON_CreateObject();
	const char *held = held_where(s, more);
	char id[16];

	snprintf(id, sizeof(id), "%d", (int)s->hello.pid);
	if (more && (!held || cJSON_AddStringToObject(more, "held", held)) && cJSON_AddStringToObject(json, "id", id) &&
	    cJSON_AddStringToObject(json, "name", session_name(s)) &&
	    (s->hello.rank < 0
			? cJSON_AddNullToObject(json, "rank")
			: cJSON_AddNumberToObject(json, "rank",
						  s->hello.rank)) &&
	    cJSON_AddNumberToObject(json, "pid", s->hello.pid)) {
		cJSON *one;

		while ((one = cJSON_DetachItemFromArray(more, 0)))
			cJSON_AddItemToObject(json, one->string, one);
		cJSON_Delete(more);
		return json;
	}
	cJSON_Delete(json);
	cJSON_Delete(more);
	return NULL;
}

static cJSON *unanswered(struct stacks_question *q)
{
	cJSON *json = cJSON_CreateObject(), *threads;

	threads = kernel_threads_json(hook_pid(q->session->hook), q->before);
	if (threads &&
	    cJSON_AddStringToObject(json, "unanswered", "no answer within 2 s: "
		"native code holds the interpreter lock, or the process is "
		"stopped, or a debugger is about to attach") &&
	    cJSON_AddItemToObject(json, "kernel_threads", threads))
		return json;
	cJSON_Delete(json);
	return NULL;
}

static void on_timer(uv_timer_t *t)
{
	struct stacks_question *q = t->data;
	struct session *s = q->session;

	if (!q->before) {
		q->before = kernel_threads_look(hook_pid(s->hook));
		uv_timer_start(t, on_timer, SAMPLE_MS, 0);
		return;
	}
	s->stacks_late = true;
	finish(s, described(s, unanswered(q)));
}

static bool begin(struct session *s)
{
	struct stacks_question *q = calloc(1, sizeof(*q));

	if (!q)
		return false;
	uv_timer_init(s->all->loop, &q->timer);
	q->timer.data = q;
	q->session = s;
	s->question = q;
	uv_update_time(s->all->loop);
	uv_timer_start(&q->timer, on_timer, ANSWER_MS - SAMPLE_MS, 0);
	if (!s->stacks_late)
		hook_send_stacks(s->hook);
	return true;
}

bool session_ask_stacks(struct session *s, session_stacks_done *done,
			void *ctx)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w || (!s->question && !begin(s))) {
		free(w);
		return false;
	}
	*w = (struct waiter){ s->question->waiters, done, ctx };
	s->question->waiters = w;
	return true;
}

/* An answer that comes too late is thrown away, line by line, and only then is
 * the hook asked again: it has to answer one question at the most when it can
 * again. */
void session_stack(struct session *s, const char *part)
{
	bool over = strcmp(part, "end") == 0;

	if (s->stacks_late) {
		s->stacks_late = !over;
		if (over && s->question)
			hook_send_stacks(s->hook);
		return;
	}
	if (!s->question)
		return;
	if (over)
		finish(s, described(s, stacks_take(&s->question->stacks)));
	else
		stacks_add(&s->question->stacks, part);
}

void session_stacks_end(struct session *s)
{
	if (s->question)
		finish(s, NULL);
}

/* all sessions */

static void close_one(struct round *r)
{
	if (--r->open > 0)
		return;
	r->done(r->ctx, r->failed ? NULL : stacks_grouped(r->answers));
	cJSON_Delete(r->answers);
	free(r);
}

static void on_each(void *ctx, cJSON *answer)
{
	struct round *r = ctx;

	if (answer)
		cJSON_AddItemToArray(r->answers, answer);
	close_one(r);
}

bool sessions_ask_stacks(struct sessions *all, bool main_scripts,
			 session_stacks_done *done, void *ctx)
{
	struct round *r = calloc(1, sizeof(*r));

	if (!r || !(r->answers = cJSON_CreateArray())) {
		free(r);
		return false;
	}
	r->done = done;
	r->ctx = ctx;
	r->open = 1;
	for (struct session *s = all->first; s; s = s->next) {
		if (main_scripts && !session_is_step(s))
			continue;
		if (session_ask_stacks(s, on_each, r))
			r->open++;
		else
			r->failed = true;
	}
	close_one(r);
	return true;
}
