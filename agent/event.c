#include "event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "json.h"
#include "json_time.h"
#include "redact.h"

#define ID_BYTES (EVENT_ID_SIZE / 2)

static void random_id(char to[static EVENT_ID_SIZE])
{
	unsigned char bytes[ID_BYTES];

	arc4random_buf(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

/* Who reads JSON may refuse the whole of it for a byte that is none. */
static void make_utf8(cJSON *json)
{
	cJSON *one;

	if (cJSON_IsString(json))
		json_make_utf8(json->valuestring);
	cJSON_ArrayForEach(one, json)
		make_utf8(one);
}

struct event *event_again(const char *id, const char *name, int64_t at,
			  cJSON *fields)
{
	struct event *e = cJSON_IsObject(fields) ? calloc(1, sizeof(*e)) : NULL;

	if (!e) {
		cJSON_Delete(fields);
		return NULL;
	}
	strlcpy(e->id, id, sizeof(e->id));
	strlcpy(e->name, name, sizeof(e->name));
	e->at = at;
	e->fields = fields;
	e->holders = 1;
	return e;
}

struct event *event_new(const char *name, int64_t at, cJSON *fields)
{
	char id[EVENT_ID_SIZE];

	if (!fields || !redact_json(fields)) {
		cJSON_Delete(fields);
		return NULL;
	}
	make_utf8(fields);
	random_id(id);
	return event_again(id, name, at, fields);
}

struct event *event_hold(struct event *e)
{
	e->holders++;
	return e;
}

void event_drop(struct event *e)
{
	if (--e->holders > 0)
		return;
	cJSON_Delete(e->fields);
	free(e);
}

bool event_is_quantity(const cJSON *field)
{
	static const char *const UNITS[] = { "_seconds", "_bytes", "_kills" };
	size_t len = strlen(field->string);

	for (size_t i = 0; i < sizeof(UNITS) / sizeof(*UNITS); i++) {
		size_t unit = strlen(UNITS[i]);

		if (len > unit &&
		    strcmp(field->string + len - unit, UNITS[i]) == 0)
			return cJSON_IsNumber(field);
	}
	return false;
}

static size_t json_size(const cJSON *json)
{
	size_t size = sizeof(*json);
	const cJSON *member;

	size += json->string ? strlen(json->string) : 0;
	size += json->valuestring ? strlen(json->valuestring) : 0;
	cJSON_ArrayForEach(member, json)
		size += json_size(member);
	return size;
}

size_t event_size(const struct event *e)
{
	return sizeof(*e) + json_size(e->fields);
}

cJSON *event_json(const struct event *e)
{
	cJSON *to = cJSON_CreateObject(), *field, *copy;
	bool done = cJSON_AddStringToObject(to, "id", e->id) &&
		    json_add_time(to, "time", e->at) &&
		    cJSON_AddStringToObject(to, "event", e->name);

	cJSON_ArrayForEach(field, e->fields) {
		copy = cJSON_Duplicate(field, true);
		done = done && copy &&
		       cJSON_AddItemToObject(to, field->string, copy);
		if (!done)
			cJSON_Delete(copy);
		if (!done)
			break;
	}
	if (done)
		return to;
	cJSON_Delete(to);
	return NULL;
}
