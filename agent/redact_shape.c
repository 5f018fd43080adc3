#include "redact_shape.h"

#include <string.h>
#include <strings.h>

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define BASE64 ALNUM "+/"
#define BASE64_URL ALNUM "-_"
#define SPACE " \t\r\n"

#define BASE64_KEY 40  /* letters: 256 bits take 43 and padding */

/* RFC 7468; PKCS #8, EC, RSA, OPENSSH ... PRIVATE KEY. */
static size_t private_key(const char *text)
{
	size_t title = 0;
	const char *end;

	if (strncmp(text, "-----BEGIN ", 11) != 0)
		return 0;
	title = 11 + strspn(text + 11, ALNUM " ");
	if (title < 22 || strncmp(text + title - 11, "PRIVATE KEY", 11) != 0)
		return 0;
	end = strstr(text + title, "-----END ");
	if (!end)
		return strlen(text);
	end += 9 + strspn(end + 9, ALNUM " ");
	return (size_t)(end - text) + strspn(end, "-");
}

/* RFC 7519: three parts in base64url, of which the first is JSON and so begins
 * with {" : one without the others is none yet. */
static size_t web_token(const char *text, size_t *run)
{
	size_t len = 0, dots = 0, part;

	*run = 0;
	if (strncmp(text, "eyJ", 3) != 0)
		return 0;
	for (;;) {
		part = strspn(text + len, BASE64_URL);
		len += part;
		if (text[len] != '.' || part == 0)
			break;
		len++;
		dots++;
	}
	*run = len;
	return dots > 0 ? len : 0;
}

/* The keys of Azure's storage, service bus and others, and whatever else has
 * so many bits and padding. */
static size_t base64_key(const char *text, size_t *run)
{
	size_t len = strspn(text, BASE64);

	*run = len;
	if (len < BASE64_KEY || text[len] != '=')
		return 0;
	return len + strspn(text + len, "=");
}

/* As their issuers publish them, so that scanners find them. */
static size_t issued_token(const char *text)
{
	static const struct {
		const char *prefix, *letters;
		size_t least;  /* of what follows */
	} ISSUED[] = {
		{ "ghp_", ALNUM, 20 }, { "gho_", ALNUM, 20 },
		{ "ghs_", ALNUM, 20 }, { "github_pat_", ALNUM "_", 20 },
		{ "glpat-", BASE64_URL, 20 }, { "hf_", ALNUM, 20 },
		{ "sk-", BASE64_URL, 20 }, { "dapi", ALNUM, 32 },
		{ "xoxb-", BASE64_URL, 10 }, { "xoxp-", BASE64_URL, 10 },
		{ "hooks.slack.com/services/", ALNUM "/", 20 },
		{ "npm_", ALNUM, 36 }, { "AIza", BASE64_URL, 35 },
		{ "ya29.", BASE64_URL ".", 20 },
	};

	for (size_t i = 0; i < sizeof(ISSUED) / sizeof(ISSUED[0]); i++) {
		size_t len = strlen(ISSUED[i].prefix), more;

		if (strncmp(text, ISSUED[i].prefix, len) != 0)
			continue;
		more = strspn(text + len, ISSUED[i].letters);
		if (more >= ISSUED[i].least)
			return len + more;
	}
	return 0;
}

/* RFC 6750 and RFC 7617: what stands behind the scheme's name. */
static bool credentials(const char *text, struct redact_span *found)
{
	static const struct {
		const char *scheme;
		size_t least;
	} SCHEMES[] = { { "bearer", 6 }, { "basic", 12 } };

	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
		size_t len = strlen(SCHEMES[i].scheme), more;

		if (strncasecmp(text, SCHEMES[i].scheme, len) != 0 ||
		    !text[len] || !strchr(" \t", text[len]))
			continue;
		len += strspn(text + len, " \t");
		more = strspn(text + len, BASE64_URL "._~+/=");
		if (more < SCHEMES[i].least)
			continue;
		*found = (struct redact_span){ len, len + more };
		return true;
	}
	return false;
}

/* RFC 3986: user:password@ behind a scheme's :// */
static bool user_information(const char *text, struct redact_span *found)
{
	size_t authority, at = 0;

	if (strncmp(text, "://", 3) != 0)
		return false;
	authority = strcspn(text + 3, "/?#\"'<>" SPACE);
	for (size_t i = 0; i < authority; i++)
		if (text[3 + i] == '@')
			at = i;
	*found = (struct redact_span){ 3, 3 + at };
	return at > 0;
}

static bool is_inside_word(const char *text, size_t at)
{
	return at > 0 && strchr(ALNUM, text[at - 1]);
}

static bool take(size_t len, struct redact_span *found)
{
	*found = (struct redact_span){ 0, len };
	return len > 0;
}

static bool at_word(const char *text, struct redact_span *found)
{
	return take(issued_token(text), found) || credentials(text, found);
}

/* What is a run of the same letters, and has been looked at from its begin. */
static bool in_run(const char *text, size_t at, size_t *seen,
		   struct redact_span *found)
{
	size_t token = 0, key = 0;

	if (at < *seen)
		return false;
	if (take(web_token(text + at, &token), found))
		return true;
	if ((at == 0 || !strchr(BASE64, text[at - 1])) &&
	    take(base64_key(text + at, &key), found))
		return true;
	*seen = at + token;
	return false;
}

bool redact_shape(const char *text, size_t at, size_t *seen,
		  struct redact_span *found)
{
	const char *here = text + at;
	bool is = in_run(text, at, seen, found) ||
		  take(private_key(here), found) ||
		  user_information(here, found) ||
		  (!is_inside_word(text, at) && at_word(here, found));

	found->begin += at;
	found->end += at;
	return is;
}
