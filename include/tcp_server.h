/* tcp_server.h: a listening TCP port. Rank 1. */
#ifndef PITSTOP_TCP_SERVER_H
#define PITSTOP_TCP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

struct tcp_server;

/* A connection waits: accept it with stream_accept or tcp_server_drop. */
typedef void tcp_server_connection(void *ctx, uv_stream_t *listener);

/* Listen on all addresses (IPv6 and IPv4) or on IPv4 loopback alone, at
 * `port` or the first free one of the `more` that follow it; port 0 takes any.
 * NULL and a negative errno in *error. */
struct tcp_server *tcp_server_open(uv_loop_t *loop, bool loopback,
				   uint16_t port, unsigned more,
				   tcp_server_connection *connection,
				   void *ctx, int *error);
/* The same with a listening socket that was inherited. */
struct tcp_server *tcp_server_inherit(uv_loop_t *loop, int fd,
				      tcp_server_connection *connection,
				      void *ctx, int *error);
uint16_t tcp_server_port(const struct tcp_server *t);
void tcp_server_close(struct tcp_server *t);  /* NULL is allowed */

#endif
