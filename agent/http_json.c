#include "http_json.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "http_server.h"
#include "json.h"

void http_answer_json(struct http_connection *c, int status, const char *type,
		      cJSON *json)
{
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;
	struct http_response r = { .status = status, .type = type };

	cJSON_Delete(json);
	if (!text) {
		http_refuse(c, 500, "memory is short", NULL);
		return;
	}
	json_make_utf8(text);
	r.content = text;
	r.len = strlen(text);
	http_answer(c, &r);
	cJSON_free(text);
}
