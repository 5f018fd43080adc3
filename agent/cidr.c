#include "cidr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
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

/* ::/0 means all of IPv6, not IPv4 with it. */
static bool is_in(const uint8_t addr[static 16], const struct cidr *c)
{
	bool ipv4 = memcmp(addr, MAPPED, sizeof(MAPPED)) == 0;

	return (!ipv4 || c->bits >= MAPPED_BITS) &&
	       same_bits(addr, c->addr, c->bits);
}

/* Without what is set behind the prefix. */
static struct cidr network_of(const struct cidr *c)
{
	struct cidr network = { .bits = c->bits };

	for (unsigned i = 0; i < c->bits; i++)
		network.addr[i / 8] |= c->addr[i / 8] & (0x80 >> i % 8);
	return network;
}

static bool is_network(const struct cidr *c)
{
	struct cidr network = network_of(c);

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

/* Bits may be set behind the prefix. `piece` is taken apart. */
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
	return true;
}

static bool parse_range(const char *text, size_t len, struct cidr *to)
{
	char piece[PIECE_MAX];

	if (len >= sizeof(piece))
		return false;
	memcpy(piece, text, len);
	piece[len] = '\0';
	return parse_piece(piece, to);
}

static bool add_piece(struct cidr_list *list, const char *text, size_t len)
{
	struct cidr c;

	if (list->len == CIDR_MAX || !parse_range(text, len, &c) ||
	    !is_network(&c))
		return false;
	list->at[list->len++] = c;
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

bool cidr_is_none(const char *text)
{
	struct cidr_list list;
	char bad[64];

	return cidr_parse(&list, text, bad) && list.len == 0;
}

bool cidr_mend(const char *piece, char mended[static 64])
{
	bool ipv4 = !strchr(piece, ':');
	unsigned first = ipv4 ? MAPPED_BITS : 0;
	char addr[INET6_ADDRSTRLEN];
	struct cidr c, network;

	if (!parse_range(piece, strlen(piece), &c) || is_network(&c))
		return false;
	network = network_of(&c);
	if (!is_in(c.addr, &network))
		return false;
	inet_ntop(ipv4 ? AF_INET : AF_INET6, network.addr + first / 8, addr,
		  sizeof(addr));
	snprintf(mended, 64, "%s/%u", addr, network.bits - first);
	return true;
}

static bool contains(const struct cidr_list *list,
		     const uint8_t addr[static 16])
{
	for (size_t i = 0; i < list->len; i++)
		if (is_in(addr, &list->at[i]))
			return true;
	return false;
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

	return cidr_address(sa, addr) != CIDR_OTHER && contains(list, addr);
}

bool cidr_contains_text(const struct cidr_list *list, const char *address)
{
	struct cidr c;

	return parse_range(address, strlen(address), &c) && c.bits == 128 &&
	       contains(list, c.addr);
}

/* One of two ranges that overlap contains the other. */
bool cidr_overlap(const char *a, const char *b)
{
	struct cidr_list left, right;
	char bad[64];

	if (!cidr_parse(&left, a, bad) || !cidr_parse(&right, b, bad))
		return false;
	for (size_t i = 0; i < left.len; i++)
		for (size_t k = 0; k < right.len; k++)
			if ((left.at[i].bits >= right.at[k].bits &&
			     is_in(left.at[i].addr, &right.at[k])) ||
			    (left.at[i].bits <= right.at[k].bits &&
			     is_in(right.at[k].addr, &left.at[i])))
				return true;
	return false;
}
