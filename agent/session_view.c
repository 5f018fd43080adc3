#include "session_view.h"

#include <stdio.h>

#include "hook_server.h"
#include "sessions_internal.h"

void session_look(const struct session *s, struct session_view *v)
{
	const struct place *at = s->all->place;
	int64_t now = session_now();
	bool in = s->barrier.state == BARRIER_ATTACHED;

	*v = (struct session_view){
		.pid = s->hello.pid,
		.rank = s->hello.rank,
		.state = s->barrier.state,
		.name = session_name(s),
		.python = s->hello.python,
		.cwd = s->hello.cwd,
		.host = at->host,
		.port = at->port,
		.held = barrier_due(&s->barrier) >= 0,
		.held_for = now - s->since,
		.left = barrier_left(&s->barrier, now),
		.client = in ? s->client_address : NULL,
		.client_for = now - s->attached,
		.failed = *s->failed ? s->failed : NULL,
		.node = s->all->node,
		.main = session_is_step(s),
		.paused_for = in && s->paused ? now - s->paused : -1,
		.file = *s->paused_file ? s->paused_file : NULL,
		.line = s->paused_line,
		.stalled_for = s->stall.stalled ? now - s->stall.since : -1,
	};
}

struct session *sessions_next(struct sessions *all, struct session *after)
{
	return after ? after->next : all->first;
}

struct cJSON *sessions_history(const struct sessions *all)
{
	return history_json(&all->history);
}

uint64_t sessions_last_event(const struct sessions *all)
{
	return all->history.count;
}

void session_note_abort(struct session *s, const char *why)
{
	session_note(s, "aborted", why);
}

static bool is_held(const struct session *s)
{
	return barrier_due(&s->barrier) >= 0;
}

bool session_release(struct session *s, const char *why)
{
	if (!is_held(s))
		return false;
	session_event(s, BARRIER_RELEASE, why);
	return true;
}

static void extend(struct session *s, int64_t ms)
{
	session_postpone(s, ms);
	hook_send(s->hook, "extend %.3f",
		  (double)barrier_left(&s->barrier, session_now()) / 1000);
}

int64_t session_extend(struct session *s, int64_t ms)
{
	const int64_t max = (int64_t)s->all->config->max_hold * 1000;
	int64_t most = s->since + max - s->barrier.deadline;
	bool cut = ms > most;
	unsigned others = 0;
	char text[64];

	if (!is_held(s))
		return -1;
	if (cut)
		ms = most > 0 ? most : 0;
	if (ms == 0)
		return 0;
	snprintf(text, sizeof(text), "by %lld s%s", (long long)ms / 1000,
		 cut ? ", as PITSTOP_MAX_HOLD allows no more" : "");
	session_note(s, "extended", text);
	extend(s, ms);
	for (struct session *p = s->all->first; p && s->shares; p = p->next) {
		if (!session_is_peer(s, p) || !p->shares || !is_held(p))
			continue;
		extend(p, ms);
		others++;
	}
	session_say_extended(s, others, ms, cut);
	return ms;
}
