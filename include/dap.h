/* dap.h: framing and envelopes of the Debug Adapter Protocol. Rank 0, no I/O.
 *
 * A message is a header block and a JSON body (DAP specification, "Base
 * protocol"): "Content-Length: N\r\n\r\n" and N bytes. The adapter forwards
 * bodies as they came and replaces only the numbers `seq` and `request_seq`,
 * so a body is scanned once for its top-level members and never built up as a
 * tree. */
#ifndef PITSTOP_DAP_H
#define PITSTOP_DAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* What dap_next and dap_scan return when the bytes are not acceptable. */
enum dap_error {
	DAP_OK = 0,
	DAP_MORE = 1,            /* not an error: the message is not complete */
	DAP_HEADER_TOO_LONG = -1,
	DAP_HEADER_BAD = -2,     /* not "Name: value" lines ended by CRLF */
	DAP_LENGTH_BAD = -3,     /* missing, repeated or not a decimal number */
	DAP_BODY_TOO_LONG = -4,
	DAP_NOT_JSON = -5,       /* the body is not one JSON value */
	DAP_TOO_DEEP = -6,
	DAP_NOT_MESSAGE = -7,    /* JSON, but no DAP message */
};

/* A sentence for people, without the offending bytes. */
const char *dap_error_text(enum dap_error e);

struct dap_limits {
	size_t header;   /* bytes, with the blank line */
	size_t body;     /* bytes */
	unsigned depth;  /* nesting of arrays and objects, 1024 at most */
};

struct dap_frame {
	const char *body;
	size_t body_len;
	size_t total;    /* header and body: what to consume */
};

/* Find the first whole message in `data`. DAP_OK and *frame, DAP_MORE, or an
 * error as soon as it is certain (a length over the limit is refused before
 * its body arrives). Keeps nothing between calls. */
enum dap_error dap_next(const char *data, size_t len,
			const struct dap_limits *limits,
			struct dap_frame *frame);

/* A stretch of the body: p == NULL when the member is absent. */
struct dap_span {
	const char *p;
	size_t len;
};

enum dap_type { DAP_REQUEST, DAP_RESPONSE, DAP_EVENT };

struct dap_message {
	const char *body;
	size_t body_len;
	enum dap_type type;
	int64_t seq;
	int64_t request_seq;         /* responses */
	bool success;                /* responses */
	struct dap_span name;        /* command or event, without its quotes */
	struct dap_span arguments;   /* raw JSON, requests */
	struct dap_span data;        /* raw JSON of member "body" */
	struct dap_span message;     /* raw JSON, with quotes, responses */
	struct dap_span seq_at;      /* where the numbers stand */
	struct dap_span request_seq_at;
};

/* Check that the body is valid JSON (RFC 8259) no deeper than `depth`, and a
 * DAP message: an object with "seq" (integer), "type", and what the type asks
 * for; none of those members twice, and no escapes in their names, in the names
 * beside them or in the command, which would hide one from here and show it to
 * the receiver. Spans point into `body`. */
enum dap_error dap_scan(const char *body, size_t len, unsigned depth,
			struct dap_message *m);

/* True when the message's command or event is `name`. */
bool dap_is(const struct dap_message *m, const char *name);

/* Append the whole framed message with seq (and, in a response, request_seq)
 * replaced. False when memory is short. */
bool dap_write_renumbered(struct buf *out, const struct dap_message *m,
			  int64_t seq, int64_t request_seq);

/* Append a framed message around ready JSON text. */
bool dap_write(struct buf *out, const char *json, size_t len);

#endif
