/* The text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "barrier.h"
#include "buf.h"
#include "metrics.h"

static char *text(struct buf *b)
{
	assert_true(metrics_write(b));
	buf_add(b, "", 1);
	return b->data;
}

static void numbers_are_added_and_set(void **state)
{
	struct buf b = { 0 };

	(void)state;
	metric_add(METRIC_HOLD_SECONDS, 1.25);
	metric_add(METRIC_HOLD_SECONDS, 2);
	metric_set(METRIC_START_TIME, 1764201600);
	metric_set(METRIC_RESIDENT_BYTES, 9007199254740991.0);
	text(&b);
	assert_non_null(strstr(b.data, "\npitstop_hold_seconds_total 3.25\n"));
	assert_non_null(strstr(b.data,
			       "\nprocess_start_time_seconds 1764201600\n"));
	assert_non_null(strstr(b.data, "pitstop_refusals_total"
			       "{reason=\"token\"} 0\n"));
	assert_non_null(strstr(b.data, "pitstop_build_info{version=\""
			       PITSTOP_VERSION "\"} 1\n"));
	buf_free(&b);
}

/* Each family is introduced once, before its first series. */
static void families_stand_together(void **state)
{
	struct buf b = { 0 };
	char *p, *end;

	(void)state;
	for (p = text(&b); (p = strstr(p, "# TYPE ")); p = end) {
		size_t len = strcspn(p, "\n");

		end = p + len;
		*end++ = '\0';
		assert_null(strstr(end, p));
		p[strcspn(p + 7, " ") + 7] = '\0';
		assert_memory_equal(end, p + 7, strlen(p + 7));
	}
	buf_free(&b);
}

/* The exit status 0 is one, too. */
static void what_has_no_value_yet_is_left_out(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_null(strstr(text(&b), "pitstop_step_exit_status"));
	buf_consume(&b, b.len);
	metric_set(METRIC_STEP_EXIT_STATUS, 0);
	assert_non_null(strstr(text(&b), "\npitstop_step_exit_status 0\n"));
	buf_free(&b);
}

/* scrape.c relies on it. */
static void sessions_are_in_the_order_of_their_states(void **state)
{
	(void)state;
	for (int i = 0; i < BARRIER_EXITED; i++) {
		struct buf b = { 0 }, line = { 0 };

		metric_set(METRIC_SESSIONS_REGISTERED + i, 7 + i);
		buf_addf(&line, "pitstop_sessions{state=\"%s\"} %d\n",
			 barrier_state_name(i), 7 + i);
		buf_add(&line, "", 1);
		assert_non_null(strstr(text(&b), line.data));
		buf_free(&line);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_added_and_set),
		cmocka_unit_test(families_stand_together),
		cmocka_unit_test(what_has_no_value_yet_is_left_out),
		cmocka_unit_test(sessions_are_in_the_order_of_their_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
