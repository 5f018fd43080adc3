/* session_json.h: a session as JSON. Rank 0, no I/O, no clock. */
#ifndef PITSTOP_SESSION_JSON_H
#define PITSTOP_SESSION_JSON_H

#include <stdint.h>

struct cJSON;
struct session_view;

/* `now_ms` is the time since 1970. NULL when memory is short; cJSON_Delete
 * frees it. */
struct cJSON *session_json(const struct session_view *v, int64_t now_ms);

#endif
