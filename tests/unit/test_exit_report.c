/* What is said of a step's end, and to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "exit_event.h"
#include "exit_report.h"

#define GIB ((int64_t)1 << 30)
#define EXITED(status) ((status) << 8)

static const struct exit_report PLAIN = {
	.at = 1764201600000, .wall_ms = 12345, .user_ms = 10100,
	.system_ms = 850, .peak_rss = 3 * GIB / 2,
	.cgroup_peak = -1, .cgroup_limit = -1, .oom_kills = -1,
	.out_bytes = -1, .err_bytes = -1,
};

static struct exit_report ended(int wait_status, int64_t kills)
{
	struct exit_report r = PLAIN;

	r.wait_status = wait_status;
	r.oom_kills = kills;
	return r;
}

static void expect_text(const struct exit_report *r, const char *text)
{
	struct buf b = { 0 };

	assert_true(exit_report_text(&b, r));
	buf_add(&b, "", 1);
	assert_string_equal(b.data, text);
	buf_free(&b);
}

static void expect_reason(int wait_status, int64_t kills, const char *reason)
{
	struct exit_report r = ended(wait_status, kills);
	struct buf b = { 0 };

	assert_true(exit_report_reason(&b, &r));
	buf_add(&b, "", 1);
	assert_string_equal(b.data, reason);
	buf_free(&b);
}

static void a_status_needs_few_lines(void **state)
{
	struct exit_report r = ended(EXITED(3), 0);

	(void)state;
	expect_text(&r, "pitstop: the step ended with status 3\n"
		    "pitstop: it ran 12.35 s, until 2025-11-27 00:00:00 UTC; "
		    "CPU time: user 10.10 s, system 0.85 s\n"
		    "pitstop: memory: largest process 1.5 GiB\n");
	r.wall_ms = 125000;
	r.user_ms = 3 * 3600000 + 61000;
	r.out_bytes = 7;
	r.err_bytes = 0;
	expect_text(&r, "pitstop: the step ended with status 3\n"
		    "pitstop: it ran 2 min 05 s, until 2025-11-27 00:00:00 "
		    "UTC; CPU time: user 3 h 01 min, system 0.85 s\n"
		    "pitstop: memory: largest process 1.5 GiB\n"
		    "pitstop: output: 7 bytes, and 0 of standard error\n");
}

static void a_kill_for_memory_says_what_was_there(void **state)
{
	struct exit_report r = ended(SIGKILL, 1);

	(void)state;
	r.cgroup_peak = 16 * GIB - GIB / 10;
	r.cgroup_limit = 16 * GIB;
	expect_text(&r, "pitstop: the step was killed by the kernel for want "
		    "of memory\n"
		    "pitstop: it ran 12.35 s, until 2025-11-27 00:00:00 UTC; "
		    "CPU time: user 10.10 s, system 0.85 s\n"
		    "pitstop: what helps is a machine or limit with more "
		    "memory, smaller batches, or fewer workers\n"
		    "pitstop: memory: largest process 1.5 GiB; all of the "
		    "cgroup: peak 15.9 GiB, limit 16.0 GiB\n");
}

static void the_reason_is_a_sentence(void **state)
{
	(void)state;
	expect_reason(EXITED(0), 0, "ended with status 0");
	expect_reason(EXITED(0), 2, "ended with status 0");
	expect_reason(EXITED(4), 1, "ended with status 4; the kernel killed 1 "
		      "process of its cgroup for want of memory");
	expect_reason(EXITED(4), 2, "ended with status 4; the kernel killed 2 "
		      "processes of its cgroup for want of memory");
	expect_reason(EXITED(137), 1, "was killed by the kernel for want of "
		      "memory");
	expect_reason(SIGKILL, 0, "was ended by signal SIGKILL");
	expect_reason(SIGSEGV | 0x80, -1, "was ended by signal SIGSEGV");
	expect_reason(SIGSEGV, 1, "was ended by signal SIGSEGV; the kernel "
		      "killed 1 process of its cgroup for want of memory");
	expect_reason(40, 0, "was ended by signal 40");
}

/* A shell's status for its command's signal is explained like the signal. */
static void a_signal_is_explained(void **state)
{
	struct exit_report r = ended(EXITED(135), 0);
	struct buf b = { 0 };

	(void)state;
	assert_true(exit_report_text(&b, &r));
	buf_add(&b, "", 1);
	assert_non_null(strstr(b.data, "\npitstop: status 135 is how a shell "
			       "tells of SIGBUS; mostly that means: a mapped "
			       "file"));
	buf_consume(&b, b.len);
	r.wait_status = SIGBUS;
	assert_true(exit_report_text(&b, &r));
	buf_add(&b, "", 1);
	assert_non_null(strstr(b.data, "\npitstop: mostly that means: a "
			       "mapped file"));
	buf_free(&b);
}

/* A write of more might have to wait. */
static void it_fits_into_any_pipe(void **state)
{
	struct exit_report r = PLAIN;

	(void)state;
	r.wall_ms = r.user_ms = r.system_ms = r.peak_rss = r.cgroup_peak =
		r.cgroup_limit = r.oom_kills = r.out_bytes = r.err_bytes =
		INT64_MAX;
	for (int status = 0; status < 65536; status++) {
		struct buf b = { 0 };

		r.wait_status = status;
		assert_true(exit_report_text(&b, &r));
		assert_in_range(b.len, 1, 1024);
		buf_free(&b);
	}
}

static void who_wants_it(void **state)
{
	static const struct {
		int wait_status, kills;
		bool held;
		const char *wanted;  /* by auto, always, abnormal, never */
	} TABLE[] = {
		{ EXITED(0), 0, false, "-+--" },
		{ EXITED(0), 0, true, "-+--" },
		{ EXITED(0), 1, true, "-+--" },
		{ EXITED(1), 0, false, "-++-" },
		{ EXITED(1), -1, false, "-++-" },
		{ EXITED(1), 0, true, "+++-" },
		{ EXITED(1), 1, false, "+++-" },
		{ SIGKILL, 0, false, "-++-" },
		{ SIGKILL, 1, false, "+++-" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++)
		for (int mode = REPORT_AUTO; mode <= REPORT_NEVER; mode++) {
			struct exit_report r = ended(TABLE[i].wait_status,
						     TABLE[i].kills);

			assert_int_equal(exit_report_wanted(&r, mode,
							    TABLE[i].held),
					 TABLE[i].wanted[mode] == '+');
		}
}

/* the event */

static char *event(const struct exit_report *r, const char *raised)
{
	struct raised parts = { 0 };
	cJSON *json;
	char *text;

	if (raised)
		raised_parse(&parts, raised);
	json = exit_event_fields(r, &parts);
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

static void expect_event(const struct exit_report *r, const char *raised,
			 const char *expected)
{
	char *text = event(r, raised);

	assert_string_equal(text, expected);
	cJSON_free(text);
}

static void the_event_has_what_is_known(void **state)
{
	struct exit_report r = ended(SIGKILL, 1);

	(void)state;
	r.cgroup_peak = r.cgroup_limit = 1048576;
	r.out_bytes = r.err_bytes = 5;
	expect_event(&r, NULL, "{\"reason\":\"was killed by the kernel for "
		     "want of memory\",\"status\":137,\"wall_seconds\":12.345,"
		     "\"user_seconds\":10.1,\"system_seconds\":0.85,"
		     "\"peak_rss_bytes\":1610612736,"
		     "\"cgroup_peak_bytes\":1048576,"
		     "\"cgroup_limit_bytes\":1048576,\"oom_kills\":1,"
		     "\"output_bytes\":5,\"error_output_bytes\":5,"
		     "\"signal\":\"SIGKILL\"}");
	r = ended(EXITED(1), -1);
	expect_event(&r, "ValueError\ta.py:3 in f\tno\tdata",
		     "{\"reason\":\"ended with status 1\",\"status\":1,"
		     "\"wall_seconds\":12.345,\"user_seconds\":10.1,"
		     "\"system_seconds\":0.85,\"peak_rss_bytes\":1610612736,"
		     "\"exception_type\":\"ValueError\","
		     "\"exception_message\":\"no\\tdata\","
		     "\"exception_place\":\"a.py:3 in f\"}");
}

/* What failed on the way was no failure. */
static void a_success_has_no_exception(void **state)
{
	struct exit_report r = ended(EXITED(0), 0);
	char *text = event(&r, "ValueError\ta.py:3 in f\tx");

	(void)state;
	assert_null(strstr(text, "exception"));
	cJSON_free(text);
}

static void what_a_hook_says_may_be_anything(void **state)
{
	struct raised r;
	char longest[4096];

	(void)state;
	raised_parse(&r, "");
	assert_string_equal(r.type, "");
	raised_parse(&r, "KeyError");
	assert_string_equal(r.type, "KeyError");
	assert_string_equal(r.place, "");
	assert_string_equal(r.message, "");
	raised_parse(&r, "\t\tm");
	assert_string_equal(r.message, "m");
	memset(longest, 'x', sizeof(longest));
	longest[1000] = longest[3000] = '\t';
	longest[sizeof(longest) - 1] = '\0';
	raised_parse(&r, longest);
	assert_int_equal(strlen(r.type), sizeof(r.type) - 1);
	assert_int_equal(strlen(r.place), sizeof(r.place) - 1);
	assert_int_equal(strlen(r.message), sizeof(r.message) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_needs_few_lines),
		cmocka_unit_test(a_kill_for_memory_says_what_was_there),
		cmocka_unit_test(the_reason_is_a_sentence),
		cmocka_unit_test(a_signal_is_explained),
		cmocka_unit_test(it_fits_into_any_pipe),
		cmocka_unit_test(who_wants_it),
		cmocka_unit_test(the_event_has_what_is_known),
		cmocka_unit_test(a_success_has_no_exception),
		cmocka_unit_test(what_a_hook_says_may_be_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
