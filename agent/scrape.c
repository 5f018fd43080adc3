#include "scrape.h"

#include <stddef.h>
#include <stdint.h>

#include "metrics.h"
#include "process_stats.h"
#include "session_view.h"

/* A session that has exited is none any more. */
void scrape_sessions(struct sessions *all)
{
	unsigned count[BARRIER_STATES] = { 0 };
	struct session *s = NULL;
	unsigned stalled = 0;
	int64_t left = 0;

	while ((s = sessions_next(all, s))) {
		struct session_view v;

		session_look(s, &v);
		count[v.state]++;
		stalled += v.stalled_for >= 0;
		if (v.held && v.left > left)
			left = v.left;
	}
	for (unsigned i = 0; i < BARRIER_EXITED; i++)
		metric_set(METRIC_SESSIONS_REGISTERED + i, count[i]);
	metric_set(METRIC_SESSIONS_STALLED, stalled);
	metric_set(METRIC_HOLD_REMAINING, (double)left / 1000);
}

void scrape_process(void)
{
	struct process_stats p;

	process_stats(&p);
	metric_set(METRIC_CPU_SECONDS, p.cpu_seconds);
	metric_set(METRIC_RESIDENT_BYTES, (double)p.resident);
	metric_set(METRIC_VIRTUAL_BYTES, (double)p.virtual);
	metric_set(METRIC_OPEN_FDS, p.open_fds);
	metric_set(METRIC_MAX_FDS, p.max_fds);
}
