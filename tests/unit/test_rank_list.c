/* Lists of ranks as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rank_list.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static void a_list_has_its_numbers_and_ranges(void **state)
{
	static const int IN[] = { 0, 3, 8, 10, 11, 9999999 };
	static const int OUT[] = { -1, 1, 2, 4, 7, 12, 99, 1000, 9999998 };
	const char *list = "3,0,8-11,10-10,9999999";

	(void)state;
	assert_true(rank_list_valid(list));
	for (size_t i = 0; i < LENGTH(IN); i++)
		assert_true(rank_list_has(list, IN[i]));
	for (size_t i = 0; i < LENGTH(OUT); i++)
		assert_false(rank_list_has(list, OUT[i]));
}

static void what_is_no_list_is_not_valid_and_has_nothing(void **state)
{
	static const char *const BAD[] = {
		"", ",", "0,", ",0", "0,,1", "-", "-1", "1-", "3-1", "0-1-2",
		" 0", "0 ", "0, 1", "x", "0x1", "+1", "1.5", "all",
		"99999999", "0-99999999", "99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(BAD); i++) {
		assert_false(rank_list_valid(BAD[i]));
		assert_false(rank_list_has(BAD[i], 0));
		assert_false(rank_list_has(BAD[i], 1));
	}
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_list_has_its_numbers_and_ranges),
		cmocka_unit_test(what_is_no_list_is_not_valid_and_has_nothing),
	};

	return cmocka_run_group_tests_name("rank_list", TESTS, NULL, NULL);
}
