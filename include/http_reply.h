/* http_reply.h: the answer to one request that asked to close, read from bytes
 * as they come. Rank 0, no I/O. The grammar is llhttp's. */
#ifndef PITSTOP_HTTP_REPLY_H
#define PITSTOP_HTTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include <llhttp.h>

#include "buf.h"

#define HTTP_REPLY_MAX (4 * 1024 * 1024)  /* bytes, head and all */

enum http_reply_state { HTTP_REPLY_MORE, HTTP_REPLY_DONE, HTTP_REPLY_BAD };

struct http_reply {
	enum http_reply_state state;
	int status;
	struct buf body;   /* a zero byte stands behind it once it is done */

	/* the parser's own */
	llhttp_t parser;
	size_t taken;
};

void http_reply_init(struct http_reply *r);

/* Nothing is taken once it is done or bad: what follows is nobody's. */
void http_reply_feed(struct http_reply *r, const char *data, size_t len);

/* The connection has ended: an answer without a length ends with it. */
void http_reply_end(struct http_reply *r);

void http_reply_free(struct http_reply *r);

#endif
