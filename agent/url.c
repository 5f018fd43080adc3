#include "url.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyz" "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789.-_"
#define ADDRESS_BYTES "0123456789abcdefABCDEF:."  /* in brackets */

static bool take_host(const char **at, const char *allowed, char to[static 256])
{
	size_t len = strspn(*at, allowed);

	if (len == 0 || len >= 256)
		return false;
	memcpy(to, *at, len);
	to[len] = '\0';
	*at += len;
	return true;
}

/* ":5679"; nothing is `otherwise`, which is 0 where it must be there. */
static const char *take_port(const char *at, uint16_t otherwise, uint16_t *to)
{
	const char *bad = NULL;

	*to = otherwise;
	if (!*at)
		return otherwise ? NULL : "the port is missing";
	if (*at != ':')
		return "the host has an odd character";
	if (strspn(at + 1, "0123456789") != strlen(at + 1))
		return "the port is no number";
	*to = (uint16_t)strtonum(at + 1, 1, UINT16_MAX, &bad);
	return bad ? "the port is no number from 1 to 65535" : NULL;
}

static const char *parse_authority(const char *text, uint16_t otherwise,
				   struct url *to)
{
	bool brackets = *text == '[';

	text += brackets;
	if (!take_host(&text, brackets ? ADDRESS_BYTES : NAME_BYTES, to->host))
		return "there is no host in it";
	if (brackets && *text++ != ']')
		return "the address in brackets has no end";
	return take_port(text, otherwise, &to->port);
}

const char *url_parse_host(const char *text, struct url *to)
{
	return parse_authority(text, 0, to);
}

const char *url_parse(const char *text, struct url *to)
{
	static const char SCHEME[] = "http://";
	char authority[sizeof(to->host) + 16];
	size_t len;

	if (strncasecmp(text, "https://", 8) == 0)
		return "an agent speaks http:// alone; go through ssh or a "
		       "VPN where the network is not trusted";
	if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return "it has to begin with http://";
	text += strlen(SCHEME);
	if (strchr(text, '@') || strpbrk(text, "?#"))
		return "it has to be host and port alone; a token goes into "
		       "PITSTOP_TOKEN";
	len = strcspn(text, "/");
	if (text[len] && text[len + 1])
		return "it has to be host and port alone, without a path";
	if (len >= sizeof(authority))
		return "it is too long";
	memcpy(authority, text, len);
	authority[len] = '\0';
	return parse_authority(authority, URL_HTTP_PORT, to);
}
