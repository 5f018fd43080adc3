/* Where an agent is, as people write it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "url.h"

static void good_ones(void **state)
{
	static const struct { const char *text, *host; uint16_t port; } ALL[] = {
		{ "http://10.3.0.5:5679", "10.3.0.5", 5679 },
		{ "http://10.3.0.5:80/", "10.3.0.5", 80 },
		{ "HTTP://node-7.example", "node-7.example", URL_HTTP_PORT },
		{ "http://[fd00::1]:81", "fd00::1", 81 },
		{ "http://[::1]/", "::1", URL_HTTP_PORT },
		{ "http://a:65535", "a", 65535 },
	};
	struct url u;

	(void)state;
	for (size_t i = 0; i < sizeof(ALL) / sizeof(*ALL); i++) {
		assert_null(url_parse(ALL[i].text, &u));
		assert_string_equal(u.host, ALL[i].host);
		assert_int_equal(u.port, ALL[i].port);
	}
	assert_null(url_parse_host("10.3.0.5:5678", &u));
	assert_int_equal(u.port, 5678);
	assert_null(url_parse_host("[fd00::1]:5678", &u));
	assert_string_equal(u.host, "fd00::1");
}

static void bad_ones(void **state)
{
	static const char *const URLS[] = {
		"", "10.3.0.5:5679", "https://10.3.0.5", "ftp://a", "http://",
		"http:///", "http://:5679", "http://a:", "http://a:0",
		"http://a:65536", "http://a:+1", "http://a:1x", "http://a b",
		"http://a/livez", "http://a:1//", "http://u:p@a", "http://a?b",
		"http://a#token=b", "http://[fd00::1", "http://[]", "http://fd00::1",
		"http://[a.example]", "http://a\n",
	}, *const HOSTS[] = {
		"", "a", "a:", ":1", "a:1/", "http://a:1", "fd00::1", "[fd00::1]",
		"[fd00::1]5678", "a:70000",
	};
	struct url u;
	char text[400];

	(void)state;
	for (size_t i = 0; i < sizeof(URLS) / sizeof(*URLS); i++)
		assert_non_null(url_parse(URLS[i], &u));
	for (size_t i = 0; i < sizeof(HOSTS) / sizeof(*HOSTS); i++)
		assert_non_null(url_parse_host(HOSTS[i], &u));
	for (size_t len = 200; len < 390; len++) {
		memset(text, 'a', len);
		memcpy(text, "http://", 7);
		text[len] = '\0';
		assert_int_equal(url_parse(text, &u) == NULL, len - 7 < 256);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_ones),
		cmocka_unit_test(bad_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
