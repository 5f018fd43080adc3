/* terminal.h: who is in the foreground of the controlling terminal. Rank 1.
 *
 * The step has a process group of its own, so it reads from the terminal only
 * while that group is the foreground one. It is given the terminal at its
 * start when standard input and output are the terminal; else when it asks,
 * because another member of a pipeline (a pager) may need it. */
#ifndef PITSTOP_TERMINAL_H
#define PITSTOP_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>

struct terminal {
	int fd;       /* -1: no controlling terminal */
	bool wanted;  /* the step has it whenever we are in the foreground */
};

void terminal_open(struct terminal *t);

/* Is our own process group in the foreground? */
bool terminal_is_ours(const struct terminal *t);

/* Make `group` the foreground group; and our own again, if `group` still is.
 * SIGTTOU has to be blocked. */
void terminal_give(const struct terminal *t, pid_t group);
void terminal_take(const struct terminal *t, pid_t group);

#endif
