/* Has a thread moved? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stall.h"

#define T0 7000      /* ms: the first look */
#define LIMIT 8000   /* ms; a look every 2 s */
#define TICK 2000
#define MS 1000000   /* ns */
#define HERE 11      /* places */
#define THERE 12

static struct stall s;
static int64_t now, cpu;

static int fresh(void **state)
{
	(void)state;
	s = (struct stall){ 0 };
	now = T0;
	cpu = 500 * MS;
	assert_int_equal(stall_look(&s, LIMIT, now, cpu, true), STALL_FINE);
	return 0;
}

/* The next look, when it has used so much since the last. */
static enum stall_verdict used(int64_t ns)
{
	now += TICK;
	cpu += ns;
	return stall_look(&s, LIMIT, now, cpu, true);
}

static enum stall_verdict at(uint64_t place)
{
	return stall_answer(&s, LIMIT, now, place);
}

/* A thread that does not run at all, up to the question at the end. */
static void stand_still(void)
{
	for (int i = 0; i < 3; i++)
		assert_int_equal(used(0), STALL_FINE);
	assert_int_equal(used(0), STALL_ASK);
}

static void it_is_looked_for_four_times_in_the_limit(void **state)
{
	(void)state;
	assert_int_equal(stall_tick(LIMIT), TICK);
	assert_int_equal(stall_tick(1000), 250);
	assert_int_equal(stall_tick(500), 250);
	assert_int_equal(stall_tick(604800000), 15000);
}

static void one_that_does_not_run_is_asked_once_in_the_end(void **state)
{
	(void)state;
	stand_still();
	assert_int_equal(at(HERE), STALL_BEGINS);
	assert_int_equal(s.since, T0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(used(0), STALL_FINE);
	assert_true(s.stalled);
	assert_int_equal(s.since, T0);
}

static void one_that_computes_is_never_asked(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(used(TICK * MS), STALL_FINE);
	for (int i = 0; i < 100; i++)
		assert_int_equal(used(21 * MS), STALL_FINE);
	assert_false(s.stalled);
}

static void one_that_wakes_up_has_to_be_at_the_same_place(void **state)
{
	(void)state;
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(HERE), STALL_FINE);
	assert_int_equal(s.since, now);       /* it was elsewhere, maybe */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(used(19 * MS), STALL_ASK);
		assert_int_equal(at(HERE), STALL_FINE);
	}
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(HERE), STALL_BEGINS);
	assert_int_equal(s.since, T0 + TICK);
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(HERE), STALL_FINE);
}

static void one_that_is_elsewhere_has_moved(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(used(1), STALL_ASK);
		assert_int_equal(at(i % 2 ? HERE : THERE), STALL_FINE);
	}
	assert_false(s.stalled);
}

static void a_stall_ends_by_computing(void **state)
{
	(void)state;
	stand_still();
	at(HERE);
	assert_int_equal(used(21 * MS), STALL_ENDS);
	assert_false(s.stalled);
	assert_int_equal(used(21 * MS), STALL_FINE);
}

static void a_stall_ends_at_another_place(void **state)
{
	(void)state;
	stand_still();
	at(HERE);
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(THERE), STALL_ENDS);
	stand_still();
	assert_int_equal(at(THERE), STALL_BEGINS);
}

static void one_that_does_not_answer_stays(void **state)
{
	(void)state;
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(0), STALL_FINE);
	for (int i = 0; i < 2; i++)
		assert_int_equal(used(0), STALL_FINE);
	assert_int_equal(used(0), STALL_ASK);
	assert_int_equal(at(0), STALL_BEGINS);
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(0), STALL_FINE);
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(HERE), STALL_ENDS);
}

static void no_answer_once_is_no_other_place(void **state)
{
	(void)state;
	stand_still();
	at(HERE);
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(0), STALL_FINE);
	assert_int_equal(used(1), STALL_ASK);
	assert_int_equal(at(HERE), STALL_FINE);
}

static void what_runs_behind_the_question_is_asked_again(void **state)
{
	(void)state;
	stand_still();
	assert_int_equal(used(1), STALL_FINE);   /* asked already */
	assert_int_equal(at(HERE), STALL_BEGINS);
	assert_int_equal(used(0), STALL_ASK);
	assert_int_equal(at(THERE), STALL_ENDS);
}

static void a_coarse_clock_proves_nothing(void **state)
{
	(void)state;
	now += TICK;
	assert_int_equal(stall_look(&s, LIMIT, now, cpu, false), STALL_ASK);
	assert_int_equal(at(HERE), STALL_FINE);
	now += TICK;
	assert_int_equal(stall_look(&s, LIMIT, now, cpu, false), STALL_ASK);
	assert_int_equal(at(THERE), STALL_FINE);
	assert_int_equal(s.since, now);
}

static void time_that_nobody_saw_does_not_count(void **state)
{
	(void)state;
	assert_int_equal(used(0), STALL_FINE);
	now += 3600000;
	assert_int_equal(used(0), STALL_FINE);
	assert_int_equal(s.since, now);
	stand_still();
	assert_int_equal(at(HERE), STALL_BEGINS);
	now += 3600000;
	assert_int_equal(used(0), STALL_FINE);
	assert_true(s.stalled);
}

static void what_is_passed_over_does_not_count(void **state)
{
	(void)state;
	used(0);
	used(0);
	assert_int_equal(stall_pass(&s, false), STALL_FINE);
	assert_int_equal(used(0), STALL_FINE);
	assert_int_equal(s.since, now);
	stand_still();
	at(HERE);
	assert_int_equal(stall_pass(&s, false), STALL_FINE);
	assert_true(s.stalled);
	assert_int_equal(stall_pass(&s, true), STALL_ENDS);
	assert_int_equal(stall_pass(&s, true), STALL_FINE);
	assert_false(s.stalled);
}

/* The answer comes when it is looked at again, and no look has begun anew. */
static void an_answer_from_before_proves_nothing(void **state)
{
	(void)state;
	stand_still();
	assert_int_equal(stall_pass(&s, false), STALL_FINE);
	assert_int_equal(at(HERE), STALL_FINE);
	assert_false(s.stalled);
	assert_int_equal(used(0), STALL_FINE);
	stand_still();
	assert_int_equal(at(HERE), STALL_BEGINS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_looked_for_four_times_in_the_limit),
		cmocka_unit_test_setup(
			one_that_does_not_run_is_asked_once_in_the_end, fresh),
		cmocka_unit_test_setup(one_that_computes_is_never_asked,
				       fresh),
		cmocka_unit_test_setup(
			one_that_wakes_up_has_to_be_at_the_same_place, fresh),
		cmocka_unit_test_setup(one_that_is_elsewhere_has_moved,
				       fresh),
		cmocka_unit_test_setup(a_stall_ends_by_computing, fresh),
		cmocka_unit_test_setup(a_stall_ends_at_another_place, fresh),
		cmocka_unit_test_setup(one_that_does_not_answer_stays, fresh),
		cmocka_unit_test_setup(no_answer_once_is_no_other_place,
				       fresh),
		cmocka_unit_test_setup(
			what_runs_behind_the_question_is_asked_again, fresh),
		cmocka_unit_test_setup(a_coarse_clock_proves_nothing, fresh),
		cmocka_unit_test_setup(time_that_nobody_saw_does_not_count,
				       fresh),
		cmocka_unit_test_setup(what_is_passed_over_does_not_count,
				       fresh),
		cmocka_unit_test_setup(an_answer_from_before_proves_nothing,
				       fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
