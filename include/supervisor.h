/* supervisor.h: runs the step, and keeps an agent beside it. Rank 4.
 *
 * What a small init does: starts the step in its own process group, forwards
 * signals, reaps every orphan. It has no network and no parser. */
#ifndef PITSTOP_SUPERVISOR_H
#define PITSTOP_SUPERVISOR_H

struct config;

/* Run the command argv (it ends with NULL) to its end. Returns the exit status
 * for this process: the step's, 128+n when signal n ended it, 126 or 127 when
 * it cannot be run. */
int supervisor_run(char **argv, const struct config *config);

#endif
