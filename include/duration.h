/* duration.h: lengths of time as people write them. Rank 0, no I/O. */
#ifndef PITSTOP_DURATION_H
#define PITSTOP_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_WEEK 604800  /* seconds: no setting takes more */

/* "600", "600s", "10m" and "2h" to seconds; true when it is one of these and
 * lies from `min` to `max`. Otherwise *seconds is left alone. */
bool duration_parse(const char *text, unsigned min, unsigned max,
		    unsigned *seconds);

#define DURATION_TEXT 32  /* bytes of the longest */

/* "45 s", "12 min", "3 h 12 min"; returns `to`. */
const char *duration_text(int64_t ms, char to[static DURATION_TEXT]);

#endif
