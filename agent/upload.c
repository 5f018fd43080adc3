#include "upload.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "agent_child.h"
#include "buf.h"
#include "event_queue.h"
#include "http_client.h"
#include "log.h"
#include "spool.h"

#define REQUEST_BYTES (256 * 1024)   /* of the events of one; one that is
					larger goes alone */
#define PAUSE_MIN_MS 1000            /* doubled with each failure in a row */
#define PAUSE_MAX_MS 60000
#define RETRY_AFTER_MAX_MS 600000
#define FINISH_MS (AGENT_END_MS - 1500)  /* clients had one second of it */
#define LINES_BURST 6                /* then one in LINES_EVERY_MS */
#define LINES_EVERY_MS 600000
#define LATE "no answer in time"

struct upload {
	struct sink sink;
	const struct upload_kind *kind;
	void *ctx;
	uv_timer_t next;        /* active: when to send */
	uv_timer_t limit;       /* active: the run is over */
	char where[HTTP_CLIENT_WHERE], why[96];
	struct event_queue queue;
	size_t alone;           /* so many of the first go one by one */
	struct buf body;
	uint64_t pause;         /* ms, 0: the last request went well */
	bool told;              /* that it does not work */
	struct log_rate lines;
	void (*done)(void *ctx);
	void *done_ctx;
};

/* numbers */

static void count(struct upload *u, enum metric_result r, size_t n)
{
	metric_add(metric_sink_events(u->kind->metric, r), (double)n);
	metric_set(metric_sink_queue(u->kind->metric), (double)u->queue.count);
	if (r != METRIC_RESULT_DELIVERED)
		spool_miss(u->sink.slot, n);
}

static void on_gone(void *ctx, struct event *e)
{
	struct upload *u = ctx;

	spool_done(e, u->sink.slot);
}

/* the end */

static void finished(struct upload *u)
{
	void (*done)(void *ctx) = u->done;

	u->done = NULL;
	if (!done)
		return;
	uv_timer_stop(&u->limit);
	uv_timer_stop(&u->next);
	spool_miss(u->sink.slot, u->queue.count);
	done(u->done_ctx);
}

static void on_limit(uv_timer_t *t)
{
	struct upload *u = t->data;

	if (u->queue.sent)
		strlcpy(u->why, LATE, sizeof(u->why));
	finished(u);
}

/* telling */

static void tell(struct upload *u, const char *then)
{
	int64_t now = (int64_t)uv_now(u->next.loop);

	if (u->told || !log_rate_allow(&u->lines, now))
		return;
	u->told = true;
	log_warn("%s at %s: %s; %s (the step is not affected)", u->kind->name,
		 u->where, u->why, then);
}

static void explain(struct upload *u, const struct http_client_answer *a)
{
	if (*a->why)
		strlcpy(u->why, a->why, sizeof(u->why));
	else
		snprintf(u->why, sizeof(u->why), "it answered %d", a->status);
}

/* answers */

static void judge(const struct upload *u, const struct http_client_answer *a,
		  enum verdict *verdicts)
{
	struct event *events[UPLOAD_BATCH_MAX];
	size_t n = event_queue_peek(&u->queue, events, u->queue.sent, SIZE_MAX);

	for (size_t i = 0; i < n; i++)
		verdicts[i] = verdict_of_status(a->status);
	if (u->kind->judge && a->status)
		u->kind->judge(u->ctx, a->status, a->body, events, verdicts, n);
}

static size_t number_of(const enum verdict *verdicts, size_t n,
			enum verdict which)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += verdicts[i] == which;
	return found;
}

static void settle(struct upload *u, const enum verdict *verdicts)
{
	size_t n = u->queue.sent;

	event_queue_settle(&u->queue, verdicts);
	count(u, METRIC_RESULT_LOST, number_of(verdicts, n, VERDICT_LOST));
	count(u, METRIC_RESULT_DELIVERED,
	      number_of(verdicts, n, VERDICT_DONE));
	u->alone -= n < u->alone ? n : u->alone;
}

static void stop(struct upload *u)
{
	size_t n = u->queue.count;

	u->sink.stopped = true;
	event_queue_shift(&u->queue, n);
	count(u, METRIC_RESULT_LOST, n);
	finished(u);
}

static void send_next(struct upload *u);

static void on_next(uv_timer_t *t)
{
	send_next(t->data);
}

/* At the end, who has failed before is asked once more and then left alone. */
static void pause_after(struct upload *u, int64_t retry_after)
{
	bool before = u->pause > 0;
	uint64_t ms;

	u->pause = before ? 2 * u->pause : PAUSE_MIN_MS;
	if (u->pause > PAUSE_MAX_MS)
		u->pause = PAUSE_MAX_MS;
	ms = u->pause / 2 + arc4random_uniform((uint32_t)(u->pause / 2) + 1);
	if (retry_after > RETRY_AFTER_MAX_MS)
		retry_after = RETRY_AFTER_MAX_MS;
	if (retry_after > (int64_t)ms)
		ms = (uint64_t)retry_after;
	if (u->done && (before || ms > uv_timer_get_due_in(&u->limit)))
		finished(u);
	else
		uv_timer_start(&u->next, on_next, ms, 0);
}

static void went_well(struct upload *u)
{
	u->pause = 0;
	if (u->told)
		log_warn("%s at %s works again", u->kind->name, u->where);
	u->told = false;
}

static void on_answer(void *ctx, const struct http_client_answer *a)
{
	enum verdict verdicts[UPLOAD_BATCH_MAX];
	struct upload *u = ctx;
	size_t n = u->queue.sent, again, lost;

	buf_free(&u->body);
	judge(u, a, verdicts);
	again = number_of(verdicts, n, VERDICT_AGAIN);
	lost = number_of(verdicts, n, VERDICT_LOST);
	if (again + lost > 0 || verdicts[0] == VERDICT_STOP) {
		metric_add(metric_sink_failures(u->kind->metric), 1);
		explain(u, a);
	}
	if (number_of(verdicts, n, VERDICT_STOP) > 0) {
		if (u->kind->refresh && u->kind->refresh(u->ctx)) {
			u->queue.sent = 0;
			send_next(u);
			return;
		}
		u->told = false;
		tell(u, "nothing more is sent there; check "
			"its credentials");
		stop(u);
		return;
	}
	if (lost == n && n > 1) {  /* one may have spoilt it for all */
		u->alone = n;
		u->queue.sent = 0;
		send_next(u);
		return;
	}
	settle(u, verdicts);
	if (lost > 0)
		tell(u, "what it does not take is lost");
	if (again > 0) {
		tell(u, "it is tried again");
		pause_after(u, a->retry_after);
		return;
	}
	if (lost == 0)
		went_well(u);
	send_next(u);
}

/* requests */

static bool post(struct upload *u)
{
	/* One for all of them, which share the process's loop. */
	static struct http_client *client;
	struct http_client_request r = {
		.url = u->kind->url,
		.headers = u->kind->headers,
	};
	struct event *events[UPLOAD_BATCH_MAX];
	size_t n = event_queue_peek(&u->queue, events,
				    u->alone ? 1 : u->kind->batch,
				    REQUEST_BYTES);

	if (u->kind->refresh)
		u->kind->refresh(u->ctx);
	if (!client)
		client = http_client_open(u->next.loop);
	n = client ? u->kind->encode(u->ctx, events, n, &u->body) : 0;
	r.body = u->body.data;
	r.length = u->body.len;
	if (n == 0 || !http_client_post(client, &r, on_answer, u))
		return false;
	u->queue.sent = n;
	return true;
}

static void send_next(struct upload *u)
{
	if (u->queue.count == 0) {
		finished(u);
		return;
	}
	if (post(u))
		return;
	buf_free(&u->body);
	strlcpy(u->why, "memory is short", sizeof(u->why));
	tell(u, "it is tried again");
	pause_after(u, 0);
}

static bool is_idle(const struct upload *u)
{
	return !u->queue.sent && !uv_is_active((const uv_handle_t *)&u->next);
}

/* the sink */

/* What is told at the same time goes in one request. */
static void take(struct sink *s, struct event *e)
{
	struct upload *u = (struct upload *)s;

	if (u->sink.stopped || !event_queue_add(&u->queue, e)) {
		count(u, METRIC_RESULT_LOST, 1);
		spool_done(e, s->slot);
		return;
	}
	count(u, METRIC_RESULT_DROPPED, event_queue_trim(&u->queue));
	if (is_idle(u) && u->queue.count)
		uv_timer_start(&u->next, on_next, 0, 0);
}

static void finish(struct sink *s, void (*done)(void *ctx), void *ctx)
{
	struct upload *u = (struct upload *)s;

	u->done = done;
	u->done_ctx = ctx;
	uv_timer_start(&u->limit, on_limit, FINISH_MS, 0);
	if (!u->queue.sent)
		uv_timer_start(&u->next, on_next, 0, 0);
}

struct sink *upload_open(uv_loop_t *loop, const struct upload_kind *kind,
			 void *ctx)
{
	struct upload *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	if (!http_client_where(kind->url, u->where)) {
		log_warn("%s: it is no URL with http:// or https://; "
			 "nothing is sent there", kind->name);
		free(u);
		return NULL;
	}
	u->sink = (struct sink){ .name = kind->name, .where = u->where,
				 .why = u->why, .wants = kind->wants,
				 .take = take, .finish = finish };
	strlcpy(u->why, LATE, sizeof(u->why));
	u->kind = kind;
	u->ctx = ctx;
	event_queue_init(&u->queue, on_gone, u);
	u->lines = (struct log_rate){ .every_ms = LINES_EVERY_MS,
				      .burst = LINES_BURST,
				      .left = LINES_BURST };
	uv_timer_init(loop, &u->next);
	uv_timer_init(loop, &u->limit);
	u->next.data = u->limit.data = u;
	return &u->sink;
}
