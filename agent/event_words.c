#include "event_words.h"

#include <stddef.h>

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

/* Where a debugger is awaited. */
static bool add_place(struct buf *to, const struct event *e)
{
	return !event_text(e, "host") ||
	       (add_text(to, e, "host", " at ") &&
		add_number(to, e, "port", ":", ""));
}

bool event_words(struct buf *to, const struct event *e, const char *node)
{
	const char *name = event_text(e, "name");
	const char *reason = event_text(e, "reason");

	return buf_addf(to, "pitstop on %s: %s", node,
			name ? name : "the step") &&
	       add_number(to, e, "rank", " (rank ", ")") &&
	       buf_addf(to, " %s", reason ? reason : e->name) &&
	       add_place(to, e) &&
	       add_text(to, e, "detail", ": ") &&
	       add_text(to, e, "exception_type", ": ") &&
	       add_text(to, e, "exception_message", ": ");
}
