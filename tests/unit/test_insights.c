/* Events for Application Insights, and its answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"
#include "insights.h"

static void connection_strings(void **state)
{
	static const struct { const char *text, *key, *url; } ALL[] = {
		{ "InstrumentationKey=1-2;IngestionEndpoint=https://eu.in/;"
		  "LiveEndpoint=https://live/", "1-2",
		  "https://eu.in/v2.1/track" },
		{ "ingestionendpoint=http://h:1; INSTRUMENTATIONKEY=1-2 ;",
		  "1-2", "http://h:1/v2.1/track" },
		{ "InstrumentationKey=1-2", "1-2",
		  "https://dc.services.visualstudio.com/v2.1/track" },
		{ "EndpointSuffix=ai.us;InstrumentationKey=1-2", "1-2",
		  "https://dc.ai.us/v2.1/track" },
		{ "", NULL, NULL },
		{ "1-2", NULL, NULL },
		{ "InstrumentationKey=;IngestionEndpoint=https://h", NULL,
		  NULL },
		{ "xInstrumentationKey=1", NULL, NULL },
		{ "InstrumentationKey=0123456789012345678901234567890123456789"
		  "012345678901234567890123", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++) {
		char key[INSIGHTS_KEY_MAX];
		struct buf b = { 0 };

		assert_int_equal(insights_connect(&b, key, ALL[i].text),
				 ALL[i].key != NULL);
		if (ALL[i].key) {
			assert_string_equal(key, ALL[i].key);
			assert_string_equal(b.data, ALL[i].url);
		}
		buf_free(&b);
	}
}

static const char *text(const cJSON *json, const char *name)
{
	const char *found = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(json, name));

	return found ? found : "";
}

/* The base data of an envelope. */
static const cJSON *base_of(const cJSON *list, int i, const char *name,
			    const char *type)
{
	const cJSON *envelope = cJSON_GetArrayItem(list, i);
	const cJSON *data = cJSON_GetObjectItem(envelope, "data");

	assert_string_equal(text(envelope, "name"), name);
	assert_string_equal(text(envelope, "iKey"), "k");
	assert_string_equal(text(envelope, "time"),
			    "2025-11-27T00:00:00.123Z");
	assert_string_equal(text(cJSON_GetObjectItem(envelope, "tags"),
				 "ai.operation.id"), "run-7");
	assert_string_equal(text(data, "baseType"), type);
	return cJSON_GetObjectItem(data, "baseData");
}

static const cJSON *trace_of(const cJSON *list, int i)
{
	return base_of(list, i, "Microsoft.ApplicationInsights.Message",
		       "MessageData");
}

static const cJSON *event_of(const cJSON *list, int i)
{
	return base_of(list, i, "Microsoft.ApplicationInsights.Event",
		       "EventData");
}

static cJSON *encoded(struct event *const *events, size_t n)
{
	static const struct insights_origin from = { "k", "n", "run-7" };
	struct buf b = { 0 };
	cJSON *json;

	assert_true(insights_encode(&b, &from, events, n));
	json = cJSON_ParseWithLength(b.data, b.len);
	buf_free(&b);
	return json;
}

static int number(const cJSON *json, const char *name)
{
	const cJSON *n = cJSON_GetObjectItem(json, name);

	return cJSON_IsNumber(n) ? n->valueint : -1;
}

static void an_event_becomes_a_trace_and_an_event(void **state)
{
	struct event *events[] = {
		event_new("held", 1764201600123, cJSON_Parse(
			"{\"name\":\"a.py\",\"port\":5678,\"list\":[1]}")),
		event_new("ended", 1764201600123, cJSON_Parse(
			"{\"reason\":\"ended with status 3\",\"status\":3,"
			"\"wall_seconds\":7,\"key_bytes\":9,"
			"\"_bytes\":1,\"odd_bytes\":\"2\"}")),
	};
	cJSON *json = encoded(events, 2);
	const cJSON *base, *fields;

	(void)state;
	assert_int_equal(cJSON_GetArraySize(json), 4);
	base = trace_of(json, 0);
	fields = cJSON_GetObjectItem(base, "properties");
	assert_string_equal(text(base, "message"),
			    "pitstop on n: a.py is held");
	assert_int_equal(number(base, "severityLevel"), 1);
	assert_string_equal(text(fields, "port"), "5678");
	assert_string_equal(text(fields, "list"), "[1]");
	assert_string_equal(text(fields, "event"), "held");
	assert_string_equal(text(fields, "id"), events[0]->id);
	base = event_of(json, 1);
	assert_string_equal(text(base, "name"), "pitstop held");
	assert_int_equal(number(base, "ver"), 2);
	assert_true(cJSON_Compare(cJSON_GetObjectItem(base, "properties"),
				  fields, true));
	assert_int_equal(cJSON_GetArraySize(
			cJSON_GetObjectItem(base, "measurements")), 0);
	base = trace_of(json, 2);
	fields = cJSON_GetObjectItem(base, "properties");
	assert_int_equal(number(base, "severityLevel"), 3);
	assert_string_equal(text(fields, "wall_seconds"), "7");
	base = event_of(json, 3);
	fields = cJSON_GetObjectItem(base, "properties");
	assert_string_equal(text(fields, "status"), "3");
	assert_string_equal(text(fields, "_bytes"), "1");
	assert_string_equal(text(fields, "odd_bytes"), "2");
	assert_null(cJSON_GetObjectItem(fields, "wall_seconds"));
	fields = cJSON_GetObjectItem(base, "measurements");
	assert_int_equal(cJSON_GetArraySize(fields), 2);
	assert_int_equal(number(fields, "wall_seconds"), 7);
	assert_int_equal(number(fields, "key_bytes"), 9);
	cJSON_Delete(json);
	event_drop(events[0]);
	event_drop(events[1]);
}

/* What was taken is not sent again, and the index of an answer counts what was
 * sent. */
static void part_of_an_event_is_taken(void **state)
{
	static const struct {
		const char *errors;
		enum verdict verdicts[2];
		int sent;          /* envelopes, the next time */
	} STEPS[] = {
		{ "{\"index\":0,\"statusCode\":500},"
		  "{\"index\":3,\"statusCode\":400}",
		  { VERDICT_AGAIN, VERDICT_LOST }, 2 },
		{ "{\"index\":1,\"statusCode\":400},"
		  "{\"index\":0,\"statusCode\":429}",
		  { VERDICT_AGAIN, VERDICT_LOST }, 2 },
		{ "{\"index\":1,\"statusCode\":503}",
		  { VERDICT_DONE, VERDICT_AGAIN }, 1 },
	};
	struct event *events[] = {
		event_new("held", 1764201600123, cJSON_CreateObject()),
		event_new("ended", 1764201600123, cJSON_CreateObject()),
	};
	cJSON *json;

	(void)state;
	for (size_t i = 0; i < sizeof(STEPS) / sizeof(*STEPS); i++) {
		enum verdict verdicts[2] = { VERDICT_DONE, VERDICT_DONE };
		struct buf b = { 0 };

		assert_true(buf_addf(&b, "{\"errors\":[%s]}",
				     STEPS[i].errors));
		insights_judge(206, b.data, events, verdicts, 2);
		buf_free(&b);
		assert_memory_equal(verdicts, STEPS[i].verdicts,
				    sizeof(verdicts));
		json = encoded(events, 2);
		assert_int_equal(cJSON_GetArraySize(json), STEPS[i].sent);
		if (STEPS[i].sent == 2)
			trace_of(json, 0);
		event_of(json, STEPS[i].sent - 1);
		cJSON_Delete(json);
	}
	event_drop(events[0]);
	event_drop(events[1]);
}

#define N 2
#define D VERDICT_DONE
#define A VERDICT_AGAIN
#define L VERDICT_LOST

static void answers(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum verdict verdicts[N];
	} ALL[] = {
		{ 200, "{\"errors\":[{\"index\":0,\"statusCode\":500}]}",
		  { D, D } },
		{ 206, "{\"itemsReceived\":4,\"itemsAccepted\":1,\"errors\":["
		  "{\"index\":1,\"statusCode\":500,\"message\":\"x\"},"
		  "{\"index\":2,\"statusCode\":400},"
		  "{\"index\":3,\"statusCode\":400}]}", { A, L } },
		{ 206, "{\"errors\":[{\"index\":0,\"statusCode\":400},"
		  "{\"index\":1,\"statusCode\":439}]}", { A, D } },
		{ 206, "{\"errors\":[{\"index\":0,\"statusCode\":439},"
		  "{\"index\":1,\"statusCode\":400}]}", { A, D } },
		{ 206, "{\"errors\":[{\"index\":0,\"statusCode\":401}]}",
		  { L, D } },
		{ 206, "{\"errors\":[{\"index\":4,\"statusCode\":500},"
		  "{\"index\":-1,\"statusCode\":500},"
		  "{\"index\":1e99,\"statusCode\":500},"
		  "{\"index\":\"0\",\"statusCode\":500},{\"index\":0},7]}",
		  { D, D } },
		{ 206, "not JSON", { D, D } },
		{ 206, "", { D, D } },
		{ 402, "", { A, A } },
		{ 439, "", { A, A } },
		{ 400, "", { L, L } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++) {
		struct event of[N] = { 0 }, *events[N] = { &of[0], &of[1] };
		enum verdict verdicts[N];

		for (size_t j = 0; j < N; j++)
			verdicts[j] = verdict_of_status(ALL[i].status);
		insights_judge(ALL[i].status, ALL[i].body, events, verdicts, N);
		for (size_t j = 0; j < N; j++)
			assert_int_equal(verdicts[j], ALL[i].verdicts[j]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_strings),
		cmocka_unit_test(an_event_becomes_a_trace_and_an_event),
		cmocka_unit_test(part_of_an_event_is_taken),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
