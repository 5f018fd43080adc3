#include "adapter_internal.h"

#include <string.h>

#include "attach_config.h"
#include "client.h"
#include "debuggee.h"

/* How long (ms) a child waits for a client to open its session: half as long
 * for each that the client has let pass since it last opened one, so that many
 * children of a client that wants none do not wait for long, all together. */
#define CLAIM_MS 10000
#define LAPSES_MAX 14

/* Whose child it is. What a debuggee says of its parent is believed only
 * together with the access token of that. */

/* The program that this one has replaced by exec(). */
static struct client *predecessor(struct adapter *a, const struct debuggee *d)
{
	for (struct member *m = a->clients; m; m = m->next)
		if (client_is_replaced(m->client) &&
		    client_pid(m->client) == debuggee_pid(d) &&
		    strcmp(client_proof(m->client), debuggee_token(d)) == 0)
			return m->client;
	return NULL;
}

static struct client *parent(struct adapter *a, const struct debuggee *d)
{
	for (struct member *m = a->debuggees; m; m = m->next)
		if (m->debuggee != d && debuggee_client(m->debuggee) &&
		    debuggee_pid(m->debuggee) == debuggee_ppid(d) &&
		    strcmp(debuggee_token(m->debuggee),
			   debuggee_token(d)) == 0)
			return debuggee_client(m->debuggee);
	return NULL;
}

/* A client that is or was in a process of the same descent. */
static struct client *relative(struct adapter *a, const struct debuggee *d)
{
	for (struct member *m = a->clients; m; m = m->next)
		if (strcmp(client_proof(m->client), debuggee_token(d)) == 0)
			return m->client;
	return NULL;
}

static struct client *find_lead(struct adapter *a, const struct debuggee *d,
				struct session *root)
{
	struct client *c = predecessor(a, d);

	if (!c)
		c = parent(a, d);
	if (!c && root)
		c = session_client(a, root);
	return c ? c : relative(a, d);
}

/* waiting for a client */

static void on_unclaimed(uv_timer_t *t)
{
	struct member *m = t->data;
	struct client *lead = offer_open_to(m->adapter,
					    debuggee_pid(m->debuggee));
	struct member *to = lead ? member_of_client(m->adapter, lead) : NULL;

	if (to && to->lapses < LAPSES_MAX)
		to->lapses++;
	child_let_go(m);
}

bool child_arrived(struct adapter *a, struct member *m, struct session *root)
{
	int pid = debuggee_pid(m->debuggee);
	struct client *lead = find_lead(a, m->debuggee, root);

	if (!root && !lead)
		return false;
	debuggee_trust(m->debuggee);
	m->child = m->standing = true;
	m->session = sessions_by_pid(a->sessions, pid);
	if (m->session && !session_inherited(m->session))
		m->session = NULL;
	if (lead && attach_config_children(client_config(lead)) &&
	    offer_make(a, lead, pid, -1))
		uv_timer_start(&m->timer, on_unclaimed, CLAIM_MS >>
			       member_of_client(a, lead)->lapses, 0);
	else
		child_let_go(m);
	return true;
}

static struct member *find_child(struct adapter *a, int pid)
{
	struct member *m = a->debuggees;

	while (m && !(m->child && debuggee_pid(m->debuggee) == pid))
		m = m->next;
	return m;
}

bool child_attach(struct adapter *a, int pid, struct client *c)
{
	struct member *m = find_child(a, pid);

	if (!m || (m->session && !m->standing && !m->unblocking) ||
	    debuggee_client(m->debuggee))
		return false;
	if (m->unblocking) {
		client_wait(c, "the process does not answer");
		return true;
	}
	uv_timer_stop(&m->timer);
	if (m->session)
		session_claim(m->session, c, client_address(c));
	client_take(c, m->session, m->debuggee);
	return true;
}

/* letting go */

void child_let_go(struct member *m)
{
	uv_timer_stop(&m->timer);
	m->standing = false;
	m->unblocking = true;
	if (m->session)
		session_claim(m->session, NULL, "");
	debuggee_unblock(m->debuggee);
	offer_withdraw(m->adapter, debuggee_pid(m->debuggee));
}

void child_unblocked(struct member *m)
{
	m->unblocking = false;
	if (m->session)
		session_attach_failed(m->session);
}

/* One that is being attached to is the client's affair. */
void child_gone(struct member *m)
{
	bool unclaimed = m->unblocking ||
			 (m->standing && !debuggee_client(m->debuggee));

	if (m->session && unclaimed)
		session_attach_failed(m->session);
	offer_withdraw(m->adapter, debuggee_pid(m->debuggee));
}

void child_declined(struct adapter *a, int pid, const struct client *c)
{
	struct member *m = find_child(a, pid);

	if (m && m->standing && offer_open_to(a, pid) == c)
		child_let_go(m);
}

void children_release(struct adapter *a, const struct client *c)
{
	for (struct member *m = a->debuggees; m; m = m->next)
		if (m->child && m->standing && !debuggee_client(m->debuggee) &&
		    offer_open_to(a, debuggee_pid(m->debuggee)) == c)
			child_let_go(m);
}
