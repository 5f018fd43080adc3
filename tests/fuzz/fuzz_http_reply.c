/* Bytes as an answer over HTTP, at once and in single bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void read_all(struct http_reply *r, const char *data, size_t size,
		     size_t step)
{
	http_reply_init(r);
	for (size_t at = 0; at < size; at += step)
		http_reply_feed(r, data + at, size - at < step ? size - at
							       : step);
	http_reply_end(r);
	must(r->state != HTTP_REPLY_MORE);
	if (r->state != HTTP_REPLY_DONE)
		return;
	must(r->status >= 200 && r->status <= 999);
	must(r->body.len <= size && r->body.data[r->body.len] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_reply whole, pieces;

	read_all(&whole, (const char *)data, size, size ? size : 1);
	read_all(&pieces, (const char *)data, size, 1);
	must(whole.state == pieces.state);
	if (whole.state == HTTP_REPLY_DONE) {
		must(whole.status == pieces.status);
		must(whole.body.len == pieces.body.len &&
		     memcmp(whole.body.data, pieces.body.data,
			    whole.body.len) == 0);
	}
	http_reply_free(&whole);
	http_reply_free(&pieces);
	return 0;
}
