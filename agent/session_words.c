#include "sessions_internal.h"

#include <stddef.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "buf.h"
#include "exit_event.h"
#include "hook_server.h"
#include "redact.h"

static void on_debugpy(struct session *s, const char *version)
{
	strlcpy(s->debugpy, version, sizeof(s->debugpy));
}

/* holds */

static void on_ready(struct session *s, const char *version)
{
	if (!s->asked)
		return;
	s->asked = false;
	on_debugpy(s, version);
	s->countdown = s->since + MINUTE_MS;
	session_event_at(s, *s->failed ? BARRIER_CRASH : BARRIER_HOLD,
			 s->since, NULL);
	s->all->ops->arrived(s->all->ctx, s);
}

static void on_no_debugger(struct session *s, const char *rest)
{
	(void)rest;
	if (!s->asked)
		return;
	s->asked = s->held = false;
	session_say_no_hold(s);
	session_event(s, BARRIER_PASS, NULL);
	session_let_go(s);   /* of a hold amid the script, or at its crash */
}

/* exceptions */

static bool asks_crash(const struct session *s)
{
	return strcmp(s->hello.hold, "crash") == 0 ||
	       strcmp(s->hello.hold, "both") == 0;
}

/* Does a thread wait by a call of the script's own, not at an exception? */
static bool script_waits(const struct session *s)
{
	return s->waiting && !*s->failed;
}

void session_decide_crash(struct session *s)
{
	bool hold = s->main && asks_crash(s) && !s->asked && !s->ending &&
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

void session_keep_failure(struct session *s, const char *text)
{
	struct buf left = { 0 };
	bool done = redact_text(&left, text) && buf_add(&left, "", 1);

	strlcpy(s->failed, done ? left.data : "an exception",
		sizeof(s->failed));
	buf_free(&left);
}

/* Beside a thread that waits for a client, nothing: `go` would end that wait
 * too. */
void session_crashed(struct session *s, const char *text)
{
	if (script_waits(s)) {
		hook_send(s->hook, "pass");
		return;
	}
	s->waiting = true;
	session_keep_failure(s, text);
	if (!s->leaving)
		session_decide_crash(s);
}

/* The hook ended the hold at a crash by itself, maybe before it began. */
static void on_passed(struct session *s, const char *rest)
{
	bool stands = s->barrier.state == BARRIER_POSTMORTEM ||
		      s->barrier.state == BARRIER_ATTACHING_POSTMORTEM;

	(void)rest;
	s->asked = s->waiting = false;
	session_event(s, stands ? BARRIER_RELEASE : BARRIER_PASS,
		      "the step went on");
	*s->failed = '\0';
}

/* Ranks end each other: the first knows why. */
static void on_raised(struct session *s, const char *text)
{
	if (s->main && !*s->all->raised.type)
		raised_parse(&s->all->raised, text);
}

/* answers of the debugger */

static void on_connected(struct session *s, const char *rest)
{
	(void)rest;
	if (session_answer_counts(s))
		s->all->ops->connected(s->client);
}

static void on_failed(struct session *s, const char *text)
{
	if (session_answer_counts(s))
		s->all->ops->failed(s->client, text);
}

static void on_retraced(struct session *s, const char *rest)
{
	(void)rest;
	if (session_answer_counts(s))
		s->all->ops->retraced(s->all->ctx, s, s->client);
}

/* what a script's own debugger is asked for, see hook/adopt.py */

static void on_adopt(struct session *s, const char *rest)
{
	(void)rest;
	hook_send_adopt(s->hook);
}

static void on_listen(struct session *s, const char *call)
{
	s->adopted = true;
	session_note(s, "attachable", call);
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
static void on_release(struct session *s, const char *rest)
{
	unsigned todo;

	(void)rest;
	if (*s->failed)       /* another thread stands at its exception */
		return;
	todo = session_step(s, BARRIER_RELEASE, session_now());
	s->asked = s->waiting = false;
	if (!(todo & BARRIER_REFUSE)) {
		session_note(s, "released", "the script waits no longer");
		session_do(s, (todo & BARRIER_DROP_CLIENT) | BARRIER_UNTRACE,
			   BARRIER_RELEASE, "the script waits no longer");
		s->all->ops->released(s->all->ctx, s);
	}
	session_arm(s);
}

/* all of them, see hello.h */

static const struct {
	const char *word;
	void (*handle)(struct session *s, const char *rest);
} WORDS[] = {
	{ "ready", on_ready },
	{ "nodebugger", on_no_debugger },
	{ "syspath", session_syspath },
	{ "look", session_preflight },
	{ "crashed", session_crashed },
	{ "passed", on_passed },
	{ "raised", on_raised },
	{ "connected", on_connected },
	{ "failed", on_failed },
	{ "retraced", on_retraced },
	{ "debugpy", on_debugpy },
	{ "adopt", on_adopt },
	{ "listen", on_listen },
	{ "wait", on_wait },
	{ "release", on_release },
	{ "stack", session_stack },
};

void session_line(void *session, const char *word, const char *rest)
{
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		if (strcmp(word, WORDS[i].word) == 0)
			WORDS[i].handle(session, rest);
}
