/* listeners.h: what of an agent's outlives it. Rank 1.
 *
 * The supervisor only holds it open. Listening sockets: a process of the step
 * that connects while the agent is started again waits in their queue, instead
 * of being refused, which would be its end in a debugger that has no other
 * way. And the run log's spool. */
#ifndef PITSTOP_LISTENERS_H
#define PITSTOP_LISTENERS_H

struct listeners {
	int hooks;      /* unix, abstract; -1: none */
	int debuggees;  /* TCP on loopback, any port; -1: none */
	int spool;      /* a file in memory; -1: none */
};

/* `name` is the hooks' socket's, with "@" for its first byte. Returns 0 when
 * hooks can connect, else a negative errno; the others are not necessary. */
int listeners_open(struct listeners *l, const char *name);
void listeners_close(struct listeners *l);

#endif
