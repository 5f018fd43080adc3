/* metrics.h: this process's numbers, and their text for Prometheus. Rank 0, no
 * I/O. They are the process's, not one module's, so that each counts where it
 * happens. */
#ifndef PITSTOP_METRICS_H
#define PITSTOP_METRICS_H

#include <stdbool.h>

struct buf;

/* Kinds of servers that the run log goes to, and what becomes of an event. */
enum metric_sink {
	METRIC_SINK_MLFLOW, METRIC_SINK_INSIGHTS, METRIC_SINK_WEBHOOK,
	METRIC_SINKS
};
enum metric_result {
	METRIC_RESULT_DELIVERED, METRIC_RESULT_DROPPED, METRIC_RESULT_LOST,
	METRIC_RESULTS
};

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
	METRIC_SESSIONS_STALLED,
	METRIC_STALLS,
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
	METRIC_DEBUG_RECEIVED,
	METRIC_DEBUG_SENT,
	METRIC_DEBUG_CONNECTIONS,
	METRIC_HTTP_2XX,
	METRIC_HTTP_4XX,
	METRIC_HTTP_5XX,
	METRIC_HTTP_REFUSED_ADDRESS,
	METRIC_HTTP_REFUSED_CROWDED,
	METRIC_HTTP_REFUSED_ORIGIN,
	METRIC_HTTP_REFUSED_TOKEN,
	METRIC_HTTP_CONNECTIONS,
	METRIC_SINK_QUEUES,           /* see metric_sink_queue and those below */
	METRIC_SINK_EVENTS = METRIC_SINK_QUEUES + METRIC_SINKS,
	METRIC_SINK_FAILURES =
		METRIC_SINK_EVENTS + METRIC_SINKS * METRIC_RESULTS,
	METRIC_AGENT_RESTARTS = METRIC_SINK_FAILURES + METRIC_SINKS,
	METRIC_STEP_EXIT_STATUS,      /* not there before it has ended */
	METRIC_CPU_SECONDS,
	METRIC_RESIDENT_BYTES,
	METRIC_VIRTUAL_BYTES,
	METRIC_OPEN_FDS,
	METRIC_MAX_FDS,
	METRIC_START_TIME,
	METRICS
};

static inline enum metric metric_sink_queue(enum metric_sink s)
{
	return METRIC_SINK_QUEUES + s;
}

static inline enum metric metric_sink_events(enum metric_sink s,
					     enum metric_result r)
{
	return METRIC_SINK_EVENTS + s * METRIC_RESULTS + r;
}

static inline enum metric metric_sink_failures(enum metric_sink s)
{
	return METRIC_SINK_FAILURES + s;
}

void metric_add(enum metric m, double by);
void metric_set(enum metric m, double value);
double metric_value(enum metric m);

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Append all of them. False when memory is short. */
bool metrics_write(struct buf *to);

#endif
