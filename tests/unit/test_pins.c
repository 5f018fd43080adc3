/* Packages that a file pins, and what is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pins.h"

static struct pins pins;

static void read(const char *text, bool conda)
{
	memset(&pins, 0, sizeof(pins));
	pins_read(&pins, text, "file", conda);
}

static void only_certain_pins_are_taken(void **state)
{
	static const struct {
		const char *line, *name, *version;
		bool conda;
	} TABLE[] = {
		{ "numpy==1.2", "numpy", "1.2", false },
		{ "  Foo._Bar[a,b] == 1.0  # why", "foo-bar", "1.0", false },
		{ "a==1 --hash=sha256:1 \\", "a", "1", false },
		{ "a==1 ; python_version < '3'", NULL, NULL, false },
		{ "a==1.*", NULL, NULL, false },
		{ "a===1", NULL, NULL, false },
		{ "a==1,!=2", NULL, NULL, false },
		{ "a>=1", NULL, NULL, false },
		{ "a @ https://x/a==1", NULL, NULL, false },
		{ "# a==1", NULL, NULL, false },
		{ "-r other==1", NULL, NULL, false },
		{ "  - numpy=1.2", "numpy", "1.2", true },
		{ "- conda-forge::numpy==1.2", "numpy", "1.2", true },
		{ "- 'numpy=1.2=py38_0'", "numpy", "1.2", true },
		{ "- numpy>=1.2", NULL, NULL, true },
		{ "- https://x/?a=1", NULL, NULL, true },
		{ "name: a=1", NULL, NULL, true },
		{ "- pip:\n  - a==1", "a", "1", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		read(TABLE[i].line, TABLE[i].conda);
		if (pins.len != (TABLE[i].name != NULL))
			fail_msg("%s: %zu pins", TABLE[i].line, pins.len);
		if (!TABLE[i].name)
			continue;
		assert_string_equal(pins.at[0].name, TABLE[i].name);
		assert_string_equal(pins.at[0].version, TABLE[i].version);
	}
}

static void what_is_installed_is_compared(void **state)
{
	static const struct {
		const char *pin, *entry;
		bool conda, differs;
	} TABLE[] = {
		{ "a-b==1.0", "A_b-1.0.0.dist-info", false, false },
		{ "a==1.0", "a-1.1.dist-info", false, true },
		{ "a==1.0", "a-1.0+cu118.dist-info", false, false },
		{ "a==1.0", "a-1.0rc1.dist-info", false, false },
		{ "a==1.10", "a-1.1.dist-info", false, true },
		{ "a==1.0", "a-1.0-py3.8.egg-info", false, false },
		{ "a==1.0", "a-2.0-py3.8.egg-info", false, true },
		{ "a==1.0", "a.egg-info", false, false },
		{ "a==1.0", "b-1.0.dist-info", false, true },
		{ "- a=1.2", "a-1.2.9.dist-info", true, false },
		{ "- a=1.2", "a-1.20.dist-info", true, true },
		{ "- a==1.2", "a-1.2.9.dist-info", true, true },
		{ "- cudatoolkit=11", "b-1.0.dist-info", true, false },
		{ "- pip:\n  - a==1", "b-1.0.dist-info", true, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		read(TABLE[i].pin, TABLE[i].conda);
		pins_entry(&pins, TABLE[i].entry, 1);
		assert_int_equal(pins.len, 1);
		if (pin_differs(&pins.at[0]) != TABLE[i].differs)
			fail_msg("%s, %s", TABLE[i].pin, TABLE[i].entry);
	}
}

static void the_first_place_counts_and_what_is_left_of_an_old_one_not(void **s)
{
	(void)s;
	read("a==1", false);
	pins_entry(&pins, "a-2.dist-info", 1);
	pins_entry(&pins, "a-1.dist-info", 2);
	assert_true(pin_differs(&pins.at[0]));
	read("a==1", false);
	pins_entry(&pins, "a-1.dist-info", 1);
	pins_entry(&pins, "a-2.dist-info", 1);
	assert_false(pin_differs(&pins.at[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_certain_pins_are_taken),
		cmocka_unit_test(what_is_installed_is_compared),
		cmocka_unit_test(
		  the_first_place_counts_and_what_is_left_of_an_old_one_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
