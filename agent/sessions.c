#include "sessions_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "hook_server.h"
#include "log.h"

#define MINUTE_MS 60000

static void time_out(struct session *s);

/* small things */

static bool asks_hold(const struct session *s)
{
	return strcmp(s->hello.hold, "step") == 0 ||
	       strcmp(s->hello.hold, "both") == 0;
}

static bool asks_crash(const struct session *s)
{
	return strcmp(s->hello.hold, "crash") == 0 ||
	       strcmp(s->hello.hold, "both") == 0;
}

/* the clock */

static void on_timer(uv_timer_t *t);

/* Wake for the deadline or the next countdown line, what comes first. */
static void arm(struct session *s)
{
	int64_t now = session_now(), due = barrier_due(&s->barrier);

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
	int64_t now = session_now(), due = barrier_due(&s->barrier);

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

static void drop_client(struct session *s, const char *why, bool lost)
{
	void *client = s->client;

	s->client = NULL;
	if (!lost)
		session_cancel(s);
	if (client)
		s->all->ops->drop(client, why, lost);
}

static void session_do(struct session *s, unsigned todo,
		       enum barrier_event e, const char *why)
{
	hook_cork(s->hook, true);
	if (todo & BARRIER_SAY_HOLD)
		session_say_hold(s);
	if (todo & BARRIER_CALL_HOOK)
		session_call_hook(s);
	if (todo & BARRIER_DROP_CLIENT)
		drop_client(s, why, e == BARRIER_LOST || e == BARRIER_EXIT);
	if (todo & BARRIER_SAY_ATTACHED)
		session_say_attached(s, session_now() - s->since);
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		session_say_not_attached(s, why);
	if (todo & BARRIER_LET_GO)
		session_let_go(s);
	if (todo & BARRIER_UNTRACE)
		hook_send(s->hook, "untrace");
	hook_cork(s->hook, false);
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		s->all->ops->released(s->all->ctx, s);
}

static void session_event_at(struct session *s, enum barrier_event e,
			     int64_t when, const char *why)
{
	unsigned todo = barrier_step(&s->barrier, e, when, s->timeout_ms);

	session_do(s, todo, e, why);
	arm(s);
}

void session_event(struct session *s, enum barrier_event e, const char *why)
{
	session_event_at(s, e, session_now(), why);
}

/* Ranks wait for each other before their first line: when one runs on, all
 * do. */
static void time_out(struct session *first)
{
	const char *why = "nobody attached in time";

	session_event(first, BARRIER_TIMEOUT, why);
	if (!first->shares)
		return;
	first->timed_out = true;
	for (struct session *s = first->all->first; s; s = s->next) {
		if (!session_is_peer(first, s) || !s->shares ||
		    !session_is_held_rank(s))
			continue;
		s->timed_out = true;
		session_event(s, BARRIER_TIMEOUT, why);
	}
}

/* hooks */

/* Does a thread wait by a call of the script's own, not at an exception? */
static bool script_waits(const struct session *s)
{
	return s->waiting && !*s->failed;
}

/* A thread stands where an exception would end it. */
static void decide_crash(struct session *s)
{
	bool hold = s->main && asks_crash(s) && !s->asked &&
		    (s->barrier.state == BARRIER_RUNNING ||
		     s->barrier.state == BARRIER_ATTACHING_LATE);

	if (hold && s->all->place->port) {
		hook_send_postmortem(s->hook);
		session_begin_hold(s, session_timeout(s));
		return;
	}
	*s->failed = '\0';
	if (hold)
		session_say_no_hold(s);
	session_let_go(s);
}

/* With a client that is about to leave: once it has. Beside a thread that
 * waits for a client, not at all: `go` would end that wait too. */
static void on_crashed(struct session *s, const char *text)
{
	if (script_waits(s)) {
		hook_send(s->hook, "pass");
		return;
	}
	s->waiting = true;
	strlcpy(s->failed, text, sizeof(s->failed));
	if (!s->leaving)
		decide_crash(s);
}

static void decide(struct session *s)
{
	bool again = s->hello.kind == HELLO_AGAIN, wanted;

	s->main = session_is_main(s);
	s->launch = session_find_launch(s);
	if (s->main)
		session_note_rank(s);
	s->resumed = again && s->hello.left_ms >= 0;
	s->waiting = again ? s->resumed
			   : asks_hold(s) && s->hello.kind == HELLO_START;
	s->held = again && s->waiting;
	wanted = again || (s->main && !session_is_left_out(s));
	/* An earlier agent saw to it, and has told. */
	s->all->hold_met |= again || (s->waiting && wanted);
	s->all->left_out |= s->waiting && s->main && !wanted;
	if (s->waiting && wanted && s->all->place->port) {
		strlcpy(s->failed, s->hello.crash, sizeof(s->failed));
		session_begin_hold(s, again ? session_timeout(s)
					    : session_shared_hold(s));
		s->shares = !*s->failed;
		return;
	}
	if (s->waiting && s->main && !s->all->place->port)
		session_say_no_hold(s);
	session_event(s, BARRIER_PASS, NULL);
	if (*s->hello.crash && !s->resumed)
		on_crashed(s, s->hello.crash);
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
	session_event_at(s, *s->failed ? BARRIER_CRASH : BARRIER_HOLD,
			 s->since, NULL);
	s->resumed = false;
	s->all->ops->arrived(s->all->ctx, s);
}

static void on_no_debugger(struct session *s)
{
	if (!s->asked)
		return;
	s->asked = s->held = false;
	session_say_no_hold(s);
	if (!*s->failed)
		session_event(s, BARRIER_PASS, NULL);
	session_let_go(s);   /* of a hold amid the script, or at its crash */
}

/* The hook ended the hold at a crash by itself. */
static void on_passed(struct session *s)
{
	s->asked = s->waiting = false;
	if (s->barrier.state == BARRIER_POSTMORTEM ||
	    s->barrier.state == BARRIER_ATTACHING_POSTMORTEM)
		session_event(s, BARRIER_RELEASE, "the step went on");
	*s->failed = '\0';
}

/* What a script's own debugger is asked for, see hook/adopt.py. */

static void on_listen(struct session *s, const char *call)
{
	s->adopted = true;
	if (s->barrier.state == BARRIER_RUNNING)
		session_say_listen(s, call);
	s->all->ops->arrived(s->all->ctx, s);
}

/* A hold amid the script; `ms` is how long, "" for what the setting says. */
static void on_wait(struct session *s, const char *ms)
{
	const int64_t max = (int64_t)s->all->config->max_hold * 1000;
	const char *bad;
	long long asked = strtonum(ms, 1, max, &bad);

	if (s->waiting)
		return;
	s->waiting = s->adopted = true;
	s->resumed = false;   /* this is none from before a restart */
	if (!*ms)
		asked = session_timeout(s);
	else if (bad)
		asked = max;
	if (s->all->place->port) {
		session_begin_hold(s, asked);
		return;
	}
	session_say_no_hold(s);
	session_let_go(s);
}

/* It does not wait for our word any more, and has said so itself. */
static void on_release(struct session *s)
{
	unsigned todo;

	if (*s->failed)       /* another thread stands at its exception */
		return;
	todo = barrier_step(&s->barrier, BARRIER_RELEASE, session_now(), 0);
	s->asked = s->waiting = false;
	if (!(todo & BARRIER_REFUSE)) {
		session_do(s, (todo & BARRIER_DROP_CLIENT) | BARRIER_UNTRACE,
			   BARRIER_RELEASE, "the script waits no longer");
		s->all->ops->released(s->all->ctx, s);
	}
	arm(s);
}

static void on_line(void *session, const char *verb, const char *rest)
{
	struct session *s = session;

	if (strcmp(verb, "ready") == 0)
		on_ready(s);
	else if (strcmp(verb, "nodebugger") == 0)
		on_no_debugger(s);
	else if (strcmp(verb, "crashed") == 0)
		on_crashed(s, rest);
	else if (strcmp(verb, "passed") == 0)
		on_passed(s);
	else if (strcmp(verb, "connected") == 0)
		session_answer_counts(s);
	else if (strcmp(verb, "failed") == 0 && session_answer_counts(s))
		s->all->ops->failed(s->client, rest);
	else if (strcmp(verb, "retraced") == 0 && session_answer_counts(s))
		s->all->ops->retraced(s->all->ctx, s, s->client);
	else if (strcmp(verb, "adopt") == 0)
		hook_send_adopt(s->hook);
	else if (strcmp(verb, "listen") == 0)
		on_listen(s, rest);
	else if (strcmp(verb, "wait") == 0)
		on_wait(s, rest);
	else if (strcmp(verb, "release") == 0)
		on_release(s);
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
	todo = barrier_step(&s->barrier, BARRIER_ATTACH, session_now(), 0);
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
	barrier_step(&s->barrier, BARRIER_ATTACH, session_now(), 0);
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
	s->attached = session_now();
	session_event(s, BARRIER_READY, NULL);
}

void session_attach_failed(struct session *s)
{
	s->client = NULL;
	session_cancel(s);
	session_event(s, BARRIER_ATTACH_FAILED, NULL);
}

void session_leaving(struct session *s)
{
	s->leaving = true;
}

void session_detached(struct session *s)
{
	s->client = NULL;
	s->leaving = false;
	session_event(s, BARRIER_DETACH, NULL);
	if (*s->failed)
		decide_crash(s);
}

/* Nothing is to be done in a process that is on its way out. */
void session_ends(struct session *s)
{
	s->client = NULL;
	barrier_step(&s->barrier, BARRIER_DETACH, session_now(), 0);
}

void session_postpone(struct session *s, int64_t ms)
{
	barrier_extend(&s->barrier, ms);
	s->timeout_ms += ms;
	arm(s);
}

pid_t session_pid(const struct session *s)
{
	return s->hello.pid;
}

int session_rank(const struct session *s)
{
	return s->hello.rank;
}
