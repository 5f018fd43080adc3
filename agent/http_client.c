#include "http_client.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <curl/curl.h>

#include "buf.h"

#define CONNECT_MS 10000L
#define WHOLE_MS 30000L   /* of a request, however busy its server keeps us */
#define PROTOCOLS "http,https"
#define REDIRECTIONS_MAX 3
#define AUTHORIZATION "Authorization:"

struct http_client {
	uv_loop_t *loop;
	uv_timer_t timer;
	CURLM *multi;
};

struct post {
	CURL *easy;
	struct curl_slist *headers;
	unsigned redirections;
	struct buf answer;
	http_client_done *done;
	void *ctx;
};

/* A socket of curl's. */
struct watch {
	uv_poll_t poll;
	struct http_client *client;
	curl_socket_t fd;
};

/* what came of a request */

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct post *p = ctx;
	size_t room = HTTP_CLIENT_BODY_MAX - p->answer.len, len = size * n;

	return buf_add(&p->answer, data, len < room ? len : room) &&
	       len <= room ? len : 0;
}

/* curl's own words may have a user and a password in them. */
static const char *phrase(CURLcode rc)
{
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "the proxy's name is not known";
	case CURLE_COULDNT_RESOLVE_HOST:
		return "its name is not known";
	case CURLE_COULDNT_CONNECT:
		return "no connection";
	case CURLE_OPERATION_TIMEDOUT:
		return "no answer in time";
	case CURLE_PEER_FAILED_VERIFICATION:
		return "its certificate cannot be verified (SSL_CERT_FILE "
		       "names the file with the CAs)";
	case CURLE_SSL_CACERT_BADFILE:
		return "the file with the CAs cannot be read";
	case CURLE_SSL_CONNECT_ERROR:
		return "no agreement about TLS";
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return "what it says is no HTTP";
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return "the connection broke";
	default:
		return NULL;
	}
}

static void explain(CURL *easy, CURLcode rc, char *to, size_t size)
{
	const char *said = phrase(rc);
	long proxy = 0, error = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
	if (proxy >= 300)
		snprintf(to, size, "the proxy answered %ld", proxy);
	else if (rc == CURLE_COULDNT_CONNECT && error)
		snprintf(to, size, "%s (%s)", said, strerror((int)error));
	else if (said)
		snprintf(to, size, "%s", said);
	else
		snprintf(to, size, "curl's error %d", (int)rc);
}

/* Where a status has come, a body that broke off is no matter. */
static void describe(struct post *p, CURLcode rc, struct http_client_answer *a)
{
	curl_off_t after = 0;
	long status = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &after);
	if (status >= 200)
		a->status = (int)status;
	else
		explain(p->easy, rc, a->why, sizeof(a->why));
	if (status >= 300 && status < 400)
		snprintf(a->why, sizeof(a->why), "it answered %ld, a "
			 "redirection that is not followed", status);
	a->retry_after = (after < INT_MAX ? after : INT_MAX) * 1000;
	a->body = buf_add(&p->answer, "", 1) ? p->answer.data : "";
}

static void post_free(struct post *p)
{
	curl_easy_cleanup(p->easy);
	curl_slist_free_all(p->headers);
	buf_free(&p->answer);
	free(p);
}

/* Who sees it may do what its owner may. */
static void drop_authorization(struct post *p)
{
	struct curl_slist **at = &p->headers, *h;

	while ((h = *at)) {
		if (strncasecmp(h->data, AUTHORIZATION,
				strlen(AUTHORIZATION)) != 0) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		h->next = NULL;
		curl_slist_free_all(h);
	}
	curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, p->headers);
}

/* We do it, and not curl, which would go on by GET at a 301, 302 or 303: what
 * answers there has not got what we sent. */
static bool follow(struct http_client *c, struct post *p)
{
	char from[HTTP_CLIENT_WHERE], to[HTTP_CLIENT_WHERE];
	char *url = NULL, *now = NULL;
	long status = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(p->easy, CURLINFO_REDIRECT_URL, &url);
	curl_easy_getinfo(p->easy, CURLINFO_EFFECTIVE_URL, &now);
	if ((status != 307 && status != 308) || !url ||
	    p->redirections++ == REDIRECTIONS_MAX ||
	    !http_client_where(now, from) || !http_client_where(url, to) ||
	    (strncmp(from, "https:", 6) == 0 && strncmp(to, "https:", 6) != 0))
		return false;
	if (strcasecmp(from, to) != 0)
		drop_authorization(p);
	buf_free(&p->answer);
	return curl_easy_setopt(p->easy, CURLOPT_URL, url) == CURLE_OK &&
	       curl_multi_add_handle(c->multi, p->easy) == CURLM_OK;
}

static void finish(struct http_client *c, CURL *easy, CURLcode rc)
{
	struct http_client_answer a = { 0 };
	struct post *p = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &p);
	curl_multi_remove_handle(c->multi, easy);
	if (follow(c, p))
		return;
	describe(p, rc, &a);
	p->done(p->ctx, &a);
	post_free(p);
}

/* curl on the loop */

static void act(struct http_client *c, curl_socket_t fd, int events)
{
	int running, left;
	CURLMsg *m;

	curl_multi_socket_action(c->multi, fd, events, &running);
	while ((m = curl_multi_info_read(c->multi, &left)))
		if (m->msg == CURLMSG_DONE)
			finish(c, m->easy_handle, m->data.result);
}

static void on_timer(uv_timer_t *t)
{
	act(t->data, CURL_SOCKET_TIMEOUT, 0);
}

/* -1: there is nothing to wait for. 0 may not call back from here. */
static int set_timer(CURLM *multi, long ms, void *ctx)
{
	struct http_client *c = ctx;

	(void)multi;
	if (ms < 0)
		uv_timer_stop(&c->timer);
	else
		uv_timer_start(&c->timer, on_timer, (uint64_t)ms, 0);
	return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	int flags = status < 0 ? CURL_CSELECT_ERR : 0;

	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	act(w->client, w->fd, flags);
}

static void on_watch_closed(uv_handle_t *h)
{
	free(h->data);
}

static struct watch *watch_new(struct http_client *c, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w || uv_poll_init(c->loop, &w->poll, fd) < 0) {
		free(w);
		return NULL;
	}
	w->poll.data = w;
	w->client = c;
	w->fd = fd;
	curl_multi_assign(c->multi, fd, w);
	return w;
}

/* A socket that cannot be watched is one on which nothing happens in time: an
 * error from here would end all requests there are and will be. */
static int set_socket(CURL *easy, curl_socket_t fd, int what, void *ctx,
		      void *at)
{
	struct http_client *c = ctx;
	struct watch *w = at;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		curl_multi_assign(c->multi, fd, NULL);
		if (w)
			uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		return 0;
	}
	if (!w)
		w = watch_new(c, fd);
	if (w)
		uv_poll_start(&w->poll,
			      (what & CURL_POLL_IN ? UV_READABLE : 0) |
			      (what & CURL_POLL_OUT ? UV_WRITABLE : 0),
			      on_poll);
	return 0;
}

struct http_client *http_client_open(uv_loop_t *loop)
{
	struct http_client *c = calloc(1, sizeof(*c));

	if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		goto no_curl;
	c->multi = curl_multi_init();
	if (!c->multi)
		goto no_curl;
	c->loop = loop;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	return c;

no_curl:
	free(c);
	return NULL;
}

/* requests */

/* Debian's and Alpine's, Red Hat's, SUSE's, Alpine's without the package. */
static const char *certificates(void)
{
	static const char *const NAMED[] = {
		"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	}, *const KNOWN[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};
	const char *path;

	for (size_t i = 0; i < sizeof(NAMED) / sizeof(*NAMED); i++)
		if ((path = getenv(NAMED[i])) && *path)
			return path;
	for (size_t i = 0; i < sizeof(KNOWN) / sizeof(*KNOWN); i++)
		if (access(KNOWN[i], R_OK) == 0)
			return KNOWN[i];
	return NULL;
}

static void trust(CURL *easy)
{
	const char *path = certificates();
	struct stat st;

	if (path && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		curl_easy_setopt(easy, CURLOPT_CAPATH, path);
	else if (path)
		curl_easy_setopt(easy, CURLOPT_CAINFO, path);
}

/* "Expect:" with nothing behind it keeps curl from asking first, and waiting,
 * whether a large body is welcome. */
static bool add_headers(struct post *p, const char *const *headers)
{
	static const char *const OURS[] = {
		"Content-Type: application/json", "Expect:", NULL,
	};
	const char *const *const all[] = { OURS, headers };
	struct curl_slist *more;

	for (size_t i = 0; i < 2; i++) {
		for (const char *const *h = all[i]; h && *h; h++) {
			more = curl_slist_append(p->headers, *h);
			if (!more)
				return false;
			p->headers = more;
		}
	}
	return true;
}

static bool set_up(struct post *p, const struct http_client_request *r)
{
	CURL *e = p->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, p);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, WHOLE_MS);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->body);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)r->length);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, p->headers);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, p);
	trust(e);
	return curl_easy_setopt(e, CURLOPT_USERAGENT,
				"pitstop/" PITSTOP_VERSION) == CURLE_OK &&
	       curl_easy_setopt(e, CURLOPT_URL, r->url) == CURLE_OK;
}

bool http_client_post(struct http_client *c,
		      const struct http_client_request *r,
		      http_client_done *done, void *ctx)
{
	struct post *p = calloc(1, sizeof(*p));

	if (!p)
		return false;
	p->done = done;
	p->ctx = ctx;
	p->easy = curl_easy_init();
	if (p->easy && add_headers(p, r->headers) && set_up(p, r) &&
	    curl_multi_add_handle(c->multi, p->easy) == CURLM_OK)
		return true;
	post_free(p);
	return false;
}

bool http_client_where(const char *url, char to[static HTTP_CLIENT_WHERE])
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	CURLU *u = curl_url();
	int n = -1;

	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    strncmp(scheme, "http", 4) == 0) {
		curl_url_get(u, CURLUPART_PORT, &port,
			     CURLU_NO_DEFAULT_PORT);
		n = snprintf(to, HTTP_CLIENT_WHERE, "%s://%s%s%s", scheme,
			     host, port ? ":" : "", port ? port : "");
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return n > 0 && n < HTTP_CLIENT_WHERE;
}
