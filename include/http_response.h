/* http_response.h: an answer as HTTP/1.1 writes it. Rank 0, no I/O, no clock.
 */
#ifndef PITSTOP_HTTP_RESPONSE_H
#define PITSTOP_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct buf;

#define HTTP_PROBLEM_TYPE "application/problem+json"

struct http_response {
	int status;
	const char *type;    /* of the content; NULL: there is none */
	const char *fields;  /* further header fields, CR LF behind each; NULL */
	const char *content;
	size_t len;          /* bytes of it */
};

/* How one request wants its answer. */
struct http_manner {
	bool head_only;      /* as if there were content, but without it */
	bool keep_alive;
	bool http_1_0;       /* it has to be told of keep-alive */
};

/* Append head and content. Nothing may be stored on the way, and a content is
 * what its type says. False when memory is short. */
bool http_response_write(struct buf *to, const struct http_response *r,
			 const struct http_manner *manner, time_t now);

/* Append a problem document (RFC 9457) that says `detail`. */
bool http_problem_write(struct buf *to, int status, const char *detail);

/* "Not Found"; "Unknown" for a status that is none. */
const char *http_reason(int status);

#endif
