#include "sessions_internal.h"

#include <stdio.h>
#include <string.h>

#include "rank_list.h"

/* which there are */

void session_note_rank(struct session *s)
{
	int rank = s->hello.rank;

	if (rank >= 0 && rank < RANKS_SEEN)
		s->all->seen[rank / 8] |= (uint8_t)(1 << rank % 8);
}

static bool was_seen(const struct sessions *all, int rank)
{
	return rank < RANKS_SEEN && all->seen[rank / 8] & 1 << rank % 8;
}

static bool is_rank(const struct session *s)
{
	return s->main && s->hello.rank >= 0;
}

/* The ranks that its launcher starts on this machine are all here. */
static bool is_complete(struct sessions *all)
{
	int here = 0, local = 0;

	for (struct session *s = all->first; s; s = s->next) {
		if (!is_rank(s))
			continue;
		here++;
		if (s->hello.local_size > local)
			local = s->hello.local_size;
	}
	return local > 0 && here >= local;
}

bool session_rank_may_come(struct sessions *all, int rank,
			   char why[static 256])
{
	snprintf(why, 256, "no step of rank %d runs here", rank);
	if (was_seen(all, rank)) {
		snprintf(why, 256, "rank %d has ended", rank);
		return false;
	}
	for (struct session *s = all->first; s; s = s->next) {
		if (s->hello.world_size < 1 || rank < s->hello.world_size)
			continue;
		snprintf(why, 256, "there is no rank %d: the highest is %d",
			 rank, s->hello.world_size - 1);
		return false;
	}
	if (!is_complete(all))
		return true;
	snprintf(why, 256, "rank %d does not run on this machine, whose ranks "
			   "are all here", rank);
	return false;
}

/* holding them */

bool session_is_left_out(const struct session *s)
{
	const char *list = s->all->config->ranks;

	return *list && s->hello.rank >= 0 &&
	       !rank_list_has(list, s->hello.rank);
}

bool session_is_peer(const struct session *a, const struct session *b)
{
	return a != b && is_rank(a) && is_rank(b) && a->launch == b->launch;
}

static bool in_shared_hold(const struct session *s)
{
	return s->shares && (s->asked ||
			     s->barrier.state == BARRIER_HOLDING ||
			     s->barrier.state == BARRIER_ATTACHING);
}

int64_t session_shared_hold(struct session *s)
{
	int64_t now = session_now(), most = session_timeout(s);

	for (struct session *p = s->all->first; p; p = p->next) {
		int64_t left = p->timed_out ? 0 : p->since + p->timeout_ms -
						  now;

		if (!session_is_peer(s, p) ||
		    !(in_shared_hold(p) || p->timed_out))
			continue;
		if (left < most)
			most = left > 0 ? left : 0;
	}
	return most;
}

pid_t session_launch(const struct session *s)
{
	return s->launch;
}

bool session_is_held_rank(const struct session *s)
{
	return is_rank(s) && barrier_waits(&s->barrier);
}

struct session *sessions_held_rank(struct sessions *all,
				   struct session *after)
{
	struct session *s = after ? after->next : all->first;

	while (s && !session_is_held_rank(s))
		s = s->next;
	return s;
}
