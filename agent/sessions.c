#include "sessions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "buf.h"
#include "driver_log.h"
#include "hello.h"
#include "hook_server.h"
#include "log.h"
#include "pycmd.h"

#define MINUTE_MS 60000
#define TIMEOUT_MAX 604800  /* seconds: a week, as in config.c */

struct session {
	struct session *next;
	struct sessions *all;
	struct hook *hook;
	struct hello hello;
	struct pycmd cmd;
	struct barrier barrier;
	uv_timer_t timer;
	void *client;
	char client_address[64];
	char token[33];      /* what the debuggee proves itself with */
	int64_t since;       /* ms: the hold's start, then the attach's */
	int64_t countdown;   /* ms: the next line that says what is left */
	int64_t timeout_ms;
	unsigned answers;    /* `attach` and `retrace` lines that the hook has
				not answered ... */
	unsigned stale_answers;  /* ... of those, taken back meanwhile */
	bool waiting;        /* the hook waits for our word */
	bool asked;          /* told to hold, no `ready` yet */
	bool held;           /* was held at some time */
	bool main;           /* a step's main script */
	uint16_t debuggee_port;
};

struct sessions {
	struct session *first;
	uv_loop_t *loop;
	const struct config *config;
	const struct place *place;
	const struct session_ops *ops;
	void *ctx;
};

static void session_event(struct session *s, enum barrier_event e,
			  const char *why);
static void hook_cancel(struct session *s);

/* small things */

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

static const char *session_name(const struct session *s)
{
	const char *slash = s->cmd.name ? strrchr(s->cmd.name, '/') : NULL;

	if (!s->cmd.name)
		return "python";
	return s->cmd.kind == PYCMD_SCRIPT && slash && slash[1] ? slash + 1
								: s->cmd.name;
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

/* The parent of a process, 0 when it cannot be told. */
static pid_t parent_of(pid_t pid)
{
	char path[32], text[512], *p;
	FILE *f;
	size_t n;
	int ppid;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');  /* the command's name may hold anything */
	return p && sscanf(p + 1, " %*c %d", &ppid) == 1 ? ppid : 0;
}

static struct session *by_pid(struct sessions *all, pid_t pid)
{
	struct session *s;

	for (s = all->first; s && s->hello.pid != pid; s = s->next)
		;
	return s;
}

/* Is one of its ancestors a step's main script of the same rank? Then this
 * one is a helper of that. */
static bool has_main_ancestor(struct session *s)
{
	pid_t pid = s->hello.ppid;

	for (int i = 0; i < 64 && pid > 1; i++, pid = parent_of(pid)) {
		struct session *a = by_pid(s->all, pid);

		if (a && a != s && (a->main || a->held) &&
		    a->hello.rank == s->hello.rank)
			return true;
	}
	return false;
}

static bool is_main(struct session *s)
{
	const char *match = s->all->config->match;

	if (s->hello.kind == HELLO_FORK || has_main_ancestor(s))
		return false;
	if (*match)
		return pycmd_matches(&s->cmd, match);
	return !s->cmd.tool && (s->cmd.kind == PYCMD_SCRIPT ||
				s->cmd.kind == PYCMD_MODULE);
}

/* what the step's log says */

static struct step_facts facts(const struct session *s)
{
	const struct place *at = s->all->place;

	return (struct step_facts){
		.name = session_name(s),
		.pid = (int)s->hello.pid,
		.rank = s->hello.rank,
		.python = s->hello.exe,
		.cwd = s->hello.cwd,
		.host = at->host,
		.port = at->port,
		.wanted_port = at->wanted_port,
		.doubtful = at->doubtful,
		.token = at->token,
		.late_attach = s->all->config->late_attach,
	};
}

static void say(struct session *s, struct buf *text)
{
	hook_say(s->hook, text->data, text->len);
	buf_free(text);
}

static void say_hold(struct session *s)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	if (s->hello.kind == HELLO_AGAIN)
		driver_log_back(&b, s->timeout_ms);
	else
		driver_log_hold(&b, &f, s->timeout_ms);
	say(s, &b);
}

static void say_attached(struct session *s)
{
	struct buf b = { 0 };

	driver_log_attached(&b, s->client_address, now_ms() - s->since);
	say(s, &b);
}

static void say_not_attached(struct session *s, const char *why)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_not_attached(&b, &f, why);
	say(s, &b);
}

static void say_countdown(struct session *s, int64_t left)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_still(&b, &f, left);
	say(s, &b);
}

static void say_no_hold(struct session *s)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	if (f.port)
		driver_log_no_debugger(&b, &f);
	else
		driver_log_no_port(&b, &f, s->all->place->last_port);
	say(s, &b);
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
		session_event(s, BARRIER_TIMEOUT, "nobody attached in time");
		return;
	}
	if (due >= 0 && now >= s->countdown) {
		s->countdown += MINUTE_MS;
		say_countdown(s, barrier_left(&s->barrier, now));
	}
	arm(s);
}

/* the barrier */

/* Each attempt has a token of its own: the debuggee of one that was taken back
 * may come when the next client waits for its own. */
static void call_hook(struct session *s)
{
	s->answers++;
	if (!s->debuggee_port) {
		hook_send(s->hook, "retrace");
		return;
	}
	make_token(s->token);
	hook_send(s->hook, "attach 127.0.0.1 %u %s", s->debuggee_port,
		  s->token);
}

/* The hook answers each of them once; what it answers to one that was taken
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
		say_hold(s);
	if (todo & BARRIER_CALL_HOOK)
		call_hook(s);
	if (todo & BARRIER_DROP_CLIENT)
		drop_client(s, why, e == BARRIER_LOST || e == BARRIER_EXIT);
	if (todo & BARRIER_SAY_ATTACHED)
		say_attached(s);
	if (todo & BARRIER_SAY_NOT_ATTACHED)
		say_not_attached(s, why);
	if (todo & BARRIER_LET_GO)
		let_go(s);
	if (todo & BARRIER_UNTRACE)
		hook_send(s->hook, "untrace");
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
	if (*s->all->config->debugpy)
		hook_send(s->hook, "path %s", s->all->config->debugpy);
	hook_send(s->hook, "hold %.3f", (double)s->timeout_ms / 1000);
}

static void decide(struct session *s)
{
	bool again = s->hello.kind == HELLO_AGAIN;

	s->main = is_main(s);
	s->waiting = again ? s->hello.left_ms >= 0
			   : asks_hold(s) && s->hello.kind == HELLO_START;
	s->held = again && s->waiting;
	if (s->waiting && (again || s->main) && s->all->place->port) {
		begin_hold(s);
		return;
	}
	if (s->waiting && s->main)
		say_no_hold(s);
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
	say_no_hold(s);
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
	else if (strcmp(verb, "retraced") == 0 && answer_counts(s))
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

/* Is `a` the better answer to "attach me" than `b`? Held before running, a
 * step's main script before a helper, then the lowest rank; the list is oldest
 * first, so equal ones keep their order. */
static bool better(const struct session *a, const struct session *b)
{
	bool a_held = a->barrier.state == BARRIER_HOLDING;
	bool b_held = b->barrier.state == BARRIER_HOLDING;

	if (a_held != b_held)
		return a_held;
	if (a->main != b->main)
		return a->main;
	return a->hello.rank < b->hello.rank;
}

static bool attachable(const struct session *s)
{
	return !s->asked && !s->cmd.tool && s->hello.kind != HELLO_FORK &&
	       s->barrier.state != BARRIER_EXITED;
}

/* Several running steps that nothing tells apart: the user has to say. */
static bool ambiguous(struct sessions *all, const struct session *pick)
{
	if (pick->barrier.state == BARRIER_HOLDING || pick->hello.rank >= 0)
		return false;
	for (struct session *s = all->first; s; s = s->next)
		if (s != pick && attachable(s) && s->main && pick->main &&
		    s->hello.rank < 0)
			return true;
	return false;
}

static void list_pids(struct sessions *all, char why[static 256])
{
	struct buf b = { 0 };

	buf_addf(&b, "several steps run here; add \"subProcessId\" to the "
		     "configuration:");
	for (struct session *s = all->first; s; s = s->next)
		if (attachable(s) && s->main)
			buf_addf(&b, " %d (%s)", (int)s->hello.pid,
				 session_name(s));
	snprintf(why, 256, "%.*s", (int)b.len, b.data ? b.data : "");
	buf_free(&b);
}

struct session *sessions_pick(struct sessions *all, pid_t pid, int rank,
			      char why[static 256], bool *later)
{
	struct session *pick = NULL;

	*later = pid == 0;
	for (struct session *s = all->first; s; s = s->next) {
		if (pid ? s->hello.pid != pid : !attachable(s))
			continue;
		if (rank >= 0 && s->hello.rank != rank)
			continue;
		if (!pick || better(s, pick))
			pick = s;
	}
	if (!pick && pid)
		snprintf(why, 256, "process %d has no Python that pitstop "
				   "knows of", (int)pid);
	else if (!pick && rank >= 0)
		snprintf(why, 256, "no step of rank %d runs here", rank);
	else if (!pick)
		snprintf(why, 256, "no Python step runs here");
	if (pick && !pid && ambiguous(all, pick)) {
		list_pids(all, why);
		*later = false;
		return NULL;
	}
	return pick;
}

struct session *sessions_by_token(struct sessions *all, const char *token)
{
	struct session *s;

	for (s = all->first; s && strcmp(s->token, token) != 0; s = s->next)
		;
	return s;
}

const char *session_attach(struct session *s, void *client,
			   const char *client_address, bool connected,
			   uint16_t debuggee_port)
{
	unsigned todo;

	if (!s->all->config->late_attach &&
	    s->barrier.state == BARRIER_RUNNING)
		return "the step runs already, and PITSTOP_LATE_ATTACH is off";
	todo = barrier_step(&s->barrier, BARRIER_ATTACH, now_ms(), 0);
	if (todo & BARRIER_REFUSE)
		return s->client ? "taken" : "the step cannot be attached to "
					     "now";
	s->client = client;
	strlcpy(s->client_address, client_address, sizeof(s->client_address));
	s->debuggee_port = connected ? 0 : debuggee_port;
	if (*s->all->config->debugpy && !connected)
		hook_send(s->hook, "path %s", s->all->config->debugpy);
	session_do(s, todo, BARRIER_ATTACH, NULL);
	arm(s);
	return NULL;
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

pid_t session_pid(const struct session *s)
{
	return s->hello.pid;
}

int session_rank(const struct session *s)
{
	return s->hello.rank;
}

const char *session_token(const struct session *s)
{
	return s->token;
}
