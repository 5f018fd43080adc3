#include "http_request.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const FIELD_NAMES[HTTP_FIELDS] = {
	[HTTP_FIELD_HOST] = "Host",
	[HTTP_FIELD_AUTHORIZATION] = "Authorization",
	[HTTP_FIELD_ORIGIN] = "Origin",
	[HTTP_FIELD_SEC_FETCH_SITE] = "Sec-Fetch-Site",
	[HTTP_FIELD_CONTENT_TYPE] = "Content-Type",
	[HTTP_FIELD_EXPECT] = "Expect",
	[HTTP_FIELD_ACCEPT] = "Accept",
	[HTTP_FIELD_TRANSFER_ENCODING] = "Transfer-Encoding",
};

#define NO_MEMORY "memory is short"

/* For the parser's callbacks, too: it stops then. */
static int refuse(struct http_request *r, int status, const char *why)
{
	r->state = HTTP_BAD;
	r->status = status;
	r->why = why;
	r->keep_alive = false;
	return HPE_USER;
}

/* the request line */

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static size_t token_length(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_token_char(*p))
		p++;
	return (size_t)(p - start);
}

static size_t target_length(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && *p > ' ' && *p < 0x7f)
		p++;
	return (size_t)(p - start);
}

static bool is_version(const char *p, const char *end)
{
	return end - p == 8 && memcmp(p, "HTTP/", 5) == 0 &&
	       isdigit((unsigned char)p[5]) && p[6] == '.' &&
	       isdigit((unsigned char)p[7]);
}

/* The line is complete. llhttp takes more blanks, other protocols, and a line
 * without a version. */
static void check_line(struct http_request *r)
{
	const char *p = r->head.data;
	const char *end = p + r->head.len - 2;
	size_t method = token_length(p, end), target;

	p += method;
	if (method == 0 || p == end || *p++ != ' ') {
		refuse(r, 400, "the request line has no method");
		return;
	}
	target = target_length(p, end);
	r->target.at = (size_t)(p - r->head.data);
	r->target.len = target;
	p += target;
	if (target == 0 || p == end || *p++ != ' ' || !is_version(p, end))
		refuse(r, 400, "the request line is not \"METHOD TARGET "
			       "HTTP/1.1\"");
	else if (p[5] != '1' || p[7] > '1')
		refuse(r, 505, "only HTTP/1.1 and HTTP/1.0 are served");
	else
		r->http_1_0 = p[7] == '0';
}

/* No line of a request has it, as TLS's first byte; or a line's end that is
 * not CR LF. */
static bool is_odd(const struct http_request *r, size_t at)
{
	unsigned char c = (unsigned char)r->head.data[at];
	bool after_cr = at > 0 && r->head.data[at - 1] == '\r';

	return (c < ' ' && c != '\r' && c != '\n') || c >= 0x7f ||
	       (c == '\n') != after_cr;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Empty lines before a request are passed over, RFC 9112 section 2.2. */
static void end_line(struct http_request *r)
{
	if (r->head.len == 2) {
		r->head.len = 0;
		return;
	}
	r->state = HTTP_IN_HEAD;
	check_line(r);
}

static size_t feed_line(struct http_request *r, const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	size_t from = r->head.len, n;

	n = least(end ? (size_t)(end - data) + 1 : len, HTTP_LINE_MAX - from);
	if (!buf_add(&r->head, data, n)) {
		refuse(r, 500, NO_MEMORY);
		return n;
	}
	for (size_t at = from; at < r->head.len; at++)
		if (is_odd(r, at)) {
			refuse(r, 400, "this is no HTTP request");
			return n;
		}
	if (r->head.data[r->head.len - 1] == '\n')
		end_line(r);
	else if (r->head.data[0] != '\r')
		r->state = HTTP_IN_LINE;
	if (r->head.len == HTTP_LINE_MAX && r->state < HTTP_IN_HEAD)
		refuse(r, 414, "the request line is too long");
	return n;
}

/* header fields: llhttp's callbacks */

static struct http_span span_of(const struct http_request *r, const char *at,
				size_t len)
{
	return (struct http_span){ (size_t)(at - r->head.data), len };
}

/* Pieces of one text follow each other in the head. */
static void add_to(struct http_span *span, struct http_span more)
{
	if (span->len == 0)
		*span = more;
	else
		span->len += more.len;
}

static int on_name(llhttp_t *p, const char *at, size_t len)
{
	struct http_request *r = p->data;

	if (r->state == HTTP_IN_HEAD)
		add_to(&r->name, span_of(r, at, len));
	return 0;
}

static int find_field(const struct http_request *r)
{
	const char *name = r->head.data + r->name.at;

	for (int i = 0; i < HTTP_FIELDS; i++)
		if (strlen(FIELD_NAMES[i]) == r->name.len &&
		    strncasecmp(FIELD_NAMES[i], name, r->name.len) == 0)
			return i;
	return -1;
}

static int on_name_complete(llhttp_t *p)
{
	struct http_request *r = p->data;

	if (++r->fields > HTTP_FIELDS_MAX)
		return refuse(r, 431, "there are too many header fields");
	if (r->state != HTTP_IN_HEAD)
		return 0;
	r->current = find_field(r);
	if (r->current >= 0) {
		struct http_span *value = &r->value[r->current];

		if (value->at && r->current != HTTP_FIELD_ACCEPT)
			return refuse(r, 400, "a header field that may stand "
					      "once stands twice");
		/* It is there, also when no value follows. */
		*value = (struct http_span){ r->name.at + r->name.len, 0 };
	}
	r->name.len = 0;
	return 0;
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	struct http_request *r = p->data;

	if (r->state == HTTP_IN_HEAD && r->current >= 0)
		add_to(&r->value[r->current], span_of(r, at, len));
	return 0;
}

/* the head as a whole */

/* `span` becomes a C string; what is behind it has been read. */
static char *text_of(struct http_request *r, struct http_span span)
{
	char *text = r->head.data + span.at;

	while (span.len > 0 && (text[span.len - 1] == ' ' ||
				text[span.len - 1] == '\t'))
		span.len--;
	text[span.len] = '\0';
	return text;
}

static bool is_host(const char *text)
{
	while (isalnum((unsigned char)*text) ||
	       (*text && strchr("-._~%!$&'()*+,;=:[]", *text)))
		text++;
	return !*text;
}

/* RFC 9112 section 3.2: "/path?query", "http://host/path?query", or "*". */
static int split_target(struct http_request *r)
{
	static const char HTTP[] = "http://";
	char *target = text_of(r, r->target), *rest = target, *query;

	if (strchr(target, '#'))
		return refuse(r, 400, "the target has a fragment");
	if (strncasecmp(target, HTTP, strlen(HTTP)) == 0) {
		size_t host = strcspn(target + strlen(HTTP), "/?");

		rest = target + strlen(HTTP) + host;
		/* The path begins with its slash, which may be missing; one
		 * of the scheme's makes room. */
		memmove(target + 1, target + strlen(HTTP), host);
		target[1 + host] = '\0';
		if (host == 0 || !is_host(target + 1))
			return refuse(r, 400, "the target's host is none");
		if (*rest != '/')
			*--rest = '/';
	}
	query = strchr(rest, '?');
	if (query)
		*query++ = '\0';
	r->path = rest;
	r->query = query;
	if (*rest == '/' || (r->method == HTTP_OPTIONS && !query &&
			     strcmp(rest, "*") == 0))
		return 0;
	return refuse(r, 400, "the target is no path");
}

static int check_host(struct http_request *r)
{
	const char *host = r->field[HTTP_FIELD_HOST];

	if (!host && !r->http_1_0)
		return refuse(r, 400, "there is no Host");
	if (host && !is_host(host))
		return refuse(r, 400, "the Host is none");
	return 0;
}

static int check_encoding(struct http_request *r)
{
	const char *encoding = r->field[HTTP_FIELD_TRANSFER_ENCODING];

	if (!encoding || (!r->http_1_0 && strcasecmp(encoding, "chunked") == 0))
		return 0;
	if (r->http_1_0 || !*encoding)
		return refuse(r, 400, "there is a Transfer-Encoding where "
				      "none can be");
	return refuse(r, 501, "no Transfer-Encoding but chunked is served");
}

static bool has_content(const struct http_request *r)
{
	return (r->parser.flags & F_CHUNKED) || r->parser.content_length > 0;
}

static int check_expect(struct http_request *r)
{
	const char *expect = r->field[HTTP_FIELD_EXPECT];

	if (!expect || r->http_1_0)
		return 0;
	if (strcasecmp(expect, "100-continue") != 0)
		return refuse(r, 417, "nothing can be expected but "
				      "100-continue");
	r->expects = has_content(r);
	return 0;
}

static int check_length(struct http_request *r)
{
	if (!(r->parser.flags & F_CHUNKED) &&
	    r->parser.content_length > HTTP_BODY_MAX)
		return refuse(r, 413, "the content is too large");
	return 0;
}

static void note_head(struct http_request *r)
{
	r->method = (enum llhttp_method)llhttp_get_method(&r->parser);
	r->head_only = r->method == HTTP_HEAD;
	for (int i = 0; i < HTTP_FIELDS; i++)
		if (r->value[i].at)
			r->field[i] = text_of(r, r->value[i]);
}

static int on_head_complete(llhttp_t *p)
{
	struct http_request *r = p->data;

	note_head(r);
	if (r->method == HTTP_CONNECT)
		return refuse(r, 501, "CONNECT is not served");
	if (check_host(r) || split_target(r) || check_encoding(r) ||
	    check_expect(r) || check_length(r))
		return HPE_USER;
	r->keep_alive = llhttp_should_keep_alive(p);
	p->upgrade = 0;   /* asked for, and not granted: RFC 9110, 7.8 */
	return HPE_PAUSED;
}

/* Why llhttp has stopped, where no callback of ours made it. */
static void refuse_head(struct http_request *r, llhttp_errno_t error)
{
	if (r->state == HTTP_BAD)
		return;
	if (error == HPE_INVALID_METHOD || error == HPE_INVALID_CONSTANT)
		refuse(r, 501, "this method is not served");
	else
		refuse(r, 400, llhttp_get_error_reason(&r->parser));
}

/* Run llhttp over what is new in the head. Returns how much of it was used. */
static size_t run_head(struct http_request *r, size_t from)
{
	const char *start = r->head.data + from;
	llhttp_errno_t error;
	size_t used;

	error = llhttp_execute(&r->parser, start, r->head.len - from);
	if (error == HPE_OK && r->head.len < HTTP_HEAD_MAX)
		return r->head.len - from;
	if (error == HPE_OK) {
		refuse(r, 431, "the header fields are too long");
		return r->head.len - from;
	}
	used = (size_t)(llhttp_get_error_pos(&r->parser) - start);
	if (error != HPE_PAUSED) {
		refuse_head(r, error);
	} else {
		r->state = has_content(r) ? HTTP_IN_BODY : HTTP_DONE;
		llhttp_resume(&r->parser);
	}
	return used;
}

static size_t feed_head(struct http_request *r, const char *data, size_t len)
{
	size_t from = r->head.len, n = least(len, HTTP_HEAD_MAX - from), used;

	if (!buf_add(&r->head, data, n)) {
		refuse(r, 500, NO_MEMORY);
		return 0;
	}
	used = run_head(r, from);
	r->head.len = from + used;
	return used;
}

/* content */

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	struct http_request *r = p->data;

	if (r->body.len + len > HTTP_BODY_MAX)
		return refuse(r, 413, "the content is too large");
	if (!buf_add(&r->body, at, len))
		return refuse(r, 500, NO_MEMORY);
	return 0;
}

static int on_complete(llhttp_t *p)
{
	struct http_request *r = p->data;

	r->state = HTTP_DONE;
	return HPE_PAUSED;
}

static size_t feed_body(struct http_request *r, const char *data, size_t len)
{
	size_t n = least(len, HTTP_RAW_MAX - r->raw);
	llhttp_errno_t error = llhttp_execute(&r->parser, data, n);

	if (error != HPE_OK)
		n = (size_t)(llhttp_get_error_pos(&r->parser) - data);
	r->raw += n;
	if (error != HPE_OK && error != HPE_PAUSED)
		refuse_head(r, error);
	else if (error == HPE_OK && r->raw == HTTP_RAW_MAX)
		refuse(r, 413, "the content is too large");
	return n;
}

/* all of it */

static const llhttp_settings_t SETTINGS = {
	.on_header_field = on_name,
	.on_header_field_complete = on_name_complete,
	.on_header_value = on_value,
	.on_headers_complete = on_head_complete,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

void http_request_init(struct http_request *r)
{
	*r = (struct http_request){ .current = -1 };
	llhttp_init(&r->parser, HTTP_REQUEST, &SETTINGS);
	r->parser.data = r;
}

/* llhttp gets the line once it is known to be one. */
static size_t feed_some(struct http_request *r, const char *data, size_t len)
{
	size_t used;

	if (r->state == HTTP_IN_HEAD)
		return feed_head(r, data, len);
	if (r->state == HTTP_IN_BODY)
		return feed_body(r, data, len);
	used = feed_line(r, data, len);
	if (r->state == HTTP_IN_HEAD)
		run_head(r, 0);
	return used;
}

size_t http_request_feed(struct http_request *r, const char *data, size_t len)
{
	size_t used = 0;

	while (used < len && r->state != HTTP_DONE && r->state != HTTP_BAD)
		used += feed_some(r, data + used, len - used);
	return used;
}

void http_request_reset(struct http_request *r)
{
	buf_free(&r->head);
	buf_free(&r->body);
	http_request_init(r);
}
