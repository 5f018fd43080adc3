#include "guesses.h"

#include <stddef.h>
#include <string.h>

#include "cidr.h"

#define NETWORK_BYTES 8  /* of an IPv6 address */

static void owner(const struct sockaddr *from, uint8_t to[static 16])
{
	if (cidr_address(from, to) == CIDR_IPV6)
		memset(to + NETWORK_BYTES, 0, 16 - NETWORK_BYTES);
}

bool guesses_full(const struct guesses *g, const struct sockaddr *from,
		  int64_t now)
{
	uint8_t who[16] = { 0 };
	unsigned taken = 0;

	owner(from, who);
	for (size_t i = 0; i < GUESSES_MAX; i++)
		taken += g->at[i].until > now &&
			 memcmp(g->at[i].from, who, sizeof(who)) == 0;
	return taken >= GUESSES_EACH;
}

void guesses_add(struct guesses *g, const struct sockaddr *from, int64_t now)
{
	struct guess *at = &g->at[g->next++ % GUESSES_MAX];

	*at = (struct guess){ .until = now + GUESSES_MS };
	owner(from, at->from);
}
