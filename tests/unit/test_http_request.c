/* HTTP requests: what is one, and what is refused, however it is cut up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_request.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define HOST "Host: a\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\n" HOST "\r\n"
#define POST(fields, body) "POST / HTTP/1.1\r\n" HOST fields "\r\n" body
#define CHUNKED(body) POST("Transfer-Encoding: chunked\r\n", body)
#define FIELD(line) "GET / HTTP/1.1\r\n" HOST line "\r\n\r\n"

/* In pieces of `step` bytes. Returns what was used. */
static size_t feed(struct http_request *r, const char *text, size_t len,
		   size_t step)
{
	size_t used = 0;

	http_request_init(r);
	while (used < len && r->state != HTTP_DONE && r->state != HTTP_BAD) {
		size_t n = len - used < step ? len - used : step;

		/* Its own place: nothing behind or before it may be read. */
		char *piece = malloc(n);

		memcpy(piece, text + used, n);
		used += http_request_feed(r, piece, n);
		free(piece);
	}
	return used;
}

/* 200: it is complete; 0: it is not. */
static int result(const struct http_request *r)
{
	if (r->state == HTTP_BAD)
		return r->status;
	return r->state == HTTP_DONE ? 200 : 0;
}

static void check(const char *text, size_t len, int status)
{
	for (size_t step = 1; step <= len; step += step < 4 ? 1 : len / 3 + 1) {
		struct http_request r;

		feed(&r, text, len, step);
		if (result(&r) != status)
			fail_msg("%d (%s), not %d: %s", result(&r),
				 r.why ? r.why : "", status, text);
		if (r.state == HTTP_BAD && (!r.why || r.keep_alive))
			fail_msg("no reason, or kept alive: %s", text);
		http_request_reset(&r);
	}
}

#define ROW(text, status) { text, sizeof(text) - 1, status }

static void each_request_has_its_status(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		int status;
	} TABLE[] = {
		ROW(GET("/"), 200),
		ROW("GET / HTTP/1.1\r\nHOST: a:5679\r\n\r\n", 200),
		ROW("GET / HTTP/1.1\r\nHost:\r\n\r\n", 200),
		ROW("GET / HTTP/1.1\r\nHost: [fd00::1]:5679\r\n\r\n", 200),
		ROW("GET / HTTP/1.0\r\n\r\n", 200),
		ROW("GET / HTTP/1.1\r\n" HOST, 0),
		ROW("GET / HT", 0),
		ROW("\r\n\r\n" GET("/"), 200),
		ROW("\r\n", 0),
		ROW("\r", 0),
		/* the request line */
		ROW("\n" GET("/"), 400),
		ROW("\rGET / HTTP/1.1\r\n" HOST "\r\n", 400),
		ROW(" GET / HTTP/1.1\r\n" HOST "\r\n", 400),
		ROW("GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
		ROW("GET /  HTTP/1.1\r\n" HOST "\r\n", 400),
		ROW("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400),
		ROW("GET / HTTP/1.1 \r\n" HOST "\r\n", 400),
		ROW("GET / HTTP/1.1\n" HOST "\r\n", 400),
		ROW("GET /\r\n\r\n", 400),
		ROW("GET / HTTP/11\r\n", 400),
		ROW("GET / HTTP/1.10\r\n", 400),
		ROW("GET / http/1.1\r\n", 400),
		ROW("GET / RTSP/1.0\r\n", 400),
		ROW("GET / ICE/1.0\r\n", 400),
		ROW("GET HTTP/1.1\r\n", 400),
		ROW(" / HTTP/1.1\r\n", 400),
		ROW("G{T / HTTP/1.1\r\n", 400),
		ROW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
		ROW("GET /\0 HTTP/1.1\r\n", 400),
		ROW("GET /\x7f HTTP/1.1\r\n", 400),
		ROW("GET /\xc3\xa4 HTTP/1.1\r\n", 400),
		ROW("GET / HTTP/0.9\r\n", 505),
		ROW("GET / HTTP/1.2\r\n", 505),
		ROW("GET / HTTP/2.0\r\n", 505),
		ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
		/* methods */
		ROW("FOO / HTTP/1.1\r\n" HOST "\r\n", 501),
		ROW("get / HTTP/1.1\r\n" HOST "\r\n", 501),
		ROW("GETS / HTTP/1.1\r\n" HOST "\r\n", 501),
		ROW("DESCRIBE / HTTP/1.1\r\n" HOST "\r\n", 501),
		ROW("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", 501),
		ROW("TRACE / HTTP/1.1\r\n" HOST "\r\n", 200),
		ROW("DELETE / HTTP/1.1\r\n" HOST "\r\n", 200),
		/* targets */
		ROW(GET("x"), 400),
		ROW(GET("/#a"), 400),
		ROW(GET("*"), 400),
		ROW("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 200),
		ROW(GET("http://a/b"), 200),
		ROW(GET("http:///b"), 400),
		ROW(GET("http://u@a/b"), 400),
		ROW(GET("https://a/b"), 400),
		/* header fields */
		ROW("GET / HTTP/1.1\r\n\r\n", 400),
		ROW(FIELD(HOST "X: y"), 400),
		ROW("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
		ROW("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
		ROW(FIELD("X: y\n"), 400),
		ROW("GET / HTTP/1.1\r\n" HOST "\n", 400),
		ROW("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
		ROW("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
		ROW("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
		ROW(FIELD("X: a\r\n b"), 400),
		ROW(FIELD("X: a\r\n\tb"), 400),
		ROW(FIELD("X: a\rb"), 400),
		ROW(FIELD("X: a\0b"), 400),
		ROW(FIELD("X: \x01"), 400),
		ROW(FIELD("X: \x7f"), 400),
		ROW(FIELD("X: \xc3\xa4"), 200),
		ROW(FIELD("X\xc3\xa4: a"), 400),
		ROW(FIELD("X"), 400),
		ROW(FIELD(": a"), 400),
		ROW(FIELD("Authorization: a\r\nauthorization: b"), 400),
		ROW(FIELD("Content-Type:\r\nContent-Type:"), 400),
		ROW(FIELD("Accept: a\r\nAccept: b"), 200),
		ROW(FIELD("Expect: 100-Continue"), 200),
		ROW(FIELD("Expect: 200-ok"), 417),
		ROW(FIELD("Expect:"), 417),
		ROW(FIELD("Connection: upgrade, close\r\nUpgrade: h2c"), 200),
		/* content */
		ROW(POST("Content-Length: 3\r\n", "abc"), 200),
		ROW(POST("Content-Length: 3\r\n", "ab"), 0),
		ROW(POST("Content-Length: 0\r\n", ""), 200),
		ROW(POST("", ""), 200),
		ROW(POST("Content-Length: 16384\r\n", "a"), 0),
		ROW(POST("Content-Length: 16385\r\n", ""), 413),
		ROW(POST("Content-Length: 99999999999999999999\r\n", ""), 400),
		ROW(POST("Content-Length: +3\r\n", "abc"), 400),
		ROW(POST("Content-Length: -3\r\n", "abc"), 400),
		ROW(POST("Content-Length: 0x3\r\n", "abc"), 400),
		ROW(POST("Content-Length: 3 4\r\n", "abc"), 400),
		ROW(POST("Content-Length: 3, 3\r\n", "abc"), 400),
		ROW(POST("Content-Length: \r\n", ""), 400),
		ROW(POST("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
		    400),
		ROW(POST("Content-Length: 3\r\nContent-Length: 4\r\n", "abc"),
		    400),
		ROW(POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
			 "0\r\n\r\n"), 400),
		ROW(POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
			 "0\r\n\r\n"), 400),
		ROW("GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na",
		    200),
		/* chunks */
		ROW(CHUNKED("0\r\n\r\n"), 200),
		ROW(CHUNKED("3\r\nabc\r\n0\r\n\r\n"), 200),
		ROW(CHUNKED("3;a=\"b\"\r\nabc\r\n0\r\nX: y\r\n\r\n"), 200),
		ROW(CHUNKED("3\r\nabc\r\n0\r\n"), 0),
		ROW(CHUNKED("4001\r\n"), 0),
		ROW(CHUNKED("3\nabc\r\n0\r\n\r\n"), 400),
		ROW(CHUNKED("3 \r\nabc\r\n0\r\n\r\n"), 400),
		ROW(CHUNKED("3\r\nabc0\r\n\r\n"), 400),
		ROW(CHUNKED("3\r\nabc\n0\r\n\r\n"), 400),
		ROW(CHUNKED("3;\na\r\nabc\r\n0\r\n\r\n"), 400),
		ROW(CHUNKED("0x3\r\nabc\r\n0\r\n\r\n"), 400),
		ROW(CHUNKED("g\r\n"), 400),
		ROW(CHUNKED("ffffffffffffffffff\r\n"), 400),
		ROW(CHUNKED("0\r\n\n"), 400),
		ROW(CHUNKED("0\r\nX: y\n\r\n"), 400),
		ROW(CHUNKED("0\r\nX: y\r\n z\r\n\r\n"), 400),
		ROW(CHUNKED("0\r\nContent-Length: 3\r\n\r\n"), 400),
		ROW(POST("Transfer-Encoding: gzip, chunked\r\n", ""), 501),
		ROW(POST("Transfer-Encoding: chunked, chunked\r\n", ""), 400),
		ROW(POST("Transfer-Encoding: gzip\r\n", ""), 501),
		ROW(POST("Transfer-Encoding: identity\r\n", ""), 501),
		ROW(POST("Transfer-Encoding: xchunked\r\n", ""), 501),
		ROW(POST("Transfer-Encoding:\r\n", ""), 400),
		ROW(POST("Transfer-Encoding: CHUNKED \t\r\n", "0\r\n\r\n"),
		    200),
		ROW(POST("Transfer-Encoding: chunked\r\n"
			 "Transfer-Encoding: chunked\r\n", ""), 400),
		ROW(POST("Transfer-Encoding: gzip\r\n"
			 "Transfer-Encoding: chunked\r\n", ""), 400),
		ROW("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "0\r\n\r\n", 400),
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		check(TABLE[i].text, TABLE[i].len, TABLE[i].status);
}

static void the_parts_are_found(void **state)
{
	static const char TEXT[] =
		"POST /v1/sessions?a=/b?c HTTP/1.1\r\nhost: 10.3.0.5:5679 \r\n"
		"AUTHORIZATION:\t Bearer abc \t\r\nX-Unknown: x\r\n"
		"Origin: http://b\r\nSec-Fetch-Site: cross-site\r\n"
		"Content-Type: application/json\r\nAccept:\r\n"
		"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"
		"GET /next";

	(void)state;
	for (size_t step = 1; step < sizeof(TEXT); step++) {
		struct http_request r;
		size_t used = feed(&r, TEXT, sizeof(TEXT) - 1, step);

		assert_int_equal(r.state, HTTP_DONE);
		assert_int_equal(used, strlen(TEXT) - strlen("GET /next"));
		assert_int_equal(r.method, HTTP_POST);
		assert_true(r.keep_alive && r.expects && !r.head_only);
		assert_string_equal(r.path, "/v1/sessions");
		assert_string_equal(r.query, "a=/b?c");
		assert_string_equal(r.field[HTTP_FIELD_HOST], "10.3.0.5:5679");
		assert_string_equal(r.field[HTTP_FIELD_AUTHORIZATION],
				    "Bearer abc");
		assert_string_equal(r.field[HTTP_FIELD_ORIGIN], "http://b");
		assert_string_equal(r.field[HTTP_FIELD_SEC_FETCH_SITE],
				    "cross-site");
		assert_string_equal(r.field[HTTP_FIELD_CONTENT_TYPE],
				    "application/json");
		assert_string_equal(r.field[HTTP_FIELD_ACCEPT], "");
		assert_int_equal(r.body.len, 5);
		assert_memory_equal(r.body.data, "hello", 5);
		http_request_reset(&r);
		assert_int_equal(r.state, HTTP_IDLE);
	}
}

static void chunks_are_put_together(void **state)
{
	static const char TEXT[] = CHUNKED("1\r\na\r\nA;x\r\n0123456789\r\n"
					   "0\r\nHost: b\r\n\r\n");
	struct http_request r;

	(void)state;
	assert_int_equal(feed(&r, TEXT, sizeof(TEXT) - 1, 7),
			 sizeof(TEXT) - 1);
	assert_int_equal(r.body.len, 11);
	assert_memory_equal(r.body.data, "a0123456789", 11);
	assert_string_equal(r.field[HTTP_FIELD_HOST], "a");
	assert_false(r.expects);
	http_request_reset(&r);
}

static void targets_are_split(void **state)
{
	static const struct {
		const char *target, *path, *query;
	} TABLE[] = {
		{ "/", "/", NULL },
		{ "/?", "/", "" },
		{ "/a/b?c=d", "/a/b", "c=d" },
		{ "//a", "//a", NULL },
		{ "/%41", "/%41", NULL },
		{ "http://h/p?q", "/p", "q" },
		{ "HTTP://h:80/p", "/p", NULL },
		{ "http://h", "/", NULL },
		{ "http://h?q", "/", "q" },
		{ "http://[::1]:80?q", "/", "q" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct http_request r;
		char text[256];

		snprintf(text, sizeof(text), GET("%s"), TABLE[i].target);
		feed(&r, text, strlen(text), 1000);
		assert_int_equal(r.state, HTTP_DONE);
		assert_string_equal(r.path, TABLE[i].path);
		if (TABLE[i].query)
			assert_string_equal(r.query, TABLE[i].query);
		else
			assert_null(r.query);
		http_request_reset(&r);
	}
}

static void who_keeps_the_connection(void **state)
{
	static const struct {
		const char *version, *fields;
		bool kept;
	} TABLE[] = {
		{ "1.1", "", true },
		{ "1.1", "Connection: close\r\n", false },
		{ "1.1", "Connection: Close, te\r\n", false },
		{ "1.1", "Connection: keep-alive\r\n", true },
		{ "1.0", "", false },
		{ "1.0", "Connection: keep-alive\r\n", true },
		{ "1.0", "Connection: close\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct http_request r;
		char text[256];

		snprintf(text, sizeof(text), "HEAD / HTTP/%s\r\n" HOST
			 "%s\r\n", TABLE[i].version, TABLE[i].fields);
		feed(&r, text, strlen(text), 1000);
		assert_int_equal(r.state, HTTP_DONE);
		assert_int_equal(r.keep_alive, TABLE[i].kept);
		assert_true(r.head_only);
		assert_int_equal(r.http_1_0, TABLE[i].version[2] == '0');
		http_request_reset(&r);
	}
}

/* `before`, n times `unit`, `after`. */
static void check_many(const char *before, const char *unit, size_t n,
		       const char *after, int status)
{
	struct buf b = { 0 };

	buf_add(&b, before, strlen(before));
	for (size_t i = 0; i < n; i++)
		buf_add(&b, unit, strlen(unit));
	buf_add(&b, after, strlen(after) + 1);
	check(b.data, b.len - 1, status);
	buf_free(&b);
}

static void everything_has_an_end(void **state)
{
#define START "GET / HTTP/1.1\r\n" HOST
	const size_t line = strlen("GET / HTTP/1.1\r\n");
	const size_t head = strlen(START) + strlen("X: \r\n\r\n");

	(void)state;
	check_many("GET /", "a", HTTP_LINE_MAX - line, " HTTP/1.1\r\n" HOST
		   "\r\n", 200);
	check_many("GET /", "a", HTTP_LINE_MAX - line + 1, " HTTP/1.1\r\n", 414);
	check_many("", "a", HTTP_LINE_MAX, "", 414);
	check_many("", "\r\n", HTTP_LINE_MAX, START "\r\n", 200);
	check_many(START, "X:y\r\n", HTTP_FIELDS_MAX - 1, "\r\n", 200);
	check_many(START, "X:y\r\n", HTTP_FIELDS_MAX, "\r\n", 431);
	check_many("GET / HTTP/1.1\r\n" HOST "X: ", "a", HTTP_HEAD_MAX - head,
		   "\r\n\r\n", 200);
	check_many("GET / HTTP/1.1\r\n" HOST "X: ", "a",
		   HTTP_HEAD_MAX - head + 1, "\r\n\r\n", 431);
	check_many(CHUNKED(""), "1\r\na\r\n", HTTP_RAW_MAX / 6 - 1,
		   "0\r\n\r\n", 200);
	check_many(CHUNKED(""), "1\r\na\r\n", HTTP_RAW_MAX / 6 + 1, "", 413);
	check_many(CHUNKED(""), "1000\r\n", 1, "", 0);
	check_many(CHUNKED("4001\r\n"), "a", HTTP_BODY_MAX + 1, "", 413);
	check_many(CHUNKED("1;"), "a", HTTP_RAW_MAX, "", 413);
	check_many(CHUNKED("0\r\n"), "X: y\r\n", HTTP_FIELDS_MAX, "", 431);
	check_many(CHUNKED("0\r\nX:"), "y", HTTP_RAW_MAX, "", 413);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_has_its_status),
		cmocka_unit_test(the_parts_are_found),
		cmocka_unit_test(chunks_are_put_together),
		cmocka_unit_test(targets_are_split),
		cmocka_unit_test(who_keeps_the_connection),
		cmocka_unit_test(everything_has_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
