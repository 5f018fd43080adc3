#include "sessions_internal.h"

#include <bsd/string.h>

void session_note(struct session *s, const char *what, const char *detail)
{
	struct history_event e = {
		.what = what,
		.pid = s->hello.pid,
		.rank = s->hello.rank,
		.at = session_wall_clock(),
	};

	strlcpy(e.name, session_name(s), sizeof(e.name));
	strlcpy(e.detail, detail ? detail : "", sizeof(e.detail));
	history_add(&s->all->history, &e);
	s->noted = true;
}

static bool was_attaching(enum barrier_state s)
{
	return s == BARRIER_ATTACHING || s == BARRIER_ATTACHING_LATE ||
	       s == BARRIER_ATTACHING_POSTMORTEM;
}

/* The many processes beside a step that come and go are left out, unless
 * something else happens to one. */
void session_note_event(struct session *s, enum barrier_event e,
			enum barrier_state before, const char *why)
{
	if (s->barrier.state == before)
		return;
	switch (e) {
	case BARRIER_HOLD:
		session_note(s, "held", s->resumed ? "the agent was restarted"
						   : NULL);
		break;
	case BARRIER_CRASH:
		session_note(s, "failed", s->failed);
		break;
	case BARRIER_PASS:
		if (s->main)
			session_note(s, "started", NULL);
		break;
	case BARRIER_READY:
		session_note(s, "attached", s->client_address);
		break;
	case BARRIER_ATTACH_FAILED:
	case BARRIER_DETACH:
		session_note(s, was_attaching(before) ? "attach failed"
						      : "detached",
			     s->client_address);
		break;
	case BARRIER_TIMEOUT:
		session_note(s, "timed out", NULL);
		break;
	case BARRIER_RELEASE:
		session_note(s, "released", why);
		break;
	case BARRIER_LOST:
	case BARRIER_EXIT:
		if (s->noted)
			session_note(s, "exited", NULL);
		break;
	case BARRIER_ATTACH:
	case BARRIER_EVENTS:
		break;
	}
}
