#include "event_words.h"

#include <stddef.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"

const char *event_text(const struct event *e, const char *name)
{
	return cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(e->fields, name));
}

static bool add_number(struct buf *to, const struct event *e, const char *name,
		       const char *before, const char *behind)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(e->fields, name);

	return !cJSON_IsNumber(n) ||
	       buf_addf(to, "%s%.0f%s", before, n->valuedouble, behind);
}

static bool add_text(struct buf *to, const struct event *e, const char *name,
		     const char *before)
{
	const char *text = event_text(e, name);

	return !text || buf_addf(to, "%s%s", before, text);
}

/* What is said of an event behind whose it is, and before its detail; and
 * what there is to do, before the place where a debugger is awaited. */
static const struct words {
	const char *name, *says, *detail, *todo;
} WORDS[] = {
	{ "held", "is held", ": ", "; attach a debugger to " },
	{ "failed", "failed", ": ", "; it is held there, attach a debugger to " },
	{ "attached", "has a debugger", ", from ", NULL },
	{ "detached", "has no debugger any more", ", it was from ", NULL },
	{ "released", "is held no longer", ": ", NULL },
	{ "timed out", "is held no longer, since nobody attached in time",
	  ": ", NULL },
	{ "stalled", "has not moved", ", it stands at ",
	  "; 'pitstop stacks' there shows more, or attach a debugger to " },
	{ "moving", "moves again", " ", NULL },
};

static struct words words_of(const struct event *e)
{
	const char *reason = event_text(e, "reason");

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		if (strcmp(WORDS[i].name, e->name) == 0)
			return WORDS[i];
	return (struct words){ e->name, reason ? reason : e->name, ": ", NULL };
}

static bool add_todo(struct buf *to, const struct event *e, const char *todo)
{
	return !todo || !event_text(e, "host") ||
	       (add_text(to, e, "host", todo) &&
		add_number(to, e, "port", ":", ""));
}

bool event_words(struct buf *to, const struct event *e, const char *node)
{
	const char *name = event_text(e, "name");
	struct words w = words_of(e);

	return buf_addf(to, "pitstop on %s: %s", node,
			name ? name : "the step") &&
	       add_number(to, e, "rank", " (rank ", ")") &&
	       buf_addf(to, " %s", w.says) &&
	       add_text(to, e, "since", " since ") &&
	       add_text(to, e, "detail", w.detail) &&
	       add_todo(to, e, w.todo) &&
	       add_text(to, e, "exception_type", ": ") &&
	       add_text(to, e, "exception_message", ": ");
}
