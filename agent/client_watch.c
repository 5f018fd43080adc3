#include "client_internal.h"

#include <stdio.h>

#include <cjson/cJSON.h>

#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "log.h"

/* A client whose queue is full is waited for so long. Meanwhile nothing is
 * read from debugpy, which piles up in the step's memory what the step prints,
 * without a bound: so then output is left out, until the client catches up. */
#define SLOW_MS 5000

static void on_timer(uv_timer_t *t);

/* Wake for what comes first. */
static void arm(struct client *c)
{
	int64_t now = client_now(), due = pause_limit_due(&c->pause_limit);

	if (c->full_since && (due < 0 || c->full_since + SLOW_MS < due))
		due = c->full_since + SLOW_MS;
	if (due < 0) {
		uv_timer_stop(&c->watch);
		return;
	}
	uv_update_time(c->watch.loop);
	uv_timer_start(&c->watch, on_timer,
		       due > now ? (uint64_t)(due - now) : 0, 0);
}

/* the pause limit */

static void warn_of_limit(struct client *c)
{
	long long left = (c->pause_limit.since + c->pause_limit.limit - client_now() +
			  999) / 1000;
	char text[256];

	snprintf(text, sizeof(text), "pitstop: the step stands still and "
		 "nobody does anything: in %lld s it goes on without a "
		 "debugger (PITSTOP_PAUSE_LIMIT). Any step, variable or "
		 "expression starts the time anew.\n", left);
	client_tell(c, text);
}

static void end_pause(struct client *c)
{
	long long limit = c->pause_limit.limit / 1000;
	char text[256];

	log_warn("%s left the step paused for %lld s (PITSTOP_PAUSE_LIMIT): "
		 "detached, the step goes on", c->address, limit);
	snprintf(text, sizeof(text), "pitstop: the step was left paused for "
		 "%lld s (PITSTOP_PAUSE_LIMIT) and goes on without a "
		 "debugger; attach again when you like\n", limit);
	client_oust(c, text);
}

void client_watch_event(struct client *c, const struct dap_message *m)
{
	if (dap_is(m, "stopped"))
		pause_limit_stopped(&c->pause_limit, client_now());
	else if (dap_is(m, "continued"))
		pause_limit_resumed(&c->pause_limit);
	else
		return;
	arm(c);
}

void client_watch_request(struct client *c)
{
	pause_limit_request(&c->pause_limit, client_now());
	if (c->pause_limit.paused)
		arm(c);
}

/* readers that are slower than the step */

static void on_slow(struct client *c)
{
	c->slow = true;
	c->full_since = 0;
	dap_peer_resume(debuggee_peer(c->debuggee));
}

static bool is_left_out(struct client *c, const struct dap_message *m)
{
	if (m->type != DAP_EVENT || !dap_is(m, "output"))
		return false;
	return c->slow ||
	       (c->state == CLIENT_LEAVING && dap_peer_full(c->peer));
}

void client_relay(struct client *c, const struct dap_message *m,
		  int64_t request_seq)
{
	if (is_left_out(c, m)) {
		c->left_out += m->body_len;
		return;
	}
	dap_peer_forward(c->peer, m, request_seq);
	if (c->full_since || !c->debuggee || c->state != CLIENT_ATTACHED ||
	    !dap_peer_full(c->peer))
		return;
	c->full_since = client_now();
	dap_peer_pause(debuggee_peer(c->debuggee));
	arm(c);
}

void client_answer(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct client *c = client_tagged(debuggee, t);

	if (!c)
		return;
	if (m)
		client_relay(c, m, t & UINT32_MAX);
	else
		dap_peer_refuse(c->peer, t & UINT32_MAX, "request",
				REFUSED_GONE, "the step has ended");
}

void client_watch_drained(struct client *c)
{
	char text[160];

	if (c->left_out && c->state == CLIENT_ATTACHED) {
		snprintf(text, sizeof(text), "pitstop: %zu KiB of output left "
			 "out here, which came faster than you take it; the "
			 "step's log has it all\n", c->left_out / 1024 + 1);
		client_tell(c, text);
	}
	c->slow = false;
	c->left_out = 0;
	c->full_since = 0;
	arm(c);
	if (c->debuggee)
		dap_peer_resume(debuggee_peer(c->debuggee));
}

/* the clock of both */

static void on_timer(uv_timer_t *t)
{
	struct client *c = t->data;
	int64_t now = client_now();

	if (c->state != CLIENT_ATTACHED || !c->debuggee)
		return;
	if (c->full_since && now >= c->full_since + SLOW_MS)
		on_slow(c);
	switch (pause_limit_check(&c->pause_limit, now)) {
	case PAUSE_WARN:
		warn_of_limit(c);
		break;
	case PAUSE_OVER:
		end_pause(c);
		return;
	case PAUSE_FINE:
		break;
	}
	arm(c);
}
