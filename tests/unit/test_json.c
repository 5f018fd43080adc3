/* JSON that is stepped over: what is valid, where it ends, how deep it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "json.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define NONE (-1)

/* The result, and in *end how many bytes were stepped over. The text is copied
 * so that a byte read behind it shows. */
static enum json_result step(const char *text, size_t len, unsigned depth,
			     long *end)
{
	char *copy = malloc(len + !len);
	struct cursor c = { copy, copy + len };
	enum json_result r;

	memcpy(copy, text, len);
	r = json_skip(&c, depth);
	*end = c.p - copy;
	assert_true(c.p <= c.end);
	free(copy);
	return r;
}

/* `end` is where the value ends, NONE when the text has none. */
static const struct row {
	const char *text;
	long end;
} ROWS[] = {
	/* words */
	{ "true", 4 }, { "false", 5 }, { "null", 4 }, { "nullx", 4 },
	{ "tru", NONE }, { "True", NONE }, { "nul", NONE }, { "fals", NONE },
	{ "NaN", NONE }, { "Infinity", NONE }, { "-Infinity", NONE },
	/* numbers */
	{ "0", 1 }, { "-0", 2 }, { "10", 2 }, { "01", 1 }, { "-01", 2 },
	{ "1.5", 3 }, { "1.", NONE }, { ".5", NONE }, { "-.5", NONE },
	{ "-", NONE }, { "+1", NONE }, { "1e5", 3 }, { "1E+05", 5 },
	{ "1e-0", 4 }, { "1e", NONE }, { "1e+", NONE }, { "1.e5", NONE },
	{ "1e5.5", 3 }, { "0x10", 1 }, { "--1", NONE },
	{ "123456789012345678901234567890.1234567890123e123456789", 54 },
	/* strings */
	{ "\"\"", 2 }, { "\"a\" ", 3 }, { "\"", NONE }, { "\"a", NONE },
	{ "\"abcdefgh\"", 10 }, { "\"abcdefghijklmnop\"", 18 },
	{ "\"abcdefghijklmnop", NONE }, { "'a'", NONE },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 18 },
	{ "\"\\u00e9\\uD800\\udfff\"", 20 },
	{ "\"\\u12\"", NONE }, { "\"\\u12g4\"", NONE }, { "\"\\u", NONE },
	{ "\"\\x41\"", NONE }, { "\"\\", NONE }, { "\"\\U0041\"", NONE },
	{ "\"\n\"", NONE }, { "\"\t\"", NONE }, { "\"\x1f\"", NONE },
	{ "\"\x7f\"", 3 }, { "\"1234567\x1f\"", NONE },
	{ "\"12345678\n\"", NONE },
	/* UTF-8 in strings, and what only looks like it */
	{ "\"\xc3\xa9\"", 4 }, { "\"\xe2\x82\xac\"", 5 },
	{ "\"\xf0\x9f\x98\x80\"", 6 }, { "\"\xf4\x8f\xbf\xbf\"", 6 },
	{ "\"\xed\x9f\xbf\"", 5 }, { "\"\xee\x80\x80\"", 5 },
	{ "\"1234567\xc3\xa9" "123456789\"", 20 },
	{ "\"\x80\"", NONE }, { "\"\xc3\"", NONE }, { "\"\xc3", NONE },
	{ "\"\xc0\xaf\"", NONE }, { "\"\xc1\xbf\"", NONE },
	{ "\"\xe0\x80\xaf\"", NONE }, { "\"\xe0\x9f\xbf\"", NONE },
	{ "\"\xf0\x80\x80\xaf\"", NONE }, { "\"\xed\xa0\x80\"", NONE },
	{ "\"\xf4\x90\x80\x80\"", NONE }, { "\"\xf5\x80\x80\x80\"", NONE },
	{ "\"\xff\"", NONE }, { "\"\xe2\x82\"", NONE },
	{ "\"\xf0\x9f\x98\"", NONE }, { "\xef\xbb\xbf" "1", NONE },
	/* arrays */
	{ "[]", 2 }, { "[ \t\r\n]", 6 }, { "[1]", 3 }, { "[1,2 , 3]", 9 },
	{ "[[],[[]]]", 9 }, { "[", NONE }, { "[1", NONE }, { "[1,", NONE },
	{ "[1,]", NONE }, { "[,1]", NONE }, { "[1 2]", NONE }, { "]", NONE },
	{ "[1}", NONE }, { "[]]", 2 }, { "[\f1]", NONE }, { "[\"a\":1]", NONE },
	/* objects */
	{ "{}", 2 }, { "{\"a\":1}", 7 }, { "{ \"a\" : [ {} ] }", 16 },
	{ "{\"a\":{\"b\":{}},\"a\":null}", 23 }, { "{", NONE },
	{ "{\"a\"", NONE }, { "{\"a\":", NONE }, { "{\"a\":1", NONE },
	{ "{\"a\" 1}", NONE }, { "{\"a\":}", NONE }, { "{\"a\":1,}", NONE },
	{ "{,}", NONE }, { "{1:2}", NONE }, { "{a:1}", NONE },
	{ "{\"a\":1]", NONE }, { "{\"a\":1 \"b\":2}", NONE },
	{ "{\"a\\\":1}", NONE }, { "{\"a\":1,[]}", NONE }, { "{[]}", NONE },
	{ "[{\"a\":1},]", NONE }, { "[{\"a\":[1,{\"b\":[]}]},2]", 22 },
	/* nothing */
	{ "", NONE }, { " 1", NONE }, { "/", NONE }, { ":", NONE },
	{ ",", NONE },
};

static void values_follow_the_grammar(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(ROWS); i++) {
		const struct row *row = &ROWS[i];
		long end;
		bool ok = step(row->text, strlen(row->text), 9, &end) ==
			  JSON_OK;

		if (ok != (row->end != NONE) || (ok && end != row->end))
			fail_msg("%s: %d, stopped at %ld", row->text, ok, end);
	}
}

static void a_nul_byte_is_no_json(void **state)
{
	long end;

	(void)state;
	assert_int_equal(step("\0", 1, 9, &end), JSON_BAD);
	assert_int_equal(step("\"\0\"", 3, 9, &end), JSON_BAD);
	assert_int_equal(step("\"\\\0\"", 4, 9, &end), JSON_BAD);
	assert_int_equal(step("[\0]", 3, 9, &end), JSON_BAD);
	assert_int_equal(step("[1]\0", 4, 9, &end), JSON_OK);
}

/* A control character, quote or bad byte at each place of a long string: the
 * fast way through plain text must not step over one. */
static void nothing_hides_in_a_long_string(void **state)
{
	static const unsigned char BAD[] = { 0, 1, 9, 10, 31, 0x80, 0xbf,
					     0xc0, 0xff, 0xe2 };
	char text[40];
	long end;

	(void)state;
	for (size_t at = 1; at < sizeof(text) - 1; at++) {
		for (size_t i = 0; i < sizeof(BAD); i++) {
			memset(text, 'x', sizeof(text));
			text[0] = text[sizeof(text) - 1] = '"';
			text[at] = (char)BAD[i];
			assert_int_equal(step(text, sizeof(text), 1, &end),
					 JSON_BAD);
		}
		text[at] = '"';
		assert_int_equal(step(text, sizeof(text), 1, &end), JSON_OK);
		assert_int_equal(end, at + 1);
	}
}

/* Every plain byte value, eight in a row and among others. */
static void every_plain_byte_passes(void **state)
{
	char text[26];
	long end;

	(void)state;
	for (int byte = ' '; byte < 0x80; byte++) {
		if (byte == '"' || byte == '\\')
			continue;
		memset(text, byte, sizeof(text));
		text[0] = text[sizeof(text) - 1] = '"';
		text[4] = '~';
		assert_int_equal(step(text, sizeof(text), 1, &end), JSON_OK);
		assert_int_equal(end, sizeof(text));
	}
}

static char *nested(const char *open, const char *middle, const char *close,
		    unsigned times)
{
	size_t size = (strlen(open) + strlen(close)) * times + strlen(middle);
	char *text = malloc(size + 1), *p = text;

	for (unsigned i = 0; i < times; i++)
		p = stpcpy(p, open);
	p = stpcpy(p, middle);
	for (unsigned i = 0; i < times; i++)
		p = stpcpy(p, close);
	return text;
}

static void depth_is_limited(void **state)
{
	static const struct {
		const char *open, *middle, *close;
		unsigned levels;
	} TABLE[] = {
		{ "[", "", "]", 1 },
		{ "{\"a\":[", "", "]}", 2 },
		{ "[{\"a\":", "0", "}]", 2 },
	};
	long end;

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE) * 500; i++) {
		unsigned times = (unsigned)(i / LENGTH(TABLE)) + 1;
		unsigned row = i % LENGTH(TABLE);
		unsigned depth = times * TABLE[row].levels;
		char *text = nested(TABLE[row].open, TABLE[row].middle,
				    TABLE[row].close, times);

		assert_int_equal(step(text, strlen(text), depth, &end),
				 JSON_OK);
		assert_int_equal(end, strlen(text));
		assert_int_equal(step(text, strlen(text), depth - 1, &end),
				 JSON_TOO_DEEP);
		free(text);
	}
}

static void no_limit_is_larger_than_the_table(void **state)
{
	char *fits = nested("[", "", "]", JSON_DEPTH_MAX);
	char *deep = nested("[", "", "]", JSON_DEPTH_MAX + 1);
	char *open = nested("[", "", "", 3000000);
	long end;

	(void)state;
	assert_int_equal(step(fits, strlen(fits), UINT32_MAX, &end), JSON_OK);
	assert_int_equal(end, strlen(fits));
	assert_int_equal(step(deep, strlen(deep), UINT32_MAX, &end),
			 JSON_TOO_DEEP);
	assert_int_equal(step(open, strlen(open), UINT32_MAX, &end),
			 JSON_TOO_DEEP);
	assert_int_equal(step("[]", 2, 0, &end), JSON_TOO_DEEP);
	assert_int_equal(step("1", 1, 0, &end), JSON_OK);
	free(fits);
	free(deep);
	free(open);
}

static void what_is_no_utf8_is_taken_out(void **state)
{
	char text[] = "\"a\xff\xc3\xa9\xc3\xe2\x82\xac\xe2\x82\xed\xa0\x80"
		      "\xf0\x9f\x90\x8d\x80\"\xf0\x9f\x90";

	(void)state;
	json_make_utf8(text);
	assert_string_equal(text, "\"a?\xc3\xa9?\xe2\x82\xac?????"
			    "\xf0\x9f\x90\x8d?\"???");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_follow_the_grammar),
		cmocka_unit_test(a_nul_byte_is_no_json),
		cmocka_unit_test(nothing_hides_in_a_long_string),
		cmocka_unit_test(every_plain_byte_passes),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(no_limit_is_larger_than_the_table),
		cmocka_unit_test(what_is_no_utf8_is_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
