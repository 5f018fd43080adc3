/* http_json.h: answers that are JSON. Rank 2. */
#ifndef PITSTOP_HTTP_JSON_H
#define PITSTOP_HTTP_JSON_H

struct cJSON;
struct http_connection;

/* `json` is consumed; NULL: memory is short, and the answer is 500. */
void http_answer_json(struct http_connection *c, int status, const char *type,
		      struct cJSON *json);

#endif
