#include "insights.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"
#include "event_words.h"
#include "json_time.h"
#include "utf8_cut.h"

#define TRACK "/v2.1/track"
#define GLOBAL "https://dc.services.visualstudio.com"
#define MESSAGE_BYTES 32768
#define VALUE_BYTES 8192
#define PROPERTIES_MAX 200

#define PARTIAL 206
#define QUOTA 402         /* both: too much for now */
#define QUOTA_LONG 439

/* the connection string */

/* The value of NAME=VALUE; between semicolons, in any case, with blanks. */
static size_t find(const char *text, const char *name, const char **value)
{
	size_t len = strlen(name);

	for (; *text; text += strcspn(text, ";"), text += *text == ';') {
		text += strspn(text, " ");
		if (strncasecmp(text, name, len) != 0 || text[len] != '=')
			continue;
		*value = text + len + 1 + strspn(text + len + 1, " ");
		return strcspn(*value, "; ");
	}
	return 0;
}

bool insights_connect(struct buf *url, char key[static INSIGHTS_KEY_MAX],
		      const char *text)
{
	const char *at = NULL, *suffix;
	size_t len = find(text, "InstrumentationKey", &at);

	if (len == 0 || len >= INSIGHTS_KEY_MAX)
		return false;
	memcpy(key, at, len);
	key[len] = '\0';
	len = find(text, "IngestionEndpoint", &at);
	while (len > 0 && at[len - 1] == '/')
		len--;
	if (len > 0)
		return buf_addf(url, "%.*s" TRACK, (int)len, at);
	len = find(text, "EndpointSuffix", &suffix);
	if (len > 0)
		return buf_addf(url, "https://dc.%.*s" TRACK, (int)len,
				suffix);
	return buf_addf(url, GLOBAL TRACK);
}

/* envelopes */

static bool add_text(cJSON *to, const char *name, char *text, size_t max)
{
	text[utf8_cut(text, max)] = '\0';
	return cJSON_AddStringToObject(to, name, text);
}

static bool add_message(cJSON *to, const struct event *e, const char *node)
{
	struct buf words = { 0 };
	bool done = event_words(&words, e, node) &&
		    add_text(to, "message", words.data, MESSAGE_BYTES);

	buf_free(&words);
	return done;
}

/* They are texts, all of them. */
static bool add_property(cJSON *to, const cJSON *field)
{
	const char *text = cJSON_GetStringValue(field);
	char *copy;
	bool done;

	if (cJSON_IsNull(field) || cJSON_GetArraySize(to) >= PROPERTIES_MAX)
		return true;
	copy = text ? strdup(text) : cJSON_PrintUnformatted(field);
	done = copy && add_text(to, field->string, copy, VALUE_BYTES);
	cJSON_free(copy);
	return done;
}

/* `measurements`: of the quantities, NULL when they are properties, too. */
static bool add_fields(cJSON *to, const struct event *e, cJSON *measurements)
{
	cJSON *properties = cJSON_AddObjectToObject(to, "properties");
	const cJSON *field;
	bool done = cJSON_AddStringToObject(properties, "event", e->name) &&
		    cJSON_AddStringToObject(properties, "id", e->id);

	cJSON_ArrayForEach(field, e->fields) {
		if (measurements && event_is_quantity(field))
			done = done && cJSON_AddNumberToObject(
				measurements, field->string,
				field->valuedouble);
		else
			done = done && add_property(properties, field);
	}
	return done;
}

/* Is it what somebody is woken up for? */
static bool is_error(const struct event *e)
{
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(e->fields,
							       "status");

	return strcmp(e->name, "failed") == 0 ||
	       (cJSON_IsNumber(status) && status->valueint != 0);
}

/* In `traces`, for who searches: a line for people. */
static bool add_trace(cJSON *base, const struct event *e, const char *node)
{
	enum { INFORMATION = 1, ERROR = 3 };

	return add_message(base, e, node) &&
	       cJSON_AddNumberToObject(base, "severityLevel",
				       is_error(e) ? ERROR : INFORMATION) &&
	       add_fields(base, e, NULL);
}

/* In `customEvents`, for who counts and draws: a name, and numbers. */
static bool add_custom_event(cJSON *base, const struct event *e,
			     const char *node)
{
	char name[sizeof("pitstop ") + EVENT_NAME_SIZE];
	cJSON *measurements;

	(void)node;
	snprintf(name, sizeof(name), "pitstop %s", e->name);
	if (!cJSON_AddStringToObject(base, "name", name))
		return false;
	measurements = cJSON_AddObjectToObject(base, "measurements");
	return measurements && add_fields(base, e, measurements);
}

/* The envelopes of an event, in their order. */
static const struct part {
	const char *name, *type;
	bool (*add)(cJSON *base, const struct event *e, const char *node);
} PARTS[] = {
	{ "Microsoft.ApplicationInsights.Message", "MessageData", add_trace },
	{ "Microsoft.ApplicationInsights.Event", "EventData",
	  add_custom_event },
};

#define PART_COUNT (sizeof(PARTS) / sizeof(*PARTS))

static bool add_data(cJSON *to, const struct event *e, const struct part *p,
		     const char *node)
{
	cJSON *data = cJSON_AddObjectToObject(to, "data"), *base;

	if (!cJSON_AddStringToObject(data, "baseType", p->type))
		return false;
	base = cJSON_AddObjectToObject(data, "baseData");
	return cJSON_AddNumberToObject(base, "ver", 2) &&
	       p->add(base, e, node);
}

static bool add_tags(cJSON *to, const struct insights_origin *from)
{
	cJSON *tags = cJSON_AddObjectToObject(to, "tags");

	return cJSON_AddStringToObject(tags, "ai.cloud.role", "pitstop") &&
	       cJSON_AddStringToObject(tags, "ai.cloud.roleInstance",
				       from->node) &&
	       cJSON_AddStringToObject(tags, "ai.internal.sdkVersion",
				       "pitstop:" PITSTOP_VERSION) &&
	       (!from->run ||
		cJSON_AddStringToObject(tags, "ai.operation.id", from->run));
}

static bool add_envelope(cJSON *list, const struct insights_origin *from,
			 const struct event *e, const struct part *p)
{
	cJSON *to = cJSON_CreateObject();

	return cJSON_AddItemToArray(list, to) &&
	       cJSON_AddStringToObject(to, "name", p->name) &&
	       json_add_time(to, "time", e->at) &&
	       cJSON_AddStringToObject(to, "iKey", from->key) &&
	       add_tags(to, from) && add_data(to, e, p, from->node);
}

static bool is_sent(const struct event *e, size_t part)
{
	return !(e->taken & 1u << part);
}

bool insights_encode(struct buf *to, const struct insights_origin *from,
		     struct event *const *events, size_t n)
{
	cJSON *list = cJSON_CreateArray();
	char *text = NULL;
	bool done = list;

	for (size_t i = 0; i < n; i++)
		for (size_t part = 0; part < PART_COUNT; part++)
			if (done && is_sent(events[i], part))
				done = add_envelope(list, from, events[i],
						    &PARTS[part]);
	if (done)
		text = cJSON_PrintUnformatted(list);
	done = text && buf_addf(to, "%s", text);
	cJSON_free(text);
	cJSON_Delete(list);
	return done;
}

/* answers */

static enum verdict verdict_of_item(int status)
{
	enum verdict v = verdict_of_status(status);

	if (status == QUOTA || status == QUOTA_LONG)
		return VERDICT_AGAIN;
	return v == VERDICT_STOP ? VERDICT_LOST : v;  /* of this one alone */
}

/* {"itemsReceived": 3, "itemsAccepted": 2, "errors": [{"index": 1,
 * "statusCode": 429, "message": ...}]} */
static void judge_errors(const cJSON *errors, enum verdict *verdicts, size_t n)
{
	const cJSON *error;

	cJSON_ArrayForEach(error, errors) {
		const cJSON *at = cJSON_GetObjectItemCaseSensitive(error,
								   "index");
		const cJSON *status = cJSON_GetObjectItemCaseSensitive(
			error, "statusCode");

		if (cJSON_IsNumber(at) && cJSON_IsNumber(status) &&
		    at->valuedouble >= 0 && at->valuedouble < (double)n)
			verdicts[at->valueint] =
				verdict_of_item(status->valueint);
	}
}

/* While one of its envelopes is to come again, so is the event, and it is not
 * done when one is lost; those that were taken are not sent again. `of` is what
 * has become of those that were sent; how many these are. */
static size_t judge_event(struct event *e, const enum verdict *of,
			  enum verdict *verdict)
{
	size_t count = 0;

	*verdict = VERDICT_DONE;
	for (size_t part = 0; part < PART_COUNT; part++) {
		if (!is_sent(e, part))
			continue;
		if (of[count] == VERDICT_DONE)
			e->taken |= (uint8_t)(1u << part);
		else if (*verdict != VERDICT_AGAIN)
			*verdict = of[count];
		count++;
	}
	return count;
}

static void judge_partly(const char *body, struct event *const *events,
			 enum verdict *verdicts, size_t n)
{
	enum verdict *of = calloc(n * PART_COUNT, sizeof(*of));
	cJSON *json = of ? cJSON_Parse(body) : NULL;
	size_t count = 0;

	judge_errors(cJSON_GetObjectItemCaseSensitive(json, "errors"), of,
		     n * PART_COUNT);
	for (size_t i = 0; json && i < n; i++)
		count += judge_event(events[i], of + count, &verdicts[i]);
	cJSON_Delete(json);
	free(of);
}

void insights_judge(int status, const char *body, struct event *const *events,
		    enum verdict *verdicts, size_t n)
{
	if (status == QUOTA || status == QUOTA_LONG)
		for (size_t i = 0; i < n; i++)
			verdicts[i] = VERDICT_AGAIN;
	if (status == PARTIAL)
		judge_partly(body, events, verdicts, n);
}
