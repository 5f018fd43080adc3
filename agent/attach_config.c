#include "attach_config.h"

#include <stddef.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "token.h"

static const cJSON *get(const cJSON *config, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(config, key);
}

static const char *text(const cJSON *config, const char *key)
{
	const char *s = cJSON_GetStringValue(get(config, key));

	return s ? s : "";
}

static int number(const cJSON *config, const char *key, int absent)
{
	const cJSON *n = get(config, key);

	return cJSON_IsNumber(n) ? n->valueint : absent;
}

enum attach_token attach_config_token(const cJSON *config, const char *want)
{
	const char *have = text(config, "pitstopToken");

	if (!want)
		return TOKEN_RIGHT;
	if (!*have)
		return TOKEN_MISSING;
	return token_is(have, want) ? TOKEN_RIGHT : TOKEN_WRONG;
}

/* Absent, or a whole number of at least `min`. */
static bool is_number(const cJSON *config, const char *key, int min)
{
	const cJSON *n = get(config, key);

	return !n || cJSON_IsNull(n) ||
	       (cJSON_IsNumber(n) && n->valuedouble >= min &&
		n->valuedouble == n->valueint);
}

static bool is_switch(const cJSON *config, const char *key)
{
	const cJSON *b = get(config, key);

	return !b || cJSON_IsNull(b) || cJSON_IsBool(b);
}

const char *attach_config_mistake(const cJSON *config)
{
	if (get(config, "processId"))
		return "\"processId\" is for a process on your own machine; "
		       "use \"subProcessId\" or \"pitstopRank\"";
	if (get(config, "listen"))
		return "\"listen\" is not served; use \"connect\"";
	if (cJSON_IsTrue(get(config, "noDebug")))
		return "the step runs already: use Start Debugging (F5), not "
		       "Run Without Debugging";
	if (!is_number(config, "pitstopRank", 0))
		return "\"pitstopRank\" has to be the number of a rank, as in "
		       "\"pitstopRank\": 3, without quotes around it";
	if (!is_number(config, "subProcessId", 1))
		return "\"subProcessId\" has to be the number of a process, as "
		       "in \"subProcessId\": 4711, without quotes around it";
	if (!is_switch(config, "pitstopTakeover"))
		return "\"pitstopTakeover\" has to be true or false, without "
		       "quotes around it";
	return NULL;
}

int attach_config_pid(const cJSON *config)
{
	return number(config, "subProcessId", 0);
}

int attach_config_rank(const cJSON *config)
{
	return number(config, "pitstopRank", -1);
}

bool attach_config_offered(const cJSON *config)
{
	return cJSON_IsTrue(get(config, "pitstopOffered"));
}

bool attach_config_children(const cJSON *config)
{
	return !cJSON_IsFalse(get(config, "subProcess"));
}

bool attach_config_takeover(const cJSON *config)
{
	return cJSON_IsTrue(get(config, "pitstopTakeover"));
}

const char *attach_config_ide_os(const cJSON *config)
{
	return strcmp(text(config, "clientOS"), "windows") == 0 ? "WINDOWS"
								: "UNIX";
}

bool attach_config_interrupts(const cJSON *config)
{
	return strcmp(text(config, "onTerminate"), "KeyboardInterrupt") == 0;
}

static cJSON *copy_without(const cJSON *config, const char *const *keys,
			   size_t n)
{
	cJSON *copy = cJSON_Duplicate(config, true);

	for (size_t i = 0; i < n; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(copy, keys[i]);
	return copy;
}

cJSON *attach_config_for_debuggee(const cJSON *config)
{
	static const char *const OURS[] = {
		"pitstopToken", "pitstopRank", "pitstopTakeover",
		"pitstopOffered",
	};

	return copy_without(config, OURS, sizeof(OURS) / sizeof(*OURS));
}

cJSON *attach_config_for_offer(const cJSON *config, const char *name, int pid,
			       uint16_t port)
{
	static const char *const PARENTS_OWN[] = {
		"name", "subProcessId", "processId", "listen",
		"preLaunchTask", "postDebugTask", "request", "restart",
		"args", "processName", "pythonArgs", "host", "port",
		"pitstopRank", "pitstopTakeover", "pitstopOffered",
	};
	cJSON *child, *connect;

	child = copy_without(config, PARENTS_OWN,
			     sizeof(PARENTS_OWN) / sizeof(*PARENTS_OWN));
	cJSON_AddStringToObject(child, "name", name);
	cJSON_AddNumberToObject(child, "subProcessId", pid);
	cJSON_AddTrueToObject(child, "pitstopOffered");
	if (get(child, "connect"))
		return child;
	connect = cJSON_AddObjectToObject(child, "connect");
	cJSON_AddStringToObject(connect, "host",
				get(config, "host") ? text(config, "host")
						    : "127.0.0.1");
	cJSON_AddNumberToObject(connect, "port", number(config, "port", port));
	return child;
}
