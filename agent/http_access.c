#include "http_access.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <uv.h>

#include "address.h"
#include "guesses.h"
#include "http_server.h"
#include "log.h"
#include "token.h"

/* A page of another site makes its visitor's browser ask: no browser lets it
 * do so without saying where it is from. */
bool http_is_foreign(const struct http_request *r)
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

	if (!token || http_is_local(c))
		return true;
	if (!shown) {
		http_refuse(c, 401, "it needs the token that the launch "
			    "configuration in the step's log has, as "
			    "\"Authorization: Bearer ...\"",
			    "WWW-Authenticate: Bearer realm=\"pitstop\"\r\n");
		return false;
	}
	http_sockaddr(c, &from);
	if (guesses_full(guesses_shared(), (struct sockaddr *)&from, now)) {
		http_refuse(c, 429, "too many wrong tokens came from your "
			    "address", "Retry-After: 3\r\n");
		return false;
	}
	if (token_is(shown, token))
		return true;
	note_wrong_token(&from, now);
	http_refuse(c, 401, "the token is wrong",
		    "WWW-Authenticate: Bearer realm=\"pitstop\", "
		    "error=\"invalid_token\"\r\n");
	return false;
}
