/* Events that wait to be sent: their order and their bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "event.h"
#include "event_queue.h"

#define BATCH 5

static void add(struct event_queue *q, int number, size_t bytes)
{
	char *text = calloc(1, bytes + 1);
	cJSON *fields = cJSON_CreateObject();
	struct event *e;

	memset(text, 'a', bytes);
	cJSON_AddStringToObject(fields, "text", text);
	e = event_new("x", number, fields);
	assert_true(event_queue_add(q, e));
	event_drop(e);
	free(text);
}

/* The numbers of the first ones are these, up to -1. */
static void first_are(const struct event_queue *q, const int *numbers)
{
	struct event *events[BATCH];
	size_t n = event_queue_peek(q, events, BATCH, SIZE_MAX);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(events[i]->at, numbers[i]);
	assert_int_equal(numbers[n], -1);
}

static void what_is_to_come_again_stays_in_order(void **state)
{
	static const enum verdict verdicts[] = {
		VERDICT_DONE, VERDICT_AGAIN, VERDICT_LOST, VERDICT_AGAIN,
	}, all_done[] = { VERDICT_DONE, VERDICT_DONE, VERDICT_DONE };
	struct event_queue q;

	(void)state;
	event_queue_init(&q, NULL, NULL);
	for (int i = 0; i < 5; i++)
		add(&q, i, 1);
	q.sent = 4;
	event_queue_settle(&q, verdicts);
	first_are(&q, (const int[]){ 1, 3, 4, -1 });
	assert_int_equal(q.count, 3);
	q.sent = 3;
	event_queue_settle(&q, all_done);
	assert_int_equal(q.count, 0);
	assert_int_equal(q.bytes, 0);
	add(&q, 7, 1);
	first_are(&q, (const int[]){ 7, -1 });
	event_queue_shift(&q, q.count);
}

static void the_oldest_are_dropped(void **state)
{
	struct event_queue q;

	(void)state;
	event_queue_init(&q, NULL, NULL);
	for (int i = 0; i < EVENT_QUEUE_MAX; i++)
		add(&q, i, 1);
	assert_int_equal(event_queue_trim(&q), 0);
	add(&q, EVENT_QUEUE_MAX, 1);
	assert_int_equal(event_queue_trim(&q), 1);
	first_are(&q, (const int[]){ 1, 2, 3, 4, 5, -1 });
	q.sent = 2;
	add(&q, EVENT_QUEUE_MAX + 1, 1);
	add(&q, EVENT_QUEUE_MAX + 2, 1);
	assert_int_equal(event_queue_trim(&q), 2);
	first_are(&q, (const int[]){ 1, 2, 5, 6, 7, -1 });
	assert_int_equal(q.count, EVENT_QUEUE_MAX);
	event_queue_shift(&q, q.count);
}

static void bytes_are_bounded_too(void **state)
{
	struct event *events[BATCH];
	struct event_queue q;

	(void)state;
	event_queue_init(&q, NULL, NULL);
	for (int i = 0; i < 4; i++)
		add(&q, i, EVENT_QUEUE_BYTES / 3);
	assert_int_equal(event_queue_trim(&q), 2);
	first_are(&q, (const int[]){ 2, 3, -1 });
	assert_int_equal(event_queue_peek(&q, events, BATCH, 1), 1);
	q.sent = 1;
	add(&q, 4, EVENT_QUEUE_BYTES);
	assert_int_equal(event_queue_trim(&q), 2);
	first_are(&q, (const int[]){ 2, -1 });
	event_queue_shift(&q, q.count);
}

static void count_gone(void *ctx, struct event *e)
{
	int *sum = ctx;

	*sum += (int)e->at;
}

static void each_that_leaves_is_told(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_DONE, VERDICT_AGAIN };
	struct event_queue q;
	int sum = 0;

	(void)state;
	event_queue_init(&q, count_gone, &sum);
	for (int i = 0; i < 4; i++)
		add(&q, 1 << i, 1);
	q.sent = 2;
	event_queue_settle(&q, verdicts);
	assert_int_equal(sum, 1);
	event_queue_shift(&q, 2);
	assert_int_equal(sum, 7);
	first_are(&q, (const int[]){ 8, -1 });
	event_queue_shift(&q, 1);
	assert_int_equal(sum, 15);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_to_come_again_stays_in_order),
		cmocka_unit_test(the_oldest_are_dropped),
		cmocka_unit_test(bytes_are_bounded_too),
		cmocka_unit_test(each_that_leaves_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
