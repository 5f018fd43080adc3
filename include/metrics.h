/* metrics.h: this process's numbers, and their text for Prometheus. Rank 0, no
 * I/O. They are the process's, not one module's, so that each counts where it
 * happens. */
#ifndef PITSTOP_METRICS_H
#define PITSTOP_METRICS_H

#include <stdbool.h>

struct buf;

enum metric {
	METRIC_BUILD_INFO,
	METRIC_SESSIONS_REGISTERED,   /* these in the order of barrier.h */
	METRIC_SESSIONS_HOLDING,
	METRIC_SESSIONS_ATTACHING,
	METRIC_SESSIONS_RUNNING,
	METRIC_SESSIONS_ATTACHING_LATE,
	METRIC_SESSIONS_ATTACHED,
	METRIC_SESSIONS_POSTMORTEM,
	METRIC_SESSIONS_ATTACHING_POSTMORTEM,
	METRIC_HOLD_REMAINING,
	METRIC_HOLD_SECONDS,
	METRIC_HOLDS_ATTACHED,
	METRIC_HOLDS_TIMEOUT,
	METRIC_HOLDS_RELEASED,
	METRIC_HOLDS_LOST,
	METRIC_ATTACHES,
	METRIC_REFUSED_ADDRESS,
	METRIC_REFUSED_CROWDED,
	METRIC_REFUSED_TOKEN,
	METRIC_REFUSED_PROTOCOL,
	METRIC_HTTP_2XX,
	METRIC_HTTP_4XX,
	METRIC_HTTP_5XX,
	METRIC_HTTP_CONNECTIONS,
	METRIC_AGENT_RESTARTS,
	METRIC_CPU_SECONDS,
	METRIC_RESIDENT_BYTES,
	METRIC_VIRTUAL_BYTES,
	METRIC_OPEN_FDS,
	METRIC_MAX_FDS,
	METRIC_START_TIME,
	METRICS
};

void metric_add(enum metric m, double by);
void metric_set(enum metric m, double value);

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Append all of them. False when memory is short. */
bool metrics_write(struct buf *to);

#endif
