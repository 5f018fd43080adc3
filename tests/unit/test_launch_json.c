/* The launch configuration that people paste into VS Code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "launch_json.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

#define BEGIN(host, root) \
	"{\"name\":\"n\",\"type\":\"debugpy\",\"request\":\"attach\"," \
	"\"connect\":{\"host\":\"" host "\",\"port\":5678}," \
	"\"pathMappings\":[{\"localRoot\":\"${workspaceFolder}\"," \
	"\"remoteRoot\":\"" root "\"}],\"justMyCode\":true"

static void the_keys_stand_in_a_fixed_order(void **state)
{
	static const struct {
		struct launch launch;
		const char *want;
	} TABLE[] = {
		{ { "n", "10.3.0.5", 5678, "/wd", NULL, NULL, -1, 0 },
		  BEGIN("10.3.0.5", "/wd") "}" },
		{ { "n", "10.3.0.5", 5678, "/wd", NULL, "t", -1, 0 },
		  BEGIN("10.3.0.5", "/wd") ",\"pitstopToken\":\"t\"}" },
		{ { "n", "10.3.0.5", 5678, "/wd", NULL, NULL, 0, 0 },
		  BEGIN("10.3.0.5", "/wd") ",\"pitstopRank\":0}" },
		{ { "n", "10.3.0.5", 5678, "/wd", NULL, NULL, -1, 77 },
		  BEGIN("10.3.0.5", "/wd") ",\"subProcessId\":77}" },
		{ { "n", "fd00::1", 5678, "/w d", NULL, "t", 12, 2147483647 },
		  BEGIN("fd00::1", "/w d") ",\"pitstopToken\":\"t\","
		  "\"pitstopRank\":12,\"subProcessId\":2147483647}" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		char *text = launch_json(&TABLE[i].launch);

		assert_string_equal(text, TABLE[i].want);
		free(text);
	}
}

/* Whatever stands in a path or a name: one line that reads back the same. */
static void any_text_makes_one_valid_line(void **state)
{
	static const char *const TEXTS[] = {
		"", "a\"b", "a\\b", "C:\\Users\\x", "a\nb\r\tc", "\x01\x1f\x7f",
		"\xc3\xa9\xe2\x82\xac", "}],", "${env:HOME}",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TEXTS); i++) {
		struct launch l = { .name = TEXTS[i], .host = TEXTS[i],
				    .cwd = TEXTS[i],
				    .token = TEXTS[i], .rank = -1 };
		char *text = launch_json(&l);
		cJSON *json = cJSON_Parse(text);

		assert_non_null(json);
		assert_null(strpbrk(text, "\n\r\t"));
		assert_string_equal(TEXTS[i], cJSON_GetStringValue(
			cJSON_GetObjectItem(json, "name")));
		assert_string_equal(TEXTS[i], cJSON_GetStringValue(
			cJSON_GetObjectItem(json, "pitstopToken")));
		cJSON_Delete(json);
		free(text);
	}
}

static void the_remote_root_is_where_the_sources_are(void **state)
{
	static const struct {
		const char *cwd, *script, *want;
	} TABLE[] = {
		/* below the working directory, wherever */
		{ "/wd", NULL, "/wd" },
		{ "/wd", "train.py", "/wd" },
		{ "/wd", "./train.py", "/wd" },
		{ "/wd", "src/deep/train.py", "/wd" },
		{ "/wd", "/wd/train.py", "/wd" },
		{ "/wd", "/wd/src/train.py", "/wd" },
		{ "/wd", "src/../train.py", "/wd" },
		{ "/wd", "//wd//src//train.py", "/wd" },
		/* not below it */
		{ "/wd", "/app/train.py", "/app" },
		{ "/wd", "/wd2/train.py", "/wd2" },
		{ "/wd", "/w/train.py", "/w" },
		{ "/wd", "../app/train.py", "/app" },
		{ "/a/b", "../train.py", "/a" },
		{ "/wd", "/wd/../app/./train.py", "/app" },
		{ "/wd", "/train.py", "/" },
		{ "/wd", "../../../train.py", "/" },
		/* the root: everything is below it, and no sources are there */
		{ "/", "/app/train.py", "/app" },
		{ "/", "app/train.py", "/app" },
		{ "/", "train.py", "/" },
		{ "/", NULL, "/" },
		/* no sources of the user's */
		{ "/wd", "/usr/bin/mlflow", "/wd" },
		{ "/wd", "/opt/app", "/wd" },
		{ "/wd", ".py", "/wd" },
		/* unknown */
		{ "", "train.py", "" },
		{ "", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct launch l = { .name = "n", .host = "h",
				    .cwd = TABLE[i].cwd,
				    .script = TABLE[i].script, .rank = -1 };
		char *text = launch_json(&l);
		cJSON *json = cJSON_Parse(text);
		cJSON *one = cJSON_GetArrayItem(
			cJSON_GetObjectItem(json, "pathMappings"), 0);

		assert_string_equal(TABLE[i].want, cJSON_GetStringValue(
			cJSON_GetObjectItem(one, "remoteRoot")));
		cJSON_Delete(json);
		free(text);
	}
}

/* cJSON with memory that ends after so many pieces. */
static int pieces;

static void *scarce_malloc(size_t size)
{
	return pieces-- > 0 ? malloc(size) : NULL;
}

static void short_memory_gives_null(void **state)
{
	struct launch l = { "n", "h", 1, "/", "a.py", "t", 1, 1 };
	cJSON_Hooks hooks = { scarce_malloc, free };
	char *text = NULL;
	int n;

	(void)state;
	cJSON_InitHooks(&hooks);
	for (n = 0; !text && n < 1000; n++) {
		pieces = n;
		text = launch_json(&l);
	}
	cJSON_InitHooks(NULL);
	assert_non_null(text);
	assert_true(n > 30);
	assert_non_null(strstr(text, "\"subProcessId\":1}"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_keys_stand_in_a_fixed_order),
		cmocka_unit_test(any_text_makes_one_valid_line),
		cmocka_unit_test(the_remote_root_is_where_the_sources_are),
		cmocka_unit_test(short_memory_gives_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
