/* HTTP answers: heads, and problem documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "buf.h"
#include "http_response.h"

#define NOW 784111777  /* RFC 9110's example */

static void check(const struct http_response *r, const struct http_manner *m,
		  const char *text)
{
	struct buf b = { 0 };

	assert_true(http_response_write(&b, r, m, NOW));
	assert_true(buf_add(&b, "", 1));
	assert_string_equal(b.data, text);
	buf_free(&b);
}

#define FIXED "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
#define START(status, length) "HTTP/1.1 " status "\r\n" \
	"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" \
	"Content-Type: text/plain\r\nContent-Length: " length "\r\n" FIXED

static void a_head_says_what_follows(void **state)
{
	static const struct http_response PLAIN = {
		.status = 200, .type = "text/plain", .content = "hello",
		.len = 5,
	}, ODD = {
		.status = 299, .type = "text/plain", .fields = "Allow: GET\r\n",
	};

	(void)state;
	check(&PLAIN, &(struct http_manner){ .keep_alive = true },
	      START("200 OK", "5") "\r\nhello");
	check(&PLAIN, &(struct http_manner){ .head_only = true },
	      START("200 OK", "5") "Connection: close\r\n\r\n");
	check(&PLAIN, &(struct http_manner){ .keep_alive = true,
					     .http_1_0 = true },
	      START("200 OK", "5") "Connection: keep-alive\r\n\r\nhello");
	check(&ODD, &(struct http_manner){ .keep_alive = true },
	      START("299 Unknown", "0") "Allow: GET\r\n\r\n");
}

static void a_problem_is_a_document(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_true(http_problem_write(&b, 404, "no \"x\" is here"));
	assert_true(buf_add(&b, "", 1));
	assert_string_equal(b.data,
		"{\"type\":\"about:blank\",\"title\":\"Not Found\","
		"\"status\":404,\"detail\":\"no \\\"x\\\" is here\"}\n");
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_head_says_what_follows),
		cmocka_unit_test(a_problem_is_a_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
