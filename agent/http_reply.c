#include "http_reply.h"

#include <string.h>

static int on_head(llhttp_t *p)
{
	struct http_reply *r = p->data;

	r->status = llhttp_get_status_code(p);
	return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct http_reply *r = p->data;

	return buf_add(&r->body, at, len) ? 0 : -1;
}

/* 100 Continue is not the answer; we never wait for it, and skip it. */
static int on_complete(llhttp_t *p)
{
	return llhttp_get_status_code(p) < 200 ? 0 : HPE_PAUSED;
}

static const llhttp_settings_t SETTINGS = {
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

void http_reply_init(struct http_reply *r)
{
	*r = (struct http_reply){ .state = HTTP_REPLY_MORE };
	llhttp_init(&r->parser, HTTP_RESPONSE, &SETTINGS);
	r->parser.data = r;
}

/* `body` is text for those who print it. */
static void judge(struct http_reply *r, enum llhttp_errno e)
{
	if (e == HPE_PAUSED && buf_add(&r->body, "", 1)) {
		r->body.len--;
		r->state = HTTP_REPLY_DONE;
	} else if (e != HPE_OK) {
		r->state = HTTP_REPLY_BAD;
	}
}

void http_reply_feed(struct http_reply *r, const char *data, size_t len)
{
	if (r->state != HTTP_REPLY_MORE)
		return;
	r->taken += len;
	if (r->taken > HTTP_REPLY_MAX)
		r->state = HTTP_REPLY_BAD;
	else
		judge(r, llhttp_execute(&r->parser, data, len));
}

void http_reply_end(struct http_reply *r)
{
	if (r->state != HTTP_REPLY_MORE)
		return;
	judge(r, llhttp_finish(&r->parser));
	if (r->state == HTTP_REPLY_MORE)
		r->state = HTTP_REPLY_BAD;
}

void http_reply_free(struct http_reply *r)
{
	buf_free(&r->body);
}
