/* agent.h: the agent's loop. Rank 4: wires the modules together. */
#ifndef PITSTOP_AGENT_H
#define PITSTOP_AGENT_H

#include "config.h"

struct listeners;

/* Serve until the supervisor says that the step has ended, or is gone.
 * `ipc_fd` is the supervisor's end of ipc.h. Returns the exit status. */
int agent_run(const struct config *config, const struct listeners *listeners,
	      int ipc_fd);

#endif
