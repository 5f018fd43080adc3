/* cidr.h: lists of address ranges. Rank 0, no I/O. */
#ifndef PITSTOP_CIDR_H
#define PITSTOP_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

#define CIDR_MAX 64

struct cidr {
	uint8_t addr[16];  /* network order; IPv4 as ::ffff:a.b.c.d */
	uint8_t bits;      /* of the 128 */
};

struct cidr_list {
	struct cidr at[CIDR_MAX];
	size_t len;
};

/* Private IPv4 (RFC 1918), shared (RFC 6598), unique local IPv6 (RFC 4193)
 * and loopback. */
#define CIDR_DEFAULT "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16," \
	"100.64.0.0/10,127.0.0.0/8,fc00::/7,::1/128"

/* Parse "10.0.0.0/8, ::1" (a bare address is a range of one; "none" is the
 * empty list, as is a text without pieces; commas or blanks between). False,
 * the list empty and the bad piece copied to `bad`, when a piece is no range or
 * there are too many. Bits set behind the prefix are an error: 10.1.2.3/8 is a
 * typing mistake. */
bool cidr_parse(struct cidr_list *list, const char *text, char bad[static 64]);

/* A list without a range: nobody is in it. */
bool cidr_is_none(const char *text);

/* A piece whose only fault are bits set behind its prefix: the range that it
 * lies in, "10.0.0.0/8" for 10.1.2.3/8. */
bool cidr_mend(const char *piece, char mended[static 64]);

/* IPv4, IPv6 and IPv4-mapped addresses (which are IPv4: ::/0 does not contain
 * them); anything else is in no list. */
bool cidr_contains(const struct cidr_list *list, const struct sockaddr *sa);

/* The same for "10.3.0.5" or "fd00::1"; false for any other text. */
bool cidr_contains_text(const struct cidr_list *list, const char *address);

/* Is any address in both? Texts as for cidr_parse; of a bad one nothing is. */
bool cidr_overlap(const char *a, const char *b);

enum cidr_family { CIDR_OTHER, CIDR_IPV4, CIDR_IPV6 };

/* The address as in struct cidr; untouched when it is neither. */
enum cidr_family cidr_address(const struct sockaddr *sa, uint8_t to[static 16]);

#endif
