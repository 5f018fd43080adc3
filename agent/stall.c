#include "stall.h"

#define TICK_MIN 250         /* ms */
#define TICK_MAX 15000
#define UNSEEN_MIN 5000      /* ms: a later look begins anew */
#define FORGIVEN_PERCENT 1   /* of the time, spent on waking up ... */
#define FORGIVEN_MIN 10      /* ... ms; the kernel may count no less */
#define NS_PER_MS 1000000

int64_t stall_tick(int64_t limit)
{
	int64_t tick = limit / 4;

	if (tick < TICK_MIN)
		return TICK_MIN;
	return tick < TICK_MAX ? tick : TICK_MAX;
}

/* At a place that is not known yet. */
static enum stall_verdict begin(struct stall *s, int64_t now)
{
	bool stalled = s->stalled;

	s->since = now;
	s->place = 0;
	s->ran = s->ran_before = s->stalled = false;
	return stalled ? STALL_ENDS : STALL_FINE;
}

/* Nobody has looked for a while: the container was frozen, the agent stopped.
 * The thread could not run either. */
static bool was_unseen(const struct stall *s, int64_t limit, int64_t now)
{
	int64_t most = 3 * stall_tick(limit);

	return now - s->looked > (most > UNSEEN_MIN ? most : UNSEEN_MIN);
}

static bool is_busy(int64_t window, int64_t used)
{
	int64_t forgiven = window * FORGIVEN_PERCENT / 100;

	return used > NS_PER_MS * (forgiven > FORGIVEN_MIN ? forgiven
							   : FORGIVEN_MIN);
}

enum stall_verdict stall_look(struct stall *s, int64_t limit, int64_t now,
			      int64_t cpu, bool exact)
{
	int64_t window = now - s->looked, used = cpu - s->cpu;
	bool anew = !s->since || (!s->stalled && was_unseen(s, limit, now));

	s->looked = now;
	s->cpu = cpu;
	if (anew || is_busy(window, used))
		return begin(s, now);
	s->ran = s->ran || used || !exact;
	if (s->asked || !(s->ran || (!s->stalled && now - s->since >= limit)))
		return STALL_FINE;
	s->asked = true;
	s->ran_before = s->ran;
	s->ran = false;
	return STALL_ASK;
}

enum stall_verdict stall_answer(struct stall *s, int64_t limit, int64_t now,
				uint64_t place)
{
	bool same = !place || place == s->place || !s->ran_before;
	bool ran = s->ran;

	s->asked = false;
	if (!s->since)   /* it was passed over meanwhile */
		return STALL_FINE;
	if (!same) {
		enum stall_verdict v = begin(s, now);

		s->place = place;
		s->ran = ran;
		return v;
	}
	if (place)
		s->place = place;
	if (s->stalled || now - s->since < limit)
		return STALL_FINE;
	s->stalled = true;
	return STALL_BEGINS;
}

enum stall_verdict stall_pass(struct stall *s, bool moved)
{
	enum stall_verdict v = moved && s->stalled ? STALL_ENDS : STALL_FINE;

	if (moved)
		s->stalled = false;
	if (!s->stalled)
		s->since = 0;
	return v;
}
