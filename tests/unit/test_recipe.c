/* The recipe's arguments, taken out of a command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "recipe.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define WORDS_MAX 16
#define D "--remote_debug"
#define T "--remote_debug_connection_timeout"

static const struct {
	const char *line, *left;
	bool hold;
	const char *timeout;
} TABLE[] = {
	{ "python x.py", "python x.py", false, NULL },
	{ "python x.py " D, "python x.py", true, NULL },
	{ "python " D " x.py a", "python x.py a", true, NULL },
	{ "python x.py " D " " T " 20 a", "python x.py a", true, "20" },
	{ "python x.py " T "=20 " D, "python x.py", true, "20" },
	{ "python x.py " T "= b", "python x.py b", false, "" },
	{ "python x.py " T " 20", "python x.py", false, "20" },
	{ "python x.py " T, "python x.py", false, "" },
	{ "python x.py " T " --lr 1", "python x.py --lr 1", false, "" },
	{ "python x.py " T " " D, "python x.py", true, "" },
	{ "python x.py " T " -5 a", "python x.py a", false, "-5" },
	{ "python x.py " T " 5 " T " 6", "python x.py", false, "6" },
	{ "python " D " " D " x.py", "python x.py", true, NULL },
	{ "python x.py " D "ger " T "s 1", "python x.py " D "ger " T "s 1",
	  false, NULL },
	{ "python x.py " D "=1", "python x.py " D "=1", false, NULL },
	{ D, D, false, NULL },  /* the command itself */
	{ "x -- " D, "x --", true, NULL },
};

static void the_table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		char line[256], left[256] = "", *save = NULL;
		char *argv[WORDS_MAX] = { NULL };
		struct recipe r;
		size_t n = 0;

		snprintf(line, sizeof(line), "%s", TABLE[i].line);
		for (char *w = strtok_r(line, " ", &save); w;
		     w = strtok_r(NULL, " ", &save))
			argv[n++] = w;
		recipe_take(argv, &r);
		for (n = 0; argv[n]; n++)
			sprintf(left + strlen(left), "%s%s", n ? " " : "",
				argv[n]);
		assert_string_equal(left, TABLE[i].left);
		assert_int_equal(r.hold, TABLE[i].hold);
		if (TABLE[i].timeout)
			assert_string_equal(r.timeout, TABLE[i].timeout);
		else
			assert_null(r.timeout);
	}
}

static void an_empty_command_is_left_alone(void **state)
{
	char *argv[] = { NULL };
	struct recipe r;

	(void)state;
	recipe_take(argv, &r);
	assert_null(argv[0]);
	assert_false(r.hold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_holds),
		cmocka_unit_test(an_empty_command_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
