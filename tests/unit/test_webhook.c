/* Events as messages, and what a status means for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"
#include "event_words.h"
#include "verdict.h"
#include "webhook.h"

static struct event *event(const char *name, const char *fields)
{
	struct event *e = event_new(name, 1764201600123, cJSON_Parse(fields));

	assert_non_null(e);
	return e;
}

static void an_event_is_one_line(void **state)
{
	static const struct { const char *name, *fields, *line; } ALL[] = {
		{ "held", "{\"name\":\"a.py\",\"rank\":3,\"host\":\"10.3.0.5\","
		  "\"port\":5678}",
		  "pitstop on n: a.py (rank 3) is held; attach a debugger to "
		  "10.3.0.5:5678" },
		{ "failed", "{\"name\":\"a.py\",\"detail\":\"KeyError: 1\"}",
		  "pitstop on n: a.py failed: KeyError: 1" },
		{ "failed", "{\"name\":\"a.py\",\"detail\":\"KeyError: 1\","
		  "\"host\":\"10.3.0.5\",\"port\":5678}",
		  "pitstop on n: a.py failed: KeyError: 1; it is held there, "
		  "attach a debugger to 10.3.0.5:5678" },
		{ "attached", "{\"name\":\"a.py\",\"detail\":\"10.3.0.7:5\"}",
		  "pitstop on n: a.py has a debugger, from 10.3.0.7:5" },
		{ "released", "{\"name\":\"a.py\",\"detail\":\"released over "
		  "HTTP\"}",
		  "pitstop on n: a.py is held no longer: released over HTTP" },
		{ "timed out", "{\"name\":\"a.py\"}",
		  "pitstop on n: a.py is held no longer, since nobody attached "
		  "in time" },
		{ "stalled", "{\"name\":\"a.py\",\"rank\":2,\"detail\":"
		  "\"f (/a.py:3)\",\"since\":\"2026-11-27T03:12:04.000Z\","
		  "\"host\":\"10.3.0.5\",\"port\":5678}",
		  "pitstop on n: a.py (rank 2) has not moved since "
		  "2026-11-27T03:12:04.000Z, it stands at f (/a.py:3); 'pitstop "
		  "stacks' there shows more, or attach a debugger to "
		  "10.3.0.5:5678" },
		{ "moving", "{\"name\":\"a.py\",\"detail\":\"after 3 min\"}",
		  "pitstop on n: a.py moves again after 3 min" },
		{ "ended", "{\"reason\":\"ended with status 3\",\"status\":3}",
		  "pitstop on n: the step ended with status 3" },
		{ "ended", "{\"reason\":\"ended with status 1\","
		  "\"exception_type\":\"KeyError\","
		  "\"exception_message\":\"'x'\"}",
		  "pitstop on n: the step ended with status 1: KeyError: 'x'" },
		{ "odd", "{\"name\":7,\"rank\":\"x\"}",
		  "pitstop on n: the step odd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++) {
		struct event *e = event(ALL[i].name, ALL[i].fields);
		struct buf b = { 0 };

		assert_true(event_words(&b, e, "n"));
		assert_string_equal(b.data, ALL[i].line);
		buf_free(&b);
		event_drop(e);
	}
}

static void a_message_has_the_line_and_the_fields(void **state)
{
	struct event *e = event("held", "{\"name\":\"a.py\",\"list\":[1]}");
	struct buf b = { 0 };
	cJSON *json;

	(void)state;
	assert_true(webhook_encode(&b, e, "n"));
	json = cJSON_ParseWithLength(b.data, b.len);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    json, "text")), "pitstop on n: a.py is held");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    json, "time")), "2025-11-27T00:00:00.123Z");
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    json, "id")), e->id);
	assert_true(cJSON_IsArray(cJSON_GetObjectItem(json, "list")));
	cJSON_Delete(json);
	buf_free(&b);
	event_drop(e);
}

static void what_is_worth_a_message(void **state)
{
	struct event *held = event("held", "{}");
	struct event *stalled = event("stalled", "{}");
	struct event *moving = event("moving", "{}");
	struct event *started = event("started", "{}");

	(void)state;
	assert_true(webhook_wants(held));
	assert_true(webhook_wants(stalled));
	assert_true(webhook_wants(moving));
	assert_false(webhook_wants(started));
	event_drop(held);
	event_drop(stalled);
	event_drop(moving);
	event_drop(started);
}

static void sizes_grow_with_what_is_in_them(void **state)
{
	struct event *small = event("held", "{\"a\":[1,\"x\"]}");
	struct event *large = event("held", "{\"a\":[1,\"xxxxxxxxxxx\"]}");

	(void)state;
	assert_int_equal(event_size(large) - event_size(small), 10);
	event_drop(small);
	event_drop(large);
}

static void statuses(void **state)
{
	static const struct { int status; enum verdict verdict; } ALL[] = {
		{ 0, VERDICT_AGAIN }, { 200, VERDICT_DONE },
		{ 204, VERDICT_DONE }, { 206, VERDICT_DONE },
		{ 302, VERDICT_LOST }, { 400, VERDICT_LOST },
		{ 401, VERDICT_STOP }, { 403, VERDICT_STOP },
		{ 404, VERDICT_LOST }, { 408, VERDICT_AGAIN },
		{ 413, VERDICT_LOST }, { 429, VERDICT_AGAIN },
		{ 500, VERDICT_AGAIN }, { 503, VERDICT_AGAIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++)
		assert_int_equal(verdict_of_status(ALL[i].status),
				 ALL[i].verdict);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_one_line),
		cmocka_unit_test(a_message_has_the_line_and_the_fields),
		cmocka_unit_test(what_is_worth_a_message),
		cmocka_unit_test(sizes_grow_with_what_is_in_them),
		cmocka_unit_test(statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
