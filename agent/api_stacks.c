#include "api_stacks.h"

#include <stdbool.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "http_json.h"
#include "http_server.h"
#include "session_stacks.h"
#include "session_view.h"
#include "stacks.h"

#define JSON_TYPE "application/json"

/* one session */

static void on_one(void *ctx, cJSON *answer)
{
	struct http_connection *c = ctx;

	if (answer)
		http_answer_json(c, 200, JSON_TYPE, answer);
	else
		http_refuse(c, 404, "the process has ended meanwhile", NULL);
}

void api_stacks_of(struct http_connection *c, struct session *s)
{
	if (!session_ask_stacks(s, on_one, c))
		http_answer_json(c, 500, JSON_TYPE, NULL);
}

/* all sessions */

struct round {
	struct http_connection *connection;
	cJSON *groups;
	unsigned open;   /* questions, and one while they are being asked */
	bool failed;     /* memory was short */
};

static cJSON *find_group(const cJSON *groups, const cJSON *answer)
{
	cJSON *group;

	cJSON_ArrayForEach(group, groups)
		if (stacks_are_alike(cJSON_GetObjectItem(group, "stacks"),
				     answer))
			return group;
	return NULL;
}

static cJSON *add_group(cJSON *groups, cJSON *answer)
{
	cJSON *group = cJSON_CreateObject();

	if (cJSON_AddArrayToObject(group, "ids") &&
	    cJSON_AddArrayToObject(group, "ranks") &&
	    cJSON_AddItemToObject(group, "stacks", answer) &&
	    cJSON_AddItemToArray(groups, group))
		return group;
	cJSON_Delete(group);
	return NULL;
}

static bool add_member(cJSON *group, const char *list, const cJSON *value)
{
	cJSON *copy = cJSON_Duplicate(value, false);

	if (cJSON_AddItemToArray(cJSON_GetObjectItem(group, list), copy))
		return true;
	cJSON_Delete(copy);
	return false;
}

/* `answer` is consumed. */
static bool sort_in(cJSON *groups, cJSON *answer)
{
	cJSON *id = cJSON_Duplicate(cJSON_GetObjectItem(answer, "id"), false);
	cJSON *rank = cJSON_Duplicate(cJSON_GetObjectItem(answer, "rank"),
				      false);
	cJSON *group = find_group(groups, answer);
	bool ok;

	if (group)
		cJSON_Delete(answer);
	else
		group = add_group(groups, answer);
	ok = group && add_member(group, "ids", id) &&
	     (cJSON_IsNull(rank) || add_member(group, "ranks", rank));
	cJSON_Delete(id);
	cJSON_Delete(rank);
	return ok;
}

static int size_of(const cJSON *group)
{
	return cJSON_GetArraySize(cJSON_GetObjectItem(group, "ids"));
}

/* Groups of the same size stay as they came. */
static cJSON *smallest_first(cJSON *groups)
{
	cJSON *sorted = cJSON_CreateArray(), *group;

	while (sorted && (group = groups->child)) {
		cJSON *smallest = group;

		cJSON_ArrayForEach(group, groups)
			if (size_of(group) < size_of(smallest))
				smallest = group;
		cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(
						     groups, smallest));
	}
	cJSON_Delete(groups);
	return sorted;
}

static void close_one(struct round *r)
{
	cJSON *json, *groups;

	if (--r->open > 0)
		return;
	groups = smallest_first(r->groups);
	json = cJSON_CreateObject();
	if (r->failed || !cJSON_AddItemToObject(json, "groups", groups)) {
		cJSON_Delete(groups);
		cJSON_Delete(json);
		json = NULL;
	}
	http_answer_json(r->connection, 200, JSON_TYPE, json);
	free(r);
}

static void on_each(void *ctx, cJSON *answer)
{
	struct round *r = ctx;

	if (answer && !sort_in(r->groups, answer))
		r->failed = true;
	close_one(r);
}

void api_stacks_of_all(struct http_connection *c, struct sessions *all)
{
	struct round *r = calloc(1, sizeof(*r));
	struct session *s = NULL;

	if (!r || !(r->groups = cJSON_CreateArray())) {
		free(r);
		http_answer_json(c, 500, JSON_TYPE, NULL);
		return;
	}
	r->connection = c;
	r->open = 1;
	while ((s = sessions_next(all, s))) {
		if (session_ask_stacks(s, on_each, r))
			r->open++;
		else
			r->failed = true;
	}
	close_one(r);
}
