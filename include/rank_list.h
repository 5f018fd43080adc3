/* rank_list.h: a list of ranks as people write it: "0,3,8-11". Rank 0, no I/O.
 */
#ifndef PITSTOP_RANK_LIST_H
#define PITSTOP_RANK_LIST_H

#include <stdbool.h>

/* Numbers and ranges of them, in any order, between single commas. The empty
 * list is none. */
bool rank_list_valid(const char *list);

/* Is `rank` in that list, which is a valid one? */
bool rank_list_has(const char *list, int rank);

#endif
