/* What a hook says when it registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hello.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* A hello around these fields, in *len bytes; the caller frees it. */
static char *hello(const char *fields, size_t size, size_t *len)
{
	char *text = malloc(size + 64);
	int n = sprintf(text, "pitstop 1 %zu\n", size);

	memcpy(text + n, fields, size);
	*len = (size_t)n + size;
	return realloc(text, *len);
}

static int parse(const char *fields, size_t size, struct hello *h)
{
	size_t len, used = 0;
	char *text = hello(fields, size, &len);
	int rc = hello_parse(text, len, &used, h);

	if (rc == 1)
		assert_int_equal(used, len);
	free(text);
	return rc;
}

/* With the literal's own NUL as the last field's. */
#define PARSE(fields, h) parse(fields, sizeof(fields), h)
#define IDS "pid=12\0ppid=3\0"

static void every_field_is_read(void **state)
{
	struct hello h;

	(void)state;
	assert_int_equal(PARSE(IDS "python=3.11.7\0exe=/bin/py\0cwd=/w d\0"
			       "kind=again\0hold=step\0timeout=300\0left=1500\0"
			       "traced=1\0crash=E: x (f:1)\0env.RANK=2\0"
			       "env.LOCAL_RANK=1\0env.WORLD_SIZE=8\0"
			       "env.LOCAL_WORLD_SIZE=4\0"
			       "arg=python\0arg=\0arg=a=b\0"
			       "later=x", &h), 1);
	assert_int_equal(h.pid, 12);
	assert_int_equal(h.ppid, 3);
	assert_int_equal(h.kind, HELLO_AGAIN);
	assert_string_equal(h.python, "3.11.7");
	assert_string_equal(h.exe, "/bin/py");
	assert_string_equal(h.cwd, "/w d");
	assert_string_equal(h.hold, "step");
	assert_string_equal(h.timeout, "300");
	assert_int_equal(h.left_ms, 1500);
	assert_true(h.traced);
	assert_string_equal(h.crash, "E: x (f:1)");
	assert_int_equal(h.rank, 2);
	assert_int_equal(h.local_rank, 1);
	assert_int_equal(h.world_size, 8);
	assert_int_equal(h.local_size, 4);
	assert_int_equal(h.argc, 3);
	assert_string_equal(h.args[0], "python");
	assert_string_equal(h.args[1], "");
	assert_string_equal(h.args[2], "a=b");
	assert_null(h.args[3]);
	hello_free(&h);
}

static void what_is_absent_has_a_default(void **state)
{
	struct hello h;

	(void)state;
	assert_int_equal(PARSE("pid=1\0ppid=0", &h), 1);
	assert_int_equal(h.ppid, 0);
	assert_int_equal(h.kind, HELLO_START);
	assert_string_equal(h.python, "");
	assert_string_equal(h.exe, "");
	assert_string_equal(h.cwd, "");
	assert_string_equal(h.hold, "");
	assert_string_equal(h.timeout, "");
	assert_int_equal(h.left_ms, -1);
	assert_false(h.traced);
	assert_string_equal(h.crash, "");
	assert_int_equal(h.rank, -1);
	assert_int_equal(h.local_rank, -1);
	assert_int_equal(h.world_size, -1);
	assert_int_equal(h.local_size, -1);
	assert_int_equal(h.argc, 0);
	assert_null(h.args[0]);
	hello_free(&h);
}

static void ranks_come_from_the_first_variable_that_is_a_number(void **state)
{
	static const struct {
		char fields[120];
		int rank, local_rank, world_size;
	} TABLE[] = {
		{ "env.WORLD_SIZE=7\0env.LOCAL_WORLD_SIZE=2", -1, -1, 7 },
		{ "env.RANK=1\0env.OMPI_COMM_WORLD_RANK=2\0env.PMI_RANK=3\0"
		  "env.SLURM_PROCID=4", 1, -1, -1 },
		{ "env.SLURM_PROCID=4\0env.PMI_RANK=3\0"
		  "env.OMPI_COMM_WORLD_RANK=2", 2, -1, -1 },
		{ "env.SLURM_PROCID=4\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.SLURM_PROCID=0", 0, -1, -1 },
		{ "env.RANK=\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.RANK=-1\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.RANK=+1\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.RANK= 1\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.RANK=1x\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.RANK=99999999999\0env.PMI_RANK=3", 3, -1, -1 },
		{ "env.RANK=2147483647", 2147483647, -1, -1 },
		{ "env.LOCAL_RANK=5\0env.OMPI_COMM_WORLD_LOCAL_RANK=6",
		  -1, 5, -1 },
		{ "env.LOCAL_RANK=x\0env.OMPI_COMM_WORLD_LOCAL_RANK=6",
		  -1, 6, -1 },
		{ "env.WORLD_SIZE=7\0env.OMPI_COMM_WORLD_SIZE=8", -1, -1, 7 },
		{ "env.OMPI_COMM_WORLD_SIZE=8", -1, -1, 8 },
		{ "env.MY_RANK=8", -1, -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		char fields[200] = IDS;
		size_t size = sizeof(IDS) - 1;
		struct hello h;

		memcpy(fields + size, TABLE[i].fields, sizeof(TABLE[i].fields));
		size += sizeof(TABLE[i].fields);
		while (fields[size - 2] == '\0')
			size--;
		assert_int_equal(parse(fields, size, &h), 1);
		if (h.rank != TABLE[i].rank ||
		    h.local_rank != TABLE[i].local_rank ||
		    h.world_size != TABLE[i].world_size)
			fail_msg("row %zu: %d %d %d", i, h.rank, h.local_rank,
				 h.world_size);
		hello_free(&h);
	}
}

static void bad_fields_are_refused(void **state)
{
	static const struct {
		const char *fields;
		size_t size;
	} TABLE[] = {
#define FIELDS(text) { text, sizeof(text) }
		FIELDS(""),
		FIELDS("pid=1"),
		FIELDS("ppid=1"),
		FIELDS("pid=0\0ppid=1"),
		FIELDS("pid=-1\0ppid=1"),
		FIELDS("pid=+1\0ppid=1"),
		FIELDS("pid= 1\0ppid=1"),
		FIELDS("pid=\0ppid=1"),
		FIELDS("pid=1\0ppid=-1"),
		FIELDS("pid=99999999999\0ppid=1"),
		FIELDS("pid=18446744073709551617\0ppid=1"),
		FIELDS("pid=1\0pid=1\0ppid=1"),
		FIELDS(IDS "cwd=/\0cwd=/"),
		FIELDS(IDS "env.RANK=1\0env.RANK=1"),
		FIELDS(IDS "kind=stop"),
		FIELDS(IDS "kind="),
		FIELDS(IDS "novalue"),
		FIELDS(IDS "\0"),
		/* no NUL behind the last */
		{ IDS "cwd=/", sizeof(IDS "cwd=/") - 1 },
		{ "x", 1 },
	};
	struct hello h;

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		if (parse(TABLE[i].fields, TABLE[i].size, &h) != -EPROTO)
			fail_msg("row %zu", i);
}

static void odd_values_count_as_absent(void **state)
{
	struct hello h;

	(void)state;
	assert_int_equal(PARSE(IDS "left=-5\0traced=yes\0=x\0arg=\xff", &h),
			 1);
	assert_int_equal(h.left_ms, -1);
	assert_false(h.traced);
	assert_string_equal(h.args[0], "\xff");
	hello_free(&h);
	assert_int_equal(PARSE(IDS "left=9223372036854775807", &h), 1);
	assert_true(h.left_ms == INT64_MAX);
	hello_free(&h);
	assert_int_equal(PARSE(IDS "left=9223372036854775808", &h), 1);
	assert_int_equal(h.left_ms, -1);
	hello_free(&h);
}

/* Refused at the last byte of each, and not before. */
static void bad_greetings_are_refused_at_once(void **state)
{
	static const char *const TABLE[] = {
		"P", "pitstop\n", "pitstop  ", "pitstop 2", "pitstop 1\n",
		"pitstop 1 \n", "pitstop 1 0", "pitstop 1 -", "pitstop 1 +",
		"pitstop 1 x", "pitstop 1 12 ", "pitstop 1 12\r",
		"pitstop 1 262145", "pitstop 1 999999",
	};
	struct hello h;
	size_t used;

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		size_t len = strlen(TABLE[i]);

		for (size_t n = 0; n < len; n++)
			assert_int_equal(hello_parse(TABLE[i], n, &used, &h),
					 0);
		if (hello_parse(TABLE[i], len, &used, &h) != -EPROTO)
			fail_msg("%s", TABLE[i]);
	}
}

static void a_part_is_waited_for(void **state)
{
	static const char FIELDS[] = IDS "arg=x";
	size_t len, used;
	char *text = hello(FIELDS, sizeof(FIELDS), &len);
	struct hello h;

	(void)state;
	for (size_t n = 0; n < len; n++) {
		char *copy = malloc(n + !n);

		memcpy(copy, text, n);
		assert_int_equal(hello_parse(copy, n, &used, &h), 0);
		free(copy);
	}
	free(text);
}

static void what_follows_is_left_alone(void **state)
{
	static const char FIELDS[] = IDS "arg=x";
	size_t len, used;
	char *text = hello(FIELDS, sizeof(FIELDS), &len);
	struct hello h;

	(void)state;
	text = realloc(text, len + 6);
	memcpy(text + len, "ready\n", 6);
	assert_int_equal(hello_parse(text, len + 6, &used, &h), 1);
	assert_int_equal(used, len);
	free(text);
	assert_string_equal(h.args[0], "x");  /* it owns what it points to */
	hello_free(&h);
	hello_free(&h);
}

static void a_long_command_line_keeps_its_start(void **state)
{
	size_t size = sizeof(IDS) - 1;
	char *fields = malloc(HELLO_MAX);
	struct hello h;
	int n = 0;

	(void)state;
	memset(fields, 0, HELLO_MAX);
	memcpy(fields, IDS, size);
	for (; size < HELLO_MAX - 20; n++)
		size += (size_t)sprintf(fields + size, "arg=%d", n) + 1;
	assert_true(n > HELLO_ARGS_MAX);
	memcpy(fields + size, "cwd=/end", 9);
	assert_int_equal(parse(fields, size + 9, &h), 1);
	assert_int_equal(h.argc, HELLO_ARGS_MAX);
	assert_string_equal(h.args[HELLO_ARGS_MAX - 1], "255");
	assert_null(h.args[HELLO_ARGS_MAX]);
	assert_string_equal(h.cwd, "/end");
	hello_free(&h);
	free(fields);
}

static void the_largest_hello_is_taken(void **state)
{
	char *fields = malloc(HELLO_MAX + 1);
	struct hello h;

	(void)state;
	memset(fields, 'x', HELLO_MAX + 1);
	memcpy(fields, IDS "arg=", sizeof(IDS "arg=") - 1);
	fields[HELLO_MAX - 1] = '\0';
	assert_int_equal(parse(fields, HELLO_MAX, &h), 1);
	assert_int_equal(strlen(h.args[0]), HELLO_MAX - sizeof(IDS "arg="));
	hello_free(&h);
	assert_int_equal(parse(fields, HELLO_MAX + 1, &h), -EPROTO);
	free(fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_is_read),
		cmocka_unit_test(what_is_absent_has_a_default),
		cmocka_unit_test(
			ranks_come_from_the_first_variable_that_is_a_number),
		cmocka_unit_test(bad_fields_are_refused),
		cmocka_unit_test(odd_values_count_as_absent),
		cmocka_unit_test(bad_greetings_are_refused_at_once),
		cmocka_unit_test(a_part_is_waited_for),
		cmocka_unit_test(what_follows_is_left_alone),
		cmocka_unit_test(a_long_command_line_keeps_its_start),
		cmocka_unit_test(the_largest_hello_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
