#include "adapter_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "attach_config.h"
#include "client.h"

struct offer {
	struct offer *next;
	int pid;
	struct client *lead;  /* through whose session; NULL: that is over */
	struct client *by;    /* who took it; NULL: nobody yet */
};

/* the list */

static struct offer **find(struct adapter *a, int pid)
{
	struct offer **at = &a->offers;  /* newest first */

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

/* Where it was the last one, the session through which it was offered ends
 * too. */
static void remove_offer(struct adapter *a, struct offer **at)
{
	struct offer *o = *at;
	struct client *lead = o->lead;

	*at = o->next;
	free(o);
	if (lead && !offers_last(a, lead))
		client_outlived(lead);
}

bool offers_last(struct adapter *a, const struct client *c)
{
	for (struct offer *o = a->offers; o; o = o->next)
		if (o->lead == c)
			return true;
	return false;
}

bool offer_make(struct adapter *a, struct client *lead, int pid, int rank)
{
	struct offer *o = calloc(1, sizeof(*o)), **old;
	char name[32];

	snprintf(name, sizeof(name), rank < 0 ? "Subprocess %d" : "rank %d",
		 rank < 0 ? pid : rank);
	if (!o || !client_offer(lead, name, pid, a->place.port)) {
		free(o);
		return false;
	}
	*o = (struct offer){ .next = a->offers, .pid = pid, .lead = lead };
	a->offers = o;
	old = &o->next;  /* of a process of that number that is gone */
	while (*old && (*old)->pid != pid)
		old = &(*old)->next;
	if (*old)
		remove_offer(a, old);
	return true;
}

struct client *offer_open_to(struct adapter *a, int pid)
{
	struct offer *o = *find(a, pid);

	return o && !o->by ? o->lead : NULL;
}

struct client *offer_take(struct adapter *a, int pid, struct client *c)
{
	struct offer *o = *find(a, pid);

	if (!o || o->by)
		return NULL;
	o->by = c;
	return o->lead;
}

void offer_withdraw(struct adapter *a, int pid)
{
	struct offer **at = find(a, pid);

	if (*at && !(*at)->by)
		remove_offer(a, at);
}

/* remove_offer() may end further sessions, and come back here for them. */
void offers_end(struct adapter *a, struct client *c)
{
	struct offer **at;

	for (struct offer *o = a->offers; o; o = o->next)
		if (o->lead == c)
			o->lead = NULL;
	do {
		at = &a->offers;
		while (*at && (*at)->lead && (*at)->by != c)
			at = &(*at)->next;
		if (*at)
			remove_offer(a, at);
	} while (*at);
}

/* ranks */

/* "pitstopRank" asks for one rank, and a session that was offered is one. */
static bool wants_more(const struct client *c)
{
	const struct cJSON *config = client_config(c);

	return attach_config_rank(config) < 0 && attach_config_pid(config) == 0;
}

static void offer_rank(struct adapter *a, struct client *lead,
		       struct session *s)
{
	if (!offer_open_to(a, session_pid(s)))
		offer_make(a, lead, session_pid(s), session_rank(s));
}

void offers_lead(struct adapter *a, struct client *c)
{
	struct session *own = client_session(c), *s = NULL;
	struct member *m = member_of_client(a, c);

	if (!own || session_rank(own) < 0 || !wants_more(c))
		return;
	m->leads = true;
	m->launch = session_launch(own);
	while ((s = sessions_held_rank(a->sessions, s)))
		if (session_launch(s) == m->launch)
			offer_rank(a, c, s);
}

void offers_rank(struct adapter *a, struct session *s)
{
	for (struct member *m = a->clients; m; m = m->next)
		if (m->leads && m->launch == session_launch(s))
			offer_rank(a, m->client, s);
}
