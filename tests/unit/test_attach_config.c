/* What a launch configuration may say, and what of it goes where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "attach_config.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static void only_the_right_token_is_right(void **state)
{
	static const struct {
		const char *config, *want;
		enum attach_token result;
	} TABLE[] = {
		{ "{\"pitstopToken\":\"abc\"}", "abc", TOKEN_RIGHT },
		{ "{\"pitstopToken\":\"abcd\"}", "abc", TOKEN_WRONG },
		{ "{\"pitstopToken\":\"ab\"}", "abc", TOKEN_WRONG },
		{ "{\"pitstopToken\":\"ABC\"}", "abc", TOKEN_WRONG },
		{ "{\"pitstopToken\":\"\"}", "abc", TOKEN_MISSING },
		{ "{\"pitstopToken\":null}", "abc", TOKEN_MISSING },
		{ "{\"pitstopToken\":[\"abc\"]}", "abc", TOKEN_MISSING },
		{ "{\"PitstopToken\":\"abc\"}", "abc", TOKEN_MISSING },
		{ "{}", "abc", TOKEN_MISSING },
		{ "{}", NULL, TOKEN_RIGHT },
		{ "{\"pitstopToken\":\"abc\"}", NULL, TOKEN_RIGHT },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		cJSON *c = cJSON_Parse(TABLE[i].config);

		assert_int_equal(attach_config_token(c, TABLE[i].want),
				 TABLE[i].result);
		cJSON_Delete(c);
	}
}

/* The comparison works on 256 bytes: a longer token must not be cut to a
 * right one. */
static void a_token_with_a_right_beginning_is_wrong(void **state)
{
	char want[256], text[600];
	cJSON *c = cJSON_CreateObject();

	(void)state;
	memset(want, 'a', sizeof(want) - 1);
	want[sizeof(want) - 1] = '\0';
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cJSON_AddStringToObject(c, "pitstopToken", text);
	assert_int_equal(attach_config_token(c, want), TOKEN_WRONG);
	cJSON_Delete(c);
}

static void the_debuggee_gets_everything_but_our_keys(void **state)
{
	static const char GIVEN[] =
		"{\"name\":\"x\",\"pitstopToken\":\"secret\","
		"\"justMyCode\":false,\"pitstopRank\":3,"
		"\"pitstopTakeover\":true,\"pitstopOffered\":true,"
		"\"pathMappings\":[{\"a\":1}]}";
	cJSON *c = cJSON_Parse(GIVEN), *d = attach_config_for_debuggee(c);
	char *text = cJSON_PrintUnformatted(d);

	(void)state;
	assert_string_equal(text, "{\"name\":\"x\",\"justMyCode\":false,"
				  "\"pathMappings\":[{\"a\":1}]}");
	assert_non_null(cJSON_GetObjectItem(c, "pitstopToken"));
	cJSON_free(text);
	cJSON_Delete(c);
	cJSON_Delete(d);
}

static void an_offer_inherits_the_token_and_the_way_to_connect(void **state)
{
	static const struct {
		const char *config, *child;
	} TABLE[] = {
		{ "{\"name\":\"p\",\"pitstopToken\":\"t\",\"pitstopRank\":1,"
		  "\"request\":\"attach\",\"type\":\"debugpy\",\"connect\":"
		  "{\"host\":\"10.3.0.5\",\"port\":15678}}",
		  "{\"pitstopToken\":\"t\",\"type\":\"debugpy\",\"connect\":"
		  "{\"host\":\"10.3.0.5\",\"port\":15678},"
		  "\"name\":\"rank 3\",\"subProcessId\":77,"
		  "\"pitstopOffered\":true}" },
		{ "{\"subProcessId\":5,\"host\":\"h\",\"port\":9}",
		  "{\"name\":\"rank 3\",\"subProcessId\":77,"
		  "\"pitstopOffered\":true,"
		  "\"connect\":{\"host\":\"h\",\"port\":9}}" },
		{ "{}",
		  "{\"name\":\"rank 3\",\"subProcessId\":77,"
		  "\"pitstopOffered\":true,"
		  "\"connect\":{\"host\":\"127.0.0.1\",\"port\":5678}}" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		cJSON *c = cJSON_Parse(TABLE[i].config);
		cJSON *child = attach_config_for_offer(c, "rank 3", 77,
						       5678);
		char *text = cJSON_PrintUnformatted(child);

		assert_string_equal(text, TABLE[i].child);
		cJSON_free(text);
		cJSON_Delete(c);
		cJSON_Delete(child);
	}
}

static void keys_have_their_types_or_count_as_absent(void **state)
{
	cJSON *c = cJSON_Parse("{\"subProcessId\":\"7\",\"pitstopRank\":null,"
			       "\"pitstopTakeover\":1,\"clientOS\":7,"
			       "\"onTerminate\":true}");

	(void)state;
	assert_int_equal(attach_config_pid(c), 0);
	assert_int_equal(attach_config_rank(c), -1);
	assert_false(attach_config_takeover(c));
	assert_false(attach_config_offered(c));
	assert_true(attach_config_children(c));
	assert_string_equal(attach_config_ide_os(c), "UNIX");
	assert_false(attach_config_interrupts(c));
	cJSON_Delete(c);
	c = cJSON_Parse("{\"subProcessId\":7,\"pitstopRank\":2,"
			"\"pitstopTakeover\":true,\"pitstopOffered\":true,"
			"\"subProcess\":false,\"clientOS\":\"windows\","
			"\"onTerminate\":\"KeyboardInterrupt\","
			"\"processId\":1}");
	assert_int_equal(attach_config_pid(c), 7);
	assert_int_equal(attach_config_rank(c), 2);
	assert_true(attach_config_takeover(c));
	assert_true(attach_config_offered(c));
	assert_false(attach_config_children(c));
	assert_string_equal(attach_config_ide_os(c), "WINDOWS");
	assert_true(attach_config_interrupts(c));
	assert_non_null(strstr(attach_config_mistake(c), "processId"));
	cJSON_Delete(c);
}

static void running_without_debugging_is_no_attach(void **state)
{
	cJSON *c = cJSON_Parse("{\"noDebug\":false}");

	(void)state;
	assert_null(attach_config_mistake(c));
	cJSON_Delete(c);
	c = cJSON_Parse("{\"noDebug\":true}");
	assert_non_null(strstr(attach_config_mistake(c),
			       "Without Debugging"));
	cJSON_Delete(c);
}

static void a_key_of_another_type_is_named(void **state)
{
	static const struct {
		const char *config, *named;  /* NULL: it can be served */
	} TABLE[] = {
		{ "{\"pitstopRank\":\"x\"}", "\"pitstopRank\"" },
		{ "{\"pitstopRank\":\"3\"}", "\"pitstopRank\"" },
		{ "{\"pitstopRank\":-1}", "\"pitstopRank\"" },
		{ "{\"pitstopRank\":1.5}", "\"pitstopRank\"" },
		{ "{\"pitstopRank\":1e10}", "\"pitstopRank\"" },
		{ "{\"subProcessId\":\"abc\"}", "\"subProcessId\"" },
		{ "{\"subProcessId\":0}", "\"subProcessId\"" },
		{ "{\"subProcessId\":[7]}", "\"subProcessId\"" },
		{ "{\"pitstopTakeover\":\"true\"}", "\"pitstopTakeover\"" },
		{ "{\"pitstopRank\":0,\"subProcessId\":1,"
		  "\"pitstopTakeover\":false}", NULL },
		{ "{\"pitstopRank\":null,\"subProcessId\":null,"
		  "\"pitstopTakeover\":null}", NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		cJSON *c = cJSON_Parse(TABLE[i].config);
		const char *mistake = attach_config_mistake(c);

		if (TABLE[i].named)
			assert_memory_equal(mistake, TABLE[i].named,
					    strlen(TABLE[i].named));
		else
			assert_null(mistake);
		cJSON_Delete(c);
	}
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(only_the_right_token_is_right),
		cmocka_unit_test(a_token_with_a_right_beginning_is_wrong),
		cmocka_unit_test(the_debuggee_gets_everything_but_our_keys),
		cmocka_unit_test(
			an_offer_inherits_the_token_and_the_way_to_connect),
		cmocka_unit_test(keys_have_their_types_or_count_as_absent),
		cmocka_unit_test(running_without_debugging_is_no_attach),
		cmocka_unit_test(a_key_of_another_type_is_named),
	};

	return cmocka_run_group_tests_name("attach_config", TESTS, NULL, NULL);
}
