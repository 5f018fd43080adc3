/* http_access.h: who may ask for what over HTTP. Rank 3. */
#ifndef PITSTOP_HTTP_ACCESS_H
#define PITSTOP_HTTP_ACCESS_H

#include <stdbool.h>

struct http_connection;
struct http_request;

/* False: a page of another site had a browser ask; it is refused here. */
bool http_same_origin(struct http_connection *c, const struct http_request *r);

/* Does it show the token (NULL: none is asked for), or need none because it is
 * of our own user? If not, it is refused here. */
bool http_has_token(struct http_connection *c, const struct http_request *r,
		    const char *token);

#endif
