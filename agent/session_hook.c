#include "sessions_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bsd/stdlib.h>

#include "duration.h"
#include "hook_server.h"
#include "log.h"

int64_t session_now(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

int64_t session_wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* the hold */

int64_t session_timeout(struct session *s)
{
	const struct config *c = s->all->config;
	unsigned seconds = c->timeout;

	if (*s->hello.timeout &&
	    !duration_parse(s->hello.timeout, 1, DURATION_WEEK, &seconds))
		log_warn("timeout \"%.40s\" is not 1 to %d seconds, nor like "
			 "90s, 10m or 2h; using %u", s->hello.timeout,
			 DURATION_WEEK, c->timeout);
	if (seconds > c->max_hold)
		seconds = c->max_hold;
	return (int64_t)seconds * 1000;
}

void session_begin_hold(struct session *s, int64_t timeout_ms)
{
	s->asked = s->held = true;
	s->shares = s->resumed = false;
	s->timeout_ms = timeout_ms;
	s->since = session_now();
	if (*s->all->config->debugpy)
		hook_send(s->hook, "path %s", s->all->config->debugpy);
	hook_send(s->hook, "hold %.3f", (double)s->timeout_ms / 1000);
}

void session_let_go(struct session *s)
{
	if (s->waiting)
		hook_send(s->hook, *s->failed && s->client ? "show" : "go");
	s->waiting = false;
	*s->failed = '\0';
}

/* the debugger */

static void make_token(char to[static 33])
{
	uint32_t r[4];

	arc4random_buf(r, sizeof(r));
	snprintf(to, 33, "%08x%08x%08x%08x", r[0], r[1], r[2], r[3]);
}

/* Each attempt has a token of its own: the debuggee of one that was taken back
 * may come when the next client waits for its own. */
void session_call_hook(struct session *s)
{
	const char *alone = s->alone ? " alone" : "";

	s->answers++;
	if (!s->debuggee_port) {
		hook_send(s->hook, "retrace%s", alone);
		return;
	}
	make_token(s->token);
	if (s->all->config->adopt)
		hook_send_adopt(s->hook);
	hook_send(s->hook, "attach 127.0.0.1 %u %s%s", s->debuggee_port,
		  s->token, alone);
}

void session_cancel(struct session *s)
{
	if (s->answers > s->stale_answers)
		hook_send(s->hook, "cancel");
	s->stale_answers = s->answers;
}

bool session_answer_counts(struct session *s)
{
	if (s->answers)
		s->answers--;
	if (!s->stale_answers)
		return s->client;
	s->stale_answers--;
	return false;
}
