/* stall.h: has a session's main thread moved? Rank 0, no I/O.
 *
 * It is told every STALL_TICK what CPU time the thread has had, and asks for
 * the thread's place only when it has to know it: a thread that has not run at
 * all is where it was, and one that runs is not looked at. Times are monotonic
 * milliseconds. */
#ifndef PITSTOP_STALL_H
#define PITSTOP_STALL_H

#include <stdbool.h>
#include <stdint.h>

/* All zero at first. */
struct stall {
	int64_t since;     /* it is at its place since then; 0: not known */
	int64_t looked;    /* the last time, and ... */
	int64_t cpu;       /* ... the CPU time then, ns */
	uint64_t place;    /* 0: not known */
	bool ran;          /* since the place was last asked for */
	bool ran_before;   /* that, before it was */
	bool asked;        /* for the place, not answered yet */
	bool stalled;
};

enum stall_verdict {
	STALL_FINE,
	STALL_ASK,      /* say where it is, by stall_answer() */
	STALL_BEGINS,
	STALL_ENDS,
};

/* How often to look: ms, for a limit in ms. */
int64_t stall_tick(int64_t limit);

/* `cpu` is what the thread has had of the CPU by now, in ns; when that is not
 * `exact`, it may have run without it. Returns STALL_BEGINS never. */
enum stall_verdict stall_look(struct stall *s, int64_t limit, int64_t now,
			      int64_t cpu, bool exact);

/* `place` is a number for the place, 0 when the process did not answer: with
 * no CPU used, that is one in which it stays. Returns STALL_ASK never. */
enum stall_verdict stall_answer(struct stall *s, int64_t limit, int64_t now,
				uint64_t place);

/* It is not to be looked at now: what passes meanwhile does not count. A stall
 * lasts, unless the thread is known to have `moved`. */
enum stall_verdict stall_pass(struct stall *s, bool moved);

#endif
