#include "cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <bsd/stdlib.h>

#define SEPARATORS ", \t\r\n"
#define PIECE_MAX 64  /* as `bad` in cidr.h */
#define MAPPED_BITS 96

static const uint8_t MAPPED[MAPPED_BITS / 8] = { [10] = 0xff, [11] = 0xff };

static void map_ipv4(uint8_t to[static 16], const void *ipv4)
{
	memcpy(to, MAPPED, sizeof(MAPPED));
	memcpy(to + sizeof(MAPPED), ipv4, 4);
}

/* Are the first `bits` bits equal? */
static bool same_bits(const uint8_t a[static 16], const uint8_t b[static 16],
		      unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	return memcmp(a, b, bytes) == 0 &&
	       (rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0);
}

/* Is nothing set behind the prefix? */
static bool is_network(const struct cidr *c)
{
	struct cidr network = { .bits = c->bits };

	for (unsigned i = 0; i < c->bits; i++)
		network.addr[i / 8] |= c->addr[i / 8] & (0x80 >> i % 8);
	return memcmp(network.addr, c->addr, sizeof(c->addr)) == 0;
}

/* "8", no sign, no leading zero. */
static bool parse_bits(const char *text, unsigned max, unsigned *bits)
{
	const char *bad = NULL;

	if (strspn(text, "0123456789") != strlen(text) ||
	    (text[0] == '0' && text[1]))
		return false;
	*bits = (unsigned)strtonum(text, 0, max, &bad);
	return !bad;
}

/* `piece` is taken apart. */
static bool parse_piece(char *piece, struct cidr *to)
{
	char *slash = strchr(piece, '/');
	unsigned first = 0, bits;
	uint8_t ipv4[4];

	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, piece, ipv4) == 1) {
		map_ipv4(to->addr, ipv4);
		first = MAPPED_BITS;
	} else if (inet_pton(AF_INET6, piece, to->addr) != 1) {
		return false;
	}
	bits = 128 - first;
	if (slash && !parse_bits(slash, 128 - first, &bits))
		return false;
	to->bits = (uint8_t)(first + bits);
	return is_network(to);
}

static bool add_piece(struct cidr_list *list, const char *text, size_t len)
{
	char piece[PIECE_MAX];

	if (len >= sizeof(piece) || list->len == CIDR_MAX)
		return false;
	memcpy(piece, text, len);
	piece[len] = '\0';
	if (!parse_piece(piece, &list->at[list->len]))
		return false;
	list->len++;
	return true;
}

static bool is_none(const char *text)
{
	text += strspn(text, SEPARATORS);
	if (strncmp(text, "none", 4) != 0)
		return false;
	text += 4;
	return text[strspn(text, SEPARATORS)] == '\0';
}

bool cidr_parse(struct cidr_list *list, const char *text, char bad[static 64])
{
	list->len = 0;
	if (is_none(text))
		return true;
	for (text += strspn(text, SEPARATORS); *text;
	     text += strspn(text, SEPARATORS)) {
		size_t len = strcspn(text, SEPARATORS);

		if (!add_piece(list, text, len)) {
			list->len = 0;
			len = len < PIECE_MAX ? len : PIECE_MAX - 1;
			memcpy(bad, text, len);
			bad[len] = '\0';
			return false;
		}
		text += len;
	}
	return true;
}

enum cidr_family cidr_address(const struct sockaddr *sa, uint8_t to[static 16])
{
	if (sa->sa_family == AF_INET)
		map_ipv4(to, &((const struct sockaddr_in *)sa)->sin_addr);
	else if (sa->sa_family == AF_INET6)
		memcpy(to, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	else
		return CIDR_OTHER;
	return memcmp(to, MAPPED, sizeof(MAPPED)) == 0 ? CIDR_IPV4 : CIDR_IPV6;
}

bool cidr_contains(const struct cidr_list *list, const struct sockaddr *sa)
{
	uint8_t addr[16];
	enum cidr_family family = cidr_address(sa, addr);
	bool ipv4 = family == CIDR_IPV4;

	if (family == CIDR_OTHER)
		return false;
	for (size_t i = 0; i < list->len; i++) {
		const struct cidr *c = &list->at[i];

		/* ::/0 means all of IPv6, not IPv4 with it. */
		if ((!ipv4 || c->bits >= MAPPED_BITS) &&
		    same_bits(addr, c->addr, c->bits))
			return true;
	}
	return false;
}
