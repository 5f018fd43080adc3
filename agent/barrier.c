#include "barrier.h"

#include <stddef.h>

/* The state that follows, and what is to be done. */
struct cell {
	enum barrier_state next;
	unsigned actions;
};

#define GO(state, todo) { BARRIER_##state, todo }
/* Nothing is to be done, often because the report came too late. */
#define JUST(state) { BARRIER_##state, BARRIER_DO_NOTHING }
/* Somebody's wish that cannot be served now. */
#define REFUSE(state) { BARRIER_##state, BARRIER_REFUSE }

#define END_HOLD (BARRIER_SAY_NOT_ATTACHED | BARRIER_LET_GO)

/* A client that left is gone, whether it was reported as ATTACH_FAILED or as
 * DETACH. What is left of its debugger slows a running step, hence UNTRACE; a
 * held one keeps it for the next client. A script can ask for a hold of its own
 * while it runs, or crash; with a client in, that is over at once. Other threads
 * may still run after a crash. */
static const struct cell TABLE[BARRIER_STATES][BARRIER_EVENTS] = {
	[BARRIER_REGISTERED] = {
		[BARRIER_HOLD] = GO(HOLDING, BARRIER_SAY_HOLD),
		[BARRIER_PASS] = GO(RUNNING, BARRIER_LET_GO),
		[BARRIER_ATTACH] = REFUSE(REGISTERED),
		[BARRIER_READY] = JUST(REGISTERED),
		[BARRIER_ATTACH_FAILED] = JUST(REGISTERED),
		[BARRIER_DETACH] = JUST(REGISTERED),
		[BARRIER_TIMEOUT] = JUST(REGISTERED),
		[BARRIER_RELEASE] = REFUSE(REGISTERED),
		[BARRIER_CRASH] = GO(POSTMORTEM, BARRIER_SAY_HOLD),
		[BARRIER_LOST] = JUST(EXITED),
		[BARRIER_EXIT] = JUST(EXITED),
	},
	[BARRIER_HOLDING] = {
		[BARRIER_HOLD] = REFUSE(HOLDING),
		[BARRIER_PASS] = REFUSE(HOLDING),
		[BARRIER_ATTACH] = GO(ATTACHING, BARRIER_CALL_HOOK),
		[BARRIER_READY] = JUST(HOLDING),
		[BARRIER_ATTACH_FAILED] = JUST(HOLDING),
		[BARRIER_DETACH] = JUST(HOLDING),
		[BARRIER_TIMEOUT] = GO(RUNNING, END_HOLD),
		[BARRIER_RELEASE] = GO(RUNNING, END_HOLD),
		[BARRIER_CRASH] = REFUSE(HOLDING),
		[BARRIER_LOST] = JUST(EXITED),
		[BARRIER_EXIT] = JUST(EXITED),
	},
	[BARRIER_ATTACHING] = {
		[BARRIER_HOLD] = REFUSE(ATTACHING),
		[BARRIER_PASS] = REFUSE(ATTACHING),
		[BARRIER_ATTACH] = REFUSE(ATTACHING),
		[BARRIER_READY] = GO(ATTACHED, BARRIER_SAY_ATTACHED |
					       BARRIER_LET_GO),
		[BARRIER_ATTACH_FAILED] = JUST(HOLDING),
		[BARRIER_DETACH] = JUST(HOLDING),
		[BARRIER_TIMEOUT] = GO(RUNNING, BARRIER_DROP_CLIENT |
					END_HOLD | BARRIER_UNTRACE),
		[BARRIER_RELEASE] = GO(RUNNING, BARRIER_DROP_CLIENT |
					END_HOLD | BARRIER_UNTRACE),
		[BARRIER_CRASH] = REFUSE(ATTACHING),
		[BARRIER_LOST] = GO(EXITED, BARRIER_DROP_CLIENT),
		[BARRIER_EXIT] = GO(EXITED, BARRIER_DROP_CLIENT),
	},
	[BARRIER_RUNNING] = {
		[BARRIER_HOLD] = GO(HOLDING, BARRIER_SAY_HOLD),
		[BARRIER_PASS] = REFUSE(RUNNING),
		[BARRIER_ATTACH] = GO(ATTACHING_LATE, BARRIER_CALL_HOOK),
		[BARRIER_READY] = JUST(RUNNING),
		[BARRIER_ATTACH_FAILED] = JUST(RUNNING),
		[BARRIER_DETACH] = JUST(RUNNING),
		[BARRIER_TIMEOUT] = JUST(RUNNING),
		[BARRIER_RELEASE] = REFUSE(RUNNING),
		[BARRIER_CRASH] = GO(POSTMORTEM, BARRIER_SAY_HOLD),
		[BARRIER_LOST] = JUST(EXITED),
		[BARRIER_EXIT] = JUST(EXITED),
	},
	[BARRIER_ATTACHING_LATE] = {
		[BARRIER_HOLD] = GO(ATTACHING, BARRIER_SAY_HOLD),
		[BARRIER_PASS] = REFUSE(ATTACHING_LATE),
		[BARRIER_ATTACH] = REFUSE(ATTACHING_LATE),
		[BARRIER_READY] = JUST(ATTACHED),
		[BARRIER_ATTACH_FAILED] = GO(RUNNING, BARRIER_UNTRACE),
		[BARRIER_DETACH] = GO(RUNNING, BARRIER_UNTRACE),
		[BARRIER_TIMEOUT] = JUST(ATTACHING_LATE),
		[BARRIER_RELEASE] = REFUSE(ATTACHING_LATE),
		[BARRIER_CRASH] = GO(ATTACHING_POSTMORTEM,
				      BARRIER_SAY_HOLD),
		[BARRIER_LOST] = GO(EXITED, BARRIER_DROP_CLIENT),
		[BARRIER_EXIT] = GO(EXITED, BARRIER_DROP_CLIENT),
	},
	[BARRIER_ATTACHED] = {
		[BARRIER_HOLD] = GO(ATTACHED, BARRIER_LET_GO),
		[BARRIER_PASS] = REFUSE(ATTACHED),
		[BARRIER_ATTACH] = REFUSE(ATTACHED),
		[BARRIER_READY] = JUST(ATTACHED),
		[BARRIER_ATTACH_FAILED] = GO(RUNNING, BARRIER_UNTRACE),
		[BARRIER_DETACH] = GO(RUNNING, BARRIER_UNTRACE),
		[BARRIER_TIMEOUT] = JUST(ATTACHED),
		[BARRIER_RELEASE] = REFUSE(ATTACHED),
		[BARRIER_CRASH] = GO(ATTACHED, BARRIER_LET_GO),
		[BARRIER_LOST] = GO(EXITED, BARRIER_DROP_CLIENT),
		[BARRIER_EXIT] = GO(EXITED, BARRIER_DROP_CLIENT),
	},
	[BARRIER_POSTMORTEM] = {
		[BARRIER_HOLD] = REFUSE(POSTMORTEM),
		[BARRIER_PASS] = REFUSE(POSTMORTEM),
		[BARRIER_ATTACH] = GO(ATTACHING_POSTMORTEM, BARRIER_CALL_HOOK),
		[BARRIER_READY] = JUST(POSTMORTEM),
		[BARRIER_ATTACH_FAILED] = JUST(POSTMORTEM),
		[BARRIER_DETACH] = JUST(POSTMORTEM),
		[BARRIER_TIMEOUT] = GO(RUNNING, END_HOLD),
		[BARRIER_RELEASE] = GO(RUNNING, END_HOLD),
		[BARRIER_CRASH] = REFUSE(POSTMORTEM),
		[BARRIER_LOST] = JUST(EXITED),
		[BARRIER_EXIT] = JUST(EXITED),
	},
	[BARRIER_ATTACHING_POSTMORTEM] = {
		[BARRIER_HOLD] = REFUSE(ATTACHING_POSTMORTEM),
		[BARRIER_PASS] = REFUSE(ATTACHING_POSTMORTEM),
		[BARRIER_ATTACH] = REFUSE(ATTACHING_POSTMORTEM),
		[BARRIER_READY] = GO(ATTACHED, BARRIER_SAY_ATTACHED |
					       BARRIER_LET_GO),
		[BARRIER_ATTACH_FAILED] = GO(POSTMORTEM, BARRIER_UNTRACE),
		[BARRIER_DETACH] = GO(POSTMORTEM, BARRIER_UNTRACE),
		[BARRIER_TIMEOUT] = GO(RUNNING, BARRIER_DROP_CLIENT |
					END_HOLD | BARRIER_UNTRACE),
		[BARRIER_RELEASE] = GO(RUNNING, BARRIER_DROP_CLIENT |
					END_HOLD | BARRIER_UNTRACE),
		[BARRIER_CRASH] = REFUSE(ATTACHING_POSTMORTEM),
		[BARRIER_LOST] = GO(EXITED, BARRIER_DROP_CLIENT),
		[BARRIER_EXIT] = GO(EXITED, BARRIER_DROP_CLIENT),
	},
	[BARRIER_EXITED] = {
		[BARRIER_HOLD] = REFUSE(EXITED),
		[BARRIER_PASS] = REFUSE(EXITED),
		[BARRIER_ATTACH] = REFUSE(EXITED),
		[BARRIER_READY] = JUST(EXITED),
		[BARRIER_ATTACH_FAILED] = JUST(EXITED),
		[BARRIER_DETACH] = JUST(EXITED),
		[BARRIER_TIMEOUT] = JUST(EXITED),
		[BARRIER_RELEASE] = REFUSE(EXITED),
		[BARRIER_CRASH] = REFUSE(EXITED),
		[BARRIER_LOST] = JUST(EXITED),
		[BARRIER_EXIT] = JUST(EXITED),
	},
};

void barrier_init(struct barrier *b)
{
	*b = (struct barrier){ .state = BARRIER_REGISTERED };
}

static bool is_attaching(const struct barrier *b)
{
	return b->state == BARRIER_ATTACHING ||
	       b->state == BARRIER_ATTACHING_POSTMORTEM;
}

bool barrier_waits(const struct barrier *b)
{
	return b->state == BARRIER_HOLDING || b->state == BARRIER_POSTMORTEM;
}

/* How long the deadline has stood still for the client that is on its way. */
static int64_t stood_still(const struct barrier *b, int64_t now)
{
	int64_t stood = now - b->suspended_at;

	if (!is_attaching(b) || stood < 0)
		return 0;
	return stood < b->grace ? stood : b->grace;
}

unsigned barrier_step(struct barrier *b, enum barrier_event e, int64_t now,
		      int64_t timeout_ms)
{
	const struct cell *cell = &TABLE[b->state][e];
	int64_t stood = stood_still(b, now);

	if (cell->next != b->state) {
		b->deadline += stood;
		b->grace -= stood;
		b->suspended_at = now;
	}
	if ((e == BARRIER_HOLD || e == BARRIER_CRASH) &&
	    cell->next != b->state) {
		b->deadline = now + timeout_ms;
		b->grace = BARRIER_GRACE_MS;
	}
	b->state = cell->next;
	return cell->actions;
}

int64_t barrier_due(const struct barrier *b)
{
	if (barrier_waits(b))
		return b->deadline;
	return is_attaching(b) ? b->deadline + b->grace : -1;
}

int64_t barrier_left(const struct barrier *b, int64_t now)
{
	int64_t left = b->deadline + stood_still(b, now) - now;

	if (!barrier_waits(b) && !is_attaching(b))
		return 0;
	return left > 0 ? left : 0;
}

void barrier_extend(struct barrier *b, int64_t ms)
{
	if (barrier_waits(b) || is_attaching(b))
		b->deadline += ms;
}

static const char *const STATE_NAMES[BARRIER_STATES] = {
	[BARRIER_REGISTERED] = "registered",
	[BARRIER_HOLDING] = "holding",
	[BARRIER_ATTACHING] = "attaching",
	[BARRIER_RUNNING] = "running",
	[BARRIER_ATTACHING_LATE] = "attaching late",
	[BARRIER_ATTACHED] = "attached",
	[BARRIER_POSTMORTEM] = "postmortem",
	[BARRIER_ATTACHING_POSTMORTEM] = "attaching postmortem",
	[BARRIER_EXITED] = "exited",
};

static const char *const EVENT_NAMES[BARRIER_EVENTS] = {
	[BARRIER_HOLD] = "hold",
	[BARRIER_PASS] = "pass",
	[BARRIER_ATTACH] = "attach",
	[BARRIER_READY] = "ready",
	[BARRIER_ATTACH_FAILED] = "attach failed",
	[BARRIER_DETACH] = "detach",
	[BARRIER_TIMEOUT] = "timeout",
	[BARRIER_RELEASE] = "release",
	[BARRIER_CRASH] = "crash",
	[BARRIER_LOST] = "lost",
	[BARRIER_EXIT] = "exit",
};

const char *barrier_state_name(enum barrier_state s)
{
	return s < BARRIER_STATES ? STATE_NAMES[s] : "unknown";
}

const char *barrier_event_name(enum barrier_event e)
{
	return e < BARRIER_EVENTS ? EVENT_NAMES[e] : "unknown";
}
