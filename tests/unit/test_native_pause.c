/* What a client is told of threads inside native code: each state and event
 * against a table of its own, the threads that hang beside stopped ones, and
 * the words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <cjson/cJSON.h>

#include "native_pause.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* A letter for each state and each action, in the order of native_pause.h. */
static const char STATES[] = "RAHPS";
static const char ACTIONS[] = "-wshcp";

static const struct {
	enum native_pause_event event;
	const char *next, *actions;  /* for each state */
} TABLE[] = {
	{ NATIVE_PAUSE, "AAHAS", "w--w-" },
	{ NATIVE_OVERDUE, "RHHPS", "-s---" },
	{ NATIVE_STOP, "SSSSS", "--h--" },
	{ NATIVE_RESUMED, "RAHPR", "-----" },
	{ NATIVE_CONTINUE, "RRRRR", "-ccc-" },
	{ NATIVE_STEP, "RAPPR", "-ppp-" },
};

static void each_state_answers_each_event(void **state)
{
	(void)state;
	assert_int_equal(LENGTH(TABLE), NATIVE_EVENTS);
	assert_int_equal(strlen(STATES), NATIVE_STATES);
	for (int e = 0; e < NATIVE_EVENTS; e++) {
		assert_int_equal(TABLE[e].event, e);
		for (int s = 0; s < NATIVE_STATES; s++) {
			struct native_pause p = { .state = s };
			enum native_pause_action a;

			a = native_pause_event(&p, e, 0);
			assert_int_equal(STATES[p.state], TABLE[e].next[s]);
			assert_int_equal(ACTIONS[a], TABLE[e].actions[s]);
		}
	}
}

static void the_time_counts_from_the_last_moment_it_ran(void **state)
{
	struct native_pause p = { 0 };

	(void)state;
	native_pause_event(&p, NATIVE_PAUSE, 1000);
	native_pause_event(&p, NATIVE_PAUSE, 1500);
	native_pause_event(&p, NATIVE_OVERDUE, 3000);
	assert_int_equal(p.since, 1000);
	/* a step and one more pause: no line has run in between */
	native_pause_event(&p, NATIVE_STEP, 5000);
	native_pause_event(&p, NATIVE_PAUSE, 9000);
	native_pause_event(&p, NATIVE_OVERDUE, 11000);
	assert_int_equal(p.since, 1000);
	/* after a continue one may have */
	native_pause_event(&p, NATIVE_CONTINUE, 12000);
	native_pause_event(&p, NATIVE_PAUSE, 20000);
	assert_int_equal(p.since, 20000);
	/* what hangs beside a real stop was asked to stop before it */
	native_pause_event(&p, NATIVE_STOP, 21000);
	assert_int_equal(p.since, 20000);
	native_pause_event(&p, NATIVE_CONTINUE, 22000);
	native_pause_event(&p, NATIVE_STOP, 30000);
	assert_int_equal(p.since, 30000);
}

static void every_thread_hangs_in_a_stop_of_ours(void **state)
{
	struct native_pause p = { .state = NATIVE_SHOWN };

	(void)state;
	assert_true(native_pause_has_frame(&p, 12345));
	assert_true(native_pause_has_thread(&p, 1));
	native_pause_event(&p, NATIVE_STOP, 0);
	assert_false(native_pause_has_frame(&p, 12345));
	assert_false(native_pause_has_thread(&p, 1));
}

static void fill(struct native_pause *p)
{
	*p = (struct native_pause){ .state = NATIVE_STOPPED };
	for (int f = 1; f <= 9; f++)
		native_pause_hangs(p, f % 3, f);
}

static void threads_that_hang_beside_a_real_stop(void **state)
{
	struct native_pause p;
	struct native_frame f;

	(void)state;
	fill(&p);
	assert_int_equal(p.count, 9);
	assert_true(native_pause_has_frame(&p, 1));
	assert_true(native_pause_has_frame(&p, 9));
	assert_false(native_pause_has_frame(&p, 10));
	assert_true(native_pause_has_thread(&p, 2));
	assert_false(native_pause_has_thread(&p, 3));
	assert_true(native_pause_outermost(&p, 0, &f));
	assert_int_equal(f.thread, 1);
	assert_int_equal(f.frame, 7);
	assert_true(native_pause_outermost(&p, 2, &f));
	assert_int_equal(f.thread, 0);
	assert_int_equal(f.frame, 9);
	assert_false(native_pause_outermost(&p, 3, &f));
	native_pause_came_back(&p, 1);
	assert_int_equal(p.count, 6);
	assert_false(native_pause_has_thread(&p, 1));
	assert_false(native_pause_has_frame(&p, 4));
	assert_true(native_pause_has_frame(&p, 5));
	native_pause_finish(&p);
}

static void they_are_forgotten_with_the_stop(void **state)
{
	static const enum native_pause_event ENDS[] = {
		NATIVE_STOP, NATIVE_RESUMED, NATIVE_CONTINUE, NATIVE_STEP,
	};
	struct native_pause p;

	(void)state;
	for (size_t i = 0; i < LENGTH(ENDS); i++) {
		fill(&p);
		native_pause_event(&p, NATIVE_PAUSE, 0);
		assert_int_equal(p.count, 9);
		native_pause_event(&p, ENDS[i], 0);
		assert_int_equal(p.count, 0);
		native_pause_finish(&p);
	}
	native_pause_hangs(&p, 1, 1);  /* it came after the stop was over */
	assert_int_equal(p.count, 0);
}

static void no_more_frames_than_the_limit(void **state)
{
	struct native_pause p = { .state = NATIVE_STOPPED };

	(void)state;
	for (int f = 0; f < 10000; f++)
		native_pause_hangs(&p, 1, f);
	assert_int_equal(p.count, 4096);
	native_pause_finish(&p);
}

static void our_stop_names_a_thread_that_exists(void **state)
{
	cJSON *threads = cJSON_Parse("[{},{\"id\":\"x\"},{\"id\":3},"
				     "{\"id\":5}]");
	struct native_pause p = { .thread = 5 };

	(void)state;
	assert_int_equal(native_pause_choose(&p, threads), 5);
	p.thread = 7;
	assert_int_equal(native_pause_choose(&p, threads), 3);
	assert_int_equal(native_pause_choose(&p, NULL), 0);
	cJSON_Delete(threads);
}

static const char *text_of(const cJSON *body, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(body, name));
}

static void the_stop_says_where_and_how_long(void **state)
{
	struct native_pause p = { .state = NATIVE_SHOWN, .thread = 4,
				  .since = 1000 };
	cJSON *body = native_pause_stopped(&p, 3999);

	(void)state;
	assert_string_equal(text_of(body, "reason"), "pause");
	assert_string_equal(text_of(body, "description"), "Paused: inside "
			    "native code for at least 2 s");
	assert_non_null(strstr(text_of(body, "text"), "at least 2 s. These "
			       "are the lines that called native code."));
	assert_int_equal(cJSON_GetObjectItem(body, "threadId")->valueint, 4);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(body,
						     "allThreadsStopped")));
	cJSON_Delete(body);
}

static void the_scope_says_why_there_is_nothing(void **state)
{
	struct native_pause p = { .state = NATIVE_SHOWN, .since = 1000 };
	cJSON *body = native_pause_scopes();
	cJSON *scope = cJSON_GetArrayItem(cJSON_GetObjectItem(body, "scopes"),
					  0);
	char text[256];

	(void)state;
	assert_string_equal(text_of(scope, "name"), "No variables: the thread "
			    "is inside native code");
	assert_int_equal(cJSON_GetObjectItem(scope, "variablesReference")
			 ->valueint, NATIVE_PAUSE_REFERENCE);
	cJSON_Delete(body);
	body = native_pause_variables(&p, 61000);
	scope = cJSON_GetArrayItem(cJSON_GetObjectItem(body, "variables"), 1);
	assert_string_equal(text_of(scope, "name"), "since");
	assert_string_equal(text_of(scope, "value"), "no line of your code "
			    "for at least 60 s");
	cJSON_Delete(body);
	assert_non_null(strstr(native_pause_refusal(&p, 61000, text,
						    sizeof(text)),
			       "inside native code, for at least 60 s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_answers_each_event),
		cmocka_unit_test(the_time_counts_from_the_last_moment_it_ran),
		cmocka_unit_test(every_thread_hangs_in_a_stop_of_ours),
		cmocka_unit_test(threads_that_hang_beside_a_real_stop),
		cmocka_unit_test(they_are_forgotten_with_the_stop),
		cmocka_unit_test(no_more_frames_than_the_limit),
		cmocka_unit_test(our_stop_names_a_thread_that_exists),
		cmocka_unit_test(the_stop_says_where_and_how_long),
		cmocka_unit_test(the_scope_says_why_there_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
