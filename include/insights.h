/* insights.h: events as what Application Insights takes. Rank 0, no I/O. */
#ifndef PITSTOP_INSIGHTS_H
#define PITSTOP_INSIGHTS_H

#include <stdbool.h>
#include <stddef.h>

#include "verdict.h"

struct buf;
struct event;

#define INSIGHTS_KEY_MAX 64

/* Of a connection string ("InstrumentationKey=...;IngestionEndpoint=..."): the
 * key, and append the URL of its track call, with a NUL that is not counted.
 * False when it has no key, or memory is short. */
bool insights_connect(struct buf *url, char key[static INSIGHTS_KEY_MAX],
		      const char *connection_string);

struct insights_origin {
	const char *key;
	const char *node;
	const char *run;   /* NULL: not known */
};

/* Append the n as a list of envelopes, a trace and a custom event each, but for
 * those that have been taken. False when memory is short. */
bool insights_encode(struct buf *to, const struct insights_origin *from,
		     struct event *const *events, size_t n);

/* An answer of 206 names the envelopes that were not taken, and why; the events
 * note which were. */
void insights_judge(int status, const char *body, struct event *const *events,
		    enum verdict *verdicts, size_t n);

#endif
