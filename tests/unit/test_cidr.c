/* Lists of address ranges: what is one, and what is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cidr.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static bool contains(const struct cidr_list *list, const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	bool in_list;

	if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
		in_list = cidr_contains(list, (struct sockaddr *)&in);
	} else {
		assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr),
				 1);
		in_list = cidr_contains(list, (struct sockaddr *)&in6);
	}
	assert_int_equal(cidr_contains_text(list, address), in_list);
	return in_list;
}

static void addresses_are_in_their_ranges(void **state)
{
	static const struct {
		const char *list, *address;
		bool in;
	} TABLE[] = {
		{ "10.0.0.0/8", "10.0.0.0", true },
		{ "10.0.0.0/8", "10.255.255.255", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "9.255.255.255", false },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
		{ "10.0.0.0/8", "::10.1.2.3", false },
		{ "10.0.0.0/8", "a00::", false },
		{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
		{ "::ffff:10.0.0.0/104", "11.1.2.3", false },
		{ "172.16.0.0/12", "172.31.255.255", true },
		{ "172.16.0.0/12", "172.32.0.0", false },
		{ "192.168.1.128/25", "192.168.1.127", false },
		{ "192.168.1.128/25", "192.168.1.128", true },
		{ "10.1.2.2/31", "10.1.2.3", true },
		{ "10.1.2.2/31", "10.1.2.4", false },
		{ "10.1.2.3", "10.1.2.3", true },
		{ "10.1.2.3/32", "10.1.2.3", true },
		{ "10.1.2.3", "10.1.2.2", false },
		{ "0.0.0.0/0", "8.8.8.8", true },
		{ "0.0.0.0/0", "::ffff:8.8.8.8", true },
		{ "0.0.0.0/0", "::1", false },
		{ "::/0", "fd00::1", true },
		{ "::/0", "8.8.8.8", false },
		{ "::/0", "::ffff:8.8.8.8", false },
		{ "fc00::/7", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  true },
		{ "fc00::/7", "fe00::", false },
		{ "fc00::/7", "fbff::", false },
		{ "::1", "::1", true },
		{ "::1/128", "::2", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false },
		{ "1.1.1.1,2.2.2.2", "2.2.2.2", true },
		{ " 1.1.1.1 , 2.2.2.2\t3.3.3.3 ", "3.3.3.3", true },
		{ ",,1.1.1.1,", "1.1.1.1", true },
		{ "1.1.1.1,2.2.2.2", "3.3.3.3", false },
		{ "none", "127.0.0.1", false },
		{ " none ,", "127.0.0.1", false },
		{ "", "127.0.0.1", false },
		{ CIDR_DEFAULT, "10.3.0.5", true },
		{ CIDR_DEFAULT, "127.0.0.1", true },
		{ CIDR_DEFAULT, "100.64.0.1", true },
		{ CIDR_DEFAULT, "::1", true },
		{ CIDR_DEFAULT, "::ffff:192.168.0.1", true },
		{ CIDR_DEFAULT, "fd12::1", true },
		{ CIDR_DEFAULT, "20.1.2.3", false },
		{ CIDR_DEFAULT, "2001:db8::1", false },
		{ CIDR_DEFAULT, "169.254.169.254", false },
		{ CIDR_DEFAULT, "0.0.0.0", false },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct cidr_list list;
		char bad[64];

		assert_true(cidr_parse(&list, TABLE[i].list, bad));
		if (contains(&list, TABLE[i].address) != TABLE[i].in)
			fail_msg("%s, %s", TABLE[i].list, TABLE[i].address);
	}
}

static void typing_mistakes_are_named(void **state)
{
	static const struct {
		const char *list, *bad;
	} TABLE[] = {
		{ "10.1.2.3/8", "10.1.2.3/8" },
		{ "10.0.0.0/8,10.1.2.3/31", "10.1.2.3/31" },
		{ "10.0.0.0/33", "10.0.0.0/33" },
		{ "10.0.0.0/", "10.0.0.0/" },
		{ "10.0.0.0/-8", "10.0.0.0/-8" },
		{ "10.0.0.0/+8", "10.0.0.0/+8" },
		{ "10.0.0.0/08", "10.0.0.0/08" },
		{ "10.0.0.0/8/8", "10.0.0.0/8/8" },
		{ "10.0.0.0/99999999999999999999",
		  "10.0.0.0/99999999999999999999" },
		{ "10.0.0.0/255.0.0.0", "10.0.0.0/255.0.0.0" },
		{ "10.0.0/8", "10.0.0/8" },
		{ "10.0.0.256", "10.0.0.256" },
		{ "::/129", "::/129" },
		{ "fc00::1/7", "fc00::1/7" },
		{ "fe80::1%eth0", "fe80::1%eth0" },
		{ "[::1]", "[::1]" },
		{ "::ffff:10.0.0.1/104", "::ffff:10.0.0.1/104" },
		{ "/8", "/8" },
		{ "localhost", "localhost" },
		{ "10.0.0.0/8;::1", "10.0.0.0/8;::1" },
		{ "10.0.0.0/8,none", "none" },
		{ "none,10.0.0.0/8", "none" },
		{ "nonesuch", "nonesuch" },
		{ "10.0.0.0 / 8", "/" },
		/* 63 bytes of it are shown */
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "890123456789",
		  "0123456789012345678901234567890123456789012345678901234567"
		  "89012" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct cidr_list list;
		char bad[64];

		assert_false(cidr_parse(&list, TABLE[i].list, bad));
		assert_string_equal(bad, TABLE[i].bad);
		assert_int_equal(list.len, 0);
	}
}

static void bits_behind_a_prefix_are_taken_away(void **state)
{
	static const struct {
		const char *piece, *mended;  /* NULL: it cannot be */
	} TABLE[] = {
		{ "10.3.0.5/16", "10.3.0.0/16" },
		{ "10.1.2.3/31", "10.1.2.2/31" },
		{ "10.1.2.3/0", "0.0.0.0/0" },
		{ "fc00::1/7", "fc00::/7" },
		{ "fd12::ff/121", "fd12::80/121" },
		{ "::ffff:10.0.0.1/104", "::ffff:10.0.0.0/104" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127" },
		{ "::ffff:10.0.0.0/1", NULL },  /* it lies in no range of IPv6 */
		{ "10.3.0.0/16", NULL }, { "10.3.0.5", NULL },
		{ "10.3.0.5/33", NULL }, { "10.3.0.5/", NULL },
		{ "host/8", NULL }, { "", NULL }, { "none", NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct cidr_list list;
		char mended[64], bad[64];

		assert_int_equal(cidr_mend(TABLE[i].piece, mended),
				 TABLE[i].mended != NULL);
		if (!TABLE[i].mended)
			continue;
		assert_string_equal(mended, TABLE[i].mended);
		assert_true(cidr_parse(&list, mended, bad));
	}
}

static void other_texts_are_in_no_list(void **state)
{
	static const char *const TABLE[] = {
		"", "localhost", "10.0.0.0/8", "10.0.0.1,", "10.0.0.1:5678",
		" 10.0.0.1", "none", "[::1]",
	};
	struct cidr_list list;
	char bad[64];

	(void)state;
	assert_true(cidr_parse(&list, "0.0.0.0/0,::/0", bad));
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		assert_false(cidr_contains_text(&list, TABLE[i]));
}

static void there_is_an_end_to_a_list(void **state)
{
	char text[CIDR_MAX * 16 + 16] = "", bad[64], *p = text;
	struct cidr_list list;

	(void)state;
	for (int i = 0; i < CIDR_MAX; i++)
		p += sprintf(p, "10.0.0.%d,", i);
	assert_true(cidr_parse(&list, text, bad));
	assert_int_equal(list.len, CIDR_MAX);
	assert_true(contains(&list, "10.0.0.63"));
	strcpy(p, "10.0.1.0");
	assert_false(cidr_parse(&list, text, bad));
	assert_string_equal(bad, "10.0.1.0");
}

/* Each prefix length: the last address in it, and the first one behind. */
static void every_prefix_length_is_exact(void **state)
{
	(void)state;
	for (unsigned bits = 1; bits <= 32; bits++) {
		uint32_t net = 0x80000000u >> (bits - 1);
		uint32_t last = net | (bits < 32 ? 0xffffffffu >> bits : 0);
		struct in_addr a = { htonl(net) };
		char text[64], bad[64], address[64];
		struct cidr_list list;

		snprintf(text, sizeof(text), "%s/%u", inet_ntoa(a), bits);
		assert_true(cidr_parse(&list, text, bad));
		a.s_addr = htonl(last);
		snprintf(address, sizeof(address), "%s", inet_ntoa(a));
		assert_true(contains(&list, address));
		a.s_addr = htonl(last + 1);
		snprintf(address, sizeof(address), "%s", inet_ntoa(a));
		assert_false(contains(&list, address));
	}
}

static void other_families_are_in_no_list(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct cidr_list list;
	char bad[64];

	(void)state;
	assert_true(cidr_parse(&list, "0.0.0.0/0,::/0", bad));
	assert_false(cidr_contains(&list, (struct sockaddr *)&un));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_in_their_ranges),
		cmocka_unit_test(typing_mistakes_are_named),
		cmocka_unit_test(bits_behind_a_prefix_are_taken_away),
		cmocka_unit_test(other_texts_are_in_no_list),
		cmocka_unit_test(there_is_an_end_to_a_list),
		cmocka_unit_test(every_prefix_length_is_exact),
		cmocka_unit_test(other_families_are_in_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
