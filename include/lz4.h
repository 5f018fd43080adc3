/* lz4.h: what the build has compressed. Rank 0, no I/O. */
#ifndef PITSTOP_LZ4_H
#define PITSTOP_LZ4_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

/* Append what one block holds (LZ4's block format, without a frame) to an
 * empty buffer. False when memory is short, or it is none; something may have
 * been appended. */
bool lz4_unpack(struct buf *to, const void *block, size_t len);

#endif
