/* DAP messages: where they begin and end, what they say, how they are sent
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "dap.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static const struct dap_limits LIMITS = {
	.header = 64,
	.body = 1000,
	.depth = 8,
};

/* framing */

/* On a copy, so that a byte read behind it shows. */
static enum dap_error next(const char *data, size_t len,
			   struct dap_frame *frame)
{
	char *copy = malloc(len + !len);
	enum dap_error e;

	memcpy(copy, data, len);
	e = dap_next(copy, len, &LIMITS, frame);
	if (e == DAP_OK)
		frame->body = data + (frame->body - copy);
	free(copy);
	return e;
}

static void whole_messages_are_found(void **state)
{
	static const struct {
		const char *data, *body;
	} TABLE[] = {
		{ "Content-Length: 2\r\n\r\n{}", "{}" },
		{ "content-LENGTH: 2\r\n\r\n{}", "{}" },
		{ "Content-Length:2\r\n\r\n{}", "{}" },
		{ "Content-Length: \t 2 \t\r\n\r\n{}", "{}" },
		{ "Content-Length: 0002\r\n\r\n{}", "{}" },
		{ "A: \xc3\xa9\r\nContent-Length: 2\r\nB:\r\n\r\n{}", "{}" },
		{ "Content-Lengt: 9\r\nContent-Length: 2\r\n\r\n{}", "{}" },
		{ "Content-Length: 0\r\n\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		size_t len = strlen(TABLE[i].data);
		struct dap_frame f;

		for (size_t n = 0; n < len; n++)
			assert_int_equal(next(TABLE[i].data, n, &f), DAP_MORE);
		assert_int_equal(next(TABLE[i].data, len, &f), DAP_OK);
		assert_int_equal(f.total, len);
		assert_int_equal(f.body_len, strlen(TABLE[i].body));
		assert_ptr_equal(f.body, TABLE[i].data + len - f.body_len);
	}
}

static void a_message_ends_where_its_length_says(void **state)
{
	static const char TWO[] = "Content-Length: 3\r\n\r\n[1]Content-";
	struct dap_frame f;

	(void)state;
	assert_int_equal(next(TWO, strlen(TWO), &f), DAP_OK);
	assert_int_equal(f.total, 24);
	assert_memory_equal(f.body, "[1]", 3);
}

/* Each is refused at its last byte, and not before: what comes behind it is
 * never waited for. */
static void bad_headers_are_refused_at_once(void **state)
{
	static const struct {
		const char *data;
		enum dap_error error;
	} TABLE[] = {
		{ "\x16", DAP_HEADER_BAD },  /* TLS */
		{ "GET ", DAP_HEADER_BAD },
		{ "\r", DAP_HEADER_BAD },
		{ "\n", DAP_HEADER_BAD },
		{ "{", DAP_HEADER_BAD },
		{ ":", DAP_HEADER_BAD },
		{ " ", DAP_HEADER_BAD },
		{ "Content-Length\r", DAP_HEADER_BAD },
		{ "Content-Length ", DAP_HEADER_BAD },
		{ "C\xc3", DAP_HEADER_BAD },
		{ "Content-Length: 3\n", DAP_HEADER_BAD },
		{ "Content-Length: 3\r\r", DAP_HEADER_BAD },
		{ "Content-Length: 3\rX", DAP_HEADER_BAD },
		{ "Content-Length: 3\r\n\n", DAP_HEADER_BAD },
		{ "Content-Length: 3\r\n\r{", DAP_HEADER_BAD },
		{ "Content-Length: 3\r\n ", DAP_HEADER_BAD },
		{ "A: b\x01", DAP_HEADER_BAD },
		{ "A: b\x7f", DAP_HEADER_BAD },
		{ "A: b\r\n\r\n", DAP_LENGTH_BAD },
		{ "Content-Length:\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: +3\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: -3\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: 0x3\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: 3 3\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: 3,3\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: 3.0\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: \xd9\xa3\r\n", DAP_LENGTH_BAD },
		{ "Content-Length: 3\r\nContent-Length: 3\r\n",
		  DAP_LENGTH_BAD },
		{ "Content-Length: 3\r\ncontent-length: 4\r\n",
		  DAP_LENGTH_BAD },
		{ "Content-Length: 1001\r\n", DAP_BODY_TOO_LONG },
		{ "Content-Length: 1073741824\r\n", DAP_BODY_TOO_LONG },
		{ "Content-Length: 4294967297\r\n", DAP_BODY_TOO_LONG },
		{ "Content-Length: 18446744073709551617\r\n",
		  DAP_BODY_TOO_LONG },
		{ "Content-Length: 99999999999999999999999999999999999999\r\n",
		  DAP_BODY_TOO_LONG },
	};
	struct dap_frame f;

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		size_t len = strlen(TABLE[i].data);

		for (size_t n = 0; n < len; n++)
			if (next(TABLE[i].data, n, &f) != DAP_MORE)
				fail_msg("row %zu, early at %zu", i, n);
		if (next(TABLE[i].data, len, &f) != TABLE[i].error)
			fail_msg("row %zu: %d", i,
				 next(TABLE[i].data, len, &f));
	}
}

/* A header block of exactly `size` bytes. */
static void make_header(char *to, size_t size)
{
	static const char START[] = "Content-Length: 1000\r\nA: ";

	memset(to, 'a', size);
	memcpy(to, START, strlen(START));
	memcpy(to + size - 4, "\r\n\r\n", 4);
}

static void limits_are_allowed_to_be_reached(void **state)
{
	char data[64 + 1000] = { 0 };
	struct dap_frame f;

	(void)state;
	make_header(data, LIMITS.header);
	assert_int_equal(next(data, sizeof(data) - 1, &f), DAP_MORE);
	assert_int_equal(next(data, sizeof(data), &f), DAP_OK);
	assert_int_equal(f.body_len, 1000);
	assert_int_equal(f.total, 1064);
}

static void a_longer_header_is_refused_at_the_limit(void **state)
{
	char data[200];
	struct dap_frame f;

	(void)state;
	for (size_t size = LIMITS.header + 1; size < sizeof(data); size++) {
		make_header(data, size);
		assert_int_equal(next(data, LIMITS.header - 1, &f), DAP_MORE);
		for (size_t n = LIMITS.header; n <= size; n++)
			assert_int_equal(next(data, n, &f),
					 DAP_HEADER_TOO_LONG);
	}
}

/* envelopes */

static void assert_span(const struct dap_span *s, const char *text)
{
	if (!text) {
		assert_null(s->p);
		return;
	}
	assert_non_null(s->p);
	assert_int_equal(s->len, strlen(text));
	assert_memory_equal(s->p, text, s->len);
}

static enum dap_error scan(const char *body, struct dap_message *m)
{
	size_t len = strlen(body);
	char *copy = malloc(len + !len);
	enum dap_error e;

	memcpy(copy, body, len);
	e = dap_scan(copy, len, LIMITS.depth, m);
	free(copy);
	/* The spans are wanted in the text that stays. */
	return e == DAP_OK ? dap_scan(body, len, LIMITS.depth, m) : e;
}

static void requests_are_read(void **state)
{
	static const char TEXT[] =
		" {\"command\" : \"setBreakpoints\", \"seq\": 12,\r\n"
		"\"type\":\"request\",\"arguments\": {\"a\":[1,{}]} ,"
		"\"other\":{\"seq\":3}}\n";
	struct dap_message m;

	(void)state;
	assert_int_equal(scan(TEXT, &m), DAP_OK);
	assert_int_equal(m.type, DAP_REQUEST);
	assert_int_equal(m.seq, 12);
	assert_ptr_equal(m.body, TEXT);
	assert_int_equal(m.body_len, strlen(TEXT));
	assert_span(&m.name, "setBreakpoints");
	assert_span(&m.arguments, "{\"a\":[1,{}]}");
	assert_span(&m.seq_at, "12");
	assert_span(&m.data, NULL);
	assert_span(&m.message, NULL);
	assert_span(&m.request_seq_at, NULL);
	assert_true(dap_is(&m, "setBreakpoints"));
	assert_false(dap_is(&m, "setBreakpoint"));
	assert_false(dap_is(&m, "setBreakpointsX"));
	assert_false(dap_is(&m, ""));
}

static void responses_are_read(void **state)
{
	static const char TEXT[] =
		"{\"type\":\"response\",\"request_seq\":7,\"success\":false,"
		"\"message\":\"no\\n\",\"command\":\"attach\",\"body\":null,"
		"\"seq\":-1}";
	struct dap_message m;

	(void)state;
	assert_int_equal(scan(TEXT, &m), DAP_OK);
	assert_int_equal(m.type, DAP_RESPONSE);
	assert_int_equal(m.seq, -1);
	assert_int_equal(m.request_seq, 7);
	assert_false(m.success);
	assert_span(&m.name, "attach");
	assert_span(&m.message, "\"no\\n\"");
	assert_span(&m.data, "null");
	assert_span(&m.request_seq_at, "7");
}

static void events_are_read(void **state)
{
	static const char TEXT[] =
		"{\"seq\":9223372036854775807,\"type\":\"event\","
		"\"event\":\"output\",\"body\":{\"output\":\"\\ud83d\"}}";
	struct dap_message m;

	(void)state;
	assert_int_equal(scan(TEXT, &m), DAP_OK);
	assert_int_equal(m.type, DAP_EVENT);
	assert_true(m.seq == INT64_MAX);
	assert_span(&m.name, "output");
	assert_span(&m.data, "{\"output\":\"\\ud83d\"}");
}

#define REST "\"type\":\"event\",\"event\":\"e\"}"
#define ANSWER "{\"seq\":1,\"type\":\"response\",\"command\":\"c\","

static void what_is_no_message_is_refused(void **state)
{
	static const struct {
		const char *body;
		enum dap_error error;
	} TABLE[] = {
		{ "", DAP_NOT_JSON },
		{ " ", DAP_NOT_JSON },
		{ "x", DAP_NOT_JSON },
		{ "{", DAP_NOT_JSON },
		{ "{\"", DAP_NOT_JSON },
		{ "{\"seq\"", DAP_NOT_JSON },
		{ "{\"seq\":", DAP_NOT_JSON },
		{ "{\"seq\":1", DAP_NOT_JSON },
		{ "{\"seq\":1,", DAP_NOT_JSON },
		{ "{\"seq\":1,}", DAP_NOT_JSON },
		{ "{\"seq\":1 " REST, DAP_NOT_JSON },
		{ "{\"seq\":01," REST, DAP_NOT_JSON },
		{ "{\"seq\":1," REST "x", DAP_NOT_JSON },
		{ "{\"seq\":1," REST "{}", DAP_NOT_JSON },
		{ "{seq:1," REST, DAP_NOT_JSON },
		{ "\xef\xbb\xbf{\"seq\":1," REST, DAP_NOT_JSON },
		/* the graver error wins */
		{ "{\"seq\":1,\"seq\":2,", DAP_NOT_JSON },
		{ "{\"seq\":\"1\"", DAP_NOT_JSON },
		/* depth */
		{ "{\"seq\":1,\"a\":[[[[[[[[1]]]]]]]]," REST, DAP_TOO_DEEP },
		{ "[[[[[[[[[1]]]]]]]]]", DAP_TOO_DEEP },
		{ "{\"seq\":1,\"a\":[[[[[[[1]]]]]]]," REST, DAP_OK },
		{ "[[[[[[[[1]]]]]]]]", DAP_NOT_MESSAGE },
		/* JSON, but no message */
		{ "1", DAP_NOT_MESSAGE },
		{ "[]", DAP_NOT_MESSAGE },
		{ "\"seq\"", DAP_NOT_MESSAGE },
		{ "{}", DAP_NOT_MESSAGE },
		{ "{\"seq\":1}", DAP_NOT_MESSAGE },
		{ "{" REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":\"1\"," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":null," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1.0," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1e3," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":9223372036854775808," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":-9223372036854775809," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":-9223372036854775808," REST, DAP_OK },
		{ "{\"Seq\":1," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"event\"}", DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"event\",\"command\":\"c\"}",
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"request\",\"event\":\"e\"}",
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"Event\",\"event\":\"e\"}",
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"event\",\"event\":7}",
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":event}", DAP_NOT_JSON },
		{ ANSWER "\"request_seq\":1,\"success\":true}", DAP_OK },
		{ ANSWER "\"request_seq\":1}", DAP_NOT_MESSAGE },
		{ ANSWER "\"success\":true}", DAP_NOT_MESSAGE },
		{ ANSWER "\"request_seq\":1,\"success\":\"true\"}",
		  DAP_NOT_MESSAGE },
		{ ANSWER "\"request_seq\":1.5,\"success\":true}",
		  DAP_NOT_MESSAGE },
		/* members twice, or hidden behind escapes */
		{ "{\"seq\":1,\"seq\":1," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"body\":1,\"body\":1," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"arguments\":1,\"arguments\":2," REST,
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"x\":1,\"x\":1," REST, DAP_OK },
		{ "{\"seq\":1,\"\\u0073eq\":2," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"e\\/\":2," REST, DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"event\",\"event\":\"\\u0065\"}",
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"type\":\"\\u0065vent\",\"event\":\"e\"}",
		  DAP_NOT_MESSAGE },
		{ "{\"seq\":1,\"a\":{\"\\u0073eq\":2}," REST, DAP_OK },
	};
	struct dap_message m;

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		if (scan(TABLE[i].body, &m) != TABLE[i].error)
			fail_msg("%s: %d", TABLE[i].body,
				 scan(TABLE[i].body, &m));
	assert_int_equal(dap_scan("{}", 2, 0, &m), DAP_TOO_DEEP);
}

/* A message cut short anywhere is no JSON, and no byte behind it is read. */
static void every_prefix_is_refused(void **state)
{
	static const char TEXT[] =
		"{\"seq\": 1, \"type\": \"response\", \"request_seq\": 2, "
		"\"success\": true, \"command\": \"c\", \"body\": "
		"{\"a\": [1.5e3, null, \"\\u00e9\xc3\xa9\", true, {}]}}";
	struct dap_message m;

	(void)state;
	assert_int_equal(scan(TEXT, &m), DAP_OK);
	for (size_t n = 0; n < strlen(TEXT); n++) {
		char *copy = malloc(n + !n);

		memcpy(copy, TEXT, n);
		assert_int_equal(dap_scan(copy, n, 9, &m), DAP_NOT_JSON);
		free(copy);
	}
}

/* writing */

static void numbers_are_replaced_where_they_stand(void **state)
{
	static const struct {
		const char *body, *want;
	} TABLE[] = {
		{ "{\"seq\":1,\"type\":\"event\",\"event\":\"e\"}",
		  "{\"seq\":12345,\"type\":\"event\",\"event\":\"e\"}" },
		{ "{\"type\":\"event\",\"event\":\"e\",\"seq\" : 999999 }",
		  "{\"type\":\"event\",\"event\":\"e\",\"seq\" : 12345 }" },
		{ ANSWER "\"success\":true,\"request_seq\":2}",
		  "{\"seq\":12345,\"type\":\"response\",\"command\":\"c\","
		  "\"success\":true,\"request_seq\":-6}" },
		{ "{\"request_seq\":222,\"success\":true,\"command\":\"c\","
		  "\"type\":\"response\",\"seq\":1}",
		  "{\"request_seq\":-6,\"success\":true,\"command\":\"c\","
		  "\"type\":\"response\",\"seq\":12345}" },
		/* a request_seq that is no response's is left alone */
		{ "{\"seq\":1,\"type\":\"event\",\"event\":\"e\","
		  "\"request_seq\":1}",
		  "{\"seq\":12345,\"type\":\"event\",\"event\":\"e\","
		  "\"request_seq\":1}" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct buf out = { 0 };
		struct dap_message m;
		char want[300];

		snprintf(want, sizeof(want), "<Content-Length: %zu\r\n\r\n%s",
			 strlen(TABLE[i].want), TABLE[i].want);
		assert_int_equal(scan(TABLE[i].body, &m), DAP_OK);
		assert_true(buf_add(&out, "<", 1));
		assert_true(dap_write_renumbered(&out, &m, 12345, -6));
		assert_true(buf_add(&out, "", 1));
		assert_string_equal(out.data, want);
		buf_free(&out);
	}
}

static void what_was_written_is_read_again(void **state)
{
	static const char TEXT[] = ANSWER "\"success\":true,"
				   "\"request_seq\":2}";
	struct buf out = { 0 };
	struct dap_message m;
	struct dap_frame f;

	(void)state;
	assert_true(dap_write(&out, TEXT, strlen(TEXT)));
	assert_int_equal(next(out.data, out.len, &f), DAP_OK);
	assert_int_equal(f.total, out.len);
	assert_int_equal(dap_scan(f.body, f.body_len, 2, &m), DAP_OK);
	buf_consume(&out, out.len);
	assert_int_equal(scan(TEXT, &m), DAP_OK);
	assert_true(dap_write_renumbered(&out, &m, INT64_MIN, INT64_MAX));
	assert_int_equal(next(out.data, out.len, &f), DAP_OK);
	assert_int_equal(f.total, out.len);
	assert_int_equal(dap_scan(f.body, f.body_len, 2, &m), DAP_OK);
	assert_true(m.seq == INT64_MIN && m.request_seq == INT64_MAX);
	buf_free(&out);
}

/* A buffer that can grow no more is left as it was. */
static void short_memory_is_told(void **state)
{
	const size_t most = SIZE_MAX / 2;
	struct buf full = { .len = most, .cap = most };
	struct dap_message m;

	(void)state;
	assert_int_equal(scan("{\"seq\":1," REST, &m), DAP_OK);
	assert_false(dap_write(&full, "{}", 2));
	assert_false(dap_write_renumbered(&full, &m, 1, 1));
	assert_true(full.len == most);
}

static void every_error_has_a_sentence(void **state)
{
	(void)state;
	for (int e = DAP_NOT_MESSAGE; e <= DAP_MORE; e++)
		assert_string_not_equal(dap_error_text((enum dap_error)e),
					"unknown error");
	assert_string_equal(dap_error_text((enum dap_error)2),
			    "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_messages_are_found),
		cmocka_unit_test(a_message_ends_where_its_length_says),
		cmocka_unit_test(bad_headers_are_refused_at_once),
		cmocka_unit_test(limits_are_allowed_to_be_reached),
		cmocka_unit_test(a_longer_header_is_refused_at_the_limit),
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(responses_are_read),
		cmocka_unit_test(events_are_read),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(every_prefix_is_refused),
		cmocka_unit_test(numbers_are_replaced_where_they_stand),
		cmocka_unit_test(what_was_written_is_read_again),
		cmocka_unit_test(short_memory_is_told),
		cmocka_unit_test(every_error_has_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
