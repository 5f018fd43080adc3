/* json_time.h: a time in JSON. Rank 0, no I/O, no clock. */
#ifndef PITSTOP_JSON_TIME_H
#define PITSTOP_JSON_TIME_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

/* RFC 3339, UTC, with milliseconds; `ms` is the time since 1970. False when
 * memory is short. */
bool json_add_time(struct cJSON *to, const char *name, int64_t ms);

#endif
