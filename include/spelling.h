/* spelling.h: what a misspelt word was meant to be. Rank 0, no I/O. */
#ifndef PITSTOP_SPELLING_H
#define PITSTOP_SPELLING_H

#include <limits.h>

#define SPELLING_FAR UINT_MAX

/* How many slips make `word` of `meant`: a byte put in, left out, replaced, or
 * swapped with the next one. SPELLING_FAR when those are too many for one to
 * be meant by the other: more than one in a short word, more than two. */
unsigned spelling_slips(const char *word, const char *meant);

#endif
