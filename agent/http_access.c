#include "http_access.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <uv.h>

#include "address.h"
#include "guesses.h"
#include "http_server.h"
#include "log.h"
#include "metrics.h"
#include "token.h"

static bool refuse_origin(struct http_connection *c, const char *why)
{
	metric_add(METRIC_HTTP_REFUSED_ORIGIN, 1);
	http_refuse(c, 403, why, NULL);
	return false;
}

static bool refuse_token(struct http_connection *c, const char *why,
			 const char *fields)
{
	metric_add(METRIC_HTTP_REFUSED_TOKEN, 1);
	http_refuse(c, 401, why, fields);
	return false;
}

/* A page of another site makes its visitor's browser ask: no browser lets it
 * do so without saying where it is from. */
static bool is_foreign(const struct http_request *r)
{
	const char *site = r->field[HTTP_FIELD_SEC_FETCH_SITE];
	const char *origin = r->field[HTTP_FIELD_ORIGIN];
	const char *host = r->field[HTTP_FIELD_HOST];

	if (site && strcasecmp(site, "same-origin") != 0 &&
	    strcasecmp(site, "none") != 0)
		return true;
	return origin && (!host || strncasecmp(origin, "http://", 7) != 0 ||
			  strcasecmp(origin + 7, host) != 0);
}

bool http_same_origin(struct http_connection *c, const struct http_request *r)
{
	return !is_foreign(r) ||
	       refuse_origin(c, "it was asked for by a page of another site");
}

/* "10.3.0.5:5679", "[fd00::1]:5679" or "localhost:5679". */
static bool is_address(const char *host)
{
	size_t begin = *host == '[', len = strcspn(host + begin, begin ? "]"
								     : ":");
	struct in6_addr addr;
	char name[INET6_ADDRSTRLEN];

	if (len >= sizeof(name))
		return false;
	memcpy(name, host + begin, len);
	name[len] = '\0';
	return inet_pton(begin ? AF_INET6 : AF_INET, name, &addr) == 1 ||
	       strcasecmp(name, "localhost") == 0;
}

/* Where no token is asked for, a page whose site's name has come to mean our
 * address would have the visitor's browser ask us as its own site. */
static bool is_open(struct http_connection *c, const struct http_request *r)
{
	const char *host = r->field[HTTP_FIELD_HOST];

	return !host || is_address(host) ||
	       refuse_origin(c, "without a token it answers only to its "
				"address, as in http://10.3.0.5:5679, not to "
				"a name");
}

/* RFC 6750. */
static const char *shown_token(const struct http_request *r)
{
	const char *text = r->field[HTTP_FIELD_AUTHORIZATION];

	if (!text || strncasecmp(text, "Bearer ", 7) != 0)
		return NULL;
	text += 7;
	return text + strspn(text, " ");
}

static void note_wrong_token(const struct sockaddr_storage *from, int64_t now)
{
	static struct log_rate rate = { .every_ms = 10000, .burst = 3,
					.left = 3 };
	char address[64];

	guesses_add(guesses_shared(), (const struct sockaddr *)from, now);
	if (!log_rate_allow(&rate, now))
		return;
	address_text((const struct sockaddr *)from, address);
	log_warn("refused a request over HTTP from %s: wrong token", address);
}

/* Who shows none, guesses nothing. Else it is as at the debug port: a wrong one
 * takes one of the few places of its address. */
bool http_has_token(struct http_connection *c, const struct http_request *r,
		    const char *token)
{
	const char *shown = shown_token(r);
	int64_t now = (int64_t)(uv_hrtime() / 1000000);
	struct sockaddr_storage from;

	if (http_is_local(c))
		return true;
	if (!token)
		return is_open(c, r);
	if (!shown)
		return refuse_token(c, "it needs the token, as "
				    "\"Authorization: Bearer ...\": the "
				    "pitstopToken in the log of a hold, or of "
				    "'pitstop launch-json' beside the step",
				    "WWW-Authenticate: Bearer "
				    "realm=\"pitstop\"\r\n");
	http_sockaddr(c, &from);
	if (guesses_full(guesses_shared(), (struct sockaddr *)&from, now)) {
		metric_add(METRIC_HTTP_REFUSED_CROWDED, 1);
		http_refuse(c, 429, "too many wrong tokens came from your "
			    "address", "Retry-After: 3\r\n");
		return false;
	}
	if (token_is(shown, token))
		return true;
	note_wrong_token(&from, now);
	return refuse_token(c, "the token is wrong",
			    "WWW-Authenticate: Bearer realm=\"pitstop\", "
			    "error=\"invalid_token\"\r\n");
}
