#include "sessions_internal.h"

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "json_time.h"
#include "runlog.h"

static void add_text(cJSON *to, const char *name, const char *text)
{
	if (text && *text)
		cJSON_AddStringToObject(to, name, text);
}

static void add_debugger(const struct session *s, cJSON *to)
{
	bool known = strcmp(s->debugpy, "?") != 0;
	char text[sizeof("debugpy ") + sizeof(s->debugpy)];

	snprintf(text, sizeof(text), "debugpy%s%s", known ? " " : "",
		 known ? s->debugpy : "");
	if (*s->debugpy)
		add_text(to, "debugger", text);
}

/* Names as in the HTTP API; what is not known is left out. */
static cJSON *describe(const struct session *s, const char *detail)
{
	const struct hello *h = &s->hello;
	cJSON *to = cJSON_CreateObject();
	char id[16];

	snprintf(id, sizeof(id), "%d", (int)h->pid);
	cJSON_AddStringToObject(to, "session", id);
	add_text(to, "name", session_name(s));
	if (h->rank >= 0)
		cJSON_AddNumberToObject(to, "rank", h->rank);
	if (h->world_size >= 0)
		cJSON_AddNumberToObject(to, "world_size", h->world_size);
	add_debugger(s, to);
	add_text(to, "detail", detail);
	return to;
}

/* What its process runs, for the first thing that is told of it. */
static void describe_process(const struct session *s, cJSON *to)
{
	const struct hello *h = &s->hello;
	cJSON *args = cJSON_CreateStringArray((const char *const *)h->args,
					      (int)h->argc);

	add_text(to, "python", h->python);
	add_text(to, "executable", h->exe);
	add_text(to, "cwd", h->cwd);
	if (args && !cJSON_AddItemToObject(to, "arguments", args))
		cJSON_Delete(args);
}

/* Where a debugger is awaited. */
static void describe_place(const struct place *at, cJSON *to)
{
	add_text(to, "host", at->host);
	cJSON_AddNumberToObject(to, "port", at->port);
}

static void tell_runlog(const struct session *s, const char *what,
			const char *detail)
{
	cJSON *fields;

	if (!runlog_is_read())
		return;
	fields = describe(s, detail);
	if (!s->noted)
		describe_process(s, fields);
	if (strcmp(what, "stalled") == 0)
		json_add_time(fields, "since", session_wall_clock() -
			      (session_now() - s->stall.since));
	if (s->barrier.state == BARRIER_HOLDING ||
	    s->barrier.state == BARRIER_POSTMORTEM ||
	    (s->stall.stalled && s->all->config->late_attach))
		describe_place(s->all->place, fields);
	runlog_tell(what, fields);
}

void session_note(struct session *s, const char *what, const char *detail)
{
	struct history_event e = {
		.what = what,
		.pid = s->hello.pid,
		.rank = s->hello.rank,
		.at = session_wall_clock(),
	};

	strlcpy(e.name, session_name(s), sizeof(e.name));
	strlcpy(e.detail, detail ? detail : "", sizeof(e.detail));
	history_add(&s->all->history, &e);
	tell_runlog(s, what, detail);
	s->noted = true;
}

static bool was_attaching(enum barrier_state s)
{
	return s == BARRIER_ATTACHING || s == BARRIER_ATTACHING_LATE ||
	       s == BARRIER_ATTACHING_POSTMORTEM;
}

/* The many processes beside a step that come and go are left out, unless
 * something else happens to one. */
void session_note_event(struct session *s, enum barrier_event e,
			enum barrier_state before, const char *why)
{
	if (s->barrier.state == before)
		return;
	switch (e) {
	case BARRIER_HOLD:
		session_note(s, "held", s->resumed ? "the agent was restarted"
						   : NULL);
		break;
	case BARRIER_CRASH:
		session_note(s, "failed", s->failed);
		break;
	case BARRIER_PASS:
		if (s->main)
			session_note(s, "started", NULL);
		break;
	case BARRIER_READY:
		session_note(s, "attached", s->client_address);
		break;
	case BARRIER_ATTACH_FAILED:
	case BARRIER_DETACH:
		session_note(s, was_attaching(before) ? "attach failed"
						      : "detached",
			     s->client_address);
		break;
	case BARRIER_TIMEOUT:
		session_note(s, "timed out", NULL);
		break;
	case BARRIER_RELEASE:
		session_note(s, "released", why);
		break;
	case BARRIER_LOST:
	case BARRIER_EXIT:
		if (s->noted)
			session_note(s, "exited", NULL);
		break;
	case BARRIER_ATTACH:
	case BARRIER_EVENTS:
		break;
	}
}
