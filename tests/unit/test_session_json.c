/* A session as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "session_json.h"
#include "session_view.h"

#define NOW 784111777005  /* ms: 1994-11-06T08:49:37.005Z */

static void check(const struct session_view *v, const char *expected)
{
	cJSON *json = session_json(v, NOW);
	char *text = cJSON_PrintUnformatted(json);

	assert_string_equal(text, expected);
	cJSON_free(text);
	cJSON_Delete(json);
}

static void a_held_one_has_a_deadline(void **state)
{
	static const struct session_view V = {
		.pid = 41, .rank = 3, .state = BARRIER_POSTMORTEM, .name = "a.py",
		.python = "3.11.7", .cwd = "/wd", .host = "10.3.0.5",
		.port = 5678, .held = true, .held_for = 7006, .left = 292001,
		.failed = "KeyError: 'x'", .node = "n0", .main = true,
		.paused_for = -1, .stalled_for = 1005,
	};

	(void)state;
	check(&V, "{\"id\":\"41\",\"state\":\"postmortem\",\"name\":\"a.py\","
		  "\"pid\":41,\"rank\":3,\"python\":\"3.11.7\","
		  "\"cwd\":\"/wd\",\"host\":\"10.3.0.5\",\"port\":5678,"
		  "\"hold\":{\"since\":\"1994-11-06T08:49:29.999Z\","
		  "\"deadline\":\"1994-11-06T08:54:29.006Z\","
		  "\"seconds_left\":293},"
		  "\"client\":null,\"failed\":\"KeyError: 'x'\","
		  "\"node\":\"n0\",\"main\":true,\"paused\":null,"
		  "\"stalled\":{\"since\":\"1994-11-06T08:49:36.000Z\"}}");
}

static void what_is_not_there_is_null(void **state)
{
	static const struct session_view V = {
		.pid = 7, .rank = -1, .state = BARRIER_ATTACHED, .name = "python",
		.python = "", .cwd = "/", .host = "::1",
		.client = "10.3.1.5:50123", .client_for = 1000, .node = "",
		.paused_for = 500, .stalled_for = -1,
	};

	(void)state;
	check(&V, "{\"id\":\"7\",\"state\":\"attached\",\"name\":\"python\","
		  "\"pid\":7,\"rank\":null,\"python\":\"\",\"cwd\":\"/\","
		  "\"host\":\"::1\",\"port\":null,\"hold\":null,"
		  "\"client\":{\"address\":\"10.3.1.5:50123\","
		  "\"since\":\"1994-11-06T08:49:36.005Z\"},\"failed\":null,"
		  "\"node\":\"\",\"main\":false,\"paused\":{"
		  "\"since\":\"1994-11-06T08:49:36.505Z\",\"file\":null,"
		  "\"line\":null},\"stalled\":null}");
}

static void a_paused_one_has_a_place(void **state)
{
	static const struct session_view V = {
		.rank = -1, .state = BARRIER_RUNNING, .name = "", .python = "", .cwd = "",
		.host = "", .node = "", .file = "/home/me/a.py", .line = 12,
	};
	cJSON *json = session_json(&V, NOW);
	char *text = cJSON_PrintUnformatted(
		cJSON_GetObjectItemCaseSensitive(json, "paused"));

	(void)state;
	assert_string_equal(text, "{\"since\":\"1994-11-06T08:49:37.005Z\","
				  "\"file\":\"/home/me/a.py\",\"line\":12}");
	cJSON_free(text);
	cJSON_Delete(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_held_one_has_a_deadline),
		cmocka_unit_test(what_is_not_there_is_null),
		cmocka_unit_test(a_paused_one_has_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
