/* agent.h: the agent's loop. Rank 4: wires the modules together. */
#ifndef PITSTOP_AGENT_H
#define PITSTOP_AGENT_H

#include "config.h"

/* Serve until the supervisor says that the step has ended, or is gone.
 * `hook_fd` is the hooks' listening socket, `ipc_fd` the supervisor's end of
 * ipc.h. Returns the exit status. */
int agent_run(const struct config *config, int hook_fd, int ipc_fd);

#endif
