/* What happened, the last of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "history.h"

#define NOW 784111777005  /* ms: 1994-11-06T08:49:37.005Z */

static void it_is_told_in_order_with_numbers_and_times(void **state)
{
	struct history h = { 0 };
	cJSON *json;
	char *text;

	(void)state;
	history_add(&h, &(struct history_event){
		.at = NOW - 5, .what = "held", .pid = 41, .rank = 3,
		.name = "a.py" });
	history_add(&h, &(struct history_event){
		.at = NOW, .what = "attached", .pid = 42, .rank = -1,
		.name = "b", .detail = "::1" });
	json = history_json(&h);
	text = cJSON_PrintUnformatted(json);
	assert_string_equal(text,
		"[{\"id\":1,\"time\":\"1994-11-06T08:49:37.000Z\","
		"\"event\":\"held\",\"session\":\"41\",\"name\":\"a.py\","
		"\"rank\":3,\"detail\":null},"
		"{\"id\":2,\"time\":\"1994-11-06T08:49:37.005Z\","
		"\"event\":\"attached\",\"session\":\"42\",\"name\":\"b\","
		"\"rank\":null,\"detail\":\"::1\"}]");
	cJSON_free(text);
	cJSON_Delete(json);
}

static void the_oldest_make_room(void **state)
{
	struct history h = { 0 };
	struct history_event e = { .what = "held", .rank = -1 };
	cJSON *json;

	(void)state;
	for (e.pid = 1; e.pid <= HISTORY_MAX + 2; e.pid++)
		history_add(&h, &e);
	json = history_json(&h);
	assert_int_equal(cJSON_GetArraySize(json), HISTORY_MAX);
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0),
					     "id")->valueint, 3);
	assert_string_equal(cJSON_GetObjectItem(
		cJSON_GetArrayItem(json, HISTORY_MAX - 1), "session")
				    ->valuestring, "130");
	assert_int_equal(h.count, HISTORY_MAX + 2);
	cJSON_Delete(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_in_order_with_numbers_and_times),
		cmocka_unit_test(the_oldest_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
