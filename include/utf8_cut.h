/* utf8_cut.h: the beginning of a text. Rank 0, no I/O. */
#ifndef PITSTOP_UTF8_CUT_H
#define PITSTOP_UTF8_CUT_H

#include <stddef.h>

/* How many bytes of `text` are its first `max` at the most, without a part of
 * a character. */
size_t utf8_cut(const char *text, size_t max);

#endif
