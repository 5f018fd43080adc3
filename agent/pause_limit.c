#include "pause_limit.h"

#define WARN_PERCENT 80

static void begin(struct pause_limit *p, int64_t now)
{
	p->since = now;
	p->warned = false;
}

void pause_limit_stopped(struct pause_limit *p, int64_t now)
{
	/* A further thread that stops is no sign of the client. */
	if (!p->paused)
		begin(p, now);
	p->paused = true;
}

void pause_limit_resumed(struct pause_limit *p)
{
	p->paused = false;
}

void pause_limit_request(struct pause_limit *p, int64_t now)
{
	begin(p, now);
}

enum pause_verdict pause_limit_check(struct pause_limit *p, int64_t now)
{
	if (pause_limit_due(p) < 0 || now < pause_limit_due(p))
		return PAUSE_FINE;
	if (p->warned)
		return PAUSE_OVER;
	p->warned = true;
	/* A loop that stood still may be late for the warning as well. */
	return now < p->since + p->limit ? PAUSE_WARN : PAUSE_OVER;
}

int64_t pause_limit_due(const struct pause_limit *p)
{
	if (!p->limit || !p->paused)
		return -1;
	return p->since + (p->warned ? p->limit
				     : p->limit * WARN_PERCENT / 100);
}
