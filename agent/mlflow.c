#include "mlflow.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "event.h"
#include "json_time.h"
#include "utf8_cut.h"

#define TAGS_MAX 100     /* of a request; of params, too */
#define TAG_BYTES 5000
#define PARAM_BYTES 500  /* old servers take no more */
#define KEY_BYTES 250

#define CALL "/api/2.0/mlflow/runs/log-batch"
#define AZURE "azureml://"
#define AZURE_V1 "/mlflow/v1.0/"
#define AZURE_V2 "/mlflow/v2.0/"

static size_t path_length(const char *uri)
{
	size_t len = strcspn(uri, "?#");

	while (len > 0 && uri[len - 1] == '/')
		len--;
	return len;
}

static bool azure_url(struct buf *to, const char *rest)
{
	size_t len = path_length(rest);
	const char *v1 = strstr(rest, AZURE_V1);
	size_t head = v1 && v1 < rest + len ? (size_t)(v1 - rest) : len;
	const char *tail = rest + head + (head < len ? strlen(AZURE_V1) : 0);

	return buf_addf(to, "https://%.*s%s%.*s" CALL, (int)head, rest,
			head < len ? AZURE_V2 : "",
			(int)(rest + len - tail), tail);
}

bool mlflow_url(struct buf *to, const char *uri)
{
	if (strncasecmp(uri, AZURE, strlen(AZURE)) == 0)
		return azure_url(to, uri + strlen(AZURE));
	return (strncasecmp(uri, "http://", 7) == 0 ||
		strncasecmp(uri, "https://", 8) == 0) &&
	       buf_addf(to, "%.*s" CALL, (int)path_length(uri), uri);
}

/* By name, since of those that come twice in a request the last one counts. */
struct parts {
	cJSON *tags, *params, *metrics;
	char prefix[64];
};

/* Is it about all that runs here, and not about a process? */
static bool describes_run(const struct event *e)
{
	return strcmp(e->name, "started") == 0 &&
	       !cJSON_HasObjectItem(e->fields, "session");
}

static bool set_text(cJSON *in, const char *key, char *text, size_t max)
{
	cJSON *value;

	text[utf8_cut(text, max)] = '\0';
	value = cJSON_CreateString(text);
	if (cJSON_GetObjectItemCaseSensitive(in, key))
		return value && cJSON_ReplaceItemInObjectCaseSensitive(
			       in, key, value);
	return cJSON_AddItemToObject(in, key, value);
}

static bool add_value(cJSON *in, const char *key, const cJSON *field,
		      size_t max)
{
	const char *text = cJSON_GetStringValue(field);
	char *copy = text ? cJSON_malloc(strlen(text) + 1)
			  : cJSON_PrintUnformatted(field);
	bool done = copy;

	if (copy && text)
		memcpy(copy, text, strlen(text) + 1);
	if (copy && *copy && cJSON_GetArraySize(in) < TAGS_MAX)
		done = set_text(in, key, copy, max);
	cJSON_free(copy);
	return done;
}

static bool add_metric(struct parts *p, const char *key, const cJSON *field,
		       int64_t at)
{
	cJSON *metric = cJSON_CreateObject();

	return cJSON_AddItemToArray(p->metrics, metric) &&
	       cJSON_AddStringToObject(metric, "key", key) &&
	       cJSON_AddNumberToObject(metric, "value", field->valuedouble) &&
	       cJSON_AddNumberToObject(metric, "timestamp", (double)at) &&
	       cJSON_AddNumberToObject(metric, "step", 0);
}

static bool add_field(struct parts *p, const struct event *e,
		      const cJSON *field, bool as_param)
{
	char key[KEY_BYTES + 1];

	if (cJSON_IsNull(field))
		return true;
	snprintf(key, sizeof(key), "%s%s", p->prefix, field->string);
	if (as_param)
		return add_value(p->params, key, field, PARAM_BYTES);
	if (event_is_quantity(field))
		return add_metric(p, key, field, e->at);
	return add_value(p->tags, key, field, TAG_BYTES);
}

/* "pitstop.event" is what happened last, "pitstop.held_at" when that was. */
static bool add_event_itself(struct parts *p, const struct event *e)
{
	cJSON *both = cJSON_CreateObject(), *field;
	char at[64];
	bool done;

	snprintf(at, sizeof(at), "%s_at", e->name);
	for (char *space = at; (space = strchr(space, ' '));)
		*space = '_';
	done = cJSON_AddStringToObject(both, "event", e->name) &&
	       json_add_time(both, at, e->at);
	cJSON_ArrayForEach(field, both)
		done = done && add_field(p, e, field, false);
	cJSON_Delete(both);
	return done;
}

static void set_prefix(struct parts *p, const struct mlflow_batch *b,
		       const struct event *e)
{
	const cJSON *rank = cJSON_GetObjectItemCaseSensitive(e->fields,
							     "rank");
	bool told = b->node && *b->node && strcmp(b->node, "0") != 0;
	char text[24] = "";

	if (cJSON_IsNumber(rank))
		snprintf(text, sizeof(text), "rank%d.", rank->valueint);
	snprintf(p->prefix, sizeof(p->prefix), "pitstop.%s%.16s%s%s",
		 told ? "node" : "", told ? b->node : "", told ? "." : "",
		 text);
}

static bool add_event(struct parts *p, const struct mlflow_batch *b,
		      const struct event *e)
{
	bool as_params = !b->tags_only && describes_run(e), done;
	const cJSON *field;

	set_prefix(p, b, e);
	done = add_event_itself(p, e);
	cJSON_ArrayForEach(field, e->fields)
		done = done && add_field(p, e, field, as_params);
	return done;
}

/* {"name": "value"} as the list of {"key": ..., "value": ...} that is sent. */
static bool add_list(cJSON *to, const char *name, const cJSON *values)
{
	cJSON *list = cJSON_AddArrayToObject(to, name), *one;
	const cJSON *value;

	cJSON_ArrayForEach(value, values) {
		one = cJSON_CreateObject();
		if (!cJSON_AddItemToArray(list, one) ||
		    !cJSON_AddStringToObject(one, "key", value->string) ||
		    !cJSON_AddStringToObject(one, "value",
					     value->valuestring))
			return false;
	}
	return list;
}

static bool print(struct buf *to, struct parts *p, const char *run)
{
	cJSON *json = cJSON_CreateObject();
	char *text = NULL;
	bool done = cJSON_AddStringToObject(json, "run_id", run) &&
		    add_list(json, "tags", p->tags) &&
		    add_list(json, "params", p->params) &&
		    cJSON_AddItemReferenceToObject(json, "metrics",
						   p->metrics);

	if (done)
		text = cJSON_PrintUnformatted(json);
	done = text && buf_addf(to, "%s", text);
	cJSON_free(text);
	cJSON_Delete(json);
	return done;
}

/* Metrics may be ten times as many, and none of these is without a tag. */
static bool has_room(const struct parts *p, const struct event *e)
{
	int more = cJSON_GetArraySize(e->fields) + 2;

	return cJSON_GetArraySize(p->tags) + more <= TAGS_MAX &&
	       cJSON_GetArraySize(p->params) + more <= TAGS_MAX;
}

size_t mlflow_encode(struct buf *to, const struct mlflow_batch *b,
		     struct event *const *events, size_t n)
{
	struct parts p = {
		.tags = cJSON_CreateObject(),
		.params = cJSON_CreateObject(),
		.metrics = cJSON_CreateArray(),
	};
	bool done = p.tags && p.params && p.metrics;
	size_t i;

	for (i = 0; done && i < n && (i == 0 || has_room(&p, events[i])); i++)
		done = add_event(&p, b, events[i]);
	done = done && print(to, &p, b->run);
	cJSON_Delete(p.tags);
	cJSON_Delete(p.params);
	cJSON_Delete(p.metrics);
	return done ? i : 0;
}
