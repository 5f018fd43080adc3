#include "runlog.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "event.h"
#include "sink.h"
#include "sink_insights.h"
#include "sink_journal.h"
#include "sink_mlflow.h"
#include "sink_webhook.h"

#define SINKS_MAX 8

static struct {
	struct sink *sinks[SINKS_MAX];
	size_t count;
	size_t unfinished;
	void (*done)(void *ctx);
	void *ctx;
} runlog;

static void add(struct sink *s)
{
	if (s)
		runlog.sinks[runlog.count++] = s;
}

void runlog_open(uv_loop_t *loop, const struct config *config)
{
	add(sink_journal_open(loop, config));
	add(sink_mlflow_open(loop));
	add(sink_insights_open(loop));
	add(sink_webhook_open(loop, config));
}

void runlog_tell(const char *name, struct cJSON *fields)
{
	struct timespec now;
	struct event *e;

	clock_gettime(CLOCK_REALTIME, &now);
	e = event_new(name, (int64_t)now.tv_sec * 1000 +
		      now.tv_nsec / 1000000, fields);
	if (!e)
		return;
	for (size_t i = 0; i < runlog.count; i++)
		runlog.sinks[i]->take(runlog.sinks[i], e);
	event_drop(e);
}

static void on_finished(void *ctx)
{
	(void)ctx;
	if (--runlog.unfinished == 0)
		runlog.done(runlog.ctx);
}

void runlog_finish(void (*done)(void *ctx), void *ctx)
{
	runlog.done = done;
	runlog.ctx = ctx;
	runlog.unfinished = 1;  /* until all have been asked */
	for (size_t i = 0; i < runlog.count; i++) {
		struct sink *s = runlog.sinks[i];

		if (!s->finish)
			continue;
		runlog.unfinished++;
		s->finish(s, on_finished, NULL);
	}
	on_finished(NULL);
}
