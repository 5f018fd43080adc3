/* What a hook tells of its threads becomes JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "stacks.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static cJSON *taken(const char *const *parts, size_t count)
{
	struct stacks s = { 0 };

	for (size_t i = 0; i < count; i++)
		stacks_add(&s, parts[i]);
	return stacks_take(&s);
}

static void assert_text(cJSON *json, const char *want)
{
	char *text = cJSON_PrintUnformatted(json);

	assert_string_equal(text, want);
	free(text);
	cJSON_Delete(json);
}

static void threads_and_tasks_have_their_frames(void **state)
{
	static const char *const LINES[] = {
		"thread 17 MainThread",
		"frame 3\tA.b\t/wd/train.py\tx = y[0]",
		"frame 9\t<module>\t/wd/train.py\t",
		"thread 0 a b",
		"thread 0",
		"task Task-1",
		"frame 0\tc\t<string>",
	};

	(void)state;
	assert_text(taken(LINES, LENGTH(LINES)),
		"{\"threads\":[{\"name\":\"MainThread\",\"native_id\":17,"
		"\"frames\":[{\"function\":\"A.b\",\"file\":\"/wd/train.py\","
		"\"line\":3,\"source\":\"x = y[0]\"},{\"function\":"
		"\"<module>\",\"file\":\"/wd/train.py\",\"line\":9}]},"
		"{\"name\":\"a b\",\"frames\":[]},{\"name\":\"\","
		"\"frames\":[]}],\"tasks\":[{\"name\":\"Task-1\",\"frames\":"
		"[{\"function\":\"c\",\"file\":\"<string>\",\"line\":0}]}]}");
}

static void what_is_no_stack_is_passed_over(void **state)
{
	static const char *const LINES[] = {
		"frame 1\tf\tfile\tof nothing",
		"ready 1.8",
		"thread x",
		"frame ",
		"frame no number\tf\tg\th",
		"frame 12",
	};

	(void)state;
	assert_text(taken(LINES, LENGTH(LINES)),
		    "{\"threads\":[{\"name\":\"x\",\"frames\":[]}],"
		    "\"tasks\":[]}");
	assert_text(taken(NULL, 0), "{\"threads\":[],\"tasks\":[]}");
}

static void too_many_frames_are_left_out_and_said(void **state)
{
	struct stacks s = { 0 };
	cJSON *json, *frames;

	(void)state;
	stacks_add(&s, "thread 1 t");
	for (int i = 0; i < STACKS_FRAMES_MAX + 10; i++)
		stacks_add(&s, "frame 1\tf\tg\th");
	json = stacks_take(&s);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "truncated")));
	frames = cJSON_GetObjectItem(cJSON_GetArrayItem(
		cJSON_GetObjectItem(json, "threads"), 0), "frames");
	assert_int_equal(cJSON_GetArraySize(frames), STACKS_FRAMES_MAX);
	cJSON_Delete(json);
}

static void too_many_threads_are_too(void **state)
{
	struct stacks s = { 0 };
	cJSON *json;

	(void)state;
	for (int i = 0; i < STACKS_MAX + 10; i++) {
		stacks_add(&s, "thread 1 t");
		stacks_add(&s, "frame 1\tf\tg\th");
	}
	json = stacks_take(&s);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(json, "truncated")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(
				 json, "threads")), STACKS_MAX);
	cJSON_Delete(json);
}

static void main_threads_at_the_same_place_are_alike(void **state)
{
	static const char *const HERE[] = {
		"thread 1 MainThread", "frame 1\tf\tg\th",
		"thread 2 other", "frame 7\tf\tg\th",
	};
	static const char *const ELSEWHERE[] = {
		"thread 1 MainThread", "frame 2\tf\tg\th",
	};
	static const char *const ALONE[] = {
		"thread 9 MainThread", "frame 1\tf\tg\th",
	};
	cJSON *here = taken(HERE, LENGTH(HERE));
	cJSON *elsewhere = taken(ELSEWHERE, LENGTH(ELSEWHERE));
	cJSON *alone = taken(ALONE, LENGTH(ALONE));
	cJSON *nothing = taken(NULL, 0);

	(void)state;
	assert_true(stacks_are_alike(here, here));
	assert_true(stacks_are_alike(here, alone));
	assert_false(stacks_are_alike(here, elsewhere));
	assert_false(stacks_are_alike(here, nothing));
	cJSON_Delete(here);
	cJSON_Delete(elsewhere);
	cJSON_Delete(alone);
	cJSON_Delete(nothing);
}

static void a_place_has_a_number(void **state)
{
	static const char *const PARTS[][5] = {
		{ "thread 1 M", "frame 1\tf\tg\th", "task T", "frame 1\tf\tg" },
		{ "thread 2 M", "frame 1\tf\tg\tx", "task U", "frame 1\tf\tg" },
		{ "thread 1 M", "frame 2\tf\tg\th", "task T", "frame 1\tf\tg" },
		{ "thread 1 M", "frame 1\tfg\t\th", "task T", "frame 1\tf\tg" },
		{ "thread 1 M", "frame 1\tf\tg\th", "task T", "frame 3\tf\tg" },
		{ "thread 1 M", "frame 1\tf\tg\th", "frame 1\tf\tg" },
	};
	uint64_t place[LENGTH(PARTS)];
	cJSON *nothing = taken(NULL, 0);

	(void)state;
	assert_true(stacks_place(nothing) == 0);
	assert_null(stacks_top(nothing, (char[8]){ 0 }, 8));
	cJSON_Delete(nothing);
	for (size_t i = 0; i < LENGTH(PARTS); i++) {
		cJSON *json = taken(PARTS[i], i < 5 ? 4 : 3);
		char top[32];

		place[i] = stacks_place(json);
		if (i == 0)
			assert_string_equal(stacks_top(json, top, sizeof(top)),
					    "f (g:1)");
		cJSON_Delete(json);
		assert_true(place[i] != 0);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(place[i] == place[j],
					 i == 1 && j == 0);
	}
}

/* cJSON with memory that ends after so many pieces. */
static int pieces;

static void *scarce_malloc(size_t size)
{
	return pieces-- > 0 ? malloc(size) : NULL;
}

static void short_memory_gives_null(void **state)
{
	static const char *const LINES[] = {
		"thread 1 MainThread", "frame 1\tf\tg\th",
		"task t", "frame 1\tf\tg\th",
	};
	cJSON_Hooks hooks = { scarce_malloc, free };
	cJSON *json = NULL;
	int n;

	(void)state;
	cJSON_InitHooks(&hooks);
	for (n = 0; !json && n < 1000; n++) {
		pieces = n;
		json = taken(LINES, LENGTH(LINES));
	}
	cJSON_InitHooks(NULL);
	assert_true(n > 30);
	assert_text(json, "{\"threads\":[{\"name\":\"MainThread\","
		"\"native_id\":1,\"frames\":[{\"function\":\"f\",\"file\":"
		"\"g\",\"line\":1,\"source\":\"h\"}]}],\"tasks\":[{\"name\":"
		"\"t\",\"frames\":[{\"function\":\"f\",\"file\":\"g\","
		"\"line\":1,\"source\":\"h\"}]}]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_and_tasks_have_their_frames),
		cmocka_unit_test(what_is_no_stack_is_passed_over),
		cmocka_unit_test(too_many_frames_are_left_out_and_said),
		cmocka_unit_test(too_many_threads_are_too),
		cmocka_unit_test(main_threads_at_the_same_place_are_alike),
		cmocka_unit_test(a_place_has_a_number),
		cmocka_unit_test(short_memory_gives_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
