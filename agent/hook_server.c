#include "hook_server.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "buf.h"
#include "hello.h"
#include "hook_data.h"
#include "log.h"
#include "stream.h"

#define LINE_MAX_BYTES 8192

/* Launchers start many ranks at once; the kernel caps it at its somaxconn. */
#define BACKLOG 4096

struct hook_server {
	uv_pipe_t pipe;
	const struct hook_server_ops *ops;
	void *ctx;
};

struct hook {
	struct hook_server *server;
	struct stream *stream;
	struct buf out;
	void *session;    /* from ops->hello, NULL before it */
	bool code_sent, adopt_sent, stacks_sent;
	bool corked;
	bool closed;
};

/* what comes in */

static struct ucred peer(int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		cred.pid = 0;
	return cred;
}

/* Who may register: processes of our own user, root, and anybody when we are
 * root. A process outside our pid namespace shows as pid 0: it is a stranger
 * that shares the network namespace. */
static bool peer_allowed(int fd)
{
	struct ucred cred = peer(fd);

	return cred.pid > 0 && (cred.uid == geteuid() || cred.uid == 0 ||
				geteuid() == 0);
}

static bool take_hello(struct hook *h, struct buf *in)
{
	struct hello hello;
	size_t used;
	int rc = hello_parse(in->data, in->len, &used, &hello);

	if (rc == 0)
		return false;
	if (rc < 0) {
		hook_close(h);
		return false;
	}
	buf_consume(in, used);
	h->session = h->server->ops->hello(h->server->ctx, h, &hello);
	if (!h->session)
		hook_close(h);
	return h->session;
}

static bool take_line(struct hook *h, struct buf *in)
{
	char *end = memchr(in->data, '\n', in->len);
	char *rest;

	if (!end) {
		if (in->len > LINE_MAX_BYTES)
			hook_close(h);
		return false;
	}
	*end = '\0';
	rest = strchr(in->data, ' ');
	if (rest)
		*rest++ = '\0';
	h->server->ops->line(h->session, in->data, rest ? rest : "");
	buf_consume(in, (size_t)(end - in->data) + 1);
	return true;
}

static void on_data(void *ctx, struct buf *in)
{
	struct hook *h = ctx;

	while (!h->closed && in->len > 0)
		if (!(h->session ? take_line(h, in) : take_hello(h, in)))
			break;
}

static void on_closed(void *ctx, int status)
{
	struct hook *h = ctx;

	(void)status;
	h->closed = true;
	if (h->session)
		h->server->ops->gone(h->session);
	buf_free(&h->out);
	free(h);
}

static const struct stream_ops STREAM_OPS = {
	.data = on_data,
	.closed = on_closed,
};

static void on_connection(uv_stream_t *listener, int status)
{
	struct hook_server *s = listener->data;
	struct hook *h = status == 0 ? calloc(1, sizeof(*h)) : NULL;

	if (!h)
		return;
	h->server = s;
	h->stream = stream_accept(listener, 0, &STREAM_OPS, h);
	if (!h->stream)
		free(h);
	else if (!peer_allowed(stream_fd(h->stream)))
		hook_close(h);
}

struct hook_server *hook_server_open(uv_loop_t *loop, int fd,
				     const struct hook_server_ops *ops,
				     void *ctx)
{
	struct hook_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->ops = ops;
	s->ctx = ctx;
	if (uv_pipe_init(loop, &s->pipe, 0) == 0 &&
	    uv_pipe_open(&s->pipe, fd) == 0) {
		s->pipe.data = s;
		if (uv_listen((uv_stream_t *)&s->pipe, BACKLOG,
			      on_connection) == 0)
			return s;
	}
	free(s);
	return NULL;
}

/* what goes out */

static void flush(struct hook *h)
{
	if (h->closed)
		buf_consume(&h->out, h->out.len);
	else if (!h->corked)
		stream_write(h->stream, &h->out);
}

void hook_cork(struct hook *h, bool corked)
{
	h->corked = corked;
	flush(h);
}

static void send_code(struct hook *h)
{
	if (h->code_sent)
		return;
	h->code_sent = true;
	buf_addf(&h->out, "code %zu\n", hook_body_len);
	buf_add(&h->out, hook_body, hook_body_len);
}

void hook_send_adopt(struct hook *h)
{
	if (h->adopt_sent)
		return;
	h->adopt_sent = true;
	send_code(h);
	buf_addf(&h->out, "adopt %zu\n", hook_adopt_len);
	buf_add(&h->out, hook_adopt, hook_adopt_len);
	flush(h);
}

/* With the code for it, the first time. */
void hook_send_stacks(struct hook *h)
{
	size_t len = h->stacks_sent ? 0 : hook_stacks_len;

	send_code(h);
	h->stacks_sent = true;
	buf_addf(&h->out, "stacks %zu\n", len);
	buf_add(&h->out, hook_stacks, len);
	flush(h);
}

void hook_send(struct hook *h, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		return;
	if (strcmp(line, "go") != 0)
		send_code(h);
	buf_addf(&h->out, "%s\n", line);
	flush(h);
}

void hook_say(struct hook *h, const char *text, size_t len)
{
	send_code(h);
	buf_addf(&h->out, "say %zu\n", len);
	buf_add(&h->out, text, len);
	flush(h);
}

void hook_send_postmortem(struct hook *h)
{
	send_code(h);
	buf_addf(&h->out, "postmortem %zu\n", hook_postmortem_len);
	buf_add(&h->out, hook_postmortem, hook_postmortem_len);
	flush(h);
}

void hook_close(struct hook *h)
{
	if (h->closed)
		return;
	h->closed = true;
	stream_close(h->stream);
}

pid_t hook_pid(const struct hook *h)
{
	return h->closed ? 0 : peer(stream_fd(h->stream)).pid;
}
