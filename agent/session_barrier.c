#include "sessions_internal.h"

#include "hook_server.h"

/* the clock */

static void on_timer(uv_timer_t *t);
static void time_out(struct session *s);

/* Wake for the deadline or the next countdown line, what comes first. */
void session_arm(struct session *s)
{
	int64_t now = session_now(), due = barrier_due(&s->barrier);

	if (due < 0) {
		uv_timer_stop(&s->timer);
		return;
	}
	if (s->countdown < due)
		due = s->countdown;
	uv_update_time(s->all->loop);
	uv_timer_start(&s->timer, on_timer,
		       due > now ? (uint64_t)(due - now) : 0, 0);
}

static void on_timer(uv_timer_t *t)
{
	struct session *s = t->data;
	int64_t now = session_now(), due = barrier_due(&s->barrier);

	if (due >= 0 && now >= due) {
		time_out(s);
		return;
	}
	if (due >= 0 && now >= s->countdown) {
		s->countdown += MINUTE_MS;
		session_say_countdown(s, barrier_left(&s->barrier, now));
	}
	session_arm(s);
}

/* the barrier */

static void drop_client(struct session *s, const char *why, bool lost)
{
	void *client = s->client;

	s->client = NULL;
	if (!lost)
		session_cancel(s);
	if (client)
		s->all->ops->drop(client, why, lost);
}

void session_do(struct session *s, unsigned todo, enum barrier_event e,
		const char *why)
{
	hook_cork(s->hook, true);
	if (todo & BARRIER_SAY_HOLD)
		session_say_hold(s);
	if (todo & BARRIER_CALL_HOOK)
		session_call_hook(s);
	if (todo & BARRIER_DROP_CLIENT)
		drop_client(s, why, e == BARRIER_LOST || e == BARRIER_EXIT);
	if (todo & BARRIER_SAY_ATTACHED)
		session_say_attached(s, session_now() - s->since);
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		session_say_not_attached(s, why);
	if (todo & BARRIER_LET_GO)
		session_let_go(s);
	if (todo & BARRIER_UNTRACE)
		hook_send(s->hook, "untrace");
	hook_cork(s->hook, false);
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		s->all->ops->released(s->all->ctx, s);
}

void session_event_at(struct session *s, enum barrier_event e, int64_t when,
		      const char *why)
{
	unsigned todo = barrier_step(&s->barrier, e, when, s->timeout_ms);

	session_do(s, todo, e, why);
	session_arm(s);
}

void session_event(struct session *s, enum barrier_event e, const char *why)
{
	session_event_at(s, e, session_now(), why);
}

/* Ranks wait for each other before their first line: when one runs on, all
 * do. */
static void time_out(struct session *first)
{
	const char *why = "nobody attached in time";

	session_event(first, BARRIER_TIMEOUT, why);
	if (!first->shares)
		return;
	first->timed_out = true;
	for (struct session *s = first->all->first; s; s = s->next) {
		if (!session_is_peer(first, s) || !s->shares ||
		    !session_is_held_rank(s))
			continue;
		s->timed_out = true;
		session_event(s, BARRIER_TIMEOUT, why);
	}
}

void session_postpone(struct session *s, int64_t ms)
{
	barrier_extend(&s->barrier, ms);
	s->timeout_ms += ms;
	session_arm(s);
}
