#include "adapter_internal.h"

#include <stdlib.h>

#include "client.h"
#include "debuggee.h"

struct member *member_add(struct member **list)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->next = *list;
	*list = m;
	return m;
}

static void on_member_closed(uv_handle_t *h)
{
	free(h->data);
}

void member_remove(struct member **list, struct member *m)
{
	while (*list != m)
		list = &(*list)->next;
	*list = m->next;
	if (m->timed)
		uv_close((uv_handle_t *)&m->timer, on_member_closed);
	else
		free(m);
}

struct member *member_of_client(struct adapter *a, const struct client *c)
{
	struct member *m;

	for (m = a->clients; m && m->client != c; m = m->next)
		;
	return m;
}

struct member *member_of_debuggee(struct adapter *a, const struct debuggee *d)
{
	struct member *m;

	for (m = a->debuggees; m->debuggee != d; m = m->next)
		;
	return m;
}

struct debuggee *session_debuggee(struct adapter *a, const struct session *s)
{
	for (struct member *m = a->debuggees; m; m = m->next)
		if (m->session == s && !debuggee_client(m->debuggee) &&
		    !m->standing && !m->unblocking)
			return m->debuggee;
	return NULL;
}

struct client *session_client(struct adapter *a, const struct session *s)
{
	for (struct member *m = a->clients; m; m = m->next)
		if (client_session(m->client) == s)
			return m->client;
	return NULL;
}
