#include "dap.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "buf.h"
#include "cursor.h"
#include "json.h"

/* errors */

static const struct {
	enum dap_error error;
	const char *text;
} ERRORS[] = {
	{ DAP_OK, "no error" },
	{ DAP_MORE, "the message is not complete" },
	{ DAP_HEADER_TOO_LONG, "the message's header is too long" },
	{ DAP_HEADER_BAD, "this is no message of the Debug Adapter Protocol" },
	{ DAP_LENGTH_BAD, "the message's header needs one Content-Length, "
			  "a decimal number" },
	{ DAP_BODY_TOO_LONG, "the message is too long" },
	{ DAP_NOT_JSON, "the message's body is not valid JSON" },
	{ DAP_TOO_DEEP, "the message's body is nested too deeply" },
	{ DAP_NOT_MESSAGE, "the message's body is no request, response or "
			   "event" },
};

const char *dap_error_text(enum dap_error e)
{
	for (size_t i = 0; i < sizeof(ERRORS) / sizeof(ERRORS[0]); i++)
		if (ERRORS[i].error == e)
			return ERRORS[i].text;
	return "unknown error";
}

/* the header block: RFC 9110's field lines */

static bool take_token_byte(struct cursor *c)
{
	int byte = cursor_peek(c);

	if (cursor_take_between(c, 'a', 'z') ||
	    cursor_take_between(c, 'A', 'Z') ||
	    cursor_take_between(c, '0', '9'))
		return true;
	if (byte <= 0 || !strchr("!#$%&'*+-.^_`|~", byte))
		return false;
	c->p++;
	return true;
}

static bool take_blank(struct cursor *c)
{
	return cursor_take(c, ' ') || cursor_take(c, '\t');
}

static bool take_value_byte(struct cursor *c)
{
	return cursor_take(c, '\t') || cursor_take_between(c, ' ', '~') ||
	       cursor_take_between(c, 0x80, 0xff);
}

static enum dap_error take_name(struct cursor *c, struct dap_span *name)
{
	name->p = c->p;
	while (take_token_byte(c))
		;
	name->len = (size_t)(c->p - name->p);
	if (c->p == c->end)
		return DAP_MORE;
	return name->len > 0 && cursor_take(c, ':') ? DAP_OK : DAP_HEADER_BAD;
}

/* The value with its line's end behind it; blanks around it do not count. */
static enum dap_error take_value(struct cursor *c, struct dap_span *value)
{
	const char *end;

	while (take_blank(c))
		;
	value->p = c->p;
	while (take_value_byte(c))
		;
	end = c->p;
	while (end > value->p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	value->len = (size_t)(end - value->p);
	if (cursor_peek(c) >= 0 && !cursor_take(c, '\r'))
		return DAP_HEADER_BAD;
	if (c->p == c->end)
		return DAP_MORE;
	return cursor_take(c, '\n') ? DAP_OK : DAP_HEADER_BAD;
}

static enum dap_error read_length(const struct dap_span *value, size_t limit,
				  size_t *length)
{
	struct cursor c = { value->p, value->p + value->len };
	size_t n = 0;

	if (!cursor_digits(&c) || c.p != c.end)
		return DAP_LENGTH_BAD;
	for (c.p = value->p; c.p < c.end; c.p++) {
		size_t digit = (size_t)(*c.p - '0');

		if (n > limit / 10 || digit > limit - n * 10)
			return DAP_BODY_TOO_LONG;
		n = n * 10 + digit;
	}
	*length = n;
	return DAP_OK;
}

static enum dap_error take_field(struct cursor *c, size_t limit,
				 size_t *length, bool *have_length)
{
	static const char NAME[] = "Content-Length";
	struct dap_span name, value;
	enum dap_error e = take_name(c, &name);

	if (e == DAP_OK)
		e = take_value(c, &value);
	if (e != DAP_OK || name.len != sizeof(NAME) - 1 ||
	    strncasecmp(name.p, NAME, name.len) != 0)
		return e;
	if (*have_length)
		return DAP_LENGTH_BAD;
	*have_length = true;
	return read_length(&value, limit, length);
}

/* All fields and the blank line behind them, of which there is at least one
 * field: a blank first line is no header name. */
static enum dap_error take_header(struct cursor *c, size_t limit,
				  size_t *length)
{
	bool have_length = false;
	enum dap_error e;

	do {
		e = take_field(c, limit, length, &have_length);
		if (e != DAP_OK)
			return e;
	} while (!cursor_take(c, '\r'));
	if (c->p == c->end)
		return DAP_MORE;
	if (!cursor_take(c, '\n'))
		return DAP_HEADER_BAD;
	return have_length ? DAP_OK : DAP_LENGTH_BAD;
}

enum dap_error dap_next(const char *data, size_t len,
			const struct dap_limits *limits,
			struct dap_frame *frame)
{
	size_t header = len < limits->header ? len : limits->header;
	size_t length = 0;
	struct cursor c;
	enum dap_error e;

	if (len == 0)
		return DAP_MORE;
	c = (struct cursor){ data, data + header };
	e = take_header(&c, limits->body, &length);
	if (e == DAP_MORE && header == limits->header)
		return DAP_HEADER_TOO_LONG;
	if (e != DAP_OK)
		return e;
	header = (size_t)(c.p - data);
	if (len - header < length)
		return DAP_MORE;
	frame->body = c.p;
	frame->body_len = length;
	frame->total = header + length;
	return DAP_OK;
}

/* the members of a message */

enum member {
	SEQ, TYPE, REQUEST_SEQ, SUCCESS, COMMAND, EVENT, ARGUMENTS, BODY,
	MESSAGE, MEMBERS
};

static const char *const MEMBER_NAMES[MEMBERS] = {
	[SEQ] = "seq",
	[TYPE] = "type",
	[REQUEST_SEQ] = "request_seq",
	[SUCCESS] = "success",
	[COMMAND] = "command",
	[EVENT] = "event",
	[ARGUMENTS] = "arguments",
	[BODY] = "body",
	[MESSAGE] = "message",
};

/* What a message of each type must have, and where its name stands. */
static const struct {
	const char *type;
	enum member name;
} TYPES[] = {
	[DAP_REQUEST] = { "\"request\"", COMMAND },
	[DAP_RESPONSE] = { "\"response\"", COMMAND },
	[DAP_EVENT] = { "\"event\"", EVENT },
};

static bool span_is(const struct dap_span *s, const char *text)
{
	size_t len = strlen(text);

	return s->p && s->len == len && memcmp(s->p, text, len) == 0;
}

/* A known member's place, `other` for an unknown one; NULL when it stands
 * there already, or its name has an escape and might be anything. */
static struct dap_span *place_of(struct dap_span found[static MEMBERS],
				 const struct dap_span *name,
				 struct dap_span *other)
{
	for (int i = 0; i < MEMBERS; i++)
		if (span_is(name, MEMBER_NAMES[i]))
			return found[i].p ? NULL : &found[i];
	return memchr(name->p, '\\', name->len) ? NULL : other;
}

/* A body on its way through dap_scan. */
struct scan {
	struct cursor at;
	unsigned depth;
	bool odd;  /* JSON so far, but no message; bad JSON behind it is the
		      graver error, so the scan goes on */
	struct dap_span found[MEMBERS];
};

static enum dap_error take_any(struct scan *s)
{
	switch (json_skip(&s->at, s->depth)) {
	case JSON_OK: return DAP_OK;
	case JSON_TOO_DEEP: return DAP_TOO_DEEP;
	default: return DAP_NOT_JSON;
	}
}

/* "name": value of the top-level object. */
static enum dap_error take_member(struct scan *s)
{
	struct dap_span name = { s->at.p, 0 }, other, *value;
	enum dap_error e;

	if (!json_skip_string(&s->at))
		return DAP_NOT_JSON;
	name.p++;
	name.len = (size_t)(s->at.p - name.p) - 1;
	json_skip_blanks(&s->at);
	if (!cursor_take(&s->at, ':'))
		return DAP_NOT_JSON;
	json_skip_blanks(&s->at);
	value = place_of(s->found, &name, &other);
	if (!value) {
		s->odd = true;
		value = &other;
	}
	value->p = s->at.p;
	e = take_any(s);
	value->len = (size_t)(s->at.p - value->p);
	return e;
}

/* The members and the brace behind them. */
static enum dap_error take_members(struct scan *s)
{
	enum dap_error e;

	json_skip_blanks(&s->at);
	if (cursor_take(&s->at, '}'))
		return DAP_OK;
	for (;;) {
		e = take_member(s);
		if (e != DAP_OK)
			return e;
		json_skip_blanks(&s->at);
		if (cursor_take(&s->at, '}'))
			return DAP_OK;
		if (!cursor_take(&s->at, ','))
			return DAP_NOT_JSON;
		json_skip_blanks(&s->at);
	}
}

static enum dap_error take_body(struct scan *s)
{
	enum dap_error e;

	json_skip_blanks(&s->at);
	if (s->depth > 0 && cursor_take(&s->at, '{')) {
		s->depth--;
		e = take_members(s);
	} else {
		s->odd = true;
		e = take_any(s);
	}
	if (e != DAP_OK)
		return e;
	json_skip_blanks(&s->at);
	return s->at.p == s->at.end ? DAP_OK : DAP_NOT_JSON;
}

static bool read_integer(const struct dap_span *s, int64_t *to)
{
	struct cursor c = { s->p, s->p + s->len };
	bool negative = cursor_take(&c, '-');
	int64_t n = 0;

	while (cursor_take_between(&c, '0', '9'))
		/* Counted downwards, where there is room for one more. */
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_sub_overflow(n, c.p[-1] - '0', &n))
			return false;
	if (c.p != c.end || (!negative && n == INT64_MIN))
		return false;
	*to = negative ? n : -n;
	return true;
}

/* A string's text. Escapes in it are refused: the receiver would read another
 * name than the one that was judged here. */
static bool read_name(const struct dap_span *s, struct dap_span *to)
{
	if (!s->p || *s->p != '"' || memchr(s->p, '\\', s->len))
		return false;
	*to = (struct dap_span){ s->p + 1, s->len - 2 };
	return true;
}

static bool read_type(const struct dap_span *s, enum dap_type *type)
{
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		if (span_is(s, TYPES[i].type)) {
			*type = (enum dap_type)i;
			return true;
		}
	}
	return false;
}

static bool read_response(struct dap_span found[static MEMBERS],
			  struct dap_message *m)
{
	m->success = span_is(&found[SUCCESS], "true");
	return (m->success || span_is(&found[SUCCESS], "false")) &&
	       found[REQUEST_SEQ].p &&
	       read_integer(&found[REQUEST_SEQ], &m->request_seq);
}

static bool read_message(struct dap_span found[static MEMBERS],
			 struct dap_message *m)
{
	m->seq_at = found[SEQ];
	m->request_seq_at = found[REQUEST_SEQ];
	m->arguments = found[ARGUMENTS];
	m->data = found[BODY];
	m->message = found[MESSAGE];
	return found[SEQ].p && read_integer(&found[SEQ], &m->seq) &&
	       read_type(&found[TYPE], &m->type) &&
	       read_name(&found[TYPES[m->type].name], &m->name) &&
	       (m->type != DAP_RESPONSE || read_response(found, m));
}

enum dap_error dap_scan(const char *body, size_t len, unsigned depth,
			struct dap_message *m)
{
	struct scan s = { .depth = depth };
	enum dap_error e;

	if (len == 0)
		return DAP_NOT_JSON;
	s.at = (struct cursor){ body, body + len };
	e = take_body(&s);
	if (e != DAP_OK)
		return e;
	*m = (struct dap_message){ .body = body, .body_len = len };
	return !s.odd && read_message(s.found, m) ? DAP_OK : DAP_NOT_MESSAGE;
}

bool dap_is(const struct dap_message *m, const char *name)
{
	return span_is(&m->name, name);
}

/* writing */

struct edit {
	const struct dap_span *at;
	char text[24];
	size_t len;
};

static struct edit edit(const struct dap_span *at, int64_t number)
{
	struct edit e = { .at = at };

	e.len = (size_t)snprintf(e.text, sizeof(e.text), "%" PRId64, number);
	return e;
}

/* Append header and body, with edits in the order in which they stand in the
 * body. */
static bool add_message(struct buf *out, const char *body, size_t len,
			const struct edit *edits, int count)
{
	const char *end = body + len;

	for (int i = 0; i < count; i++)
		len += edits[i].len - edits[i].at->len;
	if (!buf_addf(out, "Content-Length: %zu\r\n\r\n", len))
		return false;
	for (int i = 0; i < count; i++) {
		const struct dap_span *at = edits[i].at;

		if (!buf_add(out, body, (size_t)(at->p - body)) ||
		    !buf_add(out, edits[i].text, edits[i].len))
			return false;
		body = at->p + at->len;
	}
	return buf_add(out, body, (size_t)(end - body));
}

static bool write_message(struct buf *out, const char *body, size_t len,
			  const struct edit *edits, int count)
{
	size_t start = out->len;
	bool ok = add_message(out, body, len, edits, count);

	if (!ok)
		out->len = start;
	return ok;
}

bool dap_write(struct buf *out, const char *json, size_t len)
{
	return write_message(out, json, len, NULL, 0);
}

bool dap_write_renumbered(struct buf *out, const struct dap_message *m,
			  int64_t seq, int64_t request_seq)
{
	bool response = m->type == DAP_RESPONSE;
	bool swap = response && m->request_seq_at.p < m->seq_at.p;
	struct edit edits[2];

	edits[swap] = edit(&m->seq_at, seq);
	edits[!swap] = edit(&m->request_seq_at, request_seq);
	return write_message(out, m->body, m->body_len, edits,
			     response ? 2 : 1);
}
