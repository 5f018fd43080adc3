#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256
/* An empty buffer larger than this gives its memory back, so that one large
 * message does not stay paid for; most are smaller. A session has a dozen
 * buffers. */
#define KEEP_CAP (4 * 1024)

/* Room for `len` bytes behind those in use. */
static bool reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	char *data;

	if (len > SIZE_MAX / 2 - b->len)
		return false;
	if (b->len + len <= b->cap)
		return true;
	while (cap < b->len + len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

bool buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return true;
	if (!reserve(b, len))
		return false;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return true;
}

bool buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(b, (size_t)n + 1))  /* 1: vsnprintf's NUL */
		return false;
	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return true;
}

void buf_consume(struct buf *b, size_t len)
{
	if (len < b->len) {
		memmove(b->data, b->data + len, b->len - len);
		b->len -= len;
		return;
	}
	b->len = 0;
	if (b->cap > KEEP_CAP)
		buf_free(b);
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
