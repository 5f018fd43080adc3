#include "sessions_internal.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "duration.h"
#include "hook_server.h"
#include "kernel_threads.h"
#include "metrics.h"
#include "session_stacks.h"
#include "stacks.h"

static int64_t limit(const struct sessions *all)
{
	return (int64_t)all->config->stall * 1000;
}

/* A process beside the step may well have nothing to do for hours. */
static bool is_looked_at(const struct session *s)
{
	return session_is_step(s) && !s->asked &&
	       (s->barrier.state == BARRIER_RUNNING ||
		(s->barrier.state == BARRIER_ATTACHED && !s->paused));
}

/* Its main thread stands in our code, where it was not before. */
static bool is_held(const struct session *s)
{
	return barrier_due(&s->barrier) >= 0;
}

/* The other ranks may have been found a little later; and an answer takes its
 * time. */
static void begins(struct session *s, const cJSON *stacks)
{
	char top[192];

	if (!s->all->stall_due)
		s->all->stall_due = session_now() + stall_tick(limit(s->all));
	s->stall_told = false;
	metric_add(METRIC_STALLS, 1);
	session_note(s, "stalled", stacks_top(stacks, top, sizeof(top)));
}

/* `since` is when it had stopped. */
static void ends(struct session *s, int64_t since)
{
	int64_t ms = session_now() - since;
	char text[DURATION_TEXT], detail[DURATION_TEXT + 8];

	snprintf(detail, sizeof(detail), "after %s", duration_text(ms, text));
	session_note(s, "moving", detail);
	if (s->stall_told)
		session_say_moves(s, ms);
}

static void on_stacks(void *ctx, cJSON *stacks)
{
	struct session *s = ctx;
	int64_t since = s->stall.since;

	if (!stacks || !is_looked_at(s)) {
		s->stall.asked = false;
	} else {
		switch (stall_answer(&s->stall, limit(s->all), session_now(),
				     stacks_place(stacks))) {
		case STALL_BEGINS: begins(s, stacks); break;
		case STALL_ENDS: ends(s, since); break;
		case STALL_ASK:
		case STALL_FINE: break;
		}
	}
	cJSON_Delete(stacks);
}

static void look(struct session *s)
{
	int64_t since = s->stall.since, cpu;
	enum stall_verdict v;
	bool exact;

	if (is_looked_at(s) &&
	    kernel_main_thread_cpu(hook_pid(s->hook), &cpu, &exact))
		v = stall_look(&s->stall, limit(s->all), session_now(), cpu,
			       exact);
	else
		v = stall_pass(&s->stall, is_held(s));
	if (v == STALL_ENDS)
		ends(s, since);
	if (v == STALL_ASK && !session_ask_stacks(s, on_stacks, s))
		s->stall.asked = false;
}

static void on_groups(void *ctx, cJSON *groups)
{
	sessions_say_stalled(ctx, groups);
	cJSON_Delete(groups);
}

static void on_timer(uv_timer_t *t)
{
	struct sessions *all = t->data;

	for (struct session *s = all->first; s; s = s->next)
		look(s);
	if (!all->stall_due || session_now() < all->stall_due)
		return;
	all->stall_due = 0;
	if (!sessions_ask_stacks(all, true, on_groups, all))
		sessions_say_stalled(all, NULL);
}

void sessions_watch_stalls(struct sessions *all)
{
	uint64_t tick = (uint64_t)stall_tick(limit(all));

	if (!all->config->stall)
		return;
	uv_timer_init(all->loop, &all->stall_timer);
	all->stall_timer.data = all;
	uv_timer_start(&all->stall_timer, on_timer, tick, tick);
}
