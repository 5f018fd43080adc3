/* How many wrong tokens an address may try. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "guesses.h"

#define T0 5000  /* ms */

static struct guesses g;

static const struct sockaddr *ipv4(const char *text)
{
	static struct sockaddr_in sa;

	sa = (struct sockaddr_in){ .sin_family = AF_INET };
	assert_int_equal(inet_pton(AF_INET, text, &sa.sin_addr), 1);
	return (struct sockaddr *)&sa;
}

static const struct sockaddr *ipv6(const char *text)
{
	static struct sockaddr_in6 sa;

	sa = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	assert_int_equal(inet_pton(AF_INET6, text, &sa.sin6_addr), 1);
	return (struct sockaddr *)&sa;
}

static void guess(const struct sockaddr *from, unsigned count, int64_t now)
{
	while (count-- > 0)
		guesses_add(&g, from, now);
}

static int fresh(void **state)
{
	(void)state;
	g = (struct guesses){ 0 };
	return 0;
}

static void an_address_has_its_places(void **state)
{
	(void)state;
	assert_false(guesses_full(&g, ipv4("10.0.0.1"), T0));
	guess(ipv4("10.0.0.1"), GUESSES_EACH - 1, T0);
	assert_false(guesses_full(&g, ipv4("10.0.0.1"), T0));
	guess(ipv4("10.0.0.1"), 1, T0);
	assert_true(guesses_full(&g, ipv4("10.0.0.1"), T0));
}

static void others_have_their_own(void **state)
{
	(void)state;
	guess(ipv4("10.0.0.1"), 100, T0);
	assert_false(guesses_full(&g, ipv4("10.0.0.2"), T0));
	assert_false(guesses_full(&g, ipv6("::1"), T0));
}

static void each_place_is_free_when_its_time_is_over(void **state)
{
	(void)state;
	guess(ipv4("10.0.0.1"), 1, T0);
	guess(ipv4("10.0.0.1"), GUESSES_EACH - 1, T0 + 1000);
	assert_true(guesses_full(&g, ipv4("10.0.0.1"), T0 + GUESSES_MS - 1));
	assert_false(guesses_full(&g, ipv4("10.0.0.1"), T0 + GUESSES_MS));
	guess(ipv4("10.0.0.1"), 1, T0 + GUESSES_MS);
	assert_true(guesses_full(&g, ipv4("10.0.0.1"), T0 + GUESSES_MS));
}

static void mapped_ipv4_is_ipv4(void **state)
{
	(void)state;
	guess(ipv6("::ffff:10.0.0.1"), GUESSES_EACH, T0);
	assert_true(guesses_full(&g, ipv4("10.0.0.1"), T0));
	assert_false(guesses_full(&g, ipv6("::ffff:10.0.0.2"), T0));
}

static void a_network_of_ipv6_is_one(void **state)
{
	(void)state;
	guess(ipv6("fd00:1:2:3::1"), GUESSES_EACH / 2, T0);
	guess(ipv6("fd00:1:2:3:ffff::2"), GUESSES_EACH / 2, T0);
	assert_true(guesses_full(&g, ipv6("fd00:1:2:3:4::5"), T0));
	assert_false(guesses_full(&g, ipv6("fd00:1:2:4::1"), T0));
}

static void when_all_are_taken_the_oldest_is_given_up(void **state)
{
	char text[16];

	(void)state;
	guess(ipv4("10.0.0.1"), GUESSES_EACH, T0);
	for (unsigned i = 0; i < GUESSES_MAX; i++) {
		snprintf(text, sizeof(text), "10.1.%u.%u", i / 250, i % 250);
		guess(ipv4(text), 1, T0);
	}
	assert_false(guesses_full(&g, ipv4("10.0.0.1"), T0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_address_has_its_places, fresh),
		cmocka_unit_test_setup(others_have_their_own, fresh),
		cmocka_unit_test_setup(
			each_place_is_free_when_its_time_is_over, fresh),
		cmocka_unit_test_setup(mapped_ipv4_is_ipv4, fresh),
		cmocka_unit_test_setup(a_network_of_ipv6_is_one, fresh),
		cmocka_unit_test_setup(
			when_all_are_taken_the_oldest_is_given_up, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
