/* The lines that people and scripts look for, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "buf.h"
#include "driver_log.h"

static const struct step_facts FACTS = {
	.name = "train.py",
	.pid = 17,
	.rank = -1,
	.python = "/usr/bin/python3",
	.cwd = "/mnt/wd",
	.host = "10.3.0.5",
	.port = 5678,
	.wanted_port = 5678,
	.token = "t0",
	.late_attach = true,
};

static const char *text(struct buf *b)
{
	buf_add(b, "", 1);
	return b->data;
}

static void a_hold_begins_with_the_lines_of_the_recipe(void **state)
{
	struct buf b = { 0 };
	const char *begin = "Timeout for debug connection: 300\n"
			    "ip_address: 10.3.0.5\n"
			    "pitstop: holding train.py (pid 17) until a "
			    "debugger attaches to 10.3.0.5:5678\n"
			    "pitstop: launch.json: {";

	(void)state;
	driver_log_hold(&b, &FACTS, 300000);
	assert_memory_equal(text(&b), begin, strlen(begin));
	assert_non_null(strstr(b.data, "t0"));
	buf_free(&b);
}

static void the_log_says_which_port_and_rank_it_is(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.port = 5680;
	f.rank = 3;
	f.host = "127.0.0.1";
	f.doubtful = true;
	driver_log_hold(&b, &f, 1000);
	text(&b);
	assert_non_null(strstr(b.data, "pitstop: port 5678 is taken on this "
				       "host, using 5680\n"));
	assert_non_null(strstr(b.data, "(pid 17, rank 3)"));
	assert_non_null(strstr(b.data, "\"pitstopRank\": 3 in it"));
	assert_null(strstr(b.data, "\"pitstopRank\":"
				   "3"));
	assert_non_null(strstr(b.data, "PITSTOP_ADVERTISE"));
	buf_free(&b);
}

static void the_end_of_a_hold_says_how_it_ended(void **state)
{
	struct buf b = { 0 };

	(void)state;
	driver_log_attached(&b, "10.3.1.5:50123", 12340);
	assert_string_equal(text(&b), "Debugger attached = True\npitstop: "
			    "10.3.1.5:50123 attached after 12.3 s\n");
	buf_free(&b);
	driver_log_not_attached(&b, &FACTS, "nobody attached in time");
	assert_string_equal(text(&b), "Debugger attached = False\npitstop: "
			    "nobody attached in time; the step runs on and "
			    "can still be attached to\n");
	buf_free(&b);
}

static void every_other_line_starts_with_the_name(void **state)
{
	struct buf b = { 0 };

	(void)state;
	driver_log_still(&b, &FACTS, 59001);
	driver_log_back(&b, 1);
	driver_log_no_debugger(&b, &FACTS);
	driver_log_no_port(&b, &FACTS, 5693);
	text(&b);
	for (char *line = strtok(b.data, "\n"); line; line = strtok(NULL, "\n"))
		assert_memory_equal(line, "pitstop: ", 9);
	buf_free(&b);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_hold_begins_with_the_lines_of_the_recipe),
		cmocka_unit_test(the_log_says_which_port_and_rank_it_is),
		cmocka_unit_test(the_end_of_a_hold_says_how_it_ended),
		cmocka_unit_test(every_other_line_starts_with_the_name),
	};

	return cmocka_run_group_tests_name("driver_log", TESTS, NULL, NULL);
}
