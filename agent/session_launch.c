#include "session_view.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "launch_json.h"
#include "sessions_internal.h"

#define NAME_SIZE 256

static bool is_listed(const struct session *s)
{
	return (s->main || s->adopted) && !s->asked &&
	       s->barrier.state != BARRIER_EXITED;
}

static unsigned count(const struct sessions *all)
{
	unsigned n = 0;

	for (const struct session *s = all->first; s; s = s->next)
		n += is_listed(s);
	return n;
}

static bool precedes(const struct session *a, const struct session *b)
{
	return a->hello.rank != b->hello.rank ? a->hello.rank < b->hello.rank
					      : a->hello.pid < b->hello.pid;
}

/* By rank, then by pid; NULL: from the first to behind the last. */
static const struct session *next_listed(const struct sessions *all,
					 const struct session *after)
{
	const struct session *next = NULL;

	for (const struct session *s = all->first; s; s = s->next)
		if (is_listed(s) && (!after || precedes(after, s)) &&
		    (!next || precedes(s, next)))
			next = s;
	return next;
}

/* Each by its own name, which VS Code lists them and compounds refer to them
 * by. */
static void name_it(const struct session *s, bool several,
		    char to[static NAME_SIZE])
{
	const char *name = session_name(s);

	if (s->hello.rank >= 0)
		snprintf(to, NAME_SIZE, "pitstop: %s, rank %d", name,
			 s->hello.rank);
	else if (several)
		snprintf(to, NAME_SIZE, "pitstop: %s, pid %d", name,
			 (int)s->hello.pid);
	else
		snprintf(to, NAME_SIZE, "pitstop: %s", name);
}

static cJSON *configuration(const struct session *s, const char *name,
			    bool several)
{
	const struct place *at = s->all->place;
	struct launch l = {
		.name = name,
		.host = at->host,
		.port = at->port,
		.cwd = s->hello.cwd,
		.script = session_script(s),
		.token = at->token,
		.rank = s->hello.rank,
		.sub_process_id = several && s->hello.rank < 0 ? s->hello.pid
							       : 0,
	};
	char *text = launch_json(&l);
	cJSON *json = text ? cJSON_Parse(text) : NULL;

	free(text);
	return json;
}

static bool fill(const struct sessions *all, cJSON *configurations,
		 cJSON *names, bool several)
{
	const struct session *s = NULL;
	char name[NAME_SIZE];

	while ((s = next_listed(all, s))) {
		name_it(s, several, name);
		if (!cJSON_AddItemToArray(configurations,
					  configuration(s, name, several)) ||
		    !cJSON_AddItemToArray(names, cJSON_CreateString(name)))
			return false;
	}
	return true;
}

/* All by one key; who stops one leaves the others. */
static bool add_compound(cJSON *to, cJSON *names)
{
	cJSON *list = cJSON_AddArrayToObject(to, "compounds");
	cJSON *one = cJSON_CreateObject();

	cJSON_AddStringToObject(one, "name", "pitstop: all");
	cJSON_AddFalseToObject(one, "stopAll");
	if (cJSON_AddItemToObject(one, "configurations", names) &&
	    cJSON_AddItemToArray(list, one))
		return true;
	cJSON_Delete(one);
	return false;
}

static bool add_all(cJSON *to, const struct sessions *all)
{
	unsigned n = all->place->port ? count(all) : 0;
	cJSON *list, *names;

	cJSON_AddStringToObject(to, "version", "0.2.0");
	list = cJSON_AddArrayToObject(to, "configurations");
	if (n == 0)
		return list;
	names = cJSON_CreateArray();
	if (fill(all, list, names, n > 1) && n > 1)
		return add_compound(to, names);
	cJSON_Delete(names);
	return cJSON_GetArraySize(list) == (int)n;
}

cJSON *sessions_launch(const struct sessions *all)
{
	cJSON *to = cJSON_CreateObject();

	if (add_all(to, all))
		return to;
	cJSON_Delete(to);
	return NULL;
}
