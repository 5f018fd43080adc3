#include "launch_json.h"

#include <stdbool.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"

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

/* Drops the last part of a path. */
static void cut(struct buf *path)
{
	while (path->len > 0 && path->data[--path->len] != '/')
		;
}

/* Appends the parts of `more`, without "." and ".."; the root is "". */
static bool go_down(struct buf *path, const char *more)
{
	while (*(more += strspn(more, "/"))) {
		size_t len = strcspn(more, "/");

		if (len == 2 && memcmp(more, "..", 2) == 0)
			cut(path);
		else if ((len != 1 || *more != '.') &&
			 !buf_addf(path, "/%.*s", (int)len, more))
			return false;
		more += len;
	}
	return true;
}

static bool is_below(const struct buf *path, const struct buf *folder)
{
	return folder->len > 0 && path->len > folder->len &&
	       path->data[folder->len] == '/' &&
	       memcmp(path->data, folder->data, folder->len) == 0;
}

/* Console scripts, which have no suffix, are not what a person debugs. */
static bool is_source(const char *script)
{
	size_t len = script ? strlen(script) : 0;

	return len > 3 && strcmp(script + len - 3, ".py") == 0;
}

static bool find_root(struct buf *root, const struct launch *l)
{
	struct buf cwd = { 0 };
	bool ok = go_down(&cwd, l->cwd) &&
		  (*l->script == '/' || go_down(root, l->cwd)) &&
		  go_down(root, l->script);

	cut(root);
	if (ok && is_below(root, &cwd))
		root->len = cwd.len;
	buf_free(&cwd);
	return ok && (root->len > 0 || buf_add(root, "/", 1)) &&
	       buf_add(root, "", 1);
}

static bool add_root(cJSON *to, const struct launch *l)
{
	struct buf root = { 0 };
	bool ok;

	if (!is_source(l->script) || !*l->cwd)
		return add_text(to, "remoteRoot", l->cwd);
	ok = find_root(&root, l) && add_text(to, "remoteRoot", root.data);
	buf_free(&root);
	return ok;
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
	       add_root(one, l);
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
