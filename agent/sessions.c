#include "sessions_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "hook_server.h"
#include "log.h"

static bool asks_hold(const struct session *s)
{
	return strcmp(s->hello.hold, "step") == 0 ||
	       strcmp(s->hello.hold, "both") == 0;
}

/* hooks */

static void decide(struct session *s)
{
	bool again = s->hello.kind == HELLO_AGAIN, wanted;
	bool resumes = again && s->hello.left_ms >= 0;

	s->main = session_is_main(s);
	s->launch = session_find_launch(s);
	if (s->main)
		session_note_rank(s);
	s->waiting = again ? resumes
			   : asks_hold(s) && s->hello.kind == HELLO_START;
	s->held = again && s->waiting;
	wanted = again || (s->main && !session_is_left_out(s));
	/* An earlier agent saw to it, and has told. */
	s->all->hold_met |= again || (s->waiting && wanted);
	s->all->left_out |= s->waiting && s->main && !wanted;
	if (s->waiting && wanted && s->all->place->port) {
		session_keep_failure(s, s->hello.crash);
		session_begin_hold(s, again ? s->hello.left_ms
					    : session_shared_hold(s));
		s->shares = !*s->failed;
		s->resumed = again;
		return;
	}
	if (s->waiting && s->main && !s->all->place->port)
		session_say_no_hold(s);
	session_event(s, BARRIER_PASS, NULL);
	if (*s->hello.crash && !resumes)
		session_crashed(s, s->hello.crash);
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
	s->began = session_began(hook_pid(h));
	barrier_init(&s->barrier);
	pycmd_parse(s->hello.args, s->hello.argc, &s->cmd);
	uv_timer_init(all->loop, &s->timer);
	s->timer.data = s;
	uv_timer_init(all->loop, &s->end_timer);
	s->end_timer.data = s;
	for (at = &all->first; *at; at = &(*at)->next)
		;
	*at = s;  /* oldest first */
	decide(s);
	if (!s->asked)
		all->ops->arrived(all->ctx, s);
	return s;
}

static void on_timers_closed(uv_handle_t *h)
{
	struct session *s = h->data;

	hello_free(&s->hello);
	free(s);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct session *s = h->data;

	uv_close((uv_handle_t *)&s->end_timer, on_timers_closed);
}

static void on_gone(void *session)
{
	struct session *s = session, **at;

	session_event(s, BARRIER_LOST, "the step has ended");
	for (at = &s->all->first; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	session_stacks_end(s);
	buf_free(&s->syspath);
	uv_timer_stop(&s->end_timer);
	s->all->ops->gone(s->all->ctx, s);
	uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}

static const struct hook_server_ops HOOK_OPS = {
	.hello = on_hello,
	.line = session_line,
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
	gethostname(all->node, sizeof(all->node) - 1);
	sessions_watch_stalls(all);
	return all;
}

bool sessions_serve(struct sessions *all, int fd)
{
	return hook_server_open(all->loop, fd, &HOOK_OPS, all);
}

const struct raised *sessions_raised(const struct sessions *all)
{
	return &all->raised;
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
	session_arm(s);
	return NULL;
}

bool session_inherited(struct session *s)
{
	if (s->barrier.state != BARRIER_RUNNING)
		return false;
	barrier_step(&s->barrier, BARRIER_ATTACH, session_now(), 0);
	hook_send(s->hook, "inherited");
	return true;
}

void session_claim(struct session *s, void *client, const char *address)
{
	s->client = client;
	s->paused = 0;
	strlcpy(s->client_address, address, sizeof(s->client_address));
}

void session_paused(struct session *s)
{
	s->paused = session_now();
	*s->paused_file = '\0';
}

void session_paused_at(struct session *s, const char *file, int line)
{
	strlcpy(s->paused_file, file, sizeof(s->paused_file));
	s->paused_line = line;
}

void session_resumed(struct session *s)
{
	s->paused = 0;
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

/* A thread that came to its exception meanwhile waits for our word. */
static void left(struct session *s)
{
	s->client = NULL;
	s->leaving = false;
	if (*s->failed)
		session_decide_crash(s);
}

void session_detached(struct session *s)
{
	session_event(s, BARRIER_DETACH, NULL);
	session_end(s);
	left(s);
}

/* Its tracing needs no taking away: the process is on its way out. */
void session_ends(struct session *s)
{
	barrier_step(&s->barrier, BARRIER_DETACH, session_now(), 0);
	left(s);
}

pid_t session_pid(const struct session *s)
{
	return s->hello.pid;
}

const char *session_debugpy(const struct session *s)
{
	return s->debugpy;
}

int session_rank(const struct session *s)
{
	return s->hello.rank;
}
