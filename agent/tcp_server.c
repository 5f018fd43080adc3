#include "tcp_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define BACKLOG 1024

struct tcp_server {
	uv_tcp_t handle;
	tcp_server_connection *connection;
	void *ctx;
	uint16_t port;
};

static void on_connection(uv_stream_t *h, int status)
{
	struct tcp_server *t = h->data;

	if (status == 0)
		t->connection(t->ctx, h);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void tcp_server_close(struct tcp_server *t)
{
	if (t && !uv_is_closing((uv_handle_t *)&t->handle))
		uv_close((uv_handle_t *)&t->handle, on_closed);
}

static int bind_to(struct tcp_server *t, bool six, bool loopback,
		   uint16_t port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in a4 = { .sin_family = AF_INET };

	a6.sin6_port = a4.sin_port = htons(port);
	if (loopback)
		a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (six)
		return uv_tcp_bind(&t->handle, (struct sockaddr *)&a6, 0);
	return uv_tcp_bind(&t->handle, (struct sockaddr *)&a4, 0);
}

static uint16_t port_in_use(const uv_tcp_t *h)
{
	struct sockaddr_storage sa;
	int len = sizeof(sa);

	if (uv_tcp_getsockname(h, (struct sockaddr *)&sa, &len) < 0)
		return 0;
	if (sa.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

static struct tcp_server *create(uv_loop_t *loop, int *error)
{
	struct tcp_server *t = calloc(1, sizeof(*t));

	*error = t ? uv_tcp_init(loop, &t->handle) : -ENOMEM;
	if (*error < 0) {
		free(t);
		return NULL;
	}
	t->handle.data = t;
	return t;
}

/* `rc` is from giving it a socket. NULL, and it is freed, when it cannot
 * listen. */
static struct tcp_server *serve(struct tcp_server *t, int rc, int *error)
{
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&t->handle, BACKLOG,
			       on_connection);
	if (rc == 0) {
		t->port = port_in_use(&t->handle);
		return t;
	}
	*error = rc;
	tcp_server_close(t);
	return NULL;
}

/* One try. libuv reports a taken port only when it listens. */
static struct tcp_server *open_one(uv_loop_t *loop, bool six, bool loopback,
				   uint16_t port, int *error)
{
	struct tcp_server *t = create(loop, error);

	return t ? serve(t, bind_to(t, six, loopback, port), error) : NULL;
}

struct tcp_server *tcp_server_open(uv_loop_t *loop, bool loopback,
				   uint16_t port, unsigned more,
				   tcp_server_connection *connection,
				   void *ctx, int *error)
{
	struct tcp_server *t = NULL;
	bool six = !loopback;

	for (unsigned i = 0; !t && i <= more && port + i <= UINT16_MAX; i++) {
		uint16_t p = (uint16_t)(port + i);

		if (six)
			t = open_one(loop, true, false, p, error);
		if (!t && (!six || *error != UV_EADDRINUSE)) {
			/* no IPv6 on this host */
			six = false;
			t = open_one(loop, false, loopback, p, error);
		}
		if (!t && *error != UV_EADDRINUSE)
			break;
	}
	if (t) {
		t->connection = connection;
		t->ctx = ctx;
	}
	return t;
}

struct tcp_server *tcp_server_inherit(uv_loop_t *loop, int fd,
				      tcp_server_connection *connection,
				      void *ctx, int *error)
{
	struct tcp_server *t = create(loop, error);

	if (t)
		t = serve(t, uv_tcp_open(&t->handle, fd), error);
	if (t) {
		t->connection = connection;
		t->ctx = ctx;
	}
	return t;
}

uint16_t tcp_server_port(const struct tcp_server *t)
{
	return t->port;
}
