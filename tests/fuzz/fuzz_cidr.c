/* Sixteen bytes of an address, and a list that may contain it. */
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cidr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static int bit(const uint8_t *addr, unsigned i)
{
	return addr[i / 8] >> (7 - i % 8) & 1;
}

/* The same question, answered bit by bit. */
static bool contains(const struct cidr_list *list, const uint8_t *addr)
{
	static const uint8_t MAPPED[12] = { [10] = 0xff, [11] = 0xff };
	unsigned shortest = memcmp(addr, MAPPED, sizeof(MAPPED)) ? 0 : 96;

	for (size_t i = 0; i < list->len; i++) {
		const struct cidr *c = &list->at[i];
		unsigned n = 0;

		while (n < c->bits && bit(addr, n) == bit(c->addr, n))
			n++;
		if (n == c->bits && c->bits >= shortest)
			return true;
	}
	return false;
}

static void check_list(const struct cidr_list *list, const uint8_t *addr)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };

	must(list->len <= CIDR_MAX);
	for (size_t i = 0; i < list->len; i++) {
		must(list->at[i].bits <= 128);
		for (unsigned n = list->at[i].bits; n < 128; n++)
			must(bit(list->at[i].addr, n) == 0);
	}
	memcpy(&sa.sin6_addr, addr, 16);
	must(cidr_contains(list, (struct sockaddr *)&sa) ==
	     contains(list, addr));
}

/* What mends a piece makes it a range that contains its address. */
static void check_mended(char *piece)
{
	struct cidr_list list;
	char mended[64], bad[64], *slash = strchr(piece, '/');

	if (!cidr_mend(piece, mended))
		return;
	must(cidr_parse(&list, mended, bad) && list.len == 1);
	*slash = '\0';
	must(cidr_contains_text(&list, piece));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cidr_list list;
	char bad[64], *text;

	if (size < 16)
		return 0;
	text = strndup((const char *)data + 16, size - 16);
	if (!text)
		return 0;
	if (cidr_parse(&list, text, bad)) {
		check_list(&list, data);
	} else {
		must(list.len == 0 && memchr(bad, '\0', sizeof(bad)));
		must(*bad && strstr(text, bad));
		check_mended(bad);
	}
	free(text);
	return 0;
}
