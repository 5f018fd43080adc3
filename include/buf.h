/* buf.h: a growable byte buffer. Rank 0, no I/O.
 *
 * The owner calls buf_free. A zeroed struct buf is a valid empty buffer. */
#ifndef PITSTOP_BUF_H
#define PITSTOP_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;
	size_t len;  /* bytes in use */
	size_t cap;  /* bytes allocated */
};

/* Each returns false, and leaves the buffer as it was, when memory is short. */
bool buf_add(struct buf *b, const void *data, size_t len);
bool buf_addf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Drop the first `len` bytes (all, when there are fewer). Gives memory back
 * when a large buffer has become empty. */
void buf_consume(struct buf *b, size_t len);
void buf_free(struct buf *b);

#endif
