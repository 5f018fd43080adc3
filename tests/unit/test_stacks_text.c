/* The stacks of a step, as a person reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "buf.h"
#include "stacks_text.h"

#define FRAME \
	"{\"function\":\"f\",\"file\":\"/a.py\",\"line\":3,\"source\":\"g()\"}"
#define TWO_GROUPS \
	"{\"groups\":[{\"ids\":[\"42\"],\"ranks\":[2],\"stacks\":{\"name\":" \
	"\"a.py\",\"threads\":[{\"name\":\"MainThread\",\"frames\":[" FRAME \
	"]}],\"tasks\":[{\"name\":\"T\\u001b[1m\",\"frames\":[{\"function\":" \
	"\"c\",\"file\":\"<x>\",\"line\":0}]}],\"truncated\":true}}," \
	"{\"ids\":[\"40\",\"41\"],\"ranks\":[0,1],\"stacks\":{\"name\":" \
	"\"a.py\",\"unanswered\":\"none\",\"kernel_threads\":[{\"native_id\":" \
	"40,\"name\":\"python\",\"state\":\"sleeping\",\"syscall\":\"poll\"," \
	"\"wchan\":\"do_poll\",\"cpu_ms\":7},{\"native_id\":43,\"name\":\"t\"," \
	"\"state\":\"running\",\"cpu_ms\":200}]}}]}"
#define ODD \
	"rank 2: a.py (pid 42)\n" \
	"  thread MainThread\n" \
	"    f (/a.py:3)\n" \
	"        g()\n" \
	"  task T?[1m\n" \
	"    c (<x>:0)\n" \
	"  (there are more frames)\n"
#define OTHERS \
	"ranks 0, 1: a.py (pids 40, 41), their main threads at the same place\n" \
	"  none\n" \
	"    python (40): sleeping in poll, kernel do_poll, ran 7 ms of 200\n" \
	"    t (43): running, ran 200 ms of 200\n"

static void groups_are_written_as_they_come(void **state)
{
	static const struct {
		const char *json;
		int pid, rank, count;
		const char *want;
	} TABLE[] = {
		{ TWO_GROUPS, -1, -1, 2, ODD "\n" OTHERS },
		{ TWO_GROUPS, 42, -1, 1, ODD },
		{ TWO_GROUPS, 41, -1, 1, OTHERS },
		{ TWO_GROUPS, -1, 0, 1, OTHERS },
		{ TWO_GROUPS, -1, 2, 1, ODD },
		{ TWO_GROUPS, 4, -1, 0, "" },
		{ TWO_GROUPS, -1, 7, 0, "" },
		{ "{\"groups\":[]}", -1, -1, 0, "" },
		{ "{\"groups\":[{}]}", -1, -1, 1, " (pid)\n" },
		{ "{\"groups\":[3]}", -1, -1, 1, " (pid)\n" },
		{ "{\"groups\":{}}", -1, -1, -EPROTO, "" },
		{ "[]", -1, -1, -EPROTO, "" },
		{ "{", -1, -1, -EPROTO, "" },
		{ "", -1, -1, -EPROTO, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		struct buf b = { 0 };

		assert_int_equal(TABLE[i].count,
				 stacks_text(&b, TABLE[i].json, TABLE[i].pid,
					     TABLE[i].rank));
		buf_add(&b, "", 1);
		assert_string_equal(b.data, TABLE[i].want);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_written_as_they_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
