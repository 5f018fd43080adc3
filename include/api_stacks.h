/* api_stacks.h: GET /v1/stacks and /v1/sessions/{id}/stacks. Rank 3. They are
 * answered when the hooks have answered, after 2 s at the latest. */
#ifndef PITSTOP_API_STACKS_H
#define PITSTOP_API_STACKS_H

struct http_connection;
struct session;
struct sessions;

/* What session_stacks.h says. */
void api_stacks_of(struct http_connection *c, struct session *s);

/* What stacks_groups.h says. */
void api_stacks_of_all(struct http_connection *c, struct sessions *all);

#endif
