/* event.h: what happened, as the run log has it. Rank 0, no I/O, no clock.
 *
 * Several sinks hold one at the same time, so it is counted: who got one from
 * event_new or event_hold gives it back with event_drop. */
#ifndef PITSTOP_EVENT_H
#define PITSTOP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

#define EVENT_ID_SIZE 33    /* bytes */
#define EVENT_NAME_SIZE 32

struct event {
	char id[EVENT_ID_SIZE];  /* random: where one comes twice, it tells */
	char name[EVENT_NAME_SIZE];  /* a word, such as "held" */
	int64_t at;              /* ms since 1970 */
	struct cJSON *fields;  /* an object of texts, numbers, booleans and
				  lists of them, in UTF-8, with no secret in
				  it */
	unsigned holders;
	uint8_t waiting;       /* bit N: the sink at slot N has not got it yet */
	uint8_t taken;         /* bit N: Application Insights has got its
				  envelope N, but not all of them */
	int64_t place;         /* the spool's */
};

/* `fields` is consumed, also when it is NULL: memory is short, as when NULL
 * comes back. Of its secrets nothing is left: see redact.h. */
struct event *event_new(const char *name, int64_t at, struct cJSON *fields);

/* One that was told before, of which no secret has to be taken out any more.
 * NULL, too, when the fields are no object. */
struct event *event_again(const char *id, const char *name, int64_t at,
			  struct cJSON *fields);

struct event *event_hold(struct event *e);
void event_drop(struct event *e);

/* Is a field a number with a unit, as "peak_rss_bytes" is, and not one that just
 * names something, as a port or a rank does? */
bool event_is_quantity(const struct cJSON *field);

/* The memory that it takes, in bytes, more or less. */
size_t event_size(const struct event *e);

/* {"id": ..., "time": ..., "event": its name, and the fields}; NULL when memory
 * is short, cJSON_Delete frees it. */
struct cJSON *event_json(const struct event *e);

#endif
