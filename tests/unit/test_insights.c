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

static void an_event_becomes_a_trace(void **state)
{
	static const struct insights_origin from = { "k", "n", "run-7" };
	struct event *events[] = {
		event_new("held", 1764201600123, cJSON_Parse(
			"{\"name\":\"a.py\",\"port\":5678,\"list\":[1]}")),
		event_new("ended", 1764201600123, cJSON_Parse(
			"{\"reason\":\"ended with status 3\",\"status\":3}")),
	};
	struct buf b = { 0 };
	cJSON *json, *first, *base;

	(void)state;
	assert_true(insights_encode(&b, &from, events, 2));
	json = cJSON_ParseWithLength(b.data, b.len);
	assert_int_equal(cJSON_GetArraySize(json), 2);
	first = cJSON_GetArrayItem(json, 0);
	assert_string_equal(text(first, "name"),
			    "Microsoft.ApplicationInsights.Message");
	assert_string_equal(text(first, "iKey"), "k");
	assert_string_equal(text(first, "time"), "2025-11-27T00:00:00.123Z");
	assert_string_equal(text(cJSON_GetObjectItem(first, "tags"),
				 "ai.operation.id"), "run-7");
	base = cJSON_GetObjectItem(cJSON_GetObjectItem(first, "data"),
				   "baseData");
	assert_string_equal(text(base, "message"),
			    "pitstop on n: a.py is held");
	assert_int_equal(cJSON_GetObjectItem(base, "severityLevel")->valueint,
			 1);
	base = cJSON_GetObjectItem(base, "properties");
	assert_string_equal(text(base, "port"), "5678");
	assert_string_equal(text(base, "list"), "[1]");
	assert_string_equal(text(base, "event"), "held");
	assert_string_equal(text(base, "id"), events[0]->id);
	base = cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetArrayItem(
			json, 1), "data"), "baseData");
	assert_int_equal(cJSON_GetObjectItem(base, "severityLevel")->valueint,
			 3);
	cJSON_Delete(json);
	buf_free(&b);
	event_drop(events[0]);
	event_drop(events[1]);
}

#define N 4
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
		  { D, D, D, D } },
		{ 206, "{\"itemsReceived\":4,\"itemsAccepted\":1,\"errors\":["
		  "{\"index\":1,\"statusCode\":500,\"message\":\"x\"},"
		  "{\"index\":2,\"statusCode\":400},"
		  "{\"index\":3,\"statusCode\":439}]}", { D, A, L, A } },
		{ 206, "{\"errors\":[{\"index\":0,\"statusCode\":401}]}",
		  { L, D, D, D } },
		{ 206, "{\"errors\":[{\"index\":4,\"statusCode\":500},"
		  "{\"index\":-1,\"statusCode\":500},"
		  "{\"index\":1e99,\"statusCode\":500},"
		  "{\"index\":\"0\",\"statusCode\":500},{\"index\":0},7]}",
		  { D, D, D, D } },
		{ 206, "not JSON", { D, D, D, D } },
		{ 206, "", { D, D, D, D } },
		{ 402, "", { A, A, A, A } },
		{ 439, "", { A, A, A, A } },
		{ 400, "", { L, L, L, L } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++) {
		enum verdict verdicts[N];

		for (size_t j = 0; j < N; j++)
			verdicts[j] = verdict_of_status(ALL[i].status);
		insights_judge(ALL[i].status, ALL[i].body, verdicts, N);
		for (size_t j = 0; j < N; j++)
			assert_int_equal(verdicts[j], ALL[i].verdicts[j]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(connection_strings),
		cmocka_unit_test(an_event_becomes_a_trace),
		cmocka_unit_test(answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
