/* Answers over HTTP, as they come in whole and in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "http_reply.h"

static void feed(struct http_reply *r, const char *text, size_t step)
{
	size_t len = strlen(text);

	http_reply_init(r);
	for (size_t at = 0; at < len; at += step)
		http_reply_feed(r, text + at, len - at < step ? len - at
							      : step);
}

static void check(const char *text, bool ends, int status, const char *body)
{
	for (size_t step = 1; step <= strlen(text); step += strlen(text) - 1) {
		struct http_reply r;

		feed(&r, text, step);
		if (ends)
			http_reply_end(&r);
		assert_int_equal(r.state, HTTP_REPLY_DONE);
		assert_int_equal(r.status, status);
		assert_string_equal(r.body.data, body);
		http_reply_free(&r);
	}
}

static void an_answer_is_read(void **state)
{
	(void)state;
	check("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200,
	      "hello");
	check("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", false, 503, "");
	check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	      "2\r\nab\r\n0\r\n\r\n", false, 200, "ab");
	check("HTTP/1.0 200 OK\r\n\r\nto its end", true, 200, "to its end");
	check("HTTP/1.1 100 Continue\r\n\r\n"
	      "HTTP/1.1 204 None\r\n\r\n", false, 204, "");
	check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd", false, 200,
	      "ab");
}

static void what_is_none_is_bad(void **state)
{
	static const char *const TEXTS[] = {
		"", "SSH-2.0-OpenSSH_9.2p1\r\n", "Content-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"HTTP/1.1 200 OK\r\nConte", "GET / HTTP/1.1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: "
		"chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TEXTS) / sizeof(*TEXTS); i++) {
		struct http_reply r;

		feed(&r, TEXTS[i], 1);
		http_reply_end(&r);
		assert_int_equal(r.state, HTTP_REPLY_BAD);
		http_reply_free(&r);
	}
}

static void too_much_is_bad(void **state)
{
	static char more[65536];
	struct http_reply r;

	(void)state;
	feed(&r, "HTTP/1.1 200 OK\r\n\r\n", 1000);
	memset(more, 'a', sizeof(more));
	for (int i = 0; i < 1000; i++)
		http_reply_feed(&r, more, sizeof(more));
	assert_int_equal(r.state, HTTP_REPLY_BAD);
	assert_true(r.body.len <= HTTP_REPLY_MAX);
	http_reply_free(&r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read),
		cmocka_unit_test(what_is_none_is_bad),
		cmocka_unit_test(too_much_is_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
