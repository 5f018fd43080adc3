#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "metrics.h"

#define READ_SIZE (64 * 1024)  /* bytes asked for at a time */
#define FINISH_MS 2000         /* stream_finish waits no longer */

struct stream {
	union {
		uv_handle_t handle;
		uv_stream_t stream;
		uv_tcp_t tcp;
		uv_pipe_t pipe;
	} u;
	uv_timer_t timer;    /* bounds stream_finish, carries stream_again */
	uv_write_t write;
	struct buf in;
	struct buf waiting;  /* not yet handed to libuv */
	struct buf writing;  /* libuv's until its callback */
	const struct stream_ops *ops;
	void *ctx;
	unsigned options;
	int status;          /* for `closed` */
	int open_handles;
	bool in_flight;
	bool paused;
	bool finishing;      /* close when all is written */
	bool half_closed;
	bool closing;
	bool above;          /* the queue was above the high mark */
};

static void read_start(struct stream *s);

static void count_connection(const struct stream *s, int by)
{
	if (s->options & STREAM_COUNT)
		metric_add(METRIC_DEBUG_CONNECTIONS, by);
}

/* closing */

static void on_handle_closed(uv_handle_t *h)
{
	struct stream *s = h->data;

	if (--s->open_handles > 0)
		return;
	count_connection(s, -1);
	s->ops->closed(s->ctx, s->status);
	buf_free(&s->in);
	buf_free(&s->waiting);
	buf_free(&s->writing);
	free(s);
}

static void stream_fail(struct stream *s, int status)
{
	if (s->closing)
		return;
	s->closing = true;
	s->status = status;
	uv_close(&s->u.handle, on_handle_closed);
	uv_close((uv_handle_t *)&s->timer, on_handle_closed);
}

void stream_close(struct stream *s)
{
	stream_fail(s, 0);
}

static void count(const struct stream *s, enum metric m, size_t bytes)
{
	if (s->options & STREAM_COUNT)
		metric_add(m, (double)bytes);
}

/* writing */

static void write_more(struct stream *s);

static size_t mark(const struct stream *s, size_t usual)
{
	return s->options & STREAM_TELL_EMPTY ? 0 : usual;
}

static void on_written(uv_write_t *req, int status)
{
	struct stream *s = req->data;

	s->in_flight = false;
	if (status >= 0)
		count(s, METRIC_DEBUG_SENT, s->writing.len);
	buf_consume(&s->writing, s->writing.len);
	if (status < 0) {
		stream_fail(s, status);
		return;
	}
	write_more(s);
}

static void on_finish_timeout(uv_timer_t *t)
{
	stream_close(t->data);
}

/* All is written: say so to the peer, and wait for its own end, because a
 * close with unread bytes would reset the connection and take the last answer
 * with it. */
static void half_close(struct stream *s)
{
	int fd = stream_fd(s);

	if (s->half_closed)
		return;
	s->half_closed = true;
	if (shutdown(fd, SHUT_WR) < 0)
		stream_close(s);
}

static void write_done(struct stream *s)
{
	if (s->finishing) {
		half_close(s);
		return;
	}
	if (s->above && stream_queued(s) <= mark(s, STREAM_LOW)) {
		s->above = false;
		if (s->ops->drained)
			s->ops->drained(s->ctx);
	}
}

static void write_queue(struct stream *s)
{
	struct buf swap = s->writing;
	uv_buf_t b;
	int rc;

	s->writing = s->waiting;
	s->waiting = swap;
	b = uv_buf_init(s->writing.data, (unsigned)s->writing.len);
	s->write.data = s;
	rc = uv_write(&s->write, &s->u.stream, &b, 1, on_written);
	if (rc < 0)
		stream_fail(s, rc);
	else
		s->in_flight = true;
}

static void write_more(struct stream *s)
{
	if (s->closing || s->in_flight)
		return;
	if (s->waiting.len > 0)
		write_queue(s);
	if (!s->closing)
		write_done(s);
}

/* Most writes fit the socket's buffer: try at once, queue what is left. */
static void write_now(struct stream *s, struct buf *out)
{
	uv_buf_t b;
	int n;

	if (s->in_flight || s->waiting.len > 0)
		return;
	b = uv_buf_init(out->data, (unsigned)out->len);
	n = uv_try_write(&s->u.stream, &b, 1);
	if (n > 0) {
		count(s, METRIC_DEBUG_SENT, (size_t)n);
		buf_consume(out, (size_t)n);
	} else if (n < 0 && n != UV_EAGAIN) {
		stream_fail(s, n);
	}
}

void stream_write(struct stream *s, struct buf *out)
{
	if (!s->closing && !s->finishing && out->len > 0)
		write_now(s, out);
	if (!s->closing && !s->finishing && out->len > 0) {
		if (!buf_add(&s->waiting, out->data, out->len))
			stream_fail(s, -ENOMEM);
		else if (!s->in_flight)
			write_queue(s);
	}
	buf_consume(out, out->len);
	if (stream_queued(s) > mark(s, STREAM_HIGH))
		s->above = true;
}

size_t stream_queued(const struct stream *s)
{
	return s->waiting.len + s->writing.len;
}

void stream_finish(struct stream *s)
{
	if (s->closing || s->finishing)
		return;
	s->finishing = true;
	buf_free(&s->in);
	uv_timer_start(&s->timer, on_finish_timeout, FINISH_MS, 0);
	stream_resume(s);
	if (!s->in_flight && s->waiting.len == 0)
		half_close(s);
}

/* reading */

static void rearm_quickack(struct stream *s)
{
	int on = 1;

	if (s->options & STREAM_QUICKACK)
		setsockopt(stream_fd(s), IPPROTO_TCP, TCP_QUICKACK, &on,
			   sizeof(on));
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct stream *s = h->data;
	static char room[READ_SIZE];  /* the loop has one thread, and the read
					 callback follows at once */

	(void)suggested;
	if (s->ops->turn && !s->ops->turn(s->ctx)) {
		*b = uv_buf_init(NULL, 0);
		return;
	}
	rearm_quickack(s);
	*b = uv_buf_init(room, sizeof(room));
}

static void tell(struct stream *s)
{
	struct buf in = s->in;

	s->in = (struct buf){ 0 };
	s->ops->data(s->ctx, &in);
	if (in.len > 0 && !s->finishing)
		s->in = in;
	else
		buf_free(&in);
}

/* What is consumed at once is not copied, and a stream that waits for its peer
 * has no memory for what will come. */
static void take(struct stream *s, struct buf *came)
{
	bool first = s->in.len == 0;

	if (first)
		s->ops->data(s->ctx, came);
	if (s->closing || s->finishing)
		return;
	if (!buf_add(&s->in, came->data, came->len))
		stream_fail(s, -ENOMEM);
	else if (!first)
		tell(s);
}

static void on_read(uv_stream_t *h, ssize_t n, const uv_buf_t *b)
{
	struct stream *s = h->data;
	struct buf came = { .data = b->base };

	if (n == UV_ENOBUFS)   /* from on_alloc */
		stream_pause(s);
	if (n == 0 || n == UV_ENOBUFS || s->closing)
		return;
	if (n < 0) {
		stream_fail(s, n == UV_EOF ? 0 : (int)n);
		return;
	}
	count(s, METRIC_DEBUG_RECEIVED, (size_t)n);
	if (s->finishing)
		return;
	came.len = (size_t)n;
	take(s, &came);
	if (!s->closing)
		rearm_quickack(s);
}

static void read_start(struct stream *s)
{
	int rc = uv_read_start(&s->u.stream, on_alloc, on_read);

	if (rc < 0 && rc != UV_EALREADY)
		stream_fail(s, rc);
}

void stream_pause(struct stream *s)
{
	if (s->closing || s->paused)
		return;
	s->paused = true;
	uv_read_stop(&s->u.stream);
}

void stream_resume(struct stream *s)
{
	if (s->closing || !s->paused)
		return;
	s->paused = false;
	read_start(s);
}

static void on_again(uv_timer_t *t)
{
	struct stream *s = t->data;

	if (!s->closing && !s->finishing && s->in.len > 0)
		tell(s);
}

void stream_again(struct stream *s)
{
	if (!s->closing && !s->finishing)
		uv_timer_start(&s->timer, on_again, 0, 0);
}

/* opening */

static void set_int(int fd, int name, int value)
{
	setsockopt(fd, IPPROTO_TCP, name, &value, sizeof(value));
}

static void set_options(struct stream *s)
{
	int fd = stream_fd(s), on = 1;

	if (s->options & STREAM_NODELAY)
		set_int(fd, TCP_NODELAY, 1);
	if (s->options & STREAM_WATCH_PEER) {
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		set_int(fd, TCP_KEEPIDLE, STREAM_PEER_GONE_MS / 3000);
		set_int(fd, TCP_KEEPINTVL, STREAM_PEER_GONE_MS / 6000);
		set_int(fd, TCP_KEEPCNT, 3);
		set_int(fd, TCP_USER_TIMEOUT, STREAM_PEER_GONE_MS);
	}
	rearm_quickack(s);
}

static int handle_init(struct stream *s, uv_stream_t *listener)
{
	if (listener->type == UV_TCP)
		return uv_tcp_init(listener->loop, &s->u.tcp);
	return uv_pipe_init(listener->loop, &s->u.pipe, 0);
}

struct stream *stream_accept(uv_stream_t *listener, unsigned options,
			     const struct stream_ops *ops, void *ctx)
{
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	if (handle_init(s, listener) < 0) {
		free(s);
		return NULL;
	}
	uv_timer_init(listener->loop, &s->timer);
	s->u.handle.data = s->timer.data = s;
	s->open_handles = 2;
	s->options = options;
	s->ops = ops;
	s->ctx = ctx;
	count_connection(s, 1);
	if (uv_accept(listener, &s->u.stream) < 0) {
		stream_close(s);
		return s;
	}
	set_options(s);
	read_start(s);
	return s;
}

int stream_fd(const struct stream *s)
{
	uv_os_fd_t fd = -1;

	uv_fileno(&s->u.handle, &fd);
	return fd;
}

void stream_sockaddr(const struct stream *s, struct sockaddr_storage *to)
{
	socklen_t len = sizeof(*to);

	memset(to, 0, sizeof(*to));
	if (getpeername(stream_fd(s), (struct sockaddr *)to, &len) < 0)
		to->ss_family = AF_UNSPEC;
}
