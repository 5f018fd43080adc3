/* What an agent tells of its sessions, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "buf.h"
#include "session_list.h"

#define HELD(pid, rank, left, deadline) "{\"id\":\"" #pid "\",\"pid\":" #pid \
	",\"state\":\"holding\",\"name\":\"train.py\",\"rank\":" #rank "," \
	"\"host\":\"10.3.0.5\",\"port\":5678,\"hold\":{\"seconds_left\":" \
	#left ",\"deadline\":\"2026-11-26T10:05:0" #deadline "Z\"}," \
	"\"client\":null,\"failed\":null}"
#define ATTACHED "{\"pid\":4712,\"state\":\"attached\",\"rank\":1,\"name\":" \
	"\"train.py\",\"hold\":null,\"client\":{\"address\":" \
	"\"10.3.0.7:50122\"}}"
#define STALLED(pid, rank) "{\"pid\":" #pid ",\"state\":\"running\"," \
	"\"rank\":" #rank ",\"name\":\"train.py\",\"hold\":null," \
	"\"stalled\":{\"since\":\"2026-11-26T10:05:00.000Z\"}}"
#define RUNNING(pid, rank) "{\"pid\":" #pid ",\"state\":\"running\"," \
	"\"rank\":" #rank ",\"name\":\"train.py\",\"hold\":null," \
	"\"stalled\":null}"
#define PAUSED(file, line) "{\"pid\":7,\"state\":\"attached\"," \
	"\"name\":\"train.py\",\"client\":{\"address\":" \
	"\"10.3.0.7:5012\"},\"paused\":{\"since\":" \
	"\"2026-11-26T10:05:00.000Z\",\"file\":" file ",\"line\":" line "}}"
#define ALL(list) "{\"sessions\":[" list "]}"

static void check(const char *json, const char *table)
{
	struct session_list l;
	struct buf b = { 0 };

	assert_true(session_list_parse(json, &l));
	assert_true(session_list_write(&b, &l));
	assert_true(buf_add(&b, "", 1));
	assert_string_equal(b.data, table);
	buf_free(&b);
	session_list_free(&l);
}

static void a_table_is_aligned(void **state)
{
	(void)state;
	check(ALL(""), "no Python process of the step runs\n");
	check(ALL(HELD(41, null, 252, 0.000)),
	      "PID  STATE    LEFT  CLIENT  SCRIPT\n"
	      " 41  holding  4:12  -       train.py\n"
	      "debuggers connect to 10.3.0.5:5678\n");
	check(ALL(HELD(4711, 0, 3601, 0.000) "," ATTACHED),
	      "RANK   PID  STATE        LEFT  CLIENT          SCRIPT\n"
	      "   0  4711  holding   1:00:01  -               train.py\n"
	      "   1  4712  attached        -  10.3.0.7:50122  train.py\n"
	      "debuggers connect to 10.3.0.5:5678\n");
	check(ALL("{\"pid\":7,\"state\":\"postmortem\",\"name\":\"a\\u001b[2J"
		  "\\u009b\",\"failed\":\"KeyError: 'x'\\n\"}"),
	      "PID  STATE       LEFT  CLIENT  SCRIPT\n"
	      "  7  postmortem     -  -       a?[2J??: KeyError: 'x'?\n");
}

static void ranks_come_in_order_and_what_stalls_is_told(void **state)
{
	(void)state;
	check(ALL(RUNNING(9, 2) "," STALLED(8, 0) "," RUNNING(7, 2) ","
		  RUNNING(6, null)),
	      "RANK  PID  STATE             LEFT  CLIENT  SCRIPT\n"
	      "   -    6  running              -  -       train.py\n"
	      "   0    8  running, stalled     -  -       train.py\n"
	      "   2    7  running              -  -       train.py\n"
	      "   2    9  running              -  -       train.py\n");
}

static void one_that_its_debugger_has_paused_says_where(void **state)
{
	(void)state;
	check(ALL(PAUSED("\"/mnt/wd/train.py\"", "12") ","
		  PAUSED("\"C:\\\\me\\\\train.py\"", "3") ","
		  PAUSED("null", "null")),
	      "PID  STATE                  LEFT  CLIENT         SCRIPT\n"
	      "  7  paused at train.py:12     -  10.3.0.7:5012  train.py\n"
	      "  7  paused at train.py:3      -  10.3.0.7:5012  train.py\n"
	      "  7  paused                    -  10.3.0.7:5012  train.py\n");
}

static void what_is_none_is_refused(void **state)
{
	static const char *const TEXTS[] = {
		"", "{}", "[]", "{\"sessions\":{}}", "{\"sessions\":[1]}",
		"{\"sessions\":[{}]}", "{\"sessions\":[{\"pid\":-1}]}",
		"{\"sessions\":[{\"pid\":1e300}]}", "{\"sessions\":[",
	};
	struct session_list l;

	(void)state;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++)
		assert_false(session_list_parse(TEXTS[i], &l));
}

static bool same(const char *a, const char *b)
{
	struct session_list x, y;
	bool yes;

	assert_true(session_list_parse(a, &x));
	assert_true(session_list_parse(b, &y));
	yes = session_list_same(&x, &y);
	session_list_free(&x);
	session_list_free(&y);
	return yes;
}

static void a_countdown_is_no_change(void **state)
{
	(void)state;
	assert_true(same(ALL(HELD(1, 0, 9, 0.100)), ALL(HELD(1, 0, 8, 0.108))));
	assert_false(same(ALL(HELD(1, 0, 9, 0.100)),
			  ALL(HELD(1, 0, 9, 1.100))));
	assert_false(same(ALL(HELD(1, 0, 9, 0.100)), ALL("")));
	assert_false(same(ALL(HELD(1, 0, 9, 0.100)), ALL(ATTACHED)));
	assert_false(same(ALL(RUNNING(8, 0)), ALL(STALLED(8, 0))));
	assert_false(same(ALL(PAUSED("null", "null")),
			  ALL(PAUSED("\"a.py\"", "3"))));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_is_aligned),
		cmocka_unit_test(ranks_come_in_order_and_what_stalls_is_told),
		cmocka_unit_test(one_that_its_debugger_has_paused_says_where),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_countdown_is_no_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
