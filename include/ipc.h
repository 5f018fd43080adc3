/* ipc.h: the socketpair between supervisor and agent. Rank 1.
 *
 * SOCK_SEQPACKET, fixed messages, no lengths to trust. */
#ifndef PITSTOP_IPC_H
#define PITSTOP_IPC_H

#include <stdint.h>

#include "exit_report.h"

enum ipc_type {
	IPC_HEARTBEAT = 1,  /* agent: the loop turns; value 0. Once a second */
	IPC_READY,          /* agent: serving; value: the debug port in use,
			       and the HTTP port 16 bits higher; 0: none */
	IPC_STEP_ENDED,     /* supervisor: with the report. The agent ends, exit
			       status 0, when it has nothing left to
			       deliver */
	IPC_ABORT,          /* agent: somebody who may wants the step to end,
			       by SIGTERM; value 0 */
};

struct ipc_message {
	uint32_t type;
	uint32_t value;
	struct exit_report report;
};

/* The agent's environment says where its ends are. */
#define IPC_FD_VARIABLE "PITSTOP_IPC_FD"         /* the socketpair */
#define IPC_HOOK_FD_VARIABLE "PITSTOP_HOOK_FD"   /* the hook's listening socket,
						    held open by the supervisor
						    so that a restarted agent
						    finds it again */
#define IPC_DEBUGGEE_FD_VARIABLE "PITSTOP_DEBUGGEE_FD"  /* the debuggees',
							   likewise */
#define IPC_SPOOL_FD_VARIABLE "PITSTOP_SPOOL_FD"  /* the spool's file */
#define IPC_BY_FLAG_VARIABLE "PITSTOP_BY_FLAG"   /* what a flag set, see
						    config.h */

#define IPC_RESTARTS_VARIABLE "PITSTOP_AGENT_RESTARTS"  /* how many agents
							   came before */

/* How long an agent may be silent before it is killed, and the period of its
 * heartbeat. Milliseconds. */
#define IPC_SILENCE_MS 10000
#define IPC_HEARTBEAT_MS 1000

/* Both ends close-on-exec. 0 or negative errno. */
int ipc_pair(int fds[static 2]);

/* Send without waiting. 0, -EAGAIN when the peer does not read, or another
 * negative errno. */
int ipc_send(int fd, enum ipc_type type, uint32_t value);
int ipc_send_end(int fd, const struct exit_report *report);

/* Receive without waiting. 1 with *m, 0 when there is none, -EPIPE when the
 * peer closed, or another negative errno. */
int ipc_receive(int fd, struct ipc_message *m);

#endif
