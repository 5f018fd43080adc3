/* pause_limit.h: how long a client may leave a step paused. Rank 0, no I/O.
 *
 * A paused step costs as much as a running one. After 80 % of the limit its
 * client is warned, at the limit it is detached; whatever it asks for in the
 * meantime starts the time anew. */
#ifndef PITSTOP_PAUSE_LIMIT_H
#define PITSTOP_PAUSE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct pause_limit {
	int64_t limit;  /* ms; 0: none */
	int64_t since;  /* ms: the stop, or the last request after it */
	bool paused;
	bool warned;
};

enum pause_verdict { PAUSE_FINE, PAUSE_WARN, PAUSE_OVER };

/* `now` is in ms, on a clock that does not go back. */
void pause_limit_stopped(struct pause_limit *p, int64_t now);
void pause_limit_resumed(struct pause_limit *p);
void pause_limit_request(struct pause_limit *p, int64_t now);

/* What is to be done now; PAUSE_WARN comes once for each silence. */
enum pause_verdict pause_limit_check(struct pause_limit *p, int64_t now);

/* When to check next, -1: not before something else happens. */
int64_t pause_limit_due(const struct pause_limit *p);

#endif
