/* The lines that people and scripts look for, to the byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include <cjson/cJSON.h>

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

static void the_place_of_http_is_told_once(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };
	const char *line = "pitstop: health and control: "
			   "http://[fd00::1]:5680\n";

	(void)state;
	f.host = "fd00::1";
	f.http_port = 5680;
	driver_log_hold(&b, &f, 5000);
	assert_string_equal(text(&b) + strlen(b.data) - strlen(line), line);
	buf_free(&b);
	f.told = true;
	driver_log_hold(&b, &f, 5000);
	assert_null(strstr(text(&b), "http"));
	buf_free(&b);
}

static void a_script_that_listens_is_told_where(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	driver_log_listen(&b, &f, "debugpy.listen");
	assert_non_null(strstr(text(&b), "pitstop: train.py (pid 17) called "
			       "debugpy.listen(); attach to 10.3.0.5:5678\n"
			       "pitstop: launch.json: {"));
	buf_free(&b);
	f.late_attach = false;
	driver_log_listen(&b, &f, "debugpy.listen");
	assert_non_null(strstr(text(&b), "PITSTOP_LATE_ATTACH"));
	assert_null(strstr(b.data, "launch.json"));
	buf_free(&b);
}

static void a_configuration_is_printed_once(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.told = true;
	driver_log_listen(&b, &f, "debugpy.listen");
	driver_log_hold(&b, &f, 5000);
	assert_non_null(strstr(text(&b), "Timeout for debug connection: 5\n"
			       "ip_address: 10.3.0.5\npitstop: holding"));
	assert_null(strstr(b.data, "launch.json"));
	buf_free(&b);
}

static void a_taken_port_is_told_by_who_looks_for_its_owner(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.port = 5680;
	driver_log_hold(&b, &f, 1000);
	assert_null(strstr(text(&b), "is taken"));
	buf_free(&b);
	driver_log_listen(&b, &f, "debugpy.listen");
	assert_non_null(strstr(text(&b), "pitstop: port 5678 is taken on this "
					 "host, using 5680\n"));
	f.told = true;
	buf_free(&b);
	driver_log_listen(&b, &f, "debugpy.listen");
	assert_null(strstr(text(&b), "is taken"));
	buf_free(&b);
}

static void the_log_says_which_rank_it_is(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.rank = 3;
	f.host = "127.0.0.1";
	f.doubtful = true;
	driver_log_hold(&b, &f, 1000);
	text(&b);
	assert_non_null(strstr(b.data, "(pid 17, rank 3)"));
	assert_non_null(strstr(b.data, "pitstop: it opens every rank that "
				       "this pitstop holds; with "
				       "\"pitstopRank\": 3 in it, this one "
				       "alone\n"));
	assert_null(strstr(b.data, "\"pitstopRank\":"
				   "3"));
	assert_non_null(strstr(b.data, "PITSTOP_ADVERTISE, or come through "
				       "ssh -L\n"));
	buf_free(&b);
}

static void an_ipv6_address_has_brackets_before_a_port(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.host = "fd00::5";
	driver_log_hold(&b, &f, 1000);
	driver_log_still(&b, &f, 500);
	text(&b);
	assert_non_null(strstr(b.data, "ip_address: fd00::5\n"));
	assert_non_null(strstr(b.data, "attaches to [fd00::5]:5678\n"));
	assert_non_null(strstr(b.data, "attach to [fd00::5]:5678\n"));
	buf_free(&b);
}

static void a_range_without_an_address_of_ours_is_told(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.missed_vnet = "10.9.0.0/16";
	f.vnet_said = "--vnet";
	driver_log_hold(&b, &f, 1000);
	assert_non_null(strstr(text(&b), "pitstop: this machine has no address "
					 "in --vnet (10.9.0.0/16)\n"));
	buf_free(&b);
}

static void a_public_address_for_private_clients_is_doubted(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.host = "203.0.113.7";
	f.private_only = true;
	driver_log_hold(&b, &f, 1000);
	assert_non_null(strstr(text(&b), "pitstop: 203.0.113.7 is a public "
			       "address, and only private ones may connect; "
			       "if yours is public too, name it with --allow "
			       "(PITSTOP_ALLOW), and all others that may: the "
			       "list replaces the default\n"));
	buf_free(&b);
}

static void the_end_of_a_hold_says_how_it_ended(void **state)
{
	struct buf b = { 0 };

	(void)state;
	driver_log_attached(&b, &FACTS, "10.3.1.5:50123", 12340);
	assert_string_equal(text(&b), "Debugger attached = True\npitstop: "
			    "10.3.1.5:50123 attached after 12.3 s\n");
	buf_free(&b);
	driver_log_not_attached(&b, &FACTS, "nobody attached in time");
	assert_string_equal(text(&b), "Debugger attached = False\npitstop: "
			    "nobody attached in time; the step runs on and "
			    "can still be attached to\n");
	buf_free(&b);
}

static void nobody_is_told_to_come_when_nobody_may(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.shut = "PITSTOP_ALLOW is none";
	driver_log_not_attached(&b, &f, "nobody attached in time");
	driver_log_listen(&b, &f, "debugpy.listen");
	assert_string_equal(text(&b), "Debugger attached = False\npitstop: "
			    "nobody attached in time; the step runs on\n"
			    "pitstop: train.py (pid 17) called "
			    "debugpy.listen(); nobody can attach while it "
			    "runs, PITSTOP_ALLOW is none\n");
	buf_free(&b);
}

static void every_line_on_a_rank_says_which(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };

	(void)state;
	f.rank = 2;
	driver_log_attached(&b, &f, "10.3.1.5:50123", 12340);
	driver_log_not_attached(&b, &f, "nobody attached in time");
	driver_log_still(&b, &f, 59001);
	driver_log_back(&b, &f, 1);
	driver_log_extended(&b, &f, 0, 300000, 1764201600999, false);
	driver_log_extended(&b, &f, 3, 40001, 1764201600999, true);
	driver_log_no_debugger(&b, &f);
	driver_log_no_port(&b, &f, 5693, -EADDRINUSE);
	driver_log_no_port(&b, &f, 5693, -EACCES);
	assert_string_equal(text(&b),
		"Debugger attached = True\n"
		"pitstop: 10.3.1.5:50123 attached to rank 2 after 12.3 s\n"
		"Debugger attached = False\n"
		"pitstop: rank 2: nobody attached in time; the step runs on "
		"and can still be attached to\n"
		"pitstop: still holding train.py (rank 2), 60 s left; attach "
		"to 10.3.0.5:5678\n"
		"pitstop: the agent was restarted; still holding rank 2, 1 s "
		"left\n"
		"pitstop: train.py (rank 2) is held 5 min longer, until "
		"2025-11-27T00:00:00Z\n"
		"pitstop: train.py (rank 2) and 3 more that share its hold are "
		"held 41 s longer, until 2025-11-27T00:00:00Z; "
		"PITSTOP_MAX_HOLD allows no more\n"
		"pitstop: not holding train.py (rank 2): /usr/bin/python3 has "
		"no debugpy; install it there, or name a directory that has "
		"it with PITSTOP_DEBUGPY\n"
		"pitstop: not holding train.py (rank 2): the ports 5678 to "
		"5693 are all taken; free one, or name another with "
		"PITSTOP_PORT\n"
		"pitstop: not holding train.py (rank 2): cannot listen on "
		"port 5678: Permission denied; name another with "
		"PITSTOP_PORT\n");
	buf_free(&b);
}

static void a_hold_at_a_crash_says_what_failed(void **state)
{
	struct step_facts f = FACTS;
	struct buf b = { 0 };
	const char *begin = "pitstop: train.py (pid 17, rank 1) failed: "
			    "ValueError: no 7 (/mnt/wd/train.py:12)\n"
			    "Timeout for debug connection: 300\n"
			    "ip_address: 10.3.0.5\n"
			    "pitstop: holding train.py (pid 17, rank 1) where "
			    "it failed until a debugger attaches to "
			    "10.3.0.5:5678\n"
			    "pitstop: launch.json: {";

	(void)state;
	f.rank = 1;
	f.failed = "ValueError: no 7 (/mnt/wd/train.py:12)";
	driver_log_hold(&b, &f, 300000);
	assert_memory_equal(text(&b), begin, strlen(begin));
	buf_free(&b);
	driver_log_not_attached(&b, &f, "nobody attached in time");
	assert_string_equal(text(&b), "Debugger attached = False\npitstop: "
			    "rank 1: nobody attached in time; the exception "
			    "takes its course\n");
	buf_free(&b);
}

static void every_other_line_starts_with_the_name(void **state)
{
	struct buf b = { 0 };

	(void)state;
	driver_log_still(&b, &FACTS, 59001);
	driver_log_back(&b, &FACTS, 1);
	driver_log_no_debugger(&b, &FACTS);
	driver_log_no_port(&b, &FACTS, 5693, -EADDRINUSE);
	text(&b);
	for (char *line = strtok(b.data, "\n"); line; line = strtok(NULL, "\n"))
		assert_memory_equal(line, "pitstop: ", 9);
	buf_free(&b);
}

#define GROUP(rank, frames) \
	"{\"ids\":[\"4\"],\"ranks\":[" rank "],\"stacks\":{\"name\":" \
	"\"a.py\",\"threads\":[{\"name\":\"M\",\"frames\":[" frames "]}]}}"
#define FRAME "{\"function\":\"f\",\"file\":\"/a.py\",\"line\":3}"
#define LOOK(url) \
	"pitstop: to look closer, run 'pitstop stacks" url "' beside it"

static void a_stall_is_told_with_all_groups(void **state)
{
	struct step_facts f[2] = { FACTS, FACTS };
	cJSON *groups = cJSON_Parse("{\"groups\":[" GROUP("2", FRAME) ","
				    GROUP("0", "") "]}");
	struct buf b = { 0 };

	(void)state;
	f[0].rank = 2;
	f[0].http_port = 5679;
	f[1].rank = 0;
	driver_log_stalled(&b, f, 2, 0, 784111777005, 1800000, groups);
	assert_string_equal(text(&b),
		"pitstop: stalled for 30 min, since 1994-11-06T08:49:37Z: "
		"train.py (pid 17, rank 2), train.py (pid 17, rank 0)\n"
		"pitstop: rank 2: a.py (pid 4)\n"
		"pitstop:   thread M\n"
		"pitstop:     f (/a.py:3)\n"
		"pitstop: rank 0: a.py (pid 4)\n"
		"pitstop:   thread M\n"
		LOOK(" http://127.0.0.1:5679") ", or attach to 10.3.0.5:5678 ('pitstop launch-json' "
		"prints how) and pause it (F6)\n");
	buf_free(&b);
	f[0].late_attach = false;
	f[0].http_port = 0;
	driver_log_stalled(&b, f, 1, 3, 784111777005, 1000, NULL);
	driver_log_moves(&b, f, 11520000);
	assert_string_equal(text(&b),
		"pitstop: stalled for 1 s, since 1994-11-06T08:49:37Z: "
		"train.py (pid 17, rank 2) and 3 more\n"
		LOOK("") "\n"
		"pitstop: train.py (pid 17, rank 2) moves again after "
		"3 h 12 min\n");
	buf_free(&b);
	cJSON_Delete(groups);
}

static void a_stalls_sources_tell_no_secret(void **state)
{
	cJSON *groups = cJSON_Parse("{\"groups\":[" GROUP("2",
		"{\"function\":\"f\",\"file\":\"/a.py\",\"line\":3,"
		"\"source\":\"f(n, password='a b')\"},"
		"{\"function\":\"g\",\"file\":\"/a.py\",\"line\":4,"
		"\"source\":\"f(token='\"}," FRAME) "]}");
	struct buf b = { 0 };

	(void)state;
	driver_log_stalled(&b, &FACTS, 1, 0, 0, 1000, groups);
	assert_non_null(strstr(text(&b), "pitstop:     f (/a.py:3)\n"
			       "pitstop:         f(n, password='[redacted]')\n"
			       "pitstop:     g (/a.py:4)\n"
			       "pitstop:         f(token='\n"
			       "pitstop:     f (/a.py:3)\n" LOOK("")));
	buf_free(&b);
	cJSON_Delete(groups);
}

static void a_stalls_lines_have_a_bound(void **state)
{
	cJSON *groups = cJSON_Parse("{\"groups\":[" GROUP("2", FRAME) "]}");
	cJSON *list = cJSON_GetObjectItem(groups, "groups");
	cJSON *group = cJSON_GetArrayItem(list, 0), *frames, *frame;
	struct buf b = { 0 };

	(void)state;
	frames = cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(
		cJSON_GetObjectItem(group, "stacks"), "threads"), 0),
		"frames");
	frame = cJSON_GetArrayItem(frames, 0);
	for (int i = 1; i < 100; i++)
		cJSON_AddItemToArray(frames, cJSON_Duplicate(frame, true));
	for (int i = 1; i < 20; i++)
		cJSON_AddItemToArray(list, cJSON_Duplicate(group, true));
	driver_log_stalled(&b, &FACTS, 1, 0, 0, 1000, groups);
	assert_non_null(strstr(text(&b), "pitstop:   (42 more lines)\n"
			       "pitstop: (12 more groups)\n" LOOK("")));
	buf_free(&b);
	cJSON_Delete(groups);
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_hold_begins_with_the_lines_of_the_recipe),
		cmocka_unit_test(the_place_of_http_is_told_once),
		cmocka_unit_test(a_script_that_listens_is_told_where),
		cmocka_unit_test(a_configuration_is_printed_once),
		cmocka_unit_test(
			a_taken_port_is_told_by_who_looks_for_its_owner),
		cmocka_unit_test(the_log_says_which_rank_it_is),
		cmocka_unit_test(an_ipv6_address_has_brackets_before_a_port),
		cmocka_unit_test(a_range_without_an_address_of_ours_is_told),
		cmocka_unit_test(a_public_address_for_private_clients_is_doubted),
		cmocka_unit_test(the_end_of_a_hold_says_how_it_ended),
		cmocka_unit_test(nobody_is_told_to_come_when_nobody_may),
		cmocka_unit_test(every_line_on_a_rank_says_which),
		cmocka_unit_test(a_hold_at_a_crash_says_what_failed),
		cmocka_unit_test(every_other_line_starts_with_the_name),
		cmocka_unit_test(a_stall_is_told_with_all_groups),
		cmocka_unit_test(a_stalls_sources_tell_no_secret),
		cmocka_unit_test(a_stalls_lines_have_a_bound),
	};

	return cmocka_run_group_tests_name("driver_log", TESTS, NULL, NULL);
}
