/* Events for MLflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"
#include "mlflow.h"
#include "utf8_cut.h"

static void urls(void **state)
{
#define CALL "/api/2.0/mlflow/runs/log-batch"
#define WORKSPACE "subscriptions/s/resourceGroups/g/providers/" \
	"Microsoft.MachineLearningServices/workspaces/w"
	static const struct { const char *uri, *url; } ALL[] = {
		{ "http://h:5000", "http://h:5000" CALL },
		{ "https://u:p@h/sub/?x=1#f", "https://u:p@h/sub" CALL },
		{ "azureml://eu.api.azureml.ms/mlflow/v1.0/" WORKSPACE "?a=b",
		  "https://eu.api.azureml.ms/mlflow/v2.0/" WORKSPACE CALL },
		{ "AZUREML://h/mlflow/v2.0/" WORKSPACE,
		  "https://h/mlflow/v2.0/" WORKSPACE CALL },
		{ "azureml://h/x?y=/mlflow/v1.0/z", "https://h/x" CALL },
		{ "file:///tmp/mlruns", NULL }, { "./mlruns", NULL },
		{ "databricks", NULL }, { "", NULL }, { "sqlite:///a", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++) {
		struct buf b = { 0 };

		assert_int_equal(mlflow_url(&b, ALL[i].uri),
				 ALL[i].url != NULL);
		if (ALL[i].url)
			assert_string_equal(b.data, ALL[i].url);
		buf_free(&b);
	}
}

static struct event *event(const char *name, const char *fields)
{
	struct event *e = event_new(name, 1764201600123, cJSON_Parse(fields));

	assert_non_null(e);
	return e;
}

static cJSON *encode(const struct mlflow_batch *batch, struct event **events,
		     size_t n, size_t expected)
{
	struct buf b = { 0 };
	cJSON *json;

	assert_int_equal(mlflow_encode(&b, batch, events, n), expected);
	json = cJSON_ParseWithLength(b.data, b.len);
	assert_non_null(json);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    json, "run_id")), batch->run);
	buf_free(&b);
	return json;
}

/* The text under that key, "" where there is none; once at the most. */
static const char *find(const cJSON *json, const char *list, const char *key)
{
	const cJSON *one;
	const char *found = "";

	cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, list)) {
		if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(
				   one, "key")), key) != 0)
			continue;
		assert_string_equal(found, "");
		found = cJSON_GetStringValue(cJSON_GetObjectItem(one,
								 "value"));
	}
	return found;
}

static void fields_become_tags_and_metrics(void **state)
{
	static const struct mlflow_batch batch = { .run = "r" };
	struct event *events[] = {
		event("held", "{\"session\":\"4\",\"rank\":3,\"port\":5678,"
		      "\"list\":[1,\"b\"],\"yes\":true,\"none\":null,"
		      "\"empty\":\"\"}"),
		event("timed out", "{\"session\":\"4\",\"rank\":3}"),
		event("ended", "{\"status\":1,\"wall_seconds\":2.5,"
		      "\"oom_kills\":0,\"a_bytes\":\"no number\"}"),
	};
	cJSON *json = encode(&batch, events, 3, 3);
	const cJSON *metrics = cJSON_GetObjectItem(json, "metrics");

	(void)state;
	assert_string_equal(find(json, "tags", "pitstop.rank3.event"),
			    "timed out");
	assert_string_equal(find(json, "tags", "pitstop.rank3.held_at"),
			    "2025-11-27T00:00:00.123Z");
	assert_string_equal(find(json, "tags", "pitstop.rank3.timed_out_at"),
			    "2025-11-27T00:00:00.123Z");
	assert_string_equal(find(json, "tags", "pitstop.rank3.port"), "5678");
	assert_string_equal(find(json, "tags", "pitstop.rank3.list"),
			    "[1,\"b\"]");
	assert_string_equal(find(json, "tags", "pitstop.rank3.yes"), "true");
	assert_string_equal(find(json, "tags", "pitstop.rank3.none"), "");
	assert_string_equal(find(json, "tags", "pitstop.event"), "ended");
	assert_string_equal(find(json, "tags", "pitstop.status"), "1");
	assert_string_equal(find(json, "tags", "pitstop.a_bytes"),
			    "no number");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json,
								"params")), 0);
	assert_int_equal(cJSON_GetArraySize(metrics), 2);
	assert_true(cJSON_GetObjectItem(cJSON_GetArrayItem(metrics, 0),
					"value")->valuedouble == 2.5);
	assert_true(cJSON_GetObjectItem(cJSON_GetArrayItem(metrics, 0),
					"timestamp")->valuedouble ==
		    1764201600123);
	cJSON_Delete(json);
	for (size_t i = 0; i < 3; i++)
		event_drop(events[i]);
}

static void a_description_of_the_run_becomes_params(void **state)
{
	struct mlflow_batch batch = { .run = "r", .node = "1" };
	struct event *e = event("started", "{\"vm\":\"x\","
				"\"memory_bytes\":7}");
	cJSON *json = encode(&batch, &e, 1, 1);

	(void)state;
	assert_string_equal(find(json, "params", "pitstop.node1.vm"), "x");
	assert_string_equal(find(json, "params",
				 "pitstop.node1.memory_bytes"), "7");
	assert_string_equal(find(json, "tags", "pitstop.node1.vm"), "");
	cJSON_Delete(json);
	batch.tags_only = true;
	batch.node = "0";
	json = encode(&batch, &e, 1, 1);
	assert_string_equal(find(json, "tags", "pitstop.vm"), "x");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json,
								"params")), 0);
	cJSON_Delete(json);
	event_drop(e);
}

static void a_request_has_its_limits(void **state)
{
	static const struct mlflow_batch batch = { .run = "r" };
	cJSON *fields = cJSON_CreateObject(), *json;
	struct event *events[4];
	char name[16], *longer;

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		cJSON_AddNumberToObject(fields, name, i);
	}
	for (int i = 0; i < 4; i++)
		events[i] = event_new("x", 0, cJSON_Duplicate(fields, true));
	cJSON_AddNumberToObject(events[1]->fields, "rank", 1);
	cJSON_AddNumberToObject(events[2]->fields, "rank", 2);
	json = encode(&batch, events, 4, 2);
	cJSON_Delete(json);
	for (int i = 40; i < 140; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		cJSON_AddNumberToObject(events[3]->fields, name, i);
	}
	longer = malloc(6001);
	memset(longer, 'a', 6000);
	longer[6000] = '\0';
	cJSON_ReplaceItemInObject(events[3]->fields, "f0",
				  cJSON_CreateString(longer));
	json = encode(&batch, &events[3], 1, 1);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "tags")),
			 100);
	assert_int_equal(strlen(find(json, "tags", "pitstop.f0")), 5000);
	cJSON_Delete(json);
	free(longer);
	cJSON_Delete(fields);
	for (int i = 0; i < 4; i++)
		event_drop(events[i]);
}

static void no_character_is_cut(void **state)
{
	(void)state;
	assert_int_equal(utf8_cut("abc", 3), 3);
	assert_int_equal(utf8_cut("abc", 2), 2);
	assert_int_equal(utf8_cut("a\xc3\xa4", 2), 1);
	assert_int_equal(utf8_cut("a\xc3\xa4", 3), 3);
	assert_int_equal(utf8_cut("\xe2\x82\xac", 2), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls),
		cmocka_unit_test(fields_become_tags_and_metrics),
		cmocka_unit_test(a_description_of_the_run_becomes_params),
		cmocka_unit_test(a_request_has_its_limits),
		cmocka_unit_test(no_character_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
