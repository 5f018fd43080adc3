/* event_queue.h: events that wait to be sent, the oldest first. Rank 0, no I/O.
 *
 * The first `sent` of them are on their way and stay until it is known what
 * became of them. Zeroed by its owner, then event_queue_init. */
#ifndef PITSTOP_EVENT_QUEUE_H
#define PITSTOP_EVENT_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "verdict.h"

struct event;
struct event_item;

#define EVENT_QUEUE_MAX 10000
#define EVENT_QUEUE_BYTES (4 * 1024 * 1024)

struct event_queue {
	struct event_item *first, **end;
	size_t count, bytes;
	size_t sent;
	void (*gone)(void *ctx, struct event *e);
	void *ctx;
};

/* gone(ctx, ...) comes for each that leaves the queue, just before. NULL: for
 * none. */
void event_queue_init(struct event_queue *q,
		      void (*gone)(void *ctx, struct event *e), void *ctx);

/* False when memory is short. */
bool event_queue_add(struct event_queue *q, struct event *e);

/* Drop the oldest, but none on its way, until the bounds are kept; how many. */
size_t event_queue_trim(struct event_queue *q);

/* The first ones, `max` and `bytes` at the most but one always; how many. They
 * stay the queue's. */
size_t event_queue_peek(const struct event_queue *q, struct event **events,
			size_t max, size_t bytes);

/* Of those on their way (a verdict each) only VERDICT_AGAIN stay; none is on
 * its way any more. */
void event_queue_settle(struct event_queue *q, const enum verdict *verdicts);

/* The first n leave, none is on its way any more. */
void event_queue_shift(struct event_queue *q, size_t n);

#endif
