/* upload.h: events on their way to a server. Rank 2.
 *
 * The one place that has a queue, bounded in count and bytes, tries again (with
 * growing pauses, jitter, and what Retry-After says), and gives up. A kind of
 * server only says how events become a request and what its answer means. */
#ifndef PITSTOP_UPLOAD_H
#define PITSTOP_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "buf.h"
#include "sink.h"

struct event;

#define UPLOAD_HEADERS 8

/* A POST. */
struct upload_request {
	struct buf url, body;   /* each ends with a NUL that is not counted */
	struct buf headers[UPLOAD_HEADERS];  /* "Name: value" */
	size_t header_count;
};

enum upload_verdict {
	UPLOAD_DONE,   /* it has arrived */
	UPLOAD_AGAIN,  /* later */
	UPLOAD_LOST,   /* never will it be taken */
	UPLOAD_STOP,   /* this sink has no right to be here: 401, 403 */
};

struct upload_answer {
	int status;               /* of HTTP */
	const char *body;         /* NUL-terminated; as much as is kept */
};

struct upload_kind {
	const char *name;
	size_t batch;             /* events of one request at the most */
	/* Fill `to`, which is empty. False: memory is short. */
	bool (*encode)(void *ctx, struct event *const *events, size_t n,
		       struct upload_request *to);
	/* What has become of each of the n. `verdict` comes with what the
	 * status alone says. NULL: that is right. */
	void (*judge)(void *ctx, const struct upload_answer *a,
		      enum upload_verdict *verdict, size_t n);
};

/* The sink to such a server; NULL when memory is short. `kind` and `ctx` stay
 * the caller's, and have to last as long as the process. */
struct sink *upload_open(uv_loop_t *loop, const struct upload_kind *kind,
			 void *ctx);

#endif
