/* Lengths of time: which texts are one, and of how many seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "duration.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define UNTOUCHED 77

static void texts_mean_seconds(void **state)
{
	static const struct {
		const char *text;
		unsigned min, max, seconds;
	} TABLE[] = {
		{ "600", 1, 604800, 600 }, { "600s", 1, 604800, 600 },
		{ "10m", 1, 604800, 600 }, { "2h", 1, 604800, 7200 },
		{ "007", 1, 604800, 7 }, { "0", 0, 10, 0 }, { "0h", 0, 10, 0 },
		{ "1", 1, 1, 1 }, { "168h", 1, 604800, 604800 },
		{ "4294967295", 0, UINT_MAX, UINT_MAX },
		{ "1193046h", 0, UINT_MAX, 4294965600 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		unsigned n = UNTOUCHED;

		assert_true(duration_parse(TABLE[i].text, TABLE[i].min,
					   TABLE[i].max, &n));
		assert_int_equal(n, TABLE[i].seconds);
	}
}

static void other_texts_are_refused(void **state)
{
	static const char *const TABLE[] = {
		"", "s", "m", "0", "0m", "604801", "169h", "10081m", "-1",
		"+1", " 1", "1 ", "1 m", "1.5", "1.5h", "1d", "1ms", "1M",
		"1h30m", "10min", "5m\n", "0x10", "1e3", "99999999999",
		"4294967296", "18446744073709551617", "1193047h",
		"99999999999999999999999999999999h",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		unsigned n = UNTOUCHED;

		if (duration_parse(TABLE[i], 1, 604800, &n))
			fail_msg("'%s' is %u s", TABLE[i], n);
		assert_int_equal(n, UNTOUCHED);
	}
}

static void lengths_are_written_as_people_do(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} TABLE[] = {
		{ 0, "0 s" }, { 1999, "1 s" }, { 119999, "119 s" },
		{ 120000, "2 min" }, { 7199999, "119 min" },
		{ 7200000, "2 h 0 min" }, { 11520000, "3 h 12 min" },
	};
	char text[DURATION_TEXT];

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		assert_string_equal(duration_text(TABLE[i].ms, text),
				    TABLE[i].text);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(texts_mean_seconds),
		cmocka_unit_test(other_texts_are_refused),
		cmocka_unit_test(lengths_are_written_as_people_do),
	};

	return cmocka_run_group_tests_name("duration", TESTS, NULL, NULL);
}
