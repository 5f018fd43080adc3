/* debuggee.h: the connection that debugpy in a step makes to the agent.
 * Rank 3.
 *
 * After `debugpy.connect` the debug server waits for its adapter: it is asked
 * for its access token and its pid first (debugpy's requests pydevdAuthorize
 * and pydevdSystemInfo), and then either serves a client or is let go. */
#ifndef PITSTOP_DEBUGGEE_H
#define PITSTOP_DEBUGGEE_H

#include <stdbool.h>
#include <sys/types.h>

#include <uv.h>

struct cJSON;
struct dap_message;
struct dap_peer;
struct debuggee;

struct debuggee_ops {
	/* It said who it is. */
	void (*identified)(void *ctx, struct debuggee *d);
	/* It runs on, after debuggee_unblock(). */
	void (*unblocked)(void *ctx, struct debuggee *d);
	/* For the client that claimed it. */
	void (*started)(void *client, bool ok, const char *error);
	void (*event)(void *client, const struct dap_message *m);
	void (*drained)(void *client);
	/* It is freed when this returns; `client` is NULL when it had none. */
	void (*gone)(void *ctx, struct debuggee *d, void *client);
};

struct debuggee *debuggee_accept(uv_stream_t *listener,
				 const struct debuggee_ops *ops, void *ctx);

const char *debuggee_token(const struct debuggee *d);
pid_t debuggee_pid(const struct debuggee *d);
pid_t debuggee_ppid(const struct debuggee *d);
struct dap_peer *debuggee_peer(struct debuggee *d);

/* Its token is a session's: it may send what a debugger has to. */
void debuggee_trust(struct debuggee *d);

/* Whose events these are from now on; NULL: nobody's. */
void debuggee_claim(struct debuggee *d, void *client);
void *debuggee_client(const struct debuggee *d);

/* Its process said that it ends. */
bool debuggee_ends(const struct debuggee *d);

/* Bring it to where it takes breakpoints: initialize, attach and debugger
 * properties; then ops->started. Both arguments are consumed. */
void debuggee_start(struct debuggee *d, struct cJSON *initialize,
		    struct cJSON *attach, const char *ide_os);

/* Let a process that no client wants run on: it stands still until somebody
 * configures and leaves it. */
void debuggee_unblock(struct debuggee *d);

void debuggee_close(struct debuggee *d);

#endif
