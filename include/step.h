/* step.h: the process that is supervised. Rank 1.
 *
 * It leads a process group of its own, whose number is its pid. */
#ifndef PITSTOP_STEP_H
#define PITSTOP_STEP_H

#include <sys/types.h>

struct signals;
struct terminal;

/* One more variable for the step's environment. */
struct step_variable {
	const char *name;  /* NULL ends a list */
	const char *value;
};

struct step_plan {
	char **argv;
	const struct step_variable *more;
	const struct signals *signals;    /* put back for the step */
	const struct terminal *terminal;  /* given to it if wanted */
};

/* Start it, found through PATH. Returns its pid; a negative errno when no
 * process could be made; or 0 and the errno of its exec in *error. */
pid_t step_start(const struct step_plan *plan, int *error);

/* Become the command: what is left when it cannot be supervised. Returns the
 * errno of a failed exec. */
int step_become(const struct step_plan *plan);

/* Say why the command could not be run; returns the exit status for that, as
 * shells have it: 127 not found, 126 found and not executable. */
int step_cannot_run(const char *command, int error);

/* The exit status that stands for a wait status: 128+n for a signal. */
int step_exit_status(int wait_status);

#endif
