#include "launch_json.h"

#include <stdbool.h>

#include <cjson/cJSON.h>

static bool add_text(cJSON *to, const char *name, const char *text)
{
	return cJSON_AddStringToObject(to, name, text);
}

static bool add_number(cJSON *to, const char *name, int number)
{
	return cJSON_AddNumberToObject(to, name, number);
}

static bool add_connect(cJSON *to, const struct launch *l)
{
	cJSON *connect = cJSON_AddObjectToObject(to, "connect");

	return add_text(connect, "host", l->host) &&
	       add_number(connect, "port", l->port);
}

static bool add_mappings(cJSON *to, const struct launch *l)
{
	cJSON *list = cJSON_AddArrayToObject(to, "pathMappings");
	cJSON *one = cJSON_CreateObject();

	if (!cJSON_AddItemToArray(list, one)) {
		cJSON_Delete(one);
		return false;
	}
	return add_text(one, "localRoot", "${workspaceFolder}") &&
	       add_text(one, "remoteRoot", l->remote_root);
}

/* In the order in which a person reads them. */
static bool add_all(cJSON *to, const struct launch *l)
{
	return add_text(to, "name", l->name) &&
	       add_text(to, "type", "debugpy") &&
	       add_text(to, "request", "attach") &&
	       add_connect(to, l) && add_mappings(to, l) &&
	       cJSON_AddTrueToObject(to, "justMyCode") &&
	       (!l->token || add_text(to, "pitstopToken", l->token)) &&
	       (l->rank < 0 || add_number(to, "pitstopRank", l->rank)) &&
	       (l->sub_process_id == 0 ||
		add_number(to, "subProcessId", l->sub_process_id));
}

char *launch_json(const struct launch *l)
{
	cJSON *json = cJSON_CreateObject();
	char *text = NULL;

	if (add_all(json, l))
		text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}
