/* upload.h: events on their way to a server. Rank 2.
 *
 * The one place that has a queue, bounded in count and bytes, tries again (with
 * growing pauses, jitter, and what Retry-After says), and gives up. A kind of
 * server only says how events become the body of a POST and what its answer
 * means. One request at a time, so events arrive in their order. */
#ifndef PITSTOP_UPLOAD_H
#define PITSTOP_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "metrics.h"
#include "sink.h"
#include "verdict.h"

struct buf;
struct event;

#define UPLOAD_BATCH_MAX 100

struct upload_kind {
	const char *name;         /* for the log */
	enum metric_sink metric;
	const char *url;
	const char *const *headers;  /* "Name: value", up to NULL; or NULL */
	size_t batch;             /* events of one request, UPLOAD_BATCH_MAX at
				     the most */
	/* Are the headers others than before? Asked before each request; and
	 * after a 401 or 403, which counts only if they are not. NULL: never. */
	bool (*refresh)(void *ctx);
	/* The others are not for this server. NULL: all are. */
	bool (*wants)(const struct event *e);
	/* Append the first of the n as JSON; returns how many these are, 0 when
	 * memory is short. */
	size_t (*encode)(void *ctx, struct event *const *events, size_t n,
			 struct buf *to);
	/* What has become of each of the n. `verdicts` come with what the
	 * status alone says. NULL: that is right. */
	void (*judge)(void *ctx, int status, const char *body,
		      struct event *const *events, enum verdict *verdicts,
		      size_t n);
};

/* The sink to such a server; NULL when memory is short or its URL is bad, which
 * is told. `kind` and `ctx` stay the caller's, and have to last as long as the
 * process. */
struct sink *upload_open(uv_loop_t *loop, const struct upload_kind *kind,
			 void *ctx);

#endif
