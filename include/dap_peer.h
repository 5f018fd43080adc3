/* dap_peer.h: one end of a DAP conversation over a stream. Rank 2.
 *
 * Keeps the sequence numbers, matches responses to requests and enforces the
 * limits; knows nothing of what a message asks for. A message given to a
 * callback is valid until the callback returns. */
#ifndef PITSTOP_DAP_PEER_H
#define PITSTOP_DAP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "dap.h"

struct cJSON;
struct dap_peer;
struct sockaddr_storage;

struct dap_peer_ops {
	void (*request)(void *ctx, const struct dap_message *m);
	void (*event)(void *ctx, const struct dap_message *m);
	void (*drained)(void *ctx);
	/* It is over; the peer is freed when this returns. `why` is NULL when
	 * either side closed, else a sentence. Every open request has been
	 * answered with NULL before. */
	void (*closed)(void *ctx, const char *why);
};

/* The answer to a request: `m` is NULL when the peer closed first. `tag` is
 * what was given with the request. */
typedef void dap_peer_reply(void *ctx, int64_t tag,
			    const struct dap_message *m);

/* Accept a connection from `listener`; stream options as in stream.h. */
struct dap_peer *dap_peer_accept(uv_stream_t *listener, unsigned options,
				 const struct dap_limits *limits,
				 const struct dap_peer_ops *ops, void *ctx);

/* New limits for the messages to come. */
void dap_peer_set_limits(struct dap_peer *p, const struct dap_limits *limits);

/* Send a request. `arguments` (NULL: none) is consumed. A NULL `reply` lets
 * the answer go unseen. */
void dap_peer_request(struct dap_peer *p, const char *command,
		      struct cJSON *arguments, dap_peer_reply *reply,
		      int64_t tag);
/* Send on a request that came from another peer, unchanged but for seq. */
void dap_peer_forward_request(struct dap_peer *p, const struct dap_message *m,
			      dap_peer_reply *reply, int64_t tag);
/* Send on a response to this peer's request `request_seq`, or an event. */
void dap_peer_forward(struct dap_peer *p, const struct dap_message *m,
		      int64_t request_seq);

/* `body` (NULL: none) is consumed. `command` is not NUL-terminated by the
 * message, hence the span. */
void dap_peer_respond(struct dap_peer *p, int64_t request_seq,
		      const char *command, struct cJSON *body);
void dap_peer_event(struct dap_peer *p, const char *event, struct cJSON *body);
/* A failure that VS Code shows to its user. `id` is unique to the reason. */
void dap_peer_refuse(struct dap_peer *p, int64_t request_seq,
		     const char *command, int id, const char *text);

/* A failure that is shown only where its answer would be. */
void dap_peer_fail(struct dap_peer *p, int64_t request_seq,
		   const char *command, const char *text);

/* Copy a span into a C string of at most `size` bytes. */
const char *dap_peer_name(const struct dap_message *m, char *to, size_t size);

/* Back-pressure: is more waiting to be written than should be? */
bool dap_peer_full(const struct dap_peer *p);
void dap_peer_pause(struct dap_peer *p);
void dap_peer_resume(struct dap_peer *p);

void dap_peer_close(struct dap_peer *p);   /* at once */
void dap_peer_finish(struct dap_peer *p);  /* when all is written */

/* The other end's address; AF_UNSPEC when it is gone already. */
void dap_peer_sockaddr(const struct dap_peer *p, struct sockaddr_storage *to);

/* "10.3.1.5:50123" of the other end; at least 64 bytes. */
void dap_peer_address(const struct dap_peer *p, char to[static 64]);

#endif
