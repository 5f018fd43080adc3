/* address.h: the host's addresses, and which one to advertise. Rank 2. */
#ifndef PITSTOP_ADDRESS_H
#define PITSTOP_ADDRESS_H

#include <stdbool.h>

struct sockaddr;

/* "10.3.0.5:50123" or "[fd00::1]:50123"; an IPv4-mapped address as IPv4. */
void address_text(const struct sockaddr *sa, char to[static 64]);

/* Without the port; "?" for what is no IP address. */
void address_host(const struct sockaddr *sa, char to[static 64]);

struct address_choice {
	char host[64];
	const char *why;   /* which rule chose it */
	bool doubtful;     /* loopback, link-local or docker0: nobody outside
			      may reach it */
	bool missed_vnet;  /* none of our addresses is in `vnet` */
};

/* The first that holds: `advertise` (the user's word, "" for none), the
 * address inside `vnet` (CIDR, "" for none), POD_IP, the source address of the
 * default route, any other; loopback, link-local and docker0 only when nothing
 * else is left. */
void address_choose(const char *advertise, const char *vnet,
		    struct address_choice *out);

#endif
