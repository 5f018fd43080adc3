#include "event_queue.h"

#include <stdlib.h>

#include "event.h"

struct event_item {
	struct event_item *next;
	struct event *event;
	size_t size;
};

void event_queue_init(struct event_queue *q,
		      void (*gone)(void *ctx, struct event *e), void *ctx)
{
	*q = (struct event_queue){ .end = &q->first, .gone = gone, .ctx = ctx };
}

/* The one that `at` points to. */
static void take_out(struct event_queue *q, struct event_item **at)
{
	struct event_item *i = *at;

	*at = i->next;
	if (!*at)
		q->end = at;
	q->count--;
	q->bytes -= i->size;
	if (q->gone)
		q->gone(q->ctx, i->event);
	event_drop(i->event);
	free(i);
}

bool event_queue_add(struct event_queue *q, struct event *e)
{
	struct event_item *i = malloc(sizeof(*i));

	if (!i)
		return false;
	*i = (struct event_item){
		.event = event_hold(e),
		.size = sizeof(*i) + event_size(e),
	};
	*q->end = i;
	q->end = &i->next;
	q->count++;
	q->bytes += i->size;
	return true;
}

size_t event_queue_trim(struct event_queue *q)
{
	struct event_item **at = &q->first;
	size_t dropped = 0;

	for (size_t i = 0; i < q->sent; i++)
		at = &(*at)->next;
	for (; *at && (q->count > EVENT_QUEUE_MAX ||
		       q->bytes > EVENT_QUEUE_BYTES); dropped++)
		take_out(q, at);
	return dropped;
}

size_t event_queue_peek(const struct event_queue *q, struct event **events,
			size_t max, size_t bytes)
{
	size_t n = 0, all = 0;

	for (const struct event_item *i = q->first; i && n < max; i = i->next) {
		all += i->size;
		if (n > 0 && all > bytes)
			break;
		events[n++] = i->event;
	}
	return n;
}

void event_queue_settle(struct event_queue *q, const enum verdict *verdicts)
{
	struct event_item **at = &q->first;

	for (size_t i = 0; i < q->sent; i++) {
		if (verdicts[i] == VERDICT_AGAIN)
			at = &(*at)->next;
		else
			take_out(q, at);
	}
	q->sent = 0;
}

void event_queue_shift(struct event_queue *q, size_t n)
{
	while (n-- > 0)
		take_out(q, &q->first);
	q->sent = 0;
}
