/* redact_shape.h: secrets that are known by what they look like. Rank 0, no I/O.
 */
#ifndef PITSTOP_REDACT_SHAPE_H
#define PITSTOP_REDACT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Where in a text a secret stands. */
struct redact_span {
	size_t begin, end;
};

/* Does one stand at text[at], or at once behind what tells of it there? Called
 * for each `at` in order, it looks at no byte of a text more than a few times:
 * *seen (0 at first) is its note of how far it has looked in vain. */
bool redact_shape(const char *text, size_t at, size_t *seen,
		  struct redact_span *found);

#endif
