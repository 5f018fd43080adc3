/* agent_child.h: the agent as the supervisor's child. Rank 1.
 *
 * Started from this same binary, started again when it dies, killed when it is
 * silent for IPC_SILENCE_MS. Nothing here waits. Times are milliseconds of the
 * monotonic clock. */
#ifndef PITSTOP_AGENT_CHILD_H
#define PITSTOP_AGENT_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "exit_report.h"
#include "log.h"

struct listeners;
struct signals;

enum agent_child_state {
	AGENT_OFF,       /* none, and none will come */
	AGENT_WAITING,   /* to be started when `due` comes */
	AGENT_STARTING,  /* runs, not yet heard to be ready */
	AGENT_READY,
	AGENT_KILLED,    /* was silent; to be reaped */
	AGENT_ENDING,    /* told that the step has ended */
	AGENT_LAST,      /* the step has ended, it was killed */
};

struct agent_child {
	const struct signals *signals;
	const char *token;
	uint32_t by_flag;       /* as in config.h */
	const struct listeners *listeners;
	enum agent_child_state state;
	pid_t pid;              /* 0: none */
	int ipc;                /* -1: none */
	uint16_t port, http_port; /* the last ones in use, 0: none yet */
	unsigned starts;        /* how many there were */
	int64_t started;
	int64_t due;            /* of what the state waits for */
	int64_t pause;          /* before the next start */
	struct log_rate lines;
	struct exit_report report;  /* once the step has ended */
	bool ended_again;       /* another agent was told of that */
};

/* `token`, `by_flag` and `listeners` are for every agent; what is pointed to
 * stays the caller's. Where no hook can connect there is nothing to serve, and
 * no agent. */
void agent_child_init(struct agent_child *a, const struct signals *signals,
		      const struct listeners *listeners, const char *token,
		      uint32_t by_flag);

/* When agent_child_tick has to be called, -1: not before something happens. */
int64_t agent_child_due(const struct agent_child *a);
void agent_child_tick(struct agent_child *a, int64_t now);

/* The descriptor to poll (-1: none), and what to do when it is readable: true
 * when the step is to be ended. */
int agent_child_fd(const struct agent_child *a);
bool agent_child_hear(struct agent_child *a, int64_t now);

/* A child of ours was reaped. */
void agent_child_reaped(struct agent_child *a, pid_t pid, int wait_status,
			int64_t now);

/* The step has ended: tell the agent, if it was ready (or is starting, and the
 * step failed or an agent has died before), and give it AGENT_END_MS for what it has to deliver; else kill
 * it. Where it dies of that, another one gets the rest of the time. It is
 * AGENT_OFF in the end. */
#define AGENT_END_MS 5000
void agent_child_end(struct agent_child *a, const struct exit_report *r,
		     int64_t now);

/* Do not wait for it any longer. */
void agent_child_kill(struct agent_child *a, int64_t now);

#endif
