/* sessions.h: the Python processes that registered, and their barriers.
 * Rank 3. Decides whom to hold, keeps the deadlines, tells the hooks.
 *
 * A client is whatever the adapter attaches to a session: an opaque pointer
 * here. A session is freed after its `gone` callback. */
#ifndef PITSTOP_SESSIONS_H
#define PITSTOP_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <uv.h>

#include "barrier.h"
#include "config.h"

struct raised;
struct session;
struct sessions;

struct session_ops {
	/* A session can be attached to from now on. */
	void (*arrived)(void *ctx, struct session *s);
	/* The hook could not connect the debugger; one line of text. */
	void (*failed)(void *client, const char *text);
	/* The debugger is there and traces all threads. */
	void (*connected)(void *client);
	/* The debugger's tracing is on again after an earlier detach. */
	void (*retraced)(void *ctx, struct session *s, void *client);
	/* The client has to leave: the hold ended without it, or its process
	 * is `lost` (its debuggee connection may still bring last events). */
	void (*drop)(void *client, const char *why, bool lost);
	/* Its hold has ended without a client. */
	void (*released)(void *ctx, struct session *s);
	void (*gone)(void *ctx, struct session *s);
};

/* Where clients connect, for log lines and launch configurations. */
struct place {
	char host[64];
	uint16_t port;      /* 0: none was free */
	uint16_t wanted_port;
	unsigned last_port; /* that was tried */
	int port_error;     /* why there is none, negative errno */
	uint16_t http_port; /* 0: none */
	bool doubtful, missed_vnet, bridged;  /* as in address.h */
	const char *token;  /* NULL: none asked for */
};

struct sessions *sessions_create(uv_loop_t *loop, const struct config *config,
				 const struct place *place,
				 const struct session_ops *ops, void *ctx);

/* Serve the hooks' listening socket. */
bool sessions_serve(struct sessions *all, int fd);

/* How pitstop got into the run, in words: preflight.h. */
const char *sessions_way_in(void);

/* The step has ended: a hold that was asked for and found nothing to hold is
 * told of. */
void sessions_end(struct sessions *all);

/* The exception that ended a main script, the first one of them that came; its
 * parts are "" when there was none. */
const struct raised *sessions_raised(const struct sessions *all);

/* The session with that pid (0: any), of that rank (-1: any). When neither is
 * asked for: the lowest held rank, or the only step there is. NULL and one
 * sentence in `why` when there is none; *later is true when one may still
 * come. */
struct session *sessions_pick(struct sessions *all, pid_t pid, int rank,
			      char why[static 256], bool *later);

/* The session whose debuggee carries this access token, or NULL. */
struct session *sessions_by_token(struct sessions *all, const char *token);

struct session *sessions_by_pid(struct sessions *all, pid_t pid);

/* The next one behind `after` (NULL: the first) that is a rank and held. */
struct session *sessions_held_rank(struct sessions *all,
				   struct session *after);
bool session_is_held_rank(const struct session *s);

/* Ranks that one launcher started have it in common. */
pid_t session_launch(const struct session *s);

/* Who wants in, and how its debuggee comes: by the hook, or (`connected`) it
 * is there from an earlier attach. */
struct session_guest {
	void *client;
	const char *address;
	bool connected;
	bool alone;          /* without child processes */
	uint16_t debuggee_port;
};

/* Put a client in. NULL, or one sentence that says why not. */
const char *session_attach(struct session *s, const struct session_guest *g);

/* Its debuggee came by itself, as a debugged process's child does, and waits
 * for a client, who is named later (NULL: it is not known, or has left).
 * False when that cannot be now. */
bool session_inherited(struct session *s);
void session_claim(struct session *s, void *client, const char *address);
void session_ready(struct session *s);          /* it is attached now */
void session_attach_failed(struct session *s);  /* it left before that */

/* Its client's debugger has stopped it, stands in that line of its client's
 * file, lets it run. */
void session_paused(struct session *s);
void session_paused_at(struct session *s, const char *file, int line);
void session_resumed(struct session *s);

void session_leaving(struct session *s);        /* it is about to ... */
/* It is about to, and wants the process to end: by SIGTERM, at once, or, when
 * there is a handler for that, which may need what stands at a breakpoint,
 * by session_detached(). False: that cannot be. */
bool session_terminate(struct session *s);
void session_detached(struct session *s);       /* it left after that */
void session_ends(struct session *s);  /* ... because the process ends */

pid_t session_pid(const struct session *s);
int session_rank(const struct session *s);      /* -1: none */
const char *session_debugpy(const struct session *s); /* version, "": unknown */

#endif
