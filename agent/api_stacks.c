#include "api_stacks.h"

#include <limits.h>
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
	cJSON *answers;
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

/* Of an answer: its rank, those that have none last. */
static int rank_of(const cJSON *answer)
{
	const cJSON *rank = cJSON_GetObjectItem(answer, "rank");

	return cJSON_IsNumber(rank) ? rank->valueint : INT_MAX;
}

/* Of a group: its size, groups of no ranks last. */
static int size_of(const cJSON *group)
{
	int size = cJSON_GetArraySize(cJSON_GetObjectItem(group, "ids"));
	int ranks = cJSON_GetArraySize(cJSON_GetObjectItem(group, "ranks"));

	return ranks ? size : INT_MAX;
}

/* The first of the smallest, taken out of the list; NULL at its end. */
static cJSON *take_smallest(cJSON *list, int (*measure)(const cJSON *one))
{
	cJSON *one, *smallest = list->child;

	cJSON_ArrayForEach(one, list)
		if (measure(one) < measure(smallest))
			smallest = one;
	return smallest ? cJSON_DetachItemViaPointer(list, smallest) : NULL;
}

/* The answers in groups, NULL when memory is short. */
static cJSON *grouped(cJSON *answers)
{
	cJSON *json = cJSON_CreateObject(), *one;
	cJSON *groups = cJSON_CreateArray();
	cJSON *sorted = cJSON_AddArrayToObject(json, "groups");
	bool ok = groups && sorted;

	while (ok && (one = take_smallest(answers, rank_of)))
		ok = sort_in(groups, one);
	while (ok && (one = take_smallest(groups, size_of)))
		cJSON_AddItemToArray(sorted, one);
	cJSON_Delete(groups);
	if (ok)
		return json;
	cJSON_Delete(json);
	return NULL;
}

static void close_one(struct round *r)
{
	if (--r->open > 0)
		return;
	http_answer_json(r->connection, 200, JSON_TYPE,
			 r->failed ? NULL : grouped(r->answers));
	cJSON_Delete(r->answers);
	free(r);
}

static void on_each(void *ctx, cJSON *answer)
{
	struct round *r = ctx;

	if (answer)
		cJSON_AddItemToArray(r->answers, answer);
	close_one(r);
}

void api_stacks_of_all(struct http_connection *c, struct sessions *all)
{
	struct round *r = calloc(1, sizeof(*r));
	struct session *s = NULL;

	if (!r || !(r->answers = cJSON_CreateArray())) {
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
