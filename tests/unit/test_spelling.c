/* Which misspelt word is close to which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spelling.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static void slips_are_counted(void **state)
{
	static const struct {
		const char *word, *meant;
		unsigned slips;
	} TABLE[] = {
		{ "HOLD", "HOLD", 0 }, { "HODL", "HOLD", 1 },
		{ "HOL", "HOLD", 1 }, { "HOLDS", "HOLD", 1 },
		{ "OHDL", "HOLD", SPELLING_FAR },
		{ "HOST", "HOLD", SPELLING_FAR },
		{ "TIMOUT", "TIMEOUT", 1 }, { "TIME_OUT", "TIMEOUT", 1 },
		{ "TIMOUTS", "TIMEOUT", 2 }, { "IMEOTU", "TIMEOUT", 2 },
		{ "TMUOT", "TIMEOUT", SPELLING_FAR },
		{ "", "ARGS", SPELLING_FAR }, { "", "", 0 }, { "", "A", 1 },
		{ "timeout", "TIMEOUT", SPELLING_FAR },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", SPELLING_FAR },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		unsigned n = spelling_slips(TABLE[i].word, TABLE[i].meant);

		if (n != TABLE[i].slips)
			fail_msg("%s, %s: %u", TABLE[i].word, TABLE[i].meant,
				 n);
	}
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(slips_are_counted),
	};

	return cmocka_run_group_tests_name("spelling", TESTS, NULL, NULL);
}
