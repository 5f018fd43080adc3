/* signals.h: all signals as something to read. Rank 1.
 *
 * Masks are the kernel's own 64 bits: a libc hides the realtime signals it
 * uses itself (musl 32 to 34, of which glibc programs call 34 SIGRTMIN), and
 * one of those would end the supervisor. Faults of the process itself still
 * end it, as the kernel delivers those blocked or not. */
#ifndef PITSTOP_SIGNALS_H
#define PITSTOP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct signals {
	int fd;                    /* readable when a signal waits */
	uint64_t mask;             /* as inherited */
	struct sigaction on_child; /* SIGCHLD's, as inherited */
};

/* Block all signals. 0 or negative errno; after an error all is as before. */
int signals_open(struct signals *s);

/* In a process that will exec: the mask and dispositions as they were. */
void signals_restore(const struct signals *s);

/* The next signal that came from another process or the kernel, 0 when none
 * waits. */
int signals_next(const struct signals *s);

/* Stop this process group as the terminal's stop keys do: by `sig`, one of
 * SIGTSTP, SIGTTIN, SIGTTOU. Returns when it was continued: true; or false at
 * once when the kernel stops no one here because nobody could continue us
 * (pid 1, an orphaned process group). */
bool signals_stop_group(int sig);

#endif
