/* client.h: a debugger's user interface (VS Code) that connected. Rank 3.
 *
 * Speaks DAP with it: answers `initialize`, checks the token of `attach`,
 * carries requests and events to and fro once it is attached, and sees to it
 * that the step runs on when it leaves, however it leaves. */
#ifndef PITSTOP_CLIENT_H
#define PITSTOP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

struct cJSON;
struct client;
struct debuggee;
struct dap_message;
struct session;
struct sockaddr_storage;

struct client_ops {
	/* It wants to attach and may: find it a debuggee. */
	void (*attach)(void *ctx, struct client *c);
	/* It is attached now. */
	void (*attached)(void *ctx, struct client *c, struct debuggee *d);
	/* It took back an attach that was not complete. */
	void (*returned)(void *ctx, struct debuggee *d);
	/* A session has been let go of, and has no debuggee that is on its
	 * way out: it is there for the next. */
	void (*freed)(void *ctx);
	/* It does not want the process that it was offered. */
	void (*declined)(void *ctx, struct client *c, int pid);
	/* Its process has ended: shall its session go on, because others were
	 * offered through it? VS Code ends those with it. */
	bool (*outlives)(void *ctx, struct client *c);
	/* Its session is over; it may yet have to close its connection. */
	void (*ended)(void *ctx, struct client *c);
	/* It is freed when this returns. */
	void (*gone)(void *ctx, struct client *c);
};

/* `token` is NULL when none is asked for; `pause_limit` as in config.h. */
struct client *client_accept(uv_stream_t *listener, const char *token,
			     unsigned pause_limit,
			     const struct client_ops *ops, void *ctx);

/* Answer its first request unread with a refusal, and close. */
void client_turn_away(struct client *c, const char *why);

/* Close without a word more. */
void client_cut(struct client *c);

/* Its launch configuration (attach_config.h reads it). */
const struct cJSON *client_config(const struct client *c);

const char *client_address(const struct client *c);
void client_sockaddr(const struct client *c, struct sockaddr_storage *to);
struct session *client_session(const struct client *c);
bool client_is_waiting(const struct client *c);  /* for a session */
bool client_is_expecting(const struct client *c); /* a debuggee */
bool client_is_stranger(const struct client *c); /* not authorised (yet) */
bool client_is_ending(const struct client *c);   /* a stranger that was told
						    why, and has not closed */
int64_t client_seconds(const struct client *c);  /* that it has a session */

/* Answers to ops->attach: no session yet (`why` is told if none comes); this
 * session, its debuggee on the way; or never. */
void client_wait(struct client *c, const char *why);
void client_expect(struct client *c, struct session *s);
void client_refuse(struct client *c, const char *why);

/* The process it was offered has ended meanwhile: that is no error. */
void client_too_late(struct client *c);

/* The debuggee is there; `s` is NULL for a child process that has not
 * registered. */
void client_take(struct client *c, struct session *s, struct debuggee *d);

/* The step's threads are all traced now. */
void client_traced(struct client *c);

/* Offer it another process, as a session of its own with that name. `port` is
 * ours, used when the client did not say how it connected. False when it
 * cannot be. */
bool client_offer(struct client *c, const char *name, int pid,
		  uint16_t port);

/* Nothing of what ops->outlives told of goes on any more. */
void client_outlived(struct client *c);

/* The process it is or was attached to: its pid, the access token of its
 * debugger, and whether exec() has just put another program into its place. */
int client_pid(const struct client *c);
const char *client_proof(const struct client *c);
bool client_is_replaced(const struct client *c);

/* From the session and the debuggee. */
void client_started(struct client *c, bool ok, const char *error);
void client_event(struct client *c, const struct dap_message *m);
void client_debuggee_drained(struct client *c);
void client_debuggee_gone(struct client *c);
void client_dropped(struct client *c, const char *why, bool lost);

/* No more than the last events of its debuggee, if any, will come. */
void client_step_ended(struct client *c);

/* Detach it and tell it why. */
void client_oust(struct client *c, const char *why);

#endif
