/* stream.h: a connected socket on the loop, with buffers and water marks.
 * Rank 1. Knows nothing of what the bytes mean.
 *
 * Ownership: stream_open takes the handle's place; the stream lives until its
 * `closed` callback has returned, which comes exactly once, from the loop,
 * after stream_close or when the peer has gone. No other callback follows. */
#ifndef PITSTOP_STREAM_H
#define PITSTOP_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "buf.h"

struct stream;

struct stream_ops {
	/* May it be read from now? False: it is paused, as by stream_pause.
	 * NULL: at any time. */
	bool (*turn)(void *ctx);
	/* Bytes came: `in` has all that were not yet consumed, and is to be
	 * consumed from, no more. */
	void (*data)(void *ctx, struct buf *in);
	/* What was waiting to be written has shrunk below the low mark. */
	void (*drained)(void *ctx);
	/* It is over: `status` is 0 after stream_close or at the peer's end of
	 * file, else a negative errno. */
	void (*closed)(void *ctx, int status);
};

/* Marks of the write queue, bytes: a producer should pause above the first
 * and hears `drained` below the second. */
#define STREAM_HIGH (1024 * 1024)
#define STREAM_LOW (256 * 1024)

enum stream_options {
	STREAM_NODELAY = 1,    /* TCP: small writes leave at once */
	STREAM_QUICKACK = 2,   /* TCP: acknowledge at once, before each read; a
				  peer that writes in two parts without
				  TCP_NODELAY otherwise waits 40 ms */
	STREAM_WATCH_PEER = 4, /* TCP: notice a peer that vanished, within
				  STREAM_PEER_GONE_MS */
	STREAM_TELL_EMPTY = 8, /* both marks are 0: `drained` comes whenever
				  what had to wait is written */
	STREAM_COUNT = 16,     /* it is one of METRIC_DEBUG_* */
};

#define STREAM_PEER_GONE_MS 12000

/* Accept from a listening uv_tcp_t or uv_pipe_t. NULL when there is none or
 * memory is short. Reading starts at once. */
struct stream *stream_accept(uv_stream_t *listener, unsigned options,
			     const struct stream_ops *ops, void *ctx);

/* Queue the buffer's bytes; `out` is emptied and stays the caller's. An error
 * shows in `closed`. */
void stream_write(struct stream *s, struct buf *out);

size_t stream_queued(const struct stream *s);  /* bytes not yet written */
void stream_pause(struct stream *s);           /* stop reading ... */
void stream_resume(struct stream *s);          /* ... and go on */

/* Give the bytes that are still unconsumed to `data` again, from the loop. */
void stream_again(struct stream *s);

/* Close now, or once all is written and the peer has closed too (two seconds
 * at the most). Bytes that come meanwhile are thrown away, and those that are
 * unconsumed. */
void stream_close(struct stream *s);
void stream_finish(struct stream *s);

/* The socket's descriptor, for credentials. */
int stream_fd(const struct stream *s);

/* The other end's address; AF_UNSPEC when it is gone already. */
struct sockaddr_storage;
void stream_sockaddr(const struct stream *s, struct sockaddr_storage *to);

#endif
