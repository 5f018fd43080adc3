#include "address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bsd/string.h>

#include "cidr.h"

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

/* The route's source, unless it is docker0's or link-local. */
static bool default_route(const struct ifaddrs *all, int family,
			  char to[static 64])
{
	char host[64];

	if (!route_source(family, to))
		return false;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (is_ip(i, family) && host_text(i->ifa_addr, host) &&
		    strcmp(host, to) == 0)
			return is_outward(i);
	return true;
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

static const char *choose(const struct ifaddrs *all, const char *vnet,
			  char to[static 64])
{
	const char *pod = getenv("POD_IP");

	if (in_vnet(all, vnet, to))
		return "the address inside PITSTOP_VNET";
	if (pod && *pod && strlcpy(to, pod, 64) < 64)
		return "POD_IP";
	if (default_route(all, AF_INET, to) || default_route(all, AF_INET6, to))
		return "the source address of the default route";
	if (any_interface(all, AF_INET, true, to) ||
	    any_interface(all, AF_INET6, true, to))
		return "the address of an interface";
	return NULL;
}

void address_choose(const char *advertise, const char *vnet,
		    struct address_choice *out)
{
	struct ifaddrs *all = NULL;

	memset(out, 0, sizeof(*out));
	if (*advertise) {
		strlcpy(out->host, advertise, sizeof(out->host));
		out->why = "PITSTOP_ADVERTISE";
		return;
	}
	if (getifaddrs(&all) < 0)
		all = NULL;
	out->missed_vnet = *vnet && !in_vnet(all, vnet, out->host);
	out->why = choose(all, vnet, out->host);
	if (!out->why) {
		out->doubtful = true;
		out->why = "there is no other";
		if (!any_interface(all, AF_INET, false, out->host))
			strlcpy(out->host, "127.0.0.1", sizeof(out->host));
	}
	if (all)
		freeifaddrs(all);
}
