#include "json.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* strings */

void json_skip_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' ||
				 *c->p == '\t' || *c->p == '\r'))
		c->p++;
}

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

/* Has one of eight bytes a meaning in a string: a control character, a quote,
 * a backslash, or part of a longer UTF-8 sequence? It may say so in error for
 * a byte that follows such a one, never the other way round. */
static bool any_special(uint64_t eight)
{
	uint64_t quote = eight ^ (EACH_BYTE * '"');
	uint64_t backslash = eight ^ (EACH_BYTE * '\\');
	uint64_t low = eight - EACH_BYTE * ' ';

	return ((low | (quote - EACH_BYTE) | (backslash - EACH_BYTE) | eight) &
		HIGH_BITS) != 0;
}

/* Most of a large message is the plain text of strings. */
static void skip_plain(struct cursor *c)
{
	uint64_t eight;

	for (; c->end - c->p >= 8; c->p += 8) {
		memcpy(&eight, c->p, sizeof(eight));
		if (any_special(eight))
			break;
	}
	while (c->p < c->end && (unsigned char)*c->p >= ' ' &&
	       (unsigned char)*c->p < 0x80 && *c->p != '"' && *c->p != '\\')
		c->p++;
}

/* The second byte of a UTF-8 sequence has a narrower range after some first
 * ones (RFC 3629, section 4): no overlong forms, surrogates, or more than
 * U+10FFFF. */
static const struct utf8_row {
	unsigned char first, last, low, high, more;
} UTF8[] = {
	{ 0xc2, 0xdf, 0x80, 0xbf, 0 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 1 },
	{ 0xe1, 0xec, 0x80, 0xbf, 1 },
	{ 0xed, 0xed, 0x80, 0x9f, 1 },
	{ 0xee, 0xef, 0x80, 0xbf, 1 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 2 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 2 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 2 },
};

static bool skip_utf8(struct cursor *c)
{
	int first = cursor_peek(c);

	for (size_t i = 0; i < sizeof(UTF8) / sizeof(UTF8[0]); i++) {
		const struct utf8_row *row = &UTF8[i];
		bool ok;

		if (first < row->first || first > row->last)
			continue;
		c->p++;
		ok = cursor_take_between(c, row->low, row->high);
		for (int more = row->more; ok && more > 0; more--)
			ok = cursor_take_between(c, 0x80, 0xbf);
		return ok;
	}
	return false;
}

static bool skip_hex(struct cursor *c)
{
	return cursor_take_between(c, '0', '9') ||
	       cursor_take_between(c, 'a', 'f') ||
	       cursor_take_between(c, 'A', 'F');
}

/* What follows a backslash. Any \uXXXX will do: Python's json.dumps writes
 * lone surrogates, and they are the receiver's to judge. */
static bool skip_escape(struct cursor *c)
{
	int byte = cursor_peek(c);

	if (byte <= 0 || !strchr("\"\\/bfnrtu", byte))
		return false;
	c->p++;
	for (int i = 0; byte == 'u' && i < 4; i++)
		if (!skip_hex(c))
			return false;
	return true;
}

bool json_skip_string(struct cursor *c)
{
	if (!cursor_take(c, '"'))
		return false;
	for (;;) {
		skip_plain(c);
		if (cursor_take(c, '"'))
			return true;
		if (!(cursor_take(c, '\\') ? skip_escape(c) : skip_utf8(c)))
			return false;
	}
}

void json_make_utf8(char *text)
{
	struct cursor c = { text, text + strlen(text) };

	while (c.p < c.end) {
		char *at = text + (c.p - text);

		if ((unsigned char)*at >= 0x80 && skip_utf8(&c))
			continue;
		if ((unsigned char)*at >= 0x80)
			*at = '?';
		c.p = at + 1;
	}
}

/* other scalars */

static bool skip_number(struct cursor *c)
{
	cursor_take(c, '-');
	if (!cursor_take(c, '0') && !cursor_digits(c))
		return false;
	if (cursor_take(c, '.') && !cursor_digits(c))
		return false;
	if (!cursor_take(c, 'e') && !cursor_take(c, 'E'))
		return true;
	if (!cursor_take(c, '+'))
		cursor_take(c, '-');
	return cursor_digits(c);
}

static bool skip_word(struct cursor *c, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(c->end - c->p) < len || memcmp(c->p, word, len) != 0)
		return false;
	c->p += len;
	return true;
}

static bool skip_scalar(struct cursor *c)
{
	switch (cursor_peek(c)) {
	case '"': return json_skip_string(c);
	case 't': return skip_word(c, "true");
	case 'f': return skip_word(c, "false");
	case 'n': return skip_word(c, "null");
	default: return skip_number(c);
	}
}

/* arrays and objects */

/* One bit for each open one says which of them it is. */
struct scanner {
	struct cursor *at;
	unsigned depth, limit;
	uint64_t objects[JSON_DEPTH_MAX / 64];
};

static bool in_object(const struct scanner *s)
{
	unsigned top = s->depth - 1;

	return s->objects[top / 64] >> (top % 64) & 1;
}

static enum json_result push(struct scanner *s, bool object)
{
	uint64_t bit = UINT64_C(1) << (s->depth % 64);

	if (s->depth >= s->limit)
		return JSON_TOO_DEEP;
	if (object)
		s->objects[s->depth / 64] |= bit;
	else
		s->objects[s->depth / 64] &= ~bit;
	s->depth++;
	return JSON_OK;
}

/* A member's name (in an object) up to where its value starts. */
static bool skip_to_value(struct scanner *s)
{
	struct cursor *c = s->at;

	json_skip_blanks(c);
	if (!in_object(s))
		return true;
	if (!json_skip_string(c))
		return false;
	json_skip_blanks(c);
	if (!cursor_take(c, ':'))
		return false;
	json_skip_blanks(c);
	return true;
}

static bool take_close(struct scanner *s)
{
	if (!cursor_take(s->at, in_object(s) ? '}' : ']'))
		return false;
	s->depth--;
	return true;
}

/* A scalar, an empty array or object (*more is false), or the start of
 * another up to its first value (*more is true). */
static enum json_result begin_value(struct scanner *s, bool *more)
{
	bool object = cursor_peek(s->at) == '{';
	enum json_result e;

	*more = false;
	if (!object && cursor_peek(s->at) != '[')
		return skip_scalar(s->at) ? JSON_OK : JSON_BAD;
	s->at->p++;
	e = push(s, object);
	if (e != JSON_OK)
		return e;
	json_skip_blanks(s->at);
	if (take_close(s))
		return JSON_OK;
	*more = true;
	return skip_to_value(s) ? JSON_OK : JSON_BAD;
}

/* Behind a value: close what ends here, or go on to the next value and *more is
 * true. */
static enum json_result end_value(struct scanner *s, bool *more)
{
	*more = false;
	while (s->depth > 0) {
		json_skip_blanks(s->at);
		if (cursor_take(s->at, ',')) {
			*more = true;
			return skip_to_value(s) ? JSON_OK : JSON_BAD;
		}
		if (!take_close(s))
			return JSON_BAD;
	}
	return JSON_OK;
}

enum json_result json_skip(struct cursor *c, unsigned depth)
{
	struct scanner s = { .at = c, .limit = depth };
	enum json_result e;
	bool more;

	if (s.limit > JSON_DEPTH_MAX)
		s.limit = JSON_DEPTH_MAX;
	do {
		e = begin_value(&s, &more);
		if (e == JSON_OK && !more)
			e = end_value(&s, &more);
	} while (e == JSON_OK && more);
	return e;
}
