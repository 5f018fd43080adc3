#include "stacks_groups.h"

#include <limits.h>
#include <stdbool.h>

#include <cjson/cJSON.h>

#include "stacks.h"

static cJSON *find_group(const cJSON *groups, const cJSON *answer)
{
	cJSON *group;

	cJSON_ArrayForEach(group, groups)
		if (stacks_are_alike(cJSON_GetObjectItem(group, "stacks"),
				     answer))
			return group;
	return NULL;
}

/* `answer` is consumed. */
static cJSON *add_group(cJSON *groups, cJSON *answer)
{
	cJSON *group = cJSON_CreateObject();
	bool lists = cJSON_AddArrayToObject(group, "ids") &&
		     cJSON_AddArrayToObject(group, "ranks");

	if (!lists || !cJSON_AddItemToObject(group, "stacks", answer))
		cJSON_Delete(answer);
	else if (cJSON_AddItemToArray(groups, group))
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

cJSON *stacks_grouped(cJSON *answers)
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
