/* address.h: the host's addresses, and which one to advertise. Rank 2. */
#ifndef PITSTOP_ADDRESS_H
#define PITSTOP_ADDRESS_H

#include <stdbool.h>

struct imds_answer;
struct sockaddr;

/* "10.3.0.5:50123" or "[fd00::1]:50123"; an IPv4-mapped address as IPv4. */
void address_text(const struct sockaddr *sa, char to[static 64]);

/* Without the port; "?" for what is no IP address. */
void address_host(const struct sockaddr *sa, char to[static 64]);

struct address_choice {
	char host[64];
	const char *why;   /* which rule chose it, a word: advertise, vnet, pod,
			      imds, route, interface, or last */
	bool doubtful;     /* the last: loopback, link-local or docker0: nobody
			      outside may reach it */
	bool missed_vnet;  /* none of our addresses is in `vnet`, nor this */
	bool bridged;      /* a container's own, by a veth, and nobody said
			      that it is to be this one */
	bool open;         /* `said` was NULL, and could make it another */
};

/* The network that this address of ours lies in, "10.3.0.0/24"; "" when it is
 * none of ours. */
void address_subnet(const char *host, char to[static 64]);

/* The first that holds: `advertise` (the user's word, "" for none), the
 * address inside `vnet` (CIDR, "" for none), POD_IP, what IMDS said of the
 * machine (NULL: nothing), the source address of the default route, any other;
 * loopback, link-local and docker0 only when nothing else is left.
 *
 * IMDS names the VNet, so an address of ours that lies there is taken. Where
 * none does and we are in a container's network, it is the machine's: its
 * ports are forwarded, or nobody can come. */
void address_choose(const char *advertise, const char *vnet,
		    const struct imds_answer *said,
		    struct address_choice *out);

#endif
