#include "session_json.h"

#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "barrier.h"
#include "json_time.h"
#include "session_view.h"

static bool add_text(cJSON *to, const char *name, const char *text)
{
	return text ? cJSON_AddStringToObject(to, name, text)
		    : cJSON_AddNullToObject(to, name);
}

static bool add_number(cJSON *to, const char *name, bool known, double number)
{
	return known ? cJSON_AddNumberToObject(to, name, number)
		     : cJSON_AddNullToObject(to, name);
}

static bool add_id(cJSON *to, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	return add_text(to, "id", text);
}

/* Whole seconds, as in the log: what has begun counts. */
static bool add_hold(cJSON *to, const struct session_view *v, int64_t now)
{
	cJSON *hold;

	if (!v->held)
		return cJSON_AddNullToObject(to, "hold");
	hold = cJSON_AddObjectToObject(to, "hold");
	return json_add_time(hold, "since", now - v->held_for) &&
	       json_add_time(hold, "deadline", now + v->left) &&
	       add_number(hold, "seconds_left", true,
			  (double)((v->left + 999) / 1000));
}

static bool add_client(cJSON *to, const struct session_view *v, int64_t now)
{
	cJSON *client;

	if (!v->client)
		return cJSON_AddNullToObject(to, "client");
	client = cJSON_AddObjectToObject(to, "client");
	return add_text(client, "address", v->client) &&
	       json_add_time(client, "since", now - v->client_for);
}

static bool add_pause(cJSON *to, const struct session_view *v, int64_t now)
{
	cJSON *pause;

	if (v->paused_for < 0)
		return cJSON_AddNullToObject(to, "paused");
	pause = cJSON_AddObjectToObject(to, "paused");
	return json_add_time(pause, "since", now - v->paused_for) &&
	       add_text(pause, "file", v->file) &&
	       add_number(pause, "line", v->file, v->line);
}

static bool add_stall(cJSON *to, const struct session_view *v, int64_t now)
{
	if (v->stalled_for < 0)
		return cJSON_AddNullToObject(to, "stalled");
	return json_add_time(cJSON_AddObjectToObject(to, "stalled"), "since",
			     now - v->stalled_for);
}

cJSON *session_json(const struct session_view *v, int64_t now_ms)
{
	cJSON *to = cJSON_CreateObject();

	if (add_id(to, v->pid) &&
	    add_text(to, "state", barrier_state_name(v->state)) &&
	    add_text(to, "name", v->name) &&
	    add_number(to, "pid", true, v->pid) &&
	    add_number(to, "rank", v->rank >= 0, v->rank) &&
	    add_text(to, "python", v->python) &&
	    add_text(to, "cwd", v->cwd) &&
	    add_text(to, "host", v->host) &&
	    add_number(to, "port", v->port, v->port) &&
	    add_hold(to, v, now_ms) &&
	    add_client(to, v, now_ms) &&
	    add_text(to, "failed", v->failed) &&
	    add_text(to, "node", v->node) &&
	    cJSON_AddBoolToObject(to, "main", v->main) &&
	    add_pause(to, v, now_ms) &&
	    add_stall(to, v, now_ms))
		return to;
	cJSON_Delete(to);
	return NULL;
}
