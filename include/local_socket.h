/* local_socket.h: the unix socket at which commands on the agent's own machine
 * ask it by HTTP, without its token. Rank 1.
 *
 * It has the name of the hooks' socket with the HTTP port behind it,
 * "@pitstop-RANDOM-5679", in the abstract namespace, so that it is found in
 * /proc/net/unix. Who is at the other end is the kernel's word on both sides:
 * a process of the same user, or root. No browser and no tunnel comes this
 * way by itself. */
#ifndef PITSTOP_LOCAL_SOCKET_H
#define PITSTOP_LOCAL_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOCAL_SOCKET_NAME 108  /* bytes, with "@" and the final zero */

struct local_agent {
	char name[LOCAL_SOCKET_NAME];
	uint16_t port;  /* of its HTTP; 0: none */
	pid_t pid;
};

/* A bound socket, close-on-exec, for an agent that serves `port` and whose
 * hooks come in at the descriptor `hooks`; or a negative errno. */
int local_socket_bind(int hooks, uint16_t port);

/* May the process at the other end command this one? Never one of another pid
 * namespace, which may share the network with us. */
bool local_socket_peer_allowed(int fd);

/* The agents that this process may command, `max` of them at the most; with
 * `hooks` (a name of a hooks' socket, or NULL) that one's alone. Returns how
 * many; *others is set to how many there are of other users. */
size_t local_socket_find(const char *hooks, struct local_agent *to, size_t max,
			 unsigned *others);

/* Connected and non-blocking, or a negative errno; -EPERM: it is another
 * user's. *pid is its process. */
int local_socket_connect(const char *name, pid_t *pid);

#endif
