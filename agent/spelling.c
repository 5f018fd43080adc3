#include "spelling.h"

#include <string.h>

#define WORD_MAX 32    /* bytes; longer ones are close to none */
#define SHORT_WORD 5   /* bytes: in these two slips make another word */

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The distance of Damerau and Levenshtein, in which no letter is changed twice:
 * d[i][j] is that of the first i letters of `a` from the first j of `b`. */
static unsigned distance(const char *a, size_t a_len, const char *b,
			 size_t b_len)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];

	for (unsigned i = 0; i <= a_len; i++)
		d[i][0] = i;
	for (unsigned j = 0; j <= b_len; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_len; i++)
		for (size_t j = 1; j <= b_len; j++) {
			d[i][j] = least(least(d[i - 1][j], d[i][j - 1]) + 1,
					d[i - 1][j - 1] +
						(a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a_len][b_len];
}

unsigned spelling_slips(const char *word, const char *meant)
{
	size_t len = strlen(word), meant_len = strlen(meant);
	unsigned most = meant_len > SHORT_WORD ? 2 : 1, slips;

	if (len > WORD_MAX || meant_len > WORD_MAX)
		return SPELLING_FAR;
	slips = distance(word, len, meant, meant_len);
	return slips <= most ? slips : SPELLING_FAR;
}
