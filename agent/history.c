#include "history.h"

#include <stdbool.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "json_time.h"

static uint64_t first_kept(const struct history *h)
{
	return h->count > HISTORY_MAX ? h->count - HISTORY_MAX : 0;
}

void history_add(struct history *h, const struct history_event *e)
{
	h->last[h->count++ % HISTORY_MAX] = *e;
}

static bool add_session(cJSON *to, pid_t pid)
{
	char id[16];

	snprintf(id, sizeof(id), "%d", (int)pid);
	return cJSON_AddStringToObject(to, "session", id);
}

static bool add_all(cJSON *to, const struct history_event *e, uint64_t number)
{
	return cJSON_AddNumberToObject(to, "id", (double)number) &&
	       json_add_time(to, "time", e->at) &&
	       cJSON_AddStringToObject(to, "event", e->what) &&
	       add_session(to, e->pid) &&
	       cJSON_AddStringToObject(to, "name", e->name) &&
	       (e->rank >= 0
			? cJSON_AddNumberToObject(to, "rank", e->rank)
			: cJSON_AddNullToObject(to, "rank")) &&
	       (*e->detail
			? cJSON_AddStringToObject(to, "detail", e->detail)
			: cJSON_AddNullToObject(to, "detail"));
}

cJSON *history_json(const struct history *h)
{
	cJSON *list = cJSON_CreateArray();

	for (uint64_t i = first_kept(h); i < h->count; i++) {
		const struct history_event *e = &h->last[i % HISTORY_MAX];
		cJSON *to = cJSON_CreateObject();

		if (add_all(to, e, i + 1) &&
		    cJSON_AddItemToArray(list, to))
			continue;
		cJSON_Delete(to);
		cJSON_Delete(list);
		return NULL;
	}
	return list;
}
