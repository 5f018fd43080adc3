#include "address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bsd/string.h>

#include "cidr.h"
#include "imds_answer.h"

static bool host_text(const struct sockaddr *sa, char to[static 64])
{
	const struct sockaddr_in6 *six = (const void *)sa;
	const struct sockaddr_in *four = (const void *)sa;
	const void *addr;

	if (sa->sa_family == AF_INET)
		return inet_ntop(AF_INET, &four->sin_addr, to, 64);
	if (sa->sa_family != AF_INET6)
		return false;
	if (!IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		return inet_ntop(AF_INET6, &six->sin6_addr, to, 64);
	addr = six->sin6_addr.s6_addr + 12;
	return inet_ntop(AF_INET, addr, to, 64);
}

void address_host(const struct sockaddr *sa, char to[static 64])
{
	if (!host_text(sa, to))
		strlcpy(to, "?", 64);
}

void address_text(const struct sockaddr *sa, char to[static 64])
{
	unsigned port = 0;
	char host[64];

	address_host(sa, host);
	if (sa->sa_family == AF_INET)
		port = ntohs(((const struct sockaddr_in *)sa)->sin_port);
	else if (sa->sa_family == AF_INET6)
		port = ntohs(((const struct sockaddr_in6 *)sa)->sin6_port);
	if (strchr(host, ':'))
		snprintf(to, 64, "[%.50s]:%u", host, port);
	else
		snprintf(to, 64, "%.50s:%u", host, port);
}

static bool is_loopback(const struct sockaddr *sa)
{
	struct cidr_list l;
	char bad[64];

	return cidr_parse(&l, "127.0.0.0/8,::1", bad) && cidr_contains(&l, sa);
}

/* An address that a machine elsewhere on the VNet may reach. */
static bool is_outward(const struct ifaddrs *i)
{
	struct cidr_list link_local;
	char bad[64];

	return cidr_parse(&link_local, "169.254.0.0/16,fe80::/10", bad) &&
	       !is_loopback(i->ifa_addr) &&
	       !cidr_contains(&link_local, i->ifa_addr) &&
	       strcmp(i->ifa_name, "docker0") != 0;
}

static bool is_ip(const struct ifaddrs *i, int family)
{
	return i->ifa_addr && i->ifa_addr->sa_family == family;
}

static bool in_vnet(const struct ifaddrs *all, const char *vnet,
		    char to[static 64])
{
	struct cidr_list l;
	char bad[64];

	if (!*vnet || !cidr_parse(&l, vnet, bad))
		return false;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (i->ifa_addr && cidr_contains(&l, i->ifa_addr))
			return host_text(i->ifa_addr, to);
	return false;
}

/* The kernel's own choice for a far address; connect on UDP sends nothing.
 * 192.0.2.1 and 2001:db8::1 are documentation addresses. */
static bool route_source(int family, char to[static 64])
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = 9 };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = 9 };
	struct sockaddr *sa = family == AF_INET ? (void *)&four : (void *)&six;
	socklen_t len = family == AF_INET ? sizeof(four) : sizeof(six);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	inet_pton(AF_INET, "192.0.2.1", &four.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr);
	ok = fd >= 0 && connect(fd, sa, len) == 0 &&
	     getsockname(fd, sa, &len) == 0 && !is_loopback(sa) &&
	     host_text(sa, to);
	if (fd >= 0)
		close(fd);
	return ok;
}

static const struct ifaddrs *of_address(const struct ifaddrs *all, int family,
					const char *address)
{
	char host[64];

	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (is_ip(i, family) && host_text(i->ifa_addr, host) &&
		    strcmp(host, address) == 0)
			return i;
	return NULL;
}

/* The route's source, unless it is docker0's or link-local. */
static bool default_route(const struct ifaddrs *all, int family,
			  char to[static 64])
{
	const struct ifaddrs *i;

	if (!route_source(family, to))
		return false;
	i = of_address(all, family, to);
	return !i || is_outward(i);
}

static bool any_interface(const struct ifaddrs *all, int family, bool outward,
			  char to[static 64])
{
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (is_ip(i, family) && !is_loopback(i->ifa_addr) &&
		    is_outward(i) == outward)
			return host_text(i->ifa_addr, to);
	return false;
}

/* what IMDS says */

/* Is it one end of something whose other is on the machine, as in a container
 * with a network of its own? (That the other has another index says nothing:
 * each namespace counts for itself.) `bridge`: by a veth, which leads no
 * further than to a bridge or a route of the machine's. */
static bool is_linked(const struct ifaddrs *i, bool bridge)
{
	static const char *const DRIVERS[] = { "veth", "macvlan", "ipvlan" };
	const size_t drivers = bridge ? 1 : sizeof(DRIVERS) / sizeof(*DRIVERS);
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ask = { .ifr_data = (void *)&info };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool linked = false;

	if (fd < 0)
		return false;
	strlcpy(ask.ifr_name, i->ifa_name, sizeof(ask.ifr_name));
	ioctl(fd, SIOCETHTOOL, &ask);
	close(fd);
	for (size_t d = 0; d < drivers; d++)
		linked |= strcmp(info.driver, DRIVERS[d]) == 0;
	return linked;
}

static bool in_container_network(const struct ifaddrs *all)
{
	const struct ifaddrs *i = NULL;
	char host[64];

	if (default_route(all, AF_INET, host))
		i = of_address(all, AF_INET, host);
	return i && is_linked(i, false);
}

static bool machines(const struct ifaddrs *all, const struct imds_answer *said,
		     char to[static 64])
{
	if (!said)
		return false;
	if (default_route(all, AF_INET, to) &&
	    cidr_contains_text(&said->nets, to))
		return true;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (is_ip(i, AF_INET) && is_outward(i) &&
		    cidr_contains(&said->nets, i->ifa_addr))
			return host_text(i->ifa_addr, to);
	return *said->address && in_container_network(all) &&
	       strlcpy(to, said->address, 64) < 64;
}

/* It could name another one than the only one there is. */
static bool matters(const struct ifaddrs *all)
{
	unsigned outward = 0;

	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		outward += is_ip(i, AF_INET) && is_outward(i);
	return outward > 1 || in_container_network(all);
}

/* choosing */

static const char *choose(const struct ifaddrs *all, const char *vnet,
			  const struct imds_answer *said,
			  struct address_choice *out)
{
	const char *pod = getenv("POD_IP");
	char *to = out->host;

	if (in_vnet(all, vnet, to))
		return "vnet";
	if (pod && *pod && strlcpy(to, pod, 64) < 64)
		return "pod";
	out->open = !said && matters(all);
	if (machines(all, said, to))
		return "imds";
	if (default_route(all, AF_INET, to) || default_route(all, AF_INET6, to))
		return "route";
	if (any_interface(all, AF_INET, true, to) ||
	    any_interface(all, AF_INET6, true, to))
		return "interface";
	out->doubtful = true;
	if (!any_interface(all, AF_INET, false, to))
		strlcpy(to, "127.0.0.1", 64);
	return "last";
}

static bool is_bridged(const struct ifaddrs *all,
		       const struct address_choice *c)
{
	const struct ifaddrs *i = of_address(all, AF_INET, c->host);

	return (strcmp(c->why, "route") == 0 ||
		strcmp(c->why, "interface") == 0) && i && is_linked(i, true);
}

/* Our own are not all that count: the machine's may be there. */
static bool misses(const struct ifaddrs *all, const char *vnet,
		   const char *chosen)
{
	struct cidr_list l;
	char own[64], bad[64];

	return *vnet && !in_vnet(all, vnet, own) &&
	       cidr_parse(&l, vnet, bad) && !cidr_contains_text(&l, chosen);
}

void address_choose(const char *advertise, const char *vnet,
		    const struct imds_answer *said,
		    struct address_choice *out)
{
	struct ifaddrs *all = NULL;

	memset(out, 0, sizeof(*out));
	if (*advertise) {
		strlcpy(out->host, advertise, sizeof(out->host));
		out->why = "advertise";
		return;
	}
	if (getifaddrs(&all) < 0)
		all = NULL;
	out->why = choose(all, vnet, said, out);
	out->missed_vnet = misses(all, vnet, out->host);
	out->bridged = is_bridged(all, out);
	if (all)
		freeifaddrs(all);
}

static unsigned prefix_length(const struct sockaddr *mask)
{
	uint8_t bytes[16] = { 0 };
	unsigned bits = 0, first = 0;

	if (mask && cidr_address(mask, bytes) != CIDR_OTHER)
		first = mask->sa_family == AF_INET ? 12 : 0;
	for (unsigned i = first; i < sizeof(bytes); i++)
		bits += (unsigned)__builtin_popcount(bytes[i]);
	return bits;
}

void address_subnet(const char *host, char to[static 64])
{
	const int family = strchr(host, ':') ? AF_INET6 : AF_INET;
	const struct ifaddrs *i;
	struct ifaddrs *all = NULL;
	char text[80];

	*to = '\0';
	if (getifaddrs(&all) < 0)
		return;
	i = of_address(all, family, host);
	if (i) {
		snprintf(text, sizeof(text), "%s/%u", host,
			 prefix_length(i->ifa_netmask));
		if (!cidr_mend(text, to))
			strlcpy(to, host, 64);   /* a network of its own */
	}
	freeifaddrs(all);
}
