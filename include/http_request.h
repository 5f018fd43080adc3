/* http_request.h: one HTTP/1.1 request, read from bytes as they come. Rank 0,
 * no I/O. The grammar is llhttp's; what it lets pass and RFC 9112 does not, or
 * what two parsers could read in two ways, is refused here. */
#ifndef PITSTOP_HTTP_REQUEST_H
#define PITSTOP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <llhttp.h>

#include "buf.h"

#define HTTP_LINE_MAX 8000       /* bytes of the request line: 414 */
#define HTTP_HEAD_MAX 16384      /* bytes of line and header fields: 431 */
#define HTTP_FIELDS_MAX 100      /* header fields: 431 */
#define HTTP_BODY_MAX 16384      /* bytes of content: 413 ... */
#define HTTP_RAW_MAX 65536       /* ... and with chunk sizes and trailers */

/* The header fields that somebody here reads. */
enum http_field {
	HTTP_FIELD_HOST,
	HTTP_FIELD_AUTHORIZATION,
	HTTP_FIELD_ORIGIN,
	HTTP_FIELD_SEC_FETCH_SITE,
	HTTP_FIELD_CONTENT_TYPE,
	HTTP_FIELD_EXPECT,
	HTTP_FIELD_ACCEPT,
	HTTP_FIELD_TRANSFER_ENCODING,
	HTTP_FIELDS
};

enum http_state {
	HTTP_IDLE,      /* nothing came yet but empty lines */
	HTTP_IN_LINE,
	HTTP_IN_HEAD,
	HTTP_IN_BODY,
	HTTP_DONE,
	HTTP_BAD,       /* to be refused with `status`, and closed */
};

struct http_span {
	size_t at, len;  /* in the head */
};

/* Readable once it is HTTP_DONE: all texts are its own until the reset. Of a
 * HTTP_BAD one `status`, `why` and, where they were told, method and version
 * alone. */
struct http_request {
	enum http_state state;
	int status;                 /* why it is refused, 0: it is not ... */
	const char *why;            /* ... as a sentence */
	enum llhttp_method method;
	bool head_only;             /* HEAD: the answer has no content */
	bool http_1_0;
	bool keep_alive;
	bool expects;               /* 100 Continue, before its content comes */
	const char *path;           /* "/...", or "*"; as it came */
	const char *query;          /* behind "?"; NULL when there is none */
	const char *field[HTTP_FIELDS];  /* NULL when absent */
	struct buf body;

	/* the parser's own */
	llhttp_t parser;
	struct buf head;
	struct http_span target, name, value[HTTP_FIELDS];
	unsigned fields;
	int current;                /* field whose value is read, -1: none */
	size_t raw;                 /* bytes of the body as they came */
};

void http_request_init(struct http_request *r);

/* Read on. Returns how many bytes were used: fewer than `len` when it is done,
 * and the rest is the next request's, or when it is bad. */
size_t http_request_feed(struct http_request *r, const char *data, size_t len);

/* Free what it has, and be ready for the next one. */
void http_request_reset(struct http_request *r);

#endif
