/* http_client.h: POSTs of JSON by libcurl, on the loop. Rank 1.
 *
 * Certificates are verified against the file (or directory) that SSL_CERT_FILE,
 * REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names, else against the system's.
 * HTTPS_PROXY, NO_PROXY and the like mean what they mean to curl. A redirection
 * by 307 or 308 is followed, a few times and never from https to http; to
 * another origin without the header Authorization. All else is an answer like
 * others. */
#ifndef PITSTOP_HTTP_CLIENT_H
#define PITSTOP_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#define HTTP_CLIENT_BODY_MAX (256 * 1024) /* of an answer, which may give its
					     reasons for each of a request's 200
					     items; a longer one is cut there */
#define HTTP_CLIENT_WHERE 300             /* bytes that always suffice */

struct http_client;

struct http_client_request {
	const char *url;
	const char *const *headers;  /* "Name: value", up to NULL */
	const char *body;
	size_t length;
};

struct http_client_answer {
	int status;           /* 0: none came */
	const char *body;     /* with a NUL behind it */
	int64_t retry_after;  /* ms, 0: nothing is said */
	char why[96];         /* what failed, without anything of the URL;
				 "": the status tells */
};

typedef void http_client_done(void *ctx, const struct http_client_answer *a);

/* NULL when memory is short. It is never closed. */
struct http_client *http_client_open(uv_loop_t *loop);

/* done(ctx, ...) comes once, from the loop and never from here; until then what
 * the request points to has to stay. False: memory is short. */
bool http_client_post(struct http_client *c,
		      const struct http_client_request *r,
		      http_client_done *done, void *ctx);

/* What may be told of a URL: "https://host" or "http://host:port". False when
 * it is not one that a POST can go to. */
bool http_client_where(const char *url, char to[static HTTP_CLIENT_WHERE]);

#endif
