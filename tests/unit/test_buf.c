/* A growable buffer: what is added comes out in the same order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "buf.h"

static void assert_holds(const struct buf *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	assert_memory_equal(b->data, text, b->len);
}

static void a_zeroed_buffer_is_empty(void **state)
{
	struct buf b = { 0 };

	(void)state;
	buf_consume(&b, 0);
	buf_consume(&b, 5);
	assert_true(buf_add(&b, NULL, 0));
	assert_int_equal(b.len, 0);
	buf_free(&b);
	buf_free(&b);
}

static void bytes_come_out_as_they_went_in(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_true(buf_add(&b, "abc", 3));
	assert_true(buf_addf(&b, "%d-%s", 42, "x"));
	assert_true(buf_addf(&b, "%s", ""));
	assert_holds(&b, "abc42-x");
	buf_consume(&b, 3);
	assert_holds(&b, "42-x");
	assert_true(buf_add(&b, "\0y", 2));
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.data, "42-x\0y", 6);
	buf_consume(&b, 100);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

/* Formatted text of every length across the first growths. */
static void formatted_text_grows_the_buffer(void **state)
{
	struct buf b = { 0 };
	char text[700];

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		memset(text, 'a' + (int)(n % 26), n);
		text[n] = '\0';
		assert_true(buf_addf(&b, "%s", text));
		assert_holds(&b, text);
		buf_free(&b);
	}
}

static void one_large_message_is_not_kept(void **state)
{
	static const char LARGE[1024 * 1024];
	struct buf b = { 0 };

	(void)state;
	assert_true(buf_add(&b, LARGE, sizeof(LARGE)));
	buf_consume(&b, sizeof(LARGE) - 1);
	assert_int_equal(b.len, 1);
	assert_true(b.cap >= sizeof(LARGE));
	buf_consume(&b, 1);
	assert_int_equal(b.cap, 0);
	assert_null(b.data);
	assert_true(buf_add(&b, "x", 1));
	buf_consume(&b, 1);
	assert_true(b.cap > 0);
	buf_free(&b);
}

static void an_impossible_size_changes_nothing(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_true(buf_add(&b, "abc", 3));
	assert_false(buf_add(&b, "x", SIZE_MAX));
	assert_false(buf_add(&b, "x", SIZE_MAX / 2));
	assert_holds(&b, "abc");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zeroed_buffer_is_empty),
		cmocka_unit_test(bytes_come_out_as_they_went_in),
		cmocka_unit_test(formatted_text_grows_the_buffer),
		cmocka_unit_test(one_large_message_is_not_kept),
		cmocka_unit_test(an_impossible_size_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
