/* guesses.h: how many wrong tokens an address may try. Rank 0, no I/O.
 *
 * Each takes a place of its address for a while, whether or not the client
 * that tried it stays: what limits the guesses is that an address has few
 * places. The right token takes none, and is looked at while one is free; other
 * addresses have theirs. Of IPv6 the first 64 bits count, which are one
 * network's. */
#ifndef PITSTOP_GUESSES_H
#define PITSTOP_GUESSES_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

#define GUESSES_EACH 8      /* places of an address */
#define GUESSES_MS 3000     /* how long a wrong token takes one */
#define GUESSES_MAX 1024    /* places of all; then the oldest is given up */

struct guesses {
	struct guess {
		int64_t until;
		uint8_t from[16];
	} at[GUESSES_MAX];
	unsigned next;      /* a ring, in the order of time */
};

/* Has that address no place left? `now` is in ms, on a clock that does not go
 * back. */
bool guesses_full(const struct guesses *g, const struct sockaddr *from,
		  int64_t now);

/* It has tried a wrong token. */
void guesses_add(struct guesses *g, const struct sockaddr *from, int64_t now);

#endif
