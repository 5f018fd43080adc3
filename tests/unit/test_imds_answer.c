/* What IMDS says of a machine, and what others say in its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "imds_answer.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

#define IPV4(address, subnet, prefix) \
	"{\"ipv4\":{\"ipAddress\":[{\"privateIpAddress\":\"" address "\"," \
	"\"publicIpAddress\":\"\"}],\"subnet\":[{\"address\":\"" subnet "\"," \
	"\"prefix\":\"" prefix "\"}]},\"ipv6\":{\"ipAddress\":[]}}"
#define DOCUMENT(interfaces) \
	"{\"compute\":{\"location\":\"westeurope\",\"name\":\"tvm\"," \
	"\"priority\":\"Spot\",\"vmId\":\"02aa\",\"vmSize\":\"NC6\"}," \
	"\"network\":{\"interface\":[" interfaces "]}}"

static bool has(const struct imds_answer *said, const char *address)
{
	return cidr_contains_text(&said->nets, address);
}

static void a_document_is_read(void **state)
{
	struct imds_answer said;

	(void)state;
	assert_true(imds_answer_parse(DOCUMENT(
		IPV4("10.3.0.4", "10.3.0.0", "24") ","
		IPV4("10.4.0.4", "10.4.0.0", "16")), &said));
	assert_string_equal(said.vm, "tvm");
	assert_string_equal(said.vm_id, "02aa");
	assert_string_equal(said.vm_size, "NC6");
	assert_string_equal(said.region, "westeurope");
	assert_string_equal(said.priority, "Spot");
	assert_string_equal(said.address, "10.3.0.4");
	assert_true(has(&said, "10.3.0.99") && has(&said, "10.4.99.99"));
	assert_false(has(&said, "10.5.0.1") || has(&said, "10.3.1.1"));
}

static void parts_may_be_missing(void **state)
{
	static const char *const SOME[] = {
		"{\"compute\":{\"vmId\":\"02aa\"}}",
		"{\"compute\":{\"vmSize\":\"NC6\",\"priority\":null}}",
		"{\"compute\":7,\"network\":{\"interface\":["
			IPV4("10.3.0.4", "", "") "]}}",
	};
	struct imds_answer said;

	(void)state;
	for (size_t i = 0; i < LENGTH(SOME); i++) {
		assert_true(imds_answer_parse(SOME[i], &said));
		assert_string_equal(said.priority, "");
	}
	assert_true(has(&said, "10.3.0.4"));
	assert_int_equal(said.nets.len, 1);
}

static void what_is_no_machines_address_is_left_out(void **state)
{
	static const char *const BAD[] = {
		DOCUMENT(IPV4("127.0.0.1", "127.0.0.0", "8")),
		DOCUMENT(IPV4("0.0.0.0", "0.0.0.0", "0")),
		DOCUMENT(IPV4("169.254.169.254", "169.254.0.0", "16")),
		DOCUMENT(IPV4("224.0.0.1", "255.255.255.255", "32")),
		DOCUMENT(IPV4("fd00::4", "fd00::", "64")),
		DOCUMENT(IPV4("10.3.0.4/8", "10.0.0.0", "7")),
		DOCUMENT(IPV4("10.3.0", "10.3.0.4", "24")),
		DOCUMENT(IPV4("evil.example.com", "10.3.0.0", "24x")),
		DOCUMENT(IPV4(" 10.3.0.4", "10.3.0.0", "-8")),
		DOCUMENT(IPV4("", "10.3.0.0", "33")),
		DOCUMENT("7,null,[],{},{\"ipv4\":[]},{\"ipv4\":{\"ipAddress\":"
			 "\"10.3.0.4\",\"subnet\":{\"a\":\"b\"}}}"),
	};
	struct imds_answer said;

	(void)state;
	for (size_t i = 0; i < LENGTH(BAD); i++) {
		assert_true(imds_answer_parse(BAD[i], &said));
		assert_string_equal(said.address, "");
		assert_int_equal(said.nets.len, 0);
	}
}

static void more_than_there_is_room_for_is_left_out(void **state)
{
	static char text[64 * 1024] = "{\"compute\":{\"vmId\":\"1\"},"
				      "\"network\":{\"interface\":[{\"ipv4\":"
				      "{\"ipAddress\":[";
	struct imds_answer said;
	size_t len = strlen(text);

	(void)state;
	for (int i = 0; i < 250; i++)
		len += (size_t)sprintf(text + len, "%s{\"privateIpAddress\":"
				       "\"10.3.0.%d\"}", i ? "," : "", i + 1);
	strcpy(text + len, "]}}]}}");
	assert_true(imds_answer_parse(text, &said));
	assert_string_equal(said.address, "10.3.0.1");
	assert_int_equal(said.nets.len, CIDR_MAX);
}

static void other_texts_are_no_document(void **state)
{
	static const char *const BAD[] = {
		"", "null", "[]", "{}", "{", "7", "\"compute\"",
		"<html><body>Please log in</body></html>",
		"{\"error\":\"Bad request\"}", "{\"compute\":{\"name\":\"a\"}}",
		"{\"compute\":[\"vmId\"],\"network\":\"interface\"}",
	};
	struct imds_answer said;

	(void)state;
	for (size_t i = 0; i < LENGTH(BAD); i++)
		assert_false(imds_answer_parse(BAD[i], &said));
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_document_is_read),
		cmocka_unit_test(parts_may_be_missing),
		cmocka_unit_test(what_is_no_machines_address_is_left_out),
		cmocka_unit_test(more_than_there_is_room_for_is_left_out),
		cmocka_unit_test(other_texts_are_no_document),
	};

	return cmocka_run_group_tests_name("imds_answer", TESTS, NULL, NULL);
}
