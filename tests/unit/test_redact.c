/* Which names are a secret's, and what is left of a text that tells one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "buf.h"
#include "redact.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define R "[redacted]"
#define KEY_64 "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/"

static void names(void **state)
{
	static const char *const SECRET[] = {
		"password", "DB_PASSWORD", "db.passwd", "--client-secret",
		"clientSecret", "AZURE_STORAGE_CONNECTION_STRING", "AccountKey",
		"api_key", "apikey", "API-KEY-2", "key", "sas", "SAS_TOKEN",
		"refreshToken", "Authorization", "MLFLOW_TRACKING_TOKEN",
		"AZUREML_RUN_TOKEN", "sig", "passwordFile", "GITHUB_PAT",
	};
	static const char *const OPEN[] = {
		"", "-", "7", "keyboard", "monkey", "KeyError", "tokenizer",
		"max_tokens", "token_count", "path", "author", "sass",
		"PYTHONPATH", "learning-rate", "keys", "compass", "pattern",
		"signal", "key_count",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(SECRET); i++)
		if (!redact_is_secret_name(SECRET[i]))
			fail_msg("%s is no secret", SECRET[i]);
	for (size_t i = 0; i < LENGTH(OPEN); i++)
		if (redact_is_secret_name(OPEN[i]))
			fail_msg("%s is a secret", OPEN[i]);
}

static void texts(void **state)
{
	static const struct {
		const char *text, *left;
	} TABLE[] = {
		/* nothing to hide */
		{ "", "" },
		{ "KeyError: 'epoch'", "KeyError: 'epoch'" },
		{ "max_tokens=4096 lr: 0.1", "max_tokens=4096 lr: 0.1" },
		{ "https://host:8080/a?b=c", "https://host:8080/a?b=c" },
		{ "mail me@host.example", "mail me@host.example" },
		{ "the bearer of bad news", "the bearer of bad news" },
		{ "-----BEGIN CERTIFICATE-----\nabc",
		  "-----BEGIN CERTIFICATE-----\nabc" },
		{ "eyJ and eyJabc", "eyJ and eyJabc" },
		/* by name */
		{ "password=hunter2 x", "password=" R " x" },
		{ "Password: hunter2", "Password: " R },
		{ "--api-key abc --out x", "--api-key " R " --out x" },
		{ "--api-key --out x", "--api-key --out x" },
		{ "x --token=a;b&c,d", "x --token=" R },
		{ "{\"token\": \"a b\", \"n\": 1}",
		  "{\"token\": \"" R "\", \"n\": 1}" },
		{ "{'secret': 'it\\'s'}", "{'secret': '" R "'}" },
		{ "\"{\\\"token\\\":\\\"a b\\\"}\"",
		  "\"{\\\"token\\\":\\\"" R "\\\"}\"" },
		{ "token=\"never closed", "token=\"" R },
		{ "secret = x", "secret = " R },
		{ "password == 'a b' x", "password == '" R "' x" },
		{ "{:password => \"a b\"}", "{:password => \"" R "\"}" },
		{ "token=b'a b', n", "token=b'" R "', n" },
		{ "Cookie: a=b; sid=c\nHost: x", "Cookie: " R "\nHost: x" },
		{ "Authorization: Digest a=b, c=d\nHost: x",
		  "Authorization: " R "\nHost: x" },
		{ "https://a.example/b?sv=1&sig=abc%3D",
		  "https://a.example/b?sv=1&sig=" R },
		{ "AccountName=a;AccountKey=abc==;Suffix=c",
		  "AccountName=a;AccountKey=" R },
		{ "x%26sig%3Dabc%253D y", "x%26sig%3D" R " y" },
		{ "a%3Fsv%3d1%26Sig%3dabc", "a%3Fsv%3d1%26Sig%3d" R },
		{ "u=a%2526sig%253Dabc", "u=a%2526sig%253D" R },
		{ "%25sig%3Dabc", "%25sig%3D" R },
		{ "%accesskey=abc", "%accesskey=" R },
		{ "a%26signal%3Db%26design%3Dc", "a%26signal%3Db%26design%3Dc" },
		{ "a%3Dsig%26b sig%3 token%", "a%3Dsig%26b sig%3 token%" },
		{ "<password>a b</password>", "<password>" R "</password>" },
		{ "<a><DbPassword>x</DbPassword></a>",
		  "<a><DbPassword>" R "</DbPassword></a>" },
		{ "<password>x</passwords>", "<password>x</passwords>" },
		{ "<password></password>", "<password></password>" },
		{ "<key>name</key><Token>a</Token>",
		  "<key>name</key><Token>a</Token>" },
		{ "<password> or </b>", "<password> or </b>" },
		{ "ask for <password> and <user>",
		  "ask for <password> and <user>" },
		{ "<password=x>", "<password=" R },
		{ "{\"name\":\"DB_PASSWORD\",\"value\":\"x y\"}",
		  "{\"name\":\"DB_PASSWORD\",\"value\":\"" R "\"}" },
		{ "[{'Name' : 'token' , 'Value' : 'x'}, 1]",
		  "[{'Name' : 'token' , 'Value' : '" R "'}, 1]" },
		{ "{\\\"name\\\":\\\"sas\\\",\\\"value\\\":\\\"x\\\"}",
		  "{\\\"name\\\":\\\"sas\\\",\\\"value\\\":\\\"" R "\\\"}" },
		{ "{\"name\":\"epoch\",\"value\":\"7\"}",
		  "{\"name\":\"epoch\",\"value\":\"7\"}" },
		{ "{\"type\":\"key\",\"value\":\"Enter\"}",
		  "{\"type\":\"key\",\"value\":\"Enter\"}" },
		{ "{\"name\":\"token\",\"n\":1,\"value\":2}",
		  "{\"name\":\"token\",\"n\":1,\"value\":2}" },
		{ "[\"name\", \"password\", \"value\"]",
		  "[\"name\", \"password\", \"value\"]" },
		{ "name: password, value: 7", "name: password, value: 7" },
		{ "{\"passwords\": [\"a\", \"b\"], \"n\": 1}",
		  "{\"passwords\": " R ", \"n\": 1}" },
		{ "token=['a]', [\"b\", 'c'], 7] x", "token=" R " x" },
		{ "{\\\"secret\\\":[\\\"a ]\\\",\\\"b\\\"],\\\"n\\\":1}",
		  "{\\\"secret\\\":" R ",\\\"n\\\":1}" },
		{ "{\"passwords\": {\"a\": \"x\", \"b\": [1, {}]}, \"n\": 1}",
		  "{\"passwords\": " R ", \"n\": 1}" },
		{ "f(secret=('a)', 'b'), n=1)", "f(secret=" R ", n=1)" },
		{ "password=[a]bc d", "password=" R " d" },
		{ "password=(a){b", "password=" R },
		{ "\"secret=[1]\" \\\"key={}\\\"",
		  "\"secret=" R "\" \\\"key=" R "\\\"" },
		{ "token={never closed", "token=" R },
		{ "key: [I don't know] it's so", "key: " R " it's so" },
		{ "keys: [1, 2] max_tokens=[3, 4]",
		  "keys: [1, 2] max_tokens=[3, 4]" },
		{ "token=[\"never closed, \"b", "token=" R },
		/* by shape */
		{ "see eyJhbGciOi.eyJzdWIi.c2ln.", "see " R },
		{ "xeyJhbGciOi.eyJzdWIi!", "x" R "!" },
		{ "Bearer abcdef0", "Bearer " R },
		{ "curl -H 'bearer abcdef0' u", "curl -H 'bearer " R "' u" },
		{ "Basic dXNlcjpwYXNz", "Basic " R },
		{ "amqp://user:pa:ss@host/x", "amqp://" R "@host/x" },
		{ KEY_64 "==", R },
		{ "a " KEY_64, "a " KEY_64 },
		{ "ghp_abcdefghijklmnopqrst", R },
		{ "xghp_abcdefghijklmnopqrst", "xghp_abcdefghijklmnopqrst" },
		{ "https://hooks.slack.com/services/T012/B345/abcdefghijklmno",
		  "https://" R },
		{ "npm_abcdefghijklmnopqrstuvwxyz0123456789", R },
		{ "AIzaSyA-abcdefghijklmnopqrstuvwxyz_0123", R },
		{ "AIzawa", "AIzawa" },
		{ "ya29.a0Ab-cdefghijklmnop_qrst", R },
		{ "-----BEGIN RSA PRIVATE KEY-----\nabc\n"
		  "-----END RSA PRIVATE KEY-----\nrest", R "\nrest" },
		{ "-----BEGIN PRIVATE KEY-----\nabc", R },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct buf b = { 0 };

		assert_true(redact_text(&b, TABLE[i].text));
		assert_true(buf_add(&b, "", 1));
		if (strcmp(b.data, TABLE[i].left) != 0)
			fail_msg("%s: %s", TABLE[i].text, b.data);
		buf_free(&b);
	}
}

static void values(void **state)
{
	static const struct {
		const char *json, *left;
	} TABLE[] = {
		{ "{\"a\":\"b\",\"n\":1,\"list\":[\"x\",2,null]}",
		  "{\"a\":\"b\",\"n\":1,\"list\":[\"x\",2,null]}" },
		{ "{\"password\":\"x\",\"key\":7,\"token\":null,\"sas\":true}",
		  "{\"password\":\"" R "\",\"key\":\"" R "\",\"token\":null,"
		  "\"sas\":true}" },
		{ "{\"secret\":[\"a\",\"b\"],\"b\":{\"pwd\":{\"c\":1}}}",
		  "{\"secret\":\"" R "\",\"b\":{\"pwd\":\"" R "\"}}" },
		{ "[\"train.py\",\"--token\",\"a b\",\"--lr\",\"1\"]",
		  "[\"train.py\",\"--token\",\"" R "\",\"--lr\",\"1\"]" },
		{ "[\"--token\",\"-x\",\"--key\",\"--out\",\"y\"]",
		  "[\"--token\",\"" R "\",\"--key\",\"--out\",\"y\"]" },
		{ "[\"--password=a b c\",\"PWD=d e\"]",
		  "[\"--password=" R "\",\"PWD=" R "\"]" },
		{ "[\"say password=a b\"]", "[\"say password=" R " b\"]" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		cJSON *json = cJSON_Parse(TABLE[i].json);
		char *text;

		assert_true(redact_json(json));
		text = cJSON_PrintUnformatted(json);
		assert_string_equal(text, TABLE[i].left);
		cJSON_free(text);
		cJSON_Delete(json);
	}
}

/* A step's arguments and messages are as long as it likes. */
static void long_texts_take_no_longer_by_the_letter(void **state)
{
	static const char *const UNITS[] = {
		"eyJ", "eyJ.", "key", "key ", "--key ", "-----BEGIN ", "://",
		"\\", "key\\", "a/", "basic ", "token='", "token=[", "token={", "[",
		"key:[\\", "\"name\":\"key\",\"value\"", "\"name\" ",
		"<password>", "<password></", "%25", "key%25", "%25sig",
	};
	enum { BYTES = 1 << 20 };

	(void)state;
	for (size_t i = 0; i < LENGTH(UNITS); i++) {
		struct buf text = { 0 }, b = { 0 };

		while (text.len < BYTES)
			assert_true(buf_add(&text, UNITS[i],
					    strlen(UNITS[i])));
		assert_true(buf_add(&text, "", 1));
		assert_true(redact_text(&b, text.data));
		buf_free(&text);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(texts),
		cmocka_unit_test(values),
		cmocka_unit_test(long_texts_take_no_longer_by_the_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
