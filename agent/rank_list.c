#include "rank_list.h"

#include <stddef.h>
#include <string.h>

#include "cursor.h"

#define RANK_MAX 9999999

static bool take_number(struct cursor *c, int *n)
{
	const char *start = c->p;

	*n = 0;
	while (*n <= RANK_MAX / 10 && cursor_take_between(c, '0', '9'))
		*n = *n * 10 + (c->p[-1] - '0');
	return c->p > start;
}

static bool take_range(struct cursor *c, int *from, int *to)
{
	if (!take_number(c, from))
		return false;
	*to = *from;
	return !cursor_take(c, '-') || (take_number(c, to) && *from <= *to);
}

/* *has tells whether `rank` is in it. */
static bool scan(const char *list, int rank, bool *has)
{
	struct cursor c = { list, list + strlen(list) };
	int from, to;

	*has = false;
	do {
		if (!take_range(&c, &from, &to))
			return false;
		if (from <= rank && rank <= to)
			*has = true;
	} while (cursor_take(&c, ','));
	return c.p == c.end;
}

bool rank_list_valid(const char *list)
{
	bool has;

	return scan(list, 0, &has);
}

bool rank_list_has(const char *list, int rank)
{
	bool has;

	return scan(list, rank, &has) && has;
}
