/* barrier.h: the states of a session, as one table. Rank 0, no I/O, no clock.
 *
 * A session is one Python process that registered. The caller feeds events
 * with the time, carries out the actions it is told, and asks when to call
 * again. Times are milliseconds of the monotonic clock. */
#ifndef PITSTOP_BARRIER_H
#define PITSTOP_BARRIER_H

#include <stdbool.h>
#include <stdint.h>

enum barrier_state {
	BARRIER_REGISTERED,     /* said hello, nothing decided */
	BARRIER_HOLDING,        /* stands before its first line */
	BARRIER_ATTACHING,      /* held, a client is between attach and
				   configurationDone: the deadline stands still */
	BARRIER_RUNNING,        /* runs, no client */
	BARRIER_ATTACHING_LATE, /* runs, a client is on its way in */
	BARRIER_ATTACHED,       /* a client is in */
	BARRIER_POSTMORTEM,     /* stands where an exception would end it */
	BARRIER_ATTACHING_POSTMORTEM, /* the same, a client is on its way in:
				   the deadline stands still */
	BARRIER_EXITED,
	BARRIER_STATES
};

enum barrier_event {
	BARRIER_HOLD,        /* decided: hold it */
	BARRIER_PASS,        /* decided: do not hold it */
	BARRIER_ATTACH,      /* an authorised client sent attach */
	BARRIER_READY,       /* configurationDone accepted, attach answered */
	BARRIER_ATTACH_FAILED, /* the client left, or the debugger did not come */
	BARRIER_DETACH,      /* the client left after READY */
	BARRIER_TIMEOUT,     /* the deadline passed */
	BARRIER_RELEASE,     /* somebody let it go */
	BARRIER_CRASH,       /* decided: hold it where an exception would end
				it */
	BARRIER_LOST,        /* the hook's connection closed */
	BARRIER_EXIT,        /* the process ended */
	BARRIER_EVENTS
};

/* Actions, a set of bits, to be carried out in this order. */
enum barrier_action {
	BARRIER_DO_NOTHING = 0,
	BARRIER_SAY_HOLD = 1 << 0,      /* print the three lines and the port */
	BARRIER_CALL_HOOK = 1 << 1,     /* have the hook connect the debugger */
	BARRIER_DROP_CLIENT = 1 << 2,   /* tell the client why and detach it */
	BARRIER_SAY_ATTACHED = 1 << 3,  /* "Debugger attached = True" */
	BARRIER_SAY_NOT_ATTACHED = 1 << 4, /* "Debugger attached = False", why */
	BARRIER_LET_GO = 1 << 5,        /* the step may run */
	BARRIER_UNTRACE = 1 << 6,       /* give it its full speed back */
	BARRIER_REFUSE = 1 << 7,        /* the event cannot be served now */
};

struct barrier {
	enum barrier_state state;
	int64_t deadline;      /* while it stands */
	int64_t suspended_at;  /* when the state last changed */
	int64_t grace;         /* ms of standing still that are left */
};

/* How long all attach attempts of one hold together may make the deadline
 * stand still; then it moves on, and passes under a client still attaching. */
#define BARRIER_GRACE_MS 30000

void barrier_init(struct barrier *b);

/* One step of the table. `timeout_ms` is used by BARRIER_HOLD and
 * BARRIER_CRASH alone. */
unsigned barrier_step(struct barrier *b, enum barrier_event e, int64_t now,
		      int64_t timeout_ms);

/* The time at which BARRIER_TIMEOUT is due, or -1 when none is. */
int64_t barrier_due(const struct barrier *b);

/* Does it stand and wait for a client, with none on its way? */
bool barrier_waits(const struct barrier *b);

/* Milliseconds of hold that are left, 0 when it is not held. */
int64_t barrier_left(const struct barrier *b, int64_t now);

/* Move the deadline of one that is held. */
void barrier_extend(struct barrier *b, int64_t ms);

const char *barrier_state_name(enum barrier_state s);
const char *barrier_event_name(enum barrier_event e);

#endif
