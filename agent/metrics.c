#include "metrics.h"

#include <math.h>
#include <stddef.h>

#include "buf.h"

#define PROCESS "process_"
#define OURS "pitstop_"

struct family {
	const char *name, *type, *help;
};

static const struct family
	build_info = { OURS "build_info", "gauge", "The version that runs." },
	sessions = { OURS "sessions", "gauge",
		     "Python processes of the step, by state." },
	stalled = { OURS "sessions_stalled", "gauge",
		    "Those that have not moved for PITSTOP_STALL." },
	stalls = { OURS "stalls_total", "counter",
		   "Times that one was found so." },
	hold_remaining = { OURS "hold_remaining_seconds", "gauge",
			   "Until the last hold ends at the latest, 0 when "
			   "nothing is held." },
	hold_seconds = { OURS "hold_seconds_total", "counter",
			 "Time spent in holds that have ended." },
	holds = { OURS "holds_total", "counter",
		  "Holds that have ended, by how." },
	attaches = { OURS "attaches_total", "counter",
		     "Debuggers that got into a session." },
	refusals = { OURS "refusals_total", "counter",
		     "Debuggers refused before they were let in, by why." },
	debug_bytes = { OURS "debug_bytes_total", "counter",
			"Bytes of debuggers' connections, by direction." },
	debug_connections = { OURS "debug_connections", "gauge",
			      "Connections to the debug port that are "
			      "open." },
	http_requests = { OURS "http_requests_total", "counter",
			  "Requests answered, by class of the status." },
	http_refusals = { OURS "http_refusals_total", "counter",
			  "Requests refused, by why." },
	http_connections = { OURS "http_connections", "gauge",
			     "HTTP connections that are open." },
	sink_queue = { OURS "sink_queue_events", "gauge",
		       "Events that wait to be sent, by kind of server." },
	sink_events = { OURS "sink_events_total", "counter",
			"Events that are done with, by kind of server and "
			"by what became of them." },
	sink_failures = { OURS "sink_failures_total", "counter",
			  "Requests that failed, by kind of server." },
	restarts = { OURS "agent_restarts_total", "counter",
		     "Agents that this one follows." },
	exit_status = { OURS "step_exit_status", "gauge",
			"How the step has ended: 128+n by signal n." },
	cpu = { PROCESS "cpu_seconds_total", "counter",
		"User and system CPU time." },
	resident = { PROCESS "resident_memory_bytes", "gauge",
		     "Resident memory." },
	virtual = { PROCESS "virtual_memory_bytes", "gauge",
		    "Virtual memory." },
	open_fds = { PROCESS "open_fds", "gauge", "Open descriptors." },
	max_fds = { PROCESS "max_fds", "gauge",
		    "Descriptors that may be open." },
	start_time = { PROCESS "start_time_seconds", "gauge",
		       "Start of the process since 1970." };

#define SINK(metric, label) \
	[METRIC_SINK_QUEUES + (metric)] = { &sink_queue, \
		"{sink=\"" label "\"}" }, \
	[METRIC_SINK_FAILURES + (metric)] = { &sink_failures, \
		"{sink=\"" label "\"}" }, \
	SINK_EVENTS(metric, label, METRIC_RESULT_DELIVERED, "delivered"), \
	SINK_EVENTS(metric, label, METRIC_RESULT_DROPPED, "dropped"), \
	SINK_EVENTS(metric, label, METRIC_RESULT_LOST, "lost")
#define SINK_EVENTS(metric, label, result, word) \
	[METRIC_SINK_EVENTS + (metric) * METRIC_RESULTS + (result)] = { \
		&sink_events, "{sink=\"" label "\",result=\"" word "\"}" }

/* Those of one family stand together. */
static const struct {
	const struct family *family;
	const char *labels;
} SERIES[METRICS] = {
	[METRIC_BUILD_INFO] = { &build_info,
				"{version=\"" PITSTOP_VERSION "\"}" },
	[METRIC_SESSIONS_REGISTERED] = { &sessions, "{state=\"registered\"}" },
	[METRIC_SESSIONS_HOLDING] = { &sessions, "{state=\"holding\"}" },
	[METRIC_SESSIONS_ATTACHING] = { &sessions, "{state=\"attaching\"}" },
	[METRIC_SESSIONS_RUNNING] = { &sessions, "{state=\"running\"}" },
	[METRIC_SESSIONS_ATTACHING_LATE] = {
		&sessions, "{state=\"attaching late\"}" },
	[METRIC_SESSIONS_ATTACHED] = { &sessions, "{state=\"attached\"}" },
	[METRIC_SESSIONS_POSTMORTEM] = { &sessions, "{state=\"postmortem\"}" },
	[METRIC_SESSIONS_ATTACHING_POSTMORTEM] = {
		&sessions, "{state=\"attaching postmortem\"}" },
	[METRIC_SESSIONS_STALLED] = { &stalled, "" },
	[METRIC_STALLS] = { &stalls, "" },
	[METRIC_HOLD_REMAINING] = { &hold_remaining, "" },
	[METRIC_HOLD_SECONDS] = { &hold_seconds, "" },
	[METRIC_HOLDS_ATTACHED] = { &holds, "{end=\"attached\"}" },
	[METRIC_HOLDS_TIMEOUT] = { &holds, "{end=\"timeout\"}" },
	[METRIC_HOLDS_RELEASED] = { &holds, "{end=\"released\"}" },
	[METRIC_HOLDS_LOST] = { &holds, "{end=\"lost\"}" },
	[METRIC_ATTACHES] = { &attaches, "" },
	[METRIC_REFUSED_ADDRESS] = { &refusals, "{reason=\"address\"}" },
	[METRIC_REFUSED_CROWDED] = { &refusals, "{reason=\"crowded\"}" },
	[METRIC_REFUSED_TOKEN] = { &refusals, "{reason=\"token\"}" },
	[METRIC_REFUSED_PROTOCOL] = { &refusals, "{reason=\"protocol\"}" },
	[METRIC_DEBUG_RECEIVED] = { &debug_bytes,
				    "{direction=\"received\"}" },
	[METRIC_DEBUG_SENT] = { &debug_bytes, "{direction=\"sent\"}" },
	[METRIC_DEBUG_CONNECTIONS] = { &debug_connections, "" },
	[METRIC_HTTP_2XX] = { &http_requests, "{code=\"2xx\"}" },
	[METRIC_HTTP_4XX] = { &http_requests, "{code=\"4xx\"}" },
	[METRIC_HTTP_5XX] = { &http_requests, "{code=\"5xx\"}" },
	[METRIC_HTTP_REFUSED_ADDRESS] = { &http_refusals,
					  "{reason=\"address\"}" },
	[METRIC_HTTP_REFUSED_CROWDED] = { &http_refusals,
					  "{reason=\"crowded\"}" },
	[METRIC_HTTP_REFUSED_ORIGIN] = { &http_refusals,
					 "{reason=\"origin\"}" },
	[METRIC_HTTP_REFUSED_TOKEN] = { &http_refusals,
					"{reason=\"token\"}" },
	[METRIC_HTTP_CONNECTIONS] = { &http_connections, "" },
	SINK(METRIC_SINK_MLFLOW, "mlflow"),
	SINK(METRIC_SINK_INSIGHTS, "insights"),
	SINK(METRIC_SINK_WEBHOOK, "webhook"),
	[METRIC_AGENT_RESTARTS] = { &restarts, "" },
	[METRIC_STEP_EXIT_STATUS] = { &exit_status, "" },
	[METRIC_CPU_SECONDS] = { &cpu, "" },
	[METRIC_RESIDENT_BYTES] = { &resident, "" },
	[METRIC_VIRTUAL_BYTES] = { &virtual, "" },
	[METRIC_OPEN_FDS] = { &open_fds, "" },
	[METRIC_MAX_FDS] = { &max_fds, "" },
	[METRIC_START_TIME] = { &start_time, "" },
};

/* NAN: there is none yet. */
static double values[METRICS] = {
	[METRIC_BUILD_INFO] = 1,
	[METRIC_STEP_EXIT_STATUS] = NAN,
};

void metric_add(enum metric m, double by)
{
	values[m] += by;
}

void metric_set(enum metric m, double value)
{
	values[m] = value;
}

double metric_value(enum metric m)
{
	return values[m];
}

static bool write_family(struct buf *to, const struct family *f)
{
	return buf_addf(to, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help,
			f->name, f->type);
}

bool metrics_write(struct buf *to)
{
	const struct family *last = NULL;

	for (int m = 0; m < METRICS; m++) {
		const struct family *f = SERIES[m].family;

		if (isnan(values[m]))
			continue;
		if (f != last && !write_family(to, f))
			return false;
		last = f;
		if (!buf_addf(to, "%s%s %.15g\n", f->name, SERIES[m].labels,
			      values[m]))
			return false;
	}
	return true;
}
