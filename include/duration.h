/* duration.h: lengths of time as people write them. Rank 0, no I/O. */
#ifndef PITSTOP_DURATION_H
#define PITSTOP_DURATION_H

#include <stdbool.h>

#define DURATION_WEEK 604800  /* seconds: no setting takes more */

/* "600", "600s", "10m" and "2h" to seconds; true when it is one of these and
 * lies from `min` to `max`. Otherwise *seconds is left alone. */
bool duration_parse(const char *text, unsigned min, unsigned max,
		    unsigned *seconds);

#endif
