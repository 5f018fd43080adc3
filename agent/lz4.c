#include "lz4.h"

#include "buf.h"

#define LENGTH_MAX 15  /* in a token: more bytes of it follow */
#define MATCH_MIN 4

struct block {
	const unsigned char *at, *end;
};

/* False at the end. */
static bool take(struct block *b, size_t *byte)
{
	if (b->at == b->end)
		return false;
	*byte = *b->at++;
	return true;
}

static bool take_length(struct block *b, size_t *len)
{
	size_t more = *len == LENGTH_MAX ? 255 : 0;

	while (more == 255) {
		if (!take(b, &more))
			return false;
		*len += more;
	}
	return true;
}

static bool add_literals(struct buf *to, struct block *b, size_t len)
{
	if (!take_length(b, &len) || len > (size_t)(b->end - b->at) ||
	    !buf_add(to, b->at, len))
		return false;
	b->at += len;
	return true;
}

/* It may reach into what it appends. */
static bool add_match(struct buf *to, struct block *b, size_t len)
{
	size_t low, high, back;

	if (!take(b, &low) || !take(b, &high) || !take_length(b, &len))
		return false;
	back = low | high << 8;
	if (back == 0 || back > to->len)
		return false;
	for (len += MATCH_MIN; len > 0; len--) {
		char c = to->data[to->len - back];

		if (!buf_add(to, &c, 1))
			return false;
	}
	return true;
}

/* The last sequence has no match. */
bool lz4_unpack(struct buf *to, const void *block, size_t len)
{
	struct block b = { block, (const unsigned char *)block + len };
	size_t token;

	while (take(&b, &token) && add_literals(to, &b, token >> 4)) {
		if (b.at == b.end)
			return true;
		if (!add_match(to, &b, token & LENGTH_MAX))
			return false;
	}
	return false;
}
