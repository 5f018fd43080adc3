#include "sessions_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "hook_server.h"
#include "log.h"

#define MINUTE_MS 60000
#define TIMEOUT_MAX 604800  /* seconds: a week, as in config.c */

static void session_event(struct session *s, enum barrier_event e,
			  const char *why);
static void hook_cancel(struct session *s);
static void time_out(struct session *s);

/* small things */

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static bool asks_hold(const struct session *s)
{
	return strcmp(s->hello.hold, "step") == 0 ||
	       strcmp(s->hello.hold, "both") == 0;
}

static void make_token(char to[static 33])
{
	uint32_t r[4];

	arc4random_buf(r, sizeof(r));
	snprintf(to, 33, "%08x%08x%08x%08x", r[0], r[1], r[2], r[3]);
}

/* the clock */

static void on_timer(uv_timer_t *t);

/* Wake for the deadline or the next countdown line, what comes first. */
static void arm(struct session *s)
{
	int64_t now = now_ms(), due = barrier_due(&s->barrier);

	if (due < 0) {
		uv_timer_stop(&s->timer);
		return;
	}
	if (s->countdown < due)
		due = s->countdown;
	uv_update_time(s->all->loop);
	uv_timer_start(&s->timer, on_timer,
		       due > now ? (uint64_t)(due - now) : 0, 0);
}

static void on_timer(uv_timer_t *t)
{
	struct session *s = t->data;
	int64_t now = now_ms(), due = barrier_due(&s->barrier);

	if (due >= 0 && now >= due) {
		time_out(s);
		return;
	}
	if (due >= 0 && now >= s->countdown) {
		s->countdown += MINUTE_MS;
		session_say_countdown(s, barrier_left(&s->barrier, now));
	}
	arm(s);
}

/* the barrier */

static void call_hook(struct session *s)
{
	const char *alone = s->alone ? " alone" : "";

	if (!s->debuggee_port) {
		hook_send(s->hook, "retrace%s", alone);
		return;
	}
	s->answers++;
	hook_send(s->hook, "attach 127.0.0.1 %u %s%s", s->debuggee_port,
		  s->token, alone);
}

/* The hook answers each `attach` once; what it answers to one that was taken
 * back concerns nobody. */
static void hook_cancel(struct session *s)
{
	if (s->answers > s->stale_answers)
		hook_send(s->hook, "cancel");
	s->stale_answers = s->answers;
}

static bool answer_counts(struct session *s)
{
	if (s->answers)
		s->answers--;
	if (!s->stale_answers)
		return s->client;
	s->stale_answers--;
	return false;
}

static void let_go(struct session *s)
{
	if (s->waiting)
		hook_send(s->hook, "go");
	s->waiting = false;
}

static void drop_client(struct session *s, const char *why, bool lost)
{
	void *client = s->client;

	s->client = NULL;
	if (!lost)
		hook_cancel(s);
	if (client)
		s->all->ops->drop(client, why, lost);
}

static void session_do(struct session *s, unsigned todo,
		       enum barrier_event e, const char *why)
{
	if (todo & BARRIER_SAY_HOLD)
		session_say_hold(s);
	if (todo & BARRIER_CALL_HOOK)
		call_hook(s);
	if (todo & BARRIER_DROP_CLIENT)
		drop_client(s, why, e == BARRIER_LOST || e == BARRIER_EXIT);
	if (todo & BARRIER_SAY_ATTACHED)
		session_say_attached(s, now_ms() - s->since);
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		session_say_not_attached(s, why);
	if (todo & BARRIER_LET_GO)
		let_go(s);
	if (todo & BARRIER_UNTRACE)
		hook_send(s->hook, "untrace");
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		s->all->ops->released(s->all->ctx, s);
}

/* `why` is for people. */
static void session_event_at(struct session *s, enum barrier_event e,
			     int64_t when, const char *why)
{
	unsigned todo = barrier_step(&s->barrier, e, when, s->timeout_ms);

	session_do(s, todo, e, why);
	arm(s);
}

static void session_event(struct session *s, enum barrier_event e,
			  const char *why)
{
	session_event_at(s, e, now_ms(), why);
}

/* Ranks wait for each other: when one runs on, all do. */
static void time_out(struct session *first)
{
	const char *why = "nobody attached in time";

	first->timed_out = true;
	session_event(first, BARRIER_TIMEOUT, why);
	for (struct session *s = first->all->first; s; s = s->next) {
		if (!session_is_peer(first, s) || !session_is_held_rank(s))
			continue;
		s->timed_out = true;
		session_event(s, BARRIER_TIMEOUT, why);
	}
}

/* hooks */

/* How long to hold: what the process asks for, or the setting. */
static int64_t timeout_of(struct session *s)
{
	const struct config *c = s->all->config;
	const char *bad = NULL;
	long long seconds = c->timeout;

	if (s->hello.kind == HELLO_AGAIN)
		return s->hello.left_ms;
	if (*s->hello.timeout) {
		seconds = strtonum(s->hello.timeout, 1, TIMEOUT_MAX, &bad);
		if (bad) {
			log_warn("timeout \"%.40s\" is no whole number of "
				 "seconds from 1 to %d; using %u",
				 s->hello.timeout, TIMEOUT_MAX, c->timeout);
			seconds = c->timeout;
		}
	}
	if (seconds > c->max_hold)
		seconds = c->max_hold;
	return seconds * 1000;
}

static void begin_hold(struct session *s)
{
	s->asked = s->held = true;
	s->timeout_ms = timeout_of(s);
	s->since = now_ms();
	if (s->hello.kind == HELLO_START)
		s->timeout_ms = session_shared_hold(s, s->since,
						    s->timeout_ms);
	if (*s->all->config->debugpy)
		hook_send(s->hook, "path %s", s->all->config->debugpy);
	hook_send(s->hook, "hold %.3f", (double)s->timeout_ms / 1000);
}

static void decide(struct session *s)
{
	bool again = s->hello.kind == HELLO_AGAIN;

	s->main = session_is_main(s);
	s->launch = session_find_launch(s);
	if (s->main)
		session_note_rank(s);
	s->waiting = again ? s->hello.left_ms >= 0
			   : asks_hold(s) && s->hello.kind == HELLO_START;
	s->held = again && s->waiting;
	if (s->waiting && (again || (s->main && !session_is_left_out(s))) &&
	    s->all->place->port) {
		begin_hold(s);
		return;
	}
	if (s->waiting && s->main && !s->all->place->port)
		session_say_no_hold(s);
	session_event(s, BARRIER_PASS, NULL);
}

static void *on_hello(void *ctx, struct hook *h, struct hello *hello)
{
	struct sessions *all = ctx;
	struct session *s = calloc(1, sizeof(*s)), **at;

	if (!s) {
		hello_free(hello);
		return NULL;
	}
	s->all = all;
	s->hook = h;
	s->hello = *hello;
	barrier_init(&s->barrier);
	make_token(s->token);
	pycmd_parse(s->hello.args, s->hello.argc, &s->cmd);
	uv_timer_init(all->loop, &s->timer);
	s->timer.data = s;
	for (at = &all->first; *at; at = &(*at)->next)
		;
	*at = s;  /* oldest first */
	decide(s);
	if (!s->asked)
		all->ops->arrived(all->ctx, s);
	return s;
}

static void on_ready(struct session *s)
{
	if (!s->asked)
		return;
	s->asked = false;
	s->countdown = s->since + MINUTE_MS;
	session_event_at(s, BARRIER_HOLD, s->since, NULL);
	s->all->ops->arrived(s->all->ctx, s);
}

static void on_no_debugger(struct session *s)
{
	if (!s->asked)
		return;
	s->asked = s->held = false;
	session_say_no_hold(s);
	session_event(s, BARRIER_PASS, NULL);
}

static void on_line(void *session, const char *verb, const char *rest)
{
	struct session *s = session;

	if (strcmp(verb, "ready") == 0)
		on_ready(s);
	else if (strcmp(verb, "nodebugger") == 0)
		on_no_debugger(s);
	else if (strcmp(verb, "connected") == 0)
		answer_counts(s);
	else if (strcmp(verb, "failed") == 0 && answer_counts(s))
		s->all->ops->failed(s->client, rest);
	else if (strcmp(verb, "retraced") == 0 && s->client)
		s->all->ops->retraced(s->all->ctx, s, s->client);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct session *s = h->data;

	hello_free(&s->hello);
	free(s);
}

static void on_gone(void *session)
{
	struct session *s = session, **at;

	session_event(s, BARRIER_LOST, "the step has ended");
	for (at = &s->all->first; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	s->all->ops->gone(s->all->ctx, s);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static const struct hook_server_ops HOOK_OPS = {
	.hello = on_hello,
	.line = on_line,
	.gone = on_gone,
};

/* for the adapter */

struct sessions *sessions_create(uv_loop_t *loop, const struct config *config,
				 const struct place *place,
				 const struct session_ops *ops, void *ctx)
{
	struct sessions *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	all->loop = loop;
	all->config = config;
	all->place = place;
	all->ops = ops;
	all->ctx = ctx;
	return all;
}

bool sessions_serve(struct sessions *all, int fd)
{
	return hook_server_open(all->loop, fd, &HOOK_OPS, all);
}

struct session *sessions_by_token(struct sessions *all, const char *token)
{
	struct session *s;

	for (s = all->first; s && strcmp(s->token, token) != 0; s = s->next)
		;
	return s;
}

const char *session_attach(struct session *s, const struct session_guest *g)
{
	unsigned todo;

	if (!s->all->config->late_attach &&
	    s->barrier.state == BARRIER_RUNNING)
		return "the step runs already, and PITSTOP_LATE_ATTACH is off";
	todo = barrier_step(&s->barrier, BARRIER_ATTACH, now_ms(), 0);
	if (todo & BARRIER_REFUSE)
		return s->client ? "taken" : "the step cannot be attached to "
					     "now";
	session_claim(s, g->client, g->address);
	s->debuggee_port = g->connected ? 0 : g->debuggee_port;
	s->alone = g->alone;
	if (*s->all->config->debugpy && !g->connected)
		hook_send(s->hook, "path %s", s->all->config->debugpy);
	session_do(s, todo, BARRIER_ATTACH, NULL);
	arm(s);
	return NULL;
}

bool session_adopt(struct session *s)
{
	if (s->barrier.state != BARRIER_RUNNING)
		return false;
	barrier_step(&s->barrier, BARRIER_ATTACH, now_ms(), 0);
	hook_send(s->hook, "adopted");
	return true;
}

void session_claim(struct session *s, void *client, const char *address)
{
	s->client = client;
	strlcpy(s->client_address, address, sizeof(s->client_address));
}

void session_ready(struct session *s)
{
	session_event(s, BARRIER_READY, NULL);
}

void session_attach_failed(struct session *s)
{
	s->client = NULL;
	hook_cancel(s);
	session_event(s, BARRIER_ATTACH_FAILED, NULL);
}

void session_detached(struct session *s)
{
	s->client = NULL;
	session_event(s, BARRIER_DETACH, NULL);
}

/* Nothing is to be done in a process that is on its way out. */
void session_ends(struct session *s)
{
	s->client = NULL;
	barrier_step(&s->barrier, BARRIER_DETACH, now_ms(), 0);
}

pid_t session_pid(const struct session *s)
{
	return s->hello.pid;
}

int session_rank(const struct session *s)
{
	return s->hello.rank;
}
