#include "dap_peer.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "address.h"
#include "buf.h"
#include "stream.h"

/* A debugger that asks more at once than this is not one. What we ask for
 * ourselves, such as to let the step run, has room beyond that. */
#define PENDING_MAX 4096
#define PENDING_OURS 64

struct pending {
	struct pending *next;
	int64_t seq;
	int64_t tag;
	dap_peer_reply *reply;
};

struct dap_peer {
	struct stream *stream;
	struct dap_limits limits;
	const struct dap_peer_ops *ops;
	void *ctx;
	struct pending *first, **last;
	size_t pending;
	int64_t seq;
	const char *why;
	bool paused;   /* by our user */
	bool choked;   /* until it has read what waits for it */
	bool ended;
};

/* what comes in */

static void peer_fail(struct dap_peer *p, const char *why)
{
	p->why = why;
	dap_peer_close(p);
}

static struct pending *pending_take(struct dap_peer *p, int64_t seq)
{
	for (struct pending **at = &p->first; *at; at = &(*at)->next) {
		struct pending *q = *at;

		if (q->seq != seq)
			continue;
		*at = q->next;
		if (!*at)
			p->last = at;
		p->pending--;
		return q;
	}
	return NULL;
}

static void on_response(struct dap_peer *p, const struct dap_message *m)
{
	struct pending *q = pending_take(p, m->request_seq);

	if (q && q->reply)
		q->reply(p->ctx, q->tag, m);
	free(q);
}

static void dispatch(struct dap_peer *p, const struct dap_message *m)
{
	if (m->type == DAP_REQUEST)
		p->ops->request(p->ctx, m);
	else if (m->type == DAP_EVENT)
		p->ops->event(p->ctx, m);
	else
		on_response(p, m);
}

/* One message; false when there is none to take. */
static bool take_one(struct dap_peer *p, struct buf *in)
{
	struct dap_frame frame;
	struct dap_message m;
	enum dap_error e;

	e = dap_next(in->data, in->len, &p->limits, &frame);
	if (e == DAP_MORE)
		return false;
	if (e == DAP_OK)
		e = dap_scan(frame.body, frame.body_len, p->limits.depth, &m);
	if (e != DAP_OK) {
		peer_fail(p, dap_error_text(e));
		return false;
	}
	dispatch(p, &m);
	buf_consume(in, frame.total);
	return true;
}

static void read_on(struct dap_peer *p)
{
	if (p->paused || p->choked)
		return;
	stream_resume(p->stream);
	stream_again(p->stream);
}

/* Who does not read our answers is not read from, or they would pile up. */
static bool may_read(struct dap_peer *p)
{
	if (!p->choked && dap_peer_full(p)) {
		p->choked = true;
		stream_pause(p->stream);
	}
	return !p->ended && !p->paused && !p->choked;
}

static void on_data(void *ctx, struct buf *in)
{
	struct dap_peer *p = ctx;

	while (may_read(p) && in->len > 0 && take_one(p, in))
		;
}

static void on_drained(void *ctx)
{
	struct dap_peer *p = ctx;

	if (p->ended)
		return;
	if (p->ops->drained)
		p->ops->drained(p->ctx);
	if (p->choked) {
		p->choked = false;
		read_on(p);
	}
}

static void on_closed(void *ctx, int status)
{
	struct dap_peer *p = ctx;
	struct pending *q;

	p->ended = true;
	while ((q = p->first)) {
		p->first = q->next;
		if (q->reply)
			q->reply(p->ctx, q->tag, NULL);
		free(q);
	}
	if (!p->why && status < 0)
		p->why = uv_strerror(status);
	p->ops->closed(p->ctx, p->why);
	free(p);
}

static const struct stream_ops STREAM_OPS = {
	.data = on_data,
	.drained = on_drained,
	.closed = on_closed,
};

struct dap_peer *dap_peer_accept(uv_stream_t *listener, unsigned options,
				 const struct dap_limits *limits,
				 const struct dap_peer_ops *ops, void *ctx)
{
	struct dap_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->limits = *limits;
	p->ops = ops;
	p->ctx = ctx;
	p->last = &p->first;
	p->stream = stream_accept(listener, options, &STREAM_OPS, p);
	if (!p->stream) {
		free(p);
		return NULL;
	}
	return p;
}

void dap_peer_set_limits(struct dap_peer *p, const struct dap_limits *limits)
{
	p->limits = *limits;
}

/* what goes out */

/* Remember a request, so that its answer finds its way. False: too many, or
 * no memory; the caller's reply is called with NULL then. */
static bool pending_add(struct dap_peer *p, size_t max, dap_peer_reply *reply,
			int64_t tag)
{
	struct pending *q = NULL;

	if (!p->ended && p->pending < max)
		q = calloc(1, sizeof(*q));
	if (!q) {
		if (reply)
			reply(p->ctx, tag, NULL);
		return false;
	}
	q->seq = ++p->seq;
	q->tag = tag;
	q->reply = reply;
	*p->last = q;
	p->last = &q->next;
	p->pending++;
	return true;
}

static void send_json(struct dap_peer *p, cJSON *json)
{
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;
	struct buf out = { 0 };

	if (!text || !dap_write(&out, text, strlen(text)))
		peer_fail(p, "out of memory");
	else
		stream_write(p->stream, &out);
	buf_free(&out);
	cJSON_free(text);
	cJSON_Delete(json);
}

static cJSON *message(int64_t seq, const char *type)
{
	cJSON *j = cJSON_CreateObject();

	cJSON_AddNumberToObject(j, "seq", (double)seq);
	cJSON_AddStringToObject(j, "type", type);
	return j;
}

static void add_item(cJSON *j, const char *name, cJSON *item)
{
	if (item && !cJSON_AddItemToObject(j, name, item))
		cJSON_Delete(item);
}

void dap_peer_request(struct dap_peer *p, const char *command,
		      cJSON *arguments, dap_peer_reply *reply, int64_t tag)
{
	cJSON *j;

	if (!pending_add(p, PENDING_MAX + PENDING_OURS, reply, tag)) {
		cJSON_Delete(arguments);
		return;
	}
	j = message(p->seq, "request");
	cJSON_AddStringToObject(j, "command", command);
	add_item(j, "arguments", arguments);
	send_json(p, j);
}

static void send_renumbered(struct dap_peer *p, const struct dap_message *m,
			    int64_t seq, int64_t request_seq)
{
	struct buf out = { 0 };

	if (!dap_write_renumbered(&out, m, seq, request_seq))
		peer_fail(p, "out of memory");
	else
		stream_write(p->stream, &out);
	buf_free(&out);
}

void dap_peer_forward_request(struct dap_peer *p, const struct dap_message *m,
			      dap_peer_reply *reply, int64_t tag)
{
	if (pending_add(p, PENDING_MAX, reply, tag))
		send_renumbered(p, m, p->seq, 0);
}

void dap_peer_forward(struct dap_peer *p, const struct dap_message *m,
		      int64_t request_seq)
{
	if (!p->ended)
		send_renumbered(p, m, ++p->seq, request_seq);
}

static cJSON *response(struct dap_peer *p, int64_t request_seq,
		       const char *command, bool success)
{
	cJSON *j = message(++p->seq, "response");

	cJSON_AddNumberToObject(j, "request_seq", (double)request_seq);
	cJSON_AddBoolToObject(j, "success", success);
	cJSON_AddStringToObject(j, "command", command);
	return j;
}

void dap_peer_respond(struct dap_peer *p, int64_t request_seq,
		      const char *command, cJSON *body)
{
	cJSON *j;

	if (p->ended) {
		cJSON_Delete(body);
		return;
	}
	j = response(p, request_seq, command, true);
	add_item(j, "body", body);
	send_json(p, j);
}

void dap_peer_refuse(struct dap_peer *p, int64_t request_seq,
		     const char *command, int id, const char *text)
{
	cJSON *j, *error;

	if (p->ended)
		return;
	j = response(p, request_seq, command, false);
	cJSON_AddStringToObject(j, "message", text);
	error = cJSON_AddObjectToObject(cJSON_AddObjectToObject(j, "body"),
					"error");
	cJSON_AddNumberToObject(error, "id", id);
	cJSON_AddStringToObject(error, "format", text);
	cJSON_AddBoolToObject(error, "showUser", true);
	send_json(p, j);
}

void dap_peer_fail(struct dap_peer *p, int64_t request_seq,
		   const char *command, const char *text)
{
	cJSON *j;

	if (p->ended)
		return;
	j = response(p, request_seq, command, false);
	cJSON_AddStringToObject(j, "message", text);
	send_json(p, j);
}

void dap_peer_event(struct dap_peer *p, const char *event, cJSON *body)
{
	cJSON *j;

	if (p->ended) {
		cJSON_Delete(body);
		return;
	}
	j = message(++p->seq, "event");
	cJSON_AddStringToObject(j, "event", event);
	add_item(j, "body", body ? body : cJSON_CreateObject());
	send_json(p, j);
}

const char *dap_peer_name(const struct dap_message *m, char *to, size_t size)
{
	size_t n = m->name.len < size - 1 ? m->name.len : size - 1;

	memcpy(to, m->name.p, n);
	to[n] = '\0';
	return to;
}

/* flow and end */

bool dap_peer_full(const struct dap_peer *p)
{
	return stream_queued(p->stream) > STREAM_HIGH;
}

void dap_peer_pause(struct dap_peer *p)
{
	p->paused = true;
	stream_pause(p->stream);
}

void dap_peer_resume(struct dap_peer *p)
{
	if (!p->paused)
		return;
	p->paused = false;
	read_on(p);
}

void dap_peer_close(struct dap_peer *p)
{
	p->ended = true;
	stream_close(p->stream);
}

void dap_peer_finish(struct dap_peer *p)
{
	p->ended = true;
	stream_finish(p->stream);
}

void dap_peer_sockaddr(const struct dap_peer *p, struct sockaddr_storage *to)
{
	stream_sockaddr(p->stream, to);
}

void dap_peer_address(const struct dap_peer *p, char to[static 64])
{
	struct sockaddr_storage sa;

	dap_peer_sockaddr(p, &sa);
	if (sa.ss_family == AF_UNSPEC)
		strlcpy(to, "an unknown address", 64);
	else
		address_text((struct sockaddr *)&sa, to);
}
