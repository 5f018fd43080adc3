#include "client_internal.h"

#include <cjson/cJSON.h>

#include "dap.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "sessions.h"

int64_t client_number(const cJSON *object, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : -1;
}

cJSON *client_parse(struct dap_span s)
{
	return s.p ? cJSON_ParseWithLength(s.p, s.len) : NULL;
}

void client_place_event(struct client *c, const struct dap_message *m)
{
	bool stopped = dap_is(m, "stopped");

	if (!c->session || !(stopped || dap_is(m, "continued")))
		return;
	c->place_open = stopped;
	if (stopped)
		session_paused(c->session);
	else
		session_resumed(c->session);
}

static void note(struct client *c, const struct dap_message *m)
{
	cJSON *body = client_parse(m->data);
	const cJSON *top = cJSON_GetArrayItem(
		cJSON_GetObjectItemCaseSensitive(body, "stackFrames"), 0);
	const char *file = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(top, "source"),
			"path"));

	if (file)
		session_paused_at(c->session, file,
				  (int)client_number(top, "line"));
	cJSON_Delete(body);
}

/* It may have been resumed since it was asked. */
static void on_stack(void *debuggee, int64_t t, const struct dap_message *m)
{
	struct client *c = client_tagged(debuggee, t);

	if (c && c->session && c->place_open && m && m->success) {
		c->place_open = false;
		note(c, m);
	}
	client_answer(debuggee, t, m);
}

/* Clients ask for the top frame alone at first: that costs little to read. */
bool client_place_stack(struct client *c, const struct dap_message *m)
{
	if (!c->place_open)
		return false;
	dap_peer_forward_request(debuggee_peer(c->debuggee), m, on_stack,
				 client_tag(c, m->seq));
	return true;
}
