/* cursor.h: a place in bytes that are read from front to back. Rank 0, in this
 * header alone. */
#ifndef PITSTOP_CURSOR_H
#define PITSTOP_CURSOR_H

#include <stdbool.h>

struct cursor {
	const char *p, *end;
};

/* The next byte, or -1 at the end. */
static inline int cursor_peek(const struct cursor *c)
{
	return c->p < c->end ? (unsigned char)*c->p : -1;
}

/* Step over the next byte if it is this one ... */
static inline bool cursor_take(struct cursor *c, char byte)
{
	if (c->p == c->end || *c->p != byte)
		return false;
	c->p++;
	return true;
}

/* ... or if it lies between these two. */
static inline bool cursor_take_between(struct cursor *c, int low, int high)
{
	int byte = cursor_peek(c);

	if (byte < low || byte > high)
		return false;
	c->p++;
	return true;
}

/* Step over decimal digits; false when there is none. */
static inline bool cursor_digits(struct cursor *c)
{
	const char *start = c->p;

	while (cursor_take_between(c, '0', '9'))
		;
	return c->p > start;
}

#endif
