/* What the build has compressed, as LZ4's block format has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "buf.h"
#include "lz4.h"

#define TEN "0123456789"
#define FIFTEEN TEN "abcde"

/* A block, which may have zero bytes, and its length. */
#define BLOCK(text) (text), sizeof(text) - 1

static void blocks_are_unpacked(void **state)
{
	static const struct {
		const char *block;
		size_t len;
		const char *want;  /* NULL: it is none */
	} TABLE[] = {
		{ BLOCK("\x00"), "" },
		{ BLOCK("\x10" "a"), "a" },
		{ BLOCK("\x40" "abcd"), "abcd" },
		{ BLOCK("\xf0\x00" FIFTEEN), FIFTEEN },
		{ BLOCK("\xf0\x05" FIFTEEN FIFTEEN), NULL },
		{ BLOCK("\xf0\x0a" TEN FIFTEEN), TEN FIFTEEN },
		{ BLOCK("\x40" "abcd\x04\x00\x10" "e"), "abcdabcde" },
		{ BLOCK("\x44" "abcd\x04\x00\x10" "e"), "abcdabcdabcde" },
		{ BLOCK("\x44" "abcd\x04\x00"), NULL },
		{ BLOCK("\x10" "a\x01\x00\x00"), "aaaaa" },
		{ BLOCK("\x12" "a\x01\x00\x00"), "aaaaaaa" },
		{ BLOCK("\x1f" "a\x01\x00\x00\x00"),
		  "aaaaaaaaaaaaaaaaaaaa" },
		{ BLOCK("\x20" "ab\x02\x00\x10" "c"), "abababc" },
		{ BLOCK(""), NULL },
		{ BLOCK("\x20" "a"), NULL },
		{ BLOCK("\x10" "a\x01"), NULL },
		{ BLOCK("\x10" "a\x01\x00"), NULL },
		{ BLOCK("\x10" "a\x02\x00\x00"), NULL },
		{ BLOCK("\x10" "a\x00\x00\x00"), NULL },
		{ BLOCK("\x1f" "a\x01\x00"), NULL },
		{ BLOCK("\x1f" "a\x01\x00\xff"), NULL },
		{ BLOCK("\xf0\xff"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(TABLE[0]); i++) {
		struct buf to = { 0 };
		bool ok = lz4_unpack(&to, TABLE[i].block, TABLE[i].len);

		assert_int_equal(ok, TABLE[i].want != NULL);
		if (ok) {
			assert_int_equal(to.len, strlen(TABLE[i].want));
			assert_memory_equal(to.data ? to.data : "",
					    TABLE[i].want, to.len);
		}
		buf_free(&to);
	}
}

/* A match may be as far behind as 65,535 bytes. */
static void a_match_is_found_far_behind(void **state)
{
	static unsigned char block[65535 + 300];
	const unsigned char match[] = { 0xff, 0xff, 0x00 };
	size_t len = 0;
	struct buf to = { 0 };

	(void)state;
	block[len++] = 0xf0;
	for (size_t left = 65535 - 15; ; left -= 255) {
		block[len++] = left < 255 ? (unsigned char)left : 255;
		if (left < 255)
			break;
	}
	memcpy(block + len, "wxyz", 4);
	memset(block + len + 4, '-', 65535 - 4);
	len += 65535;
	memcpy(block + len, match, sizeof(match));
	len += sizeof(match);
	assert_true(lz4_unpack(&to, block, len));
	assert_int_equal(to.len, 65535 + 4);
	assert_memory_equal(to.data + 65535, "wxyz", 4);
	buf_free(&to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_unpacked),
		cmocka_unit_test(a_match_is_found_far_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
