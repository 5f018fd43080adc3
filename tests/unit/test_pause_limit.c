/* How long a client may leave a step paused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pause_limit.h"

#define T0 5000  /* ms, when the step stops */

static struct pause_limit p;

static int fresh(void **state)
{
	(void)state;
	p = (struct pause_limit){ .limit = 1000 };
	return 0;
}

static void a_running_step_has_no_limit(void **state)
{
	(void)state;
	pause_limit_request(&p, T0);
	assert_int_equal(pause_limit_due(&p), -1);
	assert_int_equal(pause_limit_check(&p, T0 + 100000), PAUSE_FINE);
}

static void no_limit_is_never_over(void **state)
{
	(void)state;
	p.limit = 0;
	pause_limit_stopped(&p, T0);
	assert_int_equal(pause_limit_due(&p), -1);
	assert_int_equal(pause_limit_check(&p, T0 + 100000), PAUSE_FINE);
}

static void it_warns_at_80_percent_and_ends_at_the_limit(void **state)
{
	(void)state;
	pause_limit_stopped(&p, T0);
	assert_int_equal(pause_limit_due(&p), T0 + 800);
	assert_int_equal(pause_limit_check(&p, T0 + 799), PAUSE_FINE);
	assert_int_equal(pause_limit_check(&p, T0 + 800), PAUSE_WARN);
	assert_int_equal(pause_limit_due(&p), T0 + 1000);
	assert_int_equal(pause_limit_check(&p, T0 + 999), PAUSE_FINE);
	assert_int_equal(pause_limit_check(&p, T0 + 1000), PAUSE_OVER);
}

static void a_late_check_does_not_warn_of_what_is_over(void **state)
{
	(void)state;
	pause_limit_stopped(&p, T0);
	assert_int_equal(pause_limit_check(&p, T0 + 1000), PAUSE_OVER);
}

static void a_request_starts_the_time_anew(void **state)
{
	(void)state;
	pause_limit_stopped(&p, T0);
	assert_int_equal(pause_limit_check(&p, T0 + 900), PAUSE_WARN);
	pause_limit_request(&p, T0 + 900);
	assert_int_equal(pause_limit_check(&p, T0 + 1699), PAUSE_FINE);
	assert_int_equal(pause_limit_check(&p, T0 + 1700), PAUSE_WARN);
	assert_int_equal(pause_limit_check(&p, T0 + 1900), PAUSE_OVER);
}

static void another_thread_that_stops_does_not(void **state)
{
	(void)state;
	pause_limit_stopped(&p, T0);
	pause_limit_stopped(&p, T0 + 700);
	assert_int_equal(pause_limit_due(&p), T0 + 800);
}

static void going_on_ends_it_until_the_next_stop(void **state)
{
	(void)state;
	pause_limit_stopped(&p, T0);
	pause_limit_resumed(&p);
	assert_int_equal(pause_limit_check(&p, T0 + 5000), PAUSE_FINE);
	pause_limit_stopped(&p, T0 + 6000);
	assert_int_equal(pause_limit_due(&p), T0 + 6800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_running_step_has_no_limit, fresh),
		cmocka_unit_test_setup(no_limit_is_never_over, fresh),
		cmocka_unit_test_setup(
			it_warns_at_80_percent_and_ends_at_the_limit, fresh),
		cmocka_unit_test_setup(
			a_late_check_does_not_warn_of_what_is_over, fresh),
		cmocka_unit_test_setup(a_request_starts_the_time_anew, fresh),
		cmocka_unit_test_setup(another_thread_that_stops_does_not,
				       fresh),
		cmocka_unit_test_setup(going_on_ends_it_until_the_next_stop,
				       fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
