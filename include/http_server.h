/* http_server.h: HTTP/1.1 connections, and the requests that come on them, one
 * after the other. Rank 2. What a request means is the handler's.
 *
 * What a stranger can make it spend is bounded: connections, their buffers, and
 * their time. */
#ifndef PITSTOP_HTTP_SERVER_H
#define PITSTOP_HTTP_SERVER_H

#include <stdint.h>

#include <uv.h>

#include "http_request.h"
#include "http_response.h"

struct cidr_list;
struct http_connection;
struct http_server;

/* A request is complete: it is to be answered exactly once, now or later, by
 * http_answer or http_refuse. It stays as it is until then. */
typedef void http_server_handler(void *ctx, struct http_connection *c,
				 const struct http_request *r);

/* Listen on all addresses at `port` or the next free one of the `more` that
 * follow it. Who is not in `allow`, which is copied, gets 403. NULL and a
 * negative errno in *error. */
struct http_server *http_server_open(uv_loop_t *loop, uint16_t port,
				     unsigned more,
				     const struct cidr_list *allow,
				     http_server_handler *handler, void *ctx,
				     int *error);
uint16_t http_server_port(const struct http_server *s);

/* The client may have left: then it is as if it were written. The response is
 * not kept. */
void http_answer(struct http_connection *c, const struct http_response *r);

/* A problem document; `fields` as in http_response.h. */
void http_refuse(struct http_connection *c, int status, const char *detail,
		 const char *fields);

#endif
