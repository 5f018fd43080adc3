#include "runlog.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "event.h"
#include "log.h"
#include "sink.h"
#include "sink_insights.h"
#include "sink_journal.h"
#include "sink_mlflow.h"
#include "sink_webhook.h"
#include "spool.h"

/* The same slots in each agent of a run, since the spool names them. */
enum { JOURNAL, MLFLOW, INSIGHTS, WEBHOOK, SLOTS };

static struct {
	struct sink *sinks[SLOTS];  /* NULL: there is none */
	size_t unfinished;
	void (*done)(void *ctx);
	void *ctx;
} runlog;

static void add(unsigned slot, struct sink *s)
{
	if (s)
		s->slot = slot;
	runlog.sinks[slot] = s;
}

/* Each that waits for it gets it, or never will. */
static void give(struct event *e)
{
	uint8_t waiting = e->waiting;

	for (unsigned slot = 0; slot < SPOOL_SLOTS; slot++) {
		struct sink *s = slot < SLOTS ? runlog.sinks[slot] : NULL;

		if (s && waiting & 1u << slot)
			s->take(s, e);
		else if (waiting & 1u << slot)
			spool_done(e, slot);
	}
}

static void on_found(void *ctx, struct event *e)
{
	(void)ctx;
	give(e);
}

void runlog_open(uv_loop_t *loop, const struct config *config, int spool)
{
	add(JOURNAL, sink_journal_open(loop, config));
	add(MLFLOW, sink_mlflow_open(loop));
	add(INSIGHTS, sink_insights_open(loop));
	add(WEBHOOK, sink_webhook_open(loop, config));
	spool_open(spool, on_found, NULL);
}

bool runlog_is_read(void)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (runlog.sinks[i])
			return true;
	return false;
}

static struct event *happens_now(const char *name, cJSON *fields)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return event_new(name, (int64_t)now.tv_sec * 1000 +
			 now.tv_nsec / 1000000, fields);
}

static void tell(const char *name, cJSON *fields, uint32_t once)
{
	struct event *e;

	if (!runlog_is_read()) {
		cJSON_Delete(fields);
		return;
	}
	e = happens_now(name, fields);
	if (!e)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		const struct sink *s = runlog.sinks[i];

		if (s && (!s->wants || s->wants(e)))
			e->waiting |= (uint8_t)(1u << i);
	}
	spool_add(e, once);
	give(e);
	event_drop(e);
}

void runlog_tell(const char *name, cJSON *fields)
{
	tell(name, fields, 0);
}

bool runlog_has_told(enum runlog_once which)
{
	return spool_has_told(which);
}

void runlog_tell_once(enum runlog_once which, const char *name, cJSON *fields)
{
	tell(name, fields, which);
}

/* the end */

/* For the journal alone: the others have had their time. */
static void write_down(const struct sink *s, uint64_t count)
{
	struct sink *journal = runlog.sinks[JOURNAL];
	cJSON *to = cJSON_CreateObject();
	struct event *e = NULL;

	if (cJSON_AddStringToObject(to, "server", s->name) &&
	    cJSON_AddStringToObject(to, "url", s->where) &&
	    cJSON_AddNumberToObject(to, "count", (double)count) &&
	    cJSON_AddStringToObject(to, "detail", s->why))
		e = happens_now("undelivered", to);
	else
		cJSON_Delete(to);
	if (e)
		journal->take(journal, e);
	if (e)
		event_drop(e);
}

static void tell_missed(const struct sink *s)
{
	const struct sink *journal = runlog.sinks[JOURNAL];
	const char *path = journal ? journal->where : NULL;
	uint64_t count = spool_miss(s->slot, 0);

	if (count == 0)
		return;
	if (journal)
		write_down(s, count);
	if (!s->stopped)
		log_warn("%llu of the run log's events did not reach %s at "
			 "%s: %s; %s%s", (unsigned long long)count, s->name,
			 s->where, s->why,
			 path ? "they are in " : "there is no journal of them",
			 path ? path : "");
}

static void on_finished(void *ctx)
{
	struct sink *journal = runlog.sinks[JOURNAL];

	(void)ctx;
	if (--runlog.unfinished > 0)
		return;
	for (size_t i = JOURNAL + 1; i < SLOTS; i++)
		if (runlog.sinks[i])
			tell_missed(runlog.sinks[i]);
	if (journal)
		journal->finish(journal, runlog.done, runlog.ctx);
	else
		runlog.done(runlog.ctx);
}

void runlog_finish(void (*done)(void *ctx), void *ctx)
{
	runlog.done = done;
	runlog.ctx = ctx;
	runlog.unfinished = 1;  /* until all have been asked */
	for (size_t i = JOURNAL + 1; i < SLOTS; i++) {
		struct sink *s = runlog.sinks[i];

		if (!s)
			continue;
		runlog.unfinished++;
		s->finish(s, on_finished, NULL);
	}
	on_finished(NULL);
}
