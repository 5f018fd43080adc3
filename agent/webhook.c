#include "webhook.h"

#include <stddef.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"
#include "event_words.h"

bool webhook_wants(const struct event *e)
{
	static const char *const NAMES[] = {
		"held", "attached", "released", "timed out", "failed", "stalled",
		"moving", "ended",
	};

	for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++)
		if (strcmp(e->name, NAMES[i]) == 0)
			return true;
	return false;
}

static bool add_words(cJSON *to, const struct event *e, const char *node)
{
	struct buf words = { 0 };
	bool done = event_words(&words, e, node) &&
		    cJSON_AddStringToObject(to, "text", words.data) &&
		    cJSON_AddStringToObject(to, "node", node);

	buf_free(&words);
	return done;
}

bool webhook_encode(struct buf *to, const struct event *e, const char *node)
{
	cJSON *json = event_json(e);
	char *text = json && add_words(json, e, node)
		? cJSON_PrintUnformatted(json) : NULL;
	bool done = text && buf_addf(to, "%s", text);

	cJSON_free(text);
	cJSON_Delete(json);
	return done;
}
