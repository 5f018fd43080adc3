/* The states of a session: each state and event against a table of its own,
 * and the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "barrier.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* A letter for each state, in the order of barrier.h, and for each action. */
static const char STATES[] = "RHAULTPQX";
static const char ACTIONS[] = "hcdangur";

/* For each event: what each of the states becomes, and what is to be done. */
static const struct {
	enum barrier_event event;
	const char *next;
	const char *actions[BARRIER_STATES];
} TABLE[] = {
	{ BARRIER_HOLD, "HHAHATPQX",
	  { "h", "r", "r", "h", "h", "g", "r", "r", "r" } },
	{ BARRIER_PASS, "UHAULTPQX",
	  { "g", "r", "r", "r", "r", "r", "r", "r", "r" } },
	{ BARRIER_ATTACH, "RAALLTQQX",
	  { "r", "c", "r", "c", "r", "r", "c", "r", "r" } },
	{ BARRIER_READY, "RHTUTTPTX",
	  { "", "", "ag", "", "", "", "", "ag", "" } },
	{ BARRIER_ATTACH_FAILED, "RHHUUUPPX",
	  { "", "", "", "", "u", "u", "", "u", "" } },
	{ BARRIER_DETACH, "RHHUUUPPX",
	  { "", "", "", "", "u", "u", "", "u", "" } },
	{ BARRIER_TIMEOUT, "RUUULTUUX",
	  { "", "ng", "dngu", "", "", "", "ng", "dngu", "" } },
	{ BARRIER_RELEASE, "RUUULTUUX",
	  { "r", "ng", "dngu", "r", "r", "r", "ng", "dngu", "r" } },
	{ BARRIER_CRASH, "PHAPQTPQX",
	  { "h", "r", "r", "h", "h", "g", "r", "r", "r" } },
	{ BARRIER_LOST, "XXXXXXXXX",
	  { "", "", "d", "", "d", "d", "", "d", "" } },
	{ BARRIER_EXIT, "XXXXXXXXX",
	  { "", "", "d", "", "d", "d", "", "d", "" } },
};

static unsigned action_bits(const char *letters)
{
	unsigned bits = 0;

	for (; *letters; letters++)
		bits |= 1u << (strchr(ACTIONS, *letters) - ACTIONS);
	return bits;
}

static void each_state_answers_each_event(void **state)
{
	(void)state;
	assert_int_equal(LENGTH(TABLE), BARRIER_EVENTS);
	assert_int_equal(strlen(STATES), BARRIER_STATES);
	for (int e = 0; e < BARRIER_EVENTS; e++) {
		assert_int_equal(TABLE[e].event, e);
		for (int s = 0; s < BARRIER_STATES; s++) {
			struct barrier b;
			unsigned todo;

			barrier_init(&b);
			b.state = (enum barrier_state)s;
			todo = barrier_step(&b, TABLE[e].event, 1000, 500);
			if (STATES[b.state] != TABLE[e].next[s] ||
			    todo != action_bits(TABLE[e].actions[s]))
				fail_msg("%s, %s: %s, actions %x",
					 barrier_state_name(s),
					 barrier_event_name(e),
					 barrier_state_name(b.state), todo);
		}
	}
}

static void states_and_events_have_names(void **state)
{
	(void)state;
	for (int s = 0; s < BARRIER_STATES; s++)
		assert_string_not_equal(barrier_state_name(s), "unknown");
	for (int e = 0; e < BARRIER_EVENTS; e++)
		assert_string_not_equal(barrier_event_name(e), "unknown");
	assert_string_equal(barrier_state_name(BARRIER_STATES), "unknown");
	assert_string_equal(barrier_event_name(BARRIER_EVENTS), "unknown");
}

/* the clock */

#define NONE (-1)

/* Lines of a story: an event at a time, and what the clock says after it. */
struct line {
	int64_t now;
	enum barrier_event event;
	enum barrier_state state;
	int64_t due;
	int64_t left;
};

static void tell(const struct line *lines, size_t count, int64_t timeout)
{
	struct barrier b;

	barrier_init(&b);
	assert_int_equal(barrier_due(&b), NONE);
	assert_int_equal(barrier_left(&b, 0), 0);
	for (size_t i = 0; i < count; i++) {
		const struct line *l = &lines[i];

		barrier_step(&b, l->event, l->now, timeout);
		if (b.state != l->state || barrier_due(&b) != l->due ||
		    barrier_left(&b, l->now) != l->left)
			fail_msg("line %zu: %s, due %lld, left %lld", i,
				 barrier_state_name(b.state),
				 (long long)barrier_due(&b),
				 (long long)barrier_left(&b, l->now));
	}
}

#define TELL(timeout, ...) do { \
	const struct line lines[] = { __VA_ARGS__ }; \
	tell(lines, LENGTH(lines), timeout); \
} while (0)

static void the_deadline_counts_from_the_hold(void **state)
{
	(void)state;
	TELL(5000,
	     { 7000, BARRIER_HOLD, BARRIER_HOLDING, 12000, 5000 },
	     { 8000, BARRIER_HOLD, BARRIER_HOLDING, 12000, 4000 },
	     { 12000, BARRIER_TIMEOUT, BARRIER_RUNNING, NONE, 0 });
}

static void a_step_that_is_not_held_has_none(void **state)
{
	(void)state;
	TELL(5000,
	     { 1, BARRIER_PASS, BARRIER_RUNNING, NONE, 0 },
	     { 2, BARRIER_ATTACH, BARRIER_ATTACHING_LATE, NONE, 0 },
	     { 3, BARRIER_READY, BARRIER_ATTACHED, NONE, 0 },
	     { 4, BARRIER_DETACH, BARRIER_RUNNING, NONE, 0 },
	     { 5, BARRIER_EXIT, BARRIER_EXITED, NONE, 0 });
}

/* Held at its start, debugged, let go; then it fails. */
static void a_crash_starts_a_deadline_of_its_own(void **state)
{
	(void)state;
	TELL(5000,
	     { 1000, BARRIER_HOLD, BARRIER_HOLDING, 6000, 5000 },
	     { 2000, BARRIER_ATTACH, BARRIER_ATTACHING, 36000, 4000 },
	     { 31000, BARRIER_READY, BARRIER_ATTACHED, NONE, 0 },
	     { 31500, BARRIER_CRASH, BARRIER_ATTACHED, NONE, 0 },
	     { 32000, BARRIER_DETACH, BARRIER_RUNNING, NONE, 0 },
	     { 40000, BARRIER_CRASH, BARRIER_POSTMORTEM, 45000, 5000 },
	     { 41000, BARRIER_ATTACH, BARRIER_ATTACHING_POSTMORTEM, 75000,
	       4000 },
	     { 43000, BARRIER_ATTACH_FAILED, BARRIER_POSTMORTEM, 47000, 4000 },
	     { 47000, BARRIER_TIMEOUT, BARRIER_RUNNING, NONE, 0 });
}

static void a_crash_under_a_late_attach_waits_for_it(void **state)
{
	(void)state;
	TELL(5000,
	     { 1, BARRIER_PASS, BARRIER_RUNNING, NONE, 0 },
	     { 1000, BARRIER_ATTACH, BARRIER_ATTACHING_LATE, NONE, 0 },
	     { 2000, BARRIER_CRASH, BARRIER_ATTACHING_POSTMORTEM, 37000,
	       5000 },
	     { 4000, BARRIER_READY, BARRIER_ATTACHED, NONE, 0 });
}

static void only_a_step_that_nobody_is_at_waits(void **state)
{
	(void)state;
	for (int s = 0; s < BARRIER_STATES; s++) {
		struct barrier b = { .state = (enum barrier_state)s };

		assert_int_equal(barrier_waits(&b), s == BARRIER_HOLDING ||
						    s == BARRIER_POSTMORTEM);
	}
}

/* A client that was on its way when the hold began is a client of the hold. */
static void a_running_step_can_be_held(void **state)
{
	(void)state;
	TELL(5000,
	     { 1, BARRIER_PASS, BARRIER_RUNNING, NONE, 0 },
	     { 1000, BARRIER_HOLD, BARRIER_HOLDING, 6000, 5000 },
	     { 6000, BARRIER_TIMEOUT, BARRIER_RUNNING, NONE, 0 },
	     { 7000, BARRIER_ATTACH, BARRIER_ATTACHING_LATE, NONE, 0 },
	     { 8000, BARRIER_HOLD, BARRIER_ATTACHING, 43000, 5000 },
	     { 9000, BARRIER_ATTACH_FAILED, BARRIER_HOLDING, 14000, 5000 },
	     { 9500, BARRIER_ATTACH, BARRIER_ATTACHING, 43000, 4500 },
	     { 9900, BARRIER_READY, BARRIER_ATTACHED, NONE, 0 },
	     { 9950, BARRIER_HOLD, BARRIER_ATTACHED, NONE, 0 });
}

/* Two seconds of attaching put the deadline off by two seconds. */
static void an_attempt_stops_the_clock(void **state)
{
	(void)state;
	TELL(5000,
	     { 1000, BARRIER_HOLD, BARRIER_HOLDING, 6000, 5000 },
	     { 2000, BARRIER_ATTACH, BARRIER_ATTACHING, 36000, 4000 },
	     { 3000, BARRIER_ATTACH, BARRIER_ATTACHING, 36000, 4000 },
	     { 4000, BARRIER_ATTACH_FAILED, BARRIER_HOLDING, 8000, 4000 },
	     { 5000, BARRIER_ATTACH_FAILED, BARRIER_HOLDING, 8000, 3000 },
	     { 5500, BARRIER_ATTACH, BARRIER_ATTACHING, 36000, 2500 },
	     { 6000, BARRIER_READY, BARRIER_ATTACHED, NONE, 0 });
}

/* However often somebody tries: thirty seconds, then the clock goes on. */
static void a_hold_can_be_made_longer(void **state)
{
	struct barrier b;

	(void)state;
	barrier_init(&b);
	barrier_extend(&b, 5000);
	barrier_step(&b, BARRIER_HOLD, 1000, 10000);
	barrier_extend(&b, 5000);
	assert_int_equal(barrier_due(&b), 16000);
	barrier_step(&b, BARRIER_ATTACH, 2000, 0);
	barrier_extend(&b, 1000);
	assert_int_equal(barrier_left(&b, 4000), 15000);
	barrier_step(&b, BARRIER_READY, 4000, 0);
	barrier_extend(&b, 1000);
	assert_int_equal(barrier_due(&b), -1);
}

static void all_attempts_share_the_grace(void **state)
{
	(void)state;
	TELL(5000,
	     { 0, BARRIER_HOLD, BARRIER_HOLDING, 5000, 5000 },
	     { 1000, BARRIER_ATTACH, BARRIER_ATTACHING, 35000, 4000 },
	     { 21000, BARRIER_DETACH, BARRIER_HOLDING, 25000, 4000 },
	     { 22000, BARRIER_ATTACH, BARRIER_ATTACHING, 35000, 3000 },
	     { 33000, BARRIER_ATTACH, BARRIER_ATTACHING, 35000, 2000 },
	     { 33500, BARRIER_ATTACH_FAILED, BARRIER_HOLDING, 35000, 1500 },
	     { 34000, BARRIER_ATTACH, BARRIER_ATTACHING, 35000, 1000 },
	     { 35000, BARRIER_TIMEOUT, BARRIER_RUNNING, NONE, 0 });
}

/* Nothing that a client does puts the end off further than the grace. */
static void no_order_of_events_holds_for_longer(void **state)
{
	const int64_t last = 5000 + BARRIER_GRACE_MS;

	(void)state;
	for (uint32_t seed = 1; seed < 6000; seed++) {
		uint32_t r = seed;
		struct barrier b;
		int64_t now = 0;

		barrier_init(&b);
		barrier_step(&b, seed & 1 ? BARRIER_HOLD : BARRIER_CRASH, 0,
			     5000);
		while (now < last) {
			r = r * 1664525 + 1013904223;
			now += r >> 20 & 4095;
			if (barrier_due(&b) >= 0 && now >= barrier_due(&b))
				now = barrier_due(&b);
			else
				barrier_step(&b, r >> 16 & 1 ? BARRIER_ATTACH :
					     BARRIER_ATTACH_FAILED, now, 0);
			assert_true(barrier_due(&b) <= last);
			assert_true(barrier_left(&b, now) <= 5000);
			if (now == barrier_due(&b))
				break;
		}
		assert_int_equal(now, barrier_due(&b));
		barrier_step(&b, BARRIER_TIMEOUT, now, 0);
		assert_int_equal(b.state, BARRIER_RUNNING);
	}
}

static void a_clock_that_stands_is_borne(void **state)
{
	struct barrier b;

	(void)state;
	barrier_init(&b);
	barrier_step(&b, BARRIER_HOLD, 1000, 500);
	barrier_step(&b, BARRIER_ATTACH, 1200, 0);
	assert_int_equal(barrier_left(&b, 1100), 400);
	barrier_step(&b, BARRIER_ATTACH_FAILED, 1100, 0);
	assert_int_equal(barrier_due(&b), 1500);
	assert_int_equal(barrier_left(&b, 9000), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_answers_each_event),
		cmocka_unit_test(states_and_events_have_names),
		cmocka_unit_test(the_deadline_counts_from_the_hold),
		cmocka_unit_test(a_step_that_is_not_held_has_none),
		cmocka_unit_test(a_crash_starts_a_deadline_of_its_own),
		cmocka_unit_test(a_crash_under_a_late_attach_waits_for_it),
		cmocka_unit_test(only_a_step_that_nobody_is_at_waits),
		cmocka_unit_test(a_running_step_can_be_held),
		cmocka_unit_test(an_attempt_stops_the_clock),
		cmocka_unit_test(a_hold_can_be_made_longer),
		cmocka_unit_test(all_attempts_share_the_grace),
		cmocka_unit_test(no_order_of_events_holds_for_longer),
		cmocka_unit_test(a_clock_that_stands_is_borne),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
