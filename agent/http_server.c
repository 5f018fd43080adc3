#include "http_server.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <bsd/sys/queue.h>

#include "buf.h"
#include "cidr.h"
#include "local_socket.h"
#include "metrics.h"
#include "stream.h"
#include "tcp_server.h"

#define CONNECTIONS_MAX 10240 /* at once, and ... */
#define BUSY_MAX 1280         /* ... with a request, which takes memory */
#define OTHERS_MAX 4096       /* descriptors left to the debugger, but ... */
#define SHARE 4               /* ... one in so many of all is ours */
#define READS_MAX 512         /* in a row, before others have their turn ... */
#define READS_BESIDE 8        /* ... and beside a debugger, which needs ... */
#define BESIDE_MS 1           /* ... the CPU, too: so many, so often */
#define SWEEP_MS 1000
#define LOCAL_BACKLOG 64
#define IDLE_MS 30000         /* between requests; preconnected by a browser */
#define HEAD_MS 10000         /* for a request's head from its first byte,
				 and again for its content */
#define WRITE_MS 30000        /* for a client to take an answer */

TAILQ_HEAD(http_queue, http_connection);

/* By `since`, oldest first. */
struct http_list {
	struct http_queue all;
	unsigned count;
};

struct http_server {
	struct tcp_server *tcp;  /* NULL: none */
	uv_pipe_t local;
	struct cidr_list allow;
	http_server_handler *handler;
	void *ctx;
	uv_loop_t *loop;
	uv_timer_t sweep;
	struct http_list idle, busy;
	unsigned max;
	uv_check_t polled;
	uv_timer_t pause;        /* until the next turn, beside a debugger */
	struct http_queue waiting;  /* for their turn */
	unsigned reads;          /* left in this one */
};

enum http_turn { TURN_NONE, TURN_AWAITED, TURN_GIVEN };

/* Freed when its stream has closed, and it owes no answer. */
struct http_connection {
	struct http_server *server;
	struct http_list *list;       /* NULL: in none, it is about to end */
	TAILQ_ENTRY(http_connection) link;
	TAILQ_ENTRY(http_connection) turn_link;
	enum http_turn turn;
	struct stream *stream;        /* NULL: it has closed */
	struct http_request request;
	uint64_t since;               /* ms of the loop: what it waits for
					 began */
	bool stranger;                /* from an address that is not allowed */
	bool local;
	bool answering;               /* the handler has the request */
	bool reading;                 /* `data` is on the stack */
	bool full;                    /* an answer is not yet taken */
	bool ending;                  /* the last one is written */
};

/* the lists */

static void unlist(struct http_connection *c)
{
	struct http_list *l = c->list;

	if (!l)
		return;
	l->count--;
	TAILQ_REMOVE(&l->all, c, link);
	c->list = NULL;
}

/* Nothing is kept of it but itself. */
static bool is_idle(const struct http_connection *c)
{
	return !c->answering && !c->full && c->request.state == HTTP_IDLE;
}

/* What it waits for begins now. */
static void touch(struct http_connection *c)
{
	struct http_server *s = c->server;
	struct http_list *l = is_idle(c) ? &s->idle : &s->busy;

	unlist(c);
	c->list = l;
	c->since = uv_now(s->loop);
	l->count++;
	TAILQ_INSERT_TAIL(&l->all, c, link);
}

/* its end */

static void maybe_free(struct http_connection *c)
{
	if (c->stream || c->answering)
		return;
	http_request_reset(&c->request);
	free(c);
}

static void on_closed(void *ctx, int status)
{
	struct http_connection *c = ctx;

	(void)status;
	unlist(c);
	if (c->turn == TURN_AWAITED)
		TAILQ_REMOVE(&c->server->waiting, c, turn_link);
	c->stream = NULL;
	maybe_free(c);
}

static void cut(struct http_connection *c)
{
	unlist(c);
	c->ending = true;
	stream_close(c->stream);
}

/* A stranger's goes first, else the oldest that waits for no answer of ours. */
static struct http_connection *choose_busy(const struct http_server *s)
{
	struct http_connection *c, *found = NULL;

	TAILQ_FOREACH(c, &s->busy.all, link) {
		if (c->stranger)
			return c;
		if (!found && !c->answering)
			found = c;
	}
	return found ? found : TAILQ_LAST(&s->busy.all, http_queue);
}

static void make_room(struct http_server *s)
{
	if (s->busy.count > BUSY_MAX)
		cut(choose_busy(s));
	else if (http_server_count(s) > s->max)
		cut(s->idle.count > 0 ? TAILQ_FIRST(&s->idle.all)
				      : choose_busy(s));
}

void http_sockaddr(const struct http_connection *c,
		   struct sockaddr_storage *to)
{
	*to = (struct sockaddr_storage){ .ss_family = AF_UNSPEC };
	if (c->stream)
		stream_sockaddr(c->stream, to);
}

/* answering */

/* Keep the connection for the next request, or end it. Nothing is read before
 * the answer has been taken: what a client that reads nothing can ask for is
 * one answer. */
static void go_on(struct http_connection *c)
{
	c->full = stream_queued(c->stream) > 0;
	touch(c);
	if (c->full) {
		stream_pause(c->stream);
	} else if (c->ending) {
		stream_finish(c->stream);
	} else if (!c->reading) {
		stream_resume(c->stream);
		stream_again(c->stream);
	}
}

static void on_drained(void *ctx)
{
	go_on(ctx);
}

void http_answer(struct http_connection *c, const struct http_response *r)
{
	const struct http_manner manner = {
		.head_only = c->request.head_only,
		.keep_alive = c->request.keep_alive,
		.http_1_0 = c->request.http_1_0,
	};
	static struct buf out;   /* empty between answers */

	metric_add(r->status < 400 ? METRIC_HTTP_2XX : r->status < 500 ?
		   METRIC_HTTP_4XX : METRIC_HTTP_5XX, 1);
	c->answering = false;
	if (!c->stream) {
		maybe_free(c);
		return;
	}
	if (http_response_write(&out, r, &manner, time(NULL)))
		stream_write(c->stream, &out);
	else
		cut(c);
	buf_consume(&out, out.len);
	if (!c->list)   /* it has been cut, to make room or just now */
		return;
	c->ending = !manner.keep_alive;
	http_request_reset(&c->request);
	go_on(c);
}

void http_refuse(struct http_connection *c, int status, const char *detail,
		 const char *fields)
{
	struct buf text = { 0 };
	struct http_response r = { .status = status, .fields = fields };

	if (http_problem_write(&text, status, detail)) {
		r.type = HTTP_PROBLEM_TYPE;
		r.content = text.data;
		r.len = text.len;
	}
	http_answer(c, &r);
	buf_free(&text);
}

static void refuse_and_end(struct http_connection *c, int status,
			   const char *detail)
{
	c->request.keep_alive = false;
	http_refuse(c, status, detail, NULL);
}

/* turns */

static bool is_beside_debugger(void)
{
	return metric_value(METRIC_DEBUG_CONNECTIONS) > 0;
}

static void give_turns(struct http_server *s, unsigned reads)
{
	struct http_connection *c;

	for (s->reads = reads; s->reads > 0; s->reads--) {
		c = TAILQ_FIRST(&s->waiting);
		if (!c)
			break;
		TAILQ_REMOVE(&s->waiting, c, turn_link);
		c->turn = TURN_GIVEN;
		if (!c->answering && !c->full)
			stream_resume(c->stream);
	}
}

static void on_pause_over(uv_timer_t *t)
{
	struct http_server *s = t->data;

	give_turns(s, READS_BESIDE);
}

static void on_polled(uv_check_t *h)
{
	struct http_server *s = h->data;

	if (!is_beside_debugger()) {
		give_turns(s, READS_MAX);
		return;
	}
	if (s->reads > READS_BESIDE)
		s->reads = READS_BESIDE;
	if (s->reads < READS_BESIDE && !uv_is_active((uv_handle_t *)&s->pause))
		uv_timer_start(&s->pause, on_pause_over, BESIDE_MS, 0);
}

/* Many that ask at once must not keep a debugger's messages waiting. Who comes
 * too late for this turn is not polled until his, or all would be woken for
 * each, and the quickest to ask again had the others' turns. */
static bool on_turn(void *ctx)
{
	struct http_connection *c = ctx;
	struct http_server *s = c->server;

	if (c->turn == TURN_AWAITED)
		return false;
	if (c->turn == TURN_GIVEN) {
		c->turn = TURN_NONE;
		return true;
	}
	if (s->reads > 0) {
		s->reads--;
		return true;
	}
	c->turn = TURN_AWAITED;
	TAILQ_INSERT_TAIL(&s->waiting, c, turn_link);
	return false;
}

/* reading */

/* The client waits before it sends the content (RFC 9110 section 10.1.1). */
static void tell_to_continue(struct http_connection *c)
{
	struct buf out = { 0 };

	c->request.expects = false;
	if (buf_addf(&out, "HTTP/1.1 100 Continue\r\n\r\n"))
		stream_write(c->stream, &out);
	buf_free(&out);
}

static void act(struct http_connection *c)
{
	const struct http_request *r = &c->request;

	if (r->state == HTTP_BAD) {
		refuse_and_end(c, r->status, r->why);
	} else if (c->stranger && r->state >= HTTP_IN_BODY) {
		metric_add(METRIC_HTTP_REFUSED_ADDRESS, 1);
		refuse_and_end(c, 403, "your address is not in PITSTOP_ALLOW, "
			       "the list of addresses that may connect; set "
			       "it where the step is started");
	} else if (r->state == HTTP_DONE) {
		c->answering = true;
		c->server->handler(c->server->ctx, c, r);
	}
}

static size_t take(struct http_connection *c, const char *data, size_t len)
{
	enum http_state before = c->request.state;
	size_t used = http_request_feed(&c->request, data, len);

	if (c->request.state != before &&
	    (before == HTTP_IDLE || c->request.state == HTTP_IN_BODY)) {
		touch(c);
		make_room(c->server);
	}
	if (c->request.expects && used == len &&
	    c->request.state == HTTP_IN_BODY && !c->stranger)
		tell_to_continue(c);
	if (c->list)
		act(c);
	return used;
}

static void on_data(void *ctx, struct buf *in)
{
	struct http_connection *c = ctx;
	size_t used = 0;

	c->reading = true;
	while (used < in->len && c->list && !c->answering && !c->full &&
	       !c->ending)
		used += take(c, in->data + used, in->len - used);
	c->reading = false;
	buf_consume(in, used);
	if (c->answering)
		stream_pause(c->stream);
}

static const struct stream_ops STREAM_OPS = {
	.turn = on_turn,
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

/* time */

static void sweep_one(struct http_connection *c, uint64_t age)
{
	enum http_state state = c->request.state;

	if (c->answering)
		return;
	if (c->full || c->ending) {
		if (age >= WRITE_MS)
			cut(c);
	} else if (state == HTTP_IDLE) {
		if (age >= (c->stranger ? HEAD_MS : IDLE_MS))
			cut(c);
	} else if (age >= HEAD_MS) {
		refuse_and_end(c, 408, "the rest of the request did not come "
			       "in time");
	}
}

static void sweep_list(const struct http_list *l, uint64_t now)
{
	struct http_connection *c, *next;

	TAILQ_FOREACH_SAFE(c, &l->all, link, next)
		sweep_one(c, now - c->since);
}

static void on_sweep(uv_timer_t *t)
{
	struct http_server *s = t->data;
	uint64_t now = uv_now(s->loop);

	sweep_list(&s->idle, now);
	sweep_list(&s->busy, now);
	if (http_server_count(s) == 0)
		uv_timer_stop(t);
}

/* connections */

static void check_address(struct http_connection *c)
{
	struct sockaddr_storage from;

	http_sockaddr(c, &from);
	if (from.ss_family == AF_UNSPEC)
		cut(c);  /* it has left already */
	else
		c->stranger = !cidr_contains(&c->server->allow,
					     (struct sockaddr *)&from);
}

/* NULL: memory is short. */
static struct http_connection *accept_one(struct http_server *s,
					  uv_stream_t *listener,
					  unsigned options)
{
	struct http_connection *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->server = s;
	http_request_init(&c->request);
	c->stream = stream_accept(listener, options | STREAM_TELL_EMPTY,
				  &STREAM_OPS, c);
	if (!c->stream) {
		free(c);
		return NULL;
	}
	touch(c);
	if (!uv_is_active((uv_handle_t *)&s->sweep))
		uv_timer_start(&s->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return c;
}

static void on_connection(void *ctx, uv_stream_t *listener)
{
	struct http_server *s = ctx;
	struct http_connection *c = accept_one(s, listener, STREAM_NODELAY |
					       STREAM_WATCH_PEER);

	if (!c)
		return;
	check_address(c);
	make_room(s);
}

static void on_local_connection(uv_stream_t *listener, int status)
{
	struct http_server *s = listener->data;
	struct http_connection *c = status == 0 ? accept_one(s, listener, 0)
						: NULL;

	if (!c)
		return;
	c->local = local_socket_peer_allowed(stream_fd(c->stream));
	if (!c->local)
		cut(c);
	make_room(s);
}

bool http_is_local(const struct http_connection *c)
{
	return c->local;
}

/* opening */

/* The debugger's connections need descriptors too. */
static unsigned connections_max(void)
{
	struct rlimit limit;
	rlim_t ours;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return CONNECTIONS_MAX;
	ours = limit.rlim_cur / SHARE;
	if (limit.rlim_cur - ours > OTHERS_MAX)
		ours = limit.rlim_cur - OTHERS_MAX;
	return ours < CONNECTIONS_MAX ? (unsigned)ours : CONNECTIONS_MAX;
}

struct http_server *http_server_new(uv_loop_t *loop,
				    http_server_handler *handler, void *ctx)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = loop;
	s->handler = handler;
	s->ctx = ctx;
	s->max = connections_max();
	TAILQ_INIT(&s->idle.all);
	TAILQ_INIT(&s->busy.all);
	TAILQ_INIT(&s->waiting);
	s->reads = READS_MAX;
	uv_timer_init(loop, &s->sweep);
	uv_timer_init(loop, &s->pause);
	uv_check_init(loop, &s->polled);
	s->sweep.data = s->pause.data = s->polled.data = s;
	uv_check_start(&s->polled, on_polled);
	uv_unref((uv_handle_t *)&s->polled);
	return s;
}

unsigned http_server_count(const struct http_server *s)
{
	return s->idle.count + s->busy.count;
}

int http_server_listen(struct http_server *s, uint16_t port, unsigned more,
		       const struct cidr_list *allow)
{
	int error = 0;

	s->allow = *allow;
	s->tcp = tcp_server_open(s->loop, false, port, more, on_connection, s,
				 &error);
	return s->tcp ? tcp_server_port(s->tcp) : error;
}

static void on_local_closed(uv_handle_t *h)
{
	(void)h;
}

void http_server_listen_local(struct http_server *s, int fd)
{
	int rc = uv_pipe_init(s->loop, &s->local, 0);

	s->local.data = s;
	if (rc == 0)
		rc = uv_pipe_open(&s->local, fd);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&s->local, LOCAL_BACKLOG,
			       on_local_connection);
	if (rc < 0)
		uv_close((uv_handle_t *)&s->local, on_local_closed);
}
