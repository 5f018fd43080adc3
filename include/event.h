/* event.h: what happened, as the run log has it. Rank 0, no I/O, no clock.
 *
 * Several sinks hold one at the same time, so it is counted: who got one from
 * event_new or event_hold gives it back with event_drop. */
#ifndef PITSTOP_EVENT_H
#define PITSTOP_EVENT_H

#include <stddef.h>
#include <stdint.h>

struct cJSON;

struct event {
	char id[33];           /* random: where one comes twice, it tells */
	int64_t at;            /* ms since 1970 */
	const char *name;      /* a word that lasts, such as "held" */
	struct cJSON *fields;  /* an object of texts, numbers, booleans and
				  lists of them, in UTF-8, with no secret in
				  it */
	unsigned holders;
};

/* `fields` is consumed, also when it is NULL: memory is short, as when NULL
 * comes back. Of its secrets nothing is left: see redact.h. */
struct event *event_new(const char *name, int64_t at, struct cJSON *fields);
struct event *event_hold(struct event *e);
void event_drop(struct event *e);

/* The memory that it takes, in bytes, more or less. */
size_t event_size(const struct event *e);

/* {"id": ..., "time": ..., "event": its name, and the fields}; NULL when memory
 * is short, cJSON_Delete frees it. */
struct cJSON *event_json(const struct event *e);

#endif
