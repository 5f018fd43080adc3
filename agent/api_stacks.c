#include "api_stacks.h"

#include <cjson/cJSON.h>

#include "http_json.h"
#include "http_server.h"
#include "session_stacks.h"

#define JSON_TYPE "application/json"

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

static void on_all(void *ctx, cJSON *groups)
{
	http_answer_json(ctx, 200, JSON_TYPE, groups);
}

void api_stacks_of_all(struct http_connection *c, struct sessions *all)
{
	if (!sessions_ask_stacks(all, false, on_all, c))
		http_answer_json(c, 500, JSON_TYPE, NULL);
}
