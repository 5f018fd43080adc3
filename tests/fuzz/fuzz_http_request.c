/* Bytes as a stream of HTTP requests, as they come and in other pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool is_over(const struct http_request *r)
{
	return r->state == HTTP_DONE || r->state == HTTP_BAD;
}

static void check(const struct http_request *r)
{
	must((r->state == HTTP_BAD) == (r->status != 0));
	must(r->head.len <= HTTP_HEAD_MAX);
	must(r->body.len <= HTTP_BODY_MAX && r->raw <= HTTP_RAW_MAX);
	if (r->state == HTTP_BAD)
		must(r->why && !r->keep_alive && r->status >= 400 &&
		     r->status <= 505);
	if (r->state != HTTP_DONE)
		return;
	must(r->path[0] == '/' || strcmp(r->path, "*") == 0);
	must(r->http_1_0 || r->field[HTTP_FIELD_HOST]);
	for (int i = 0; i < HTTP_FIELDS; i++)
		must(!r->field[i] || !strpbrk(r->field[i], "\r\n"));
}

/* The same request in pieces of `step` bytes. */
static void feed_again(const struct http_request *r, const char *data,
		       size_t size, size_t used, size_t step)
{
	struct http_request again;
	size_t at = 0;

	http_request_init(&again);
	while (at < size && !is_over(&again))
		at += http_request_feed(&again, data + at,
					size - at < step ? size - at : step);
	must(again.state == r->state && again.status == r->status);
	must(r->state != HTTP_DONE || at == used);
	must(again.keep_alive == r->keep_alive);
	must(again.body.len == r->body.len || r->state == HTTP_BAD);
	if (r->state == HTTP_DONE) {
		must(strcmp(again.path, r->path) == 0);
		must(r->body.len == 0 || memcmp(again.body.data, r->body.data,
						r->body.len) == 0);
	}
	http_request_reset(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct http_request r;
	bool more = true;

	http_request_init(&r);
	while (more && size > 0) {
		size_t used = http_request_feed(&r, p, size);

		must(used <= size && (used == size || is_over(&r)));
		check(&r);
		feed_again(&r, p, size, used, 1);
		feed_again(&r, p, size, used, 7);
		more = r.state == HTTP_DONE;
		p += used;
		size -= used;
		http_request_reset(&r);
	}
	http_request_reset(&r);
	return 0;
}
