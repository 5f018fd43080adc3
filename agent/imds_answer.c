#include "imds_answer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#define PREFIX_MIN 8  /* a wider subnet is a VNet's no more */

/* "this network", loopback, link-local, multicast and reserved */
#define NO_MACHINES "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,224.0.0.0/3"

static const char *text(const cJSON *of, const char *name)
{
	const char *found = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(of, name));

	return found ? found : "";
}

static bool is_machines(const char *address)
{
	struct cidr_list not;
	struct in_addr four;
	char bad[64];

	return inet_pton(AF_INET, address, &four) == 1 &&
	       cidr_parse(&not, NO_MACHINES, bad) &&
	       !cidr_contains_text(&not, address);
}

/* A piece that is no range is left out. */
static void add_net(struct cidr_list *to, const char *address, int prefix)
{
	struct cidr_list one;
	char range[64], bad[64];

	snprintf(range, sizeof(range), "%.40s/%d", address, prefix);
	if (to->len < CIDR_MAX && cidr_parse(&one, range, bad) && one.len == 1)
		to->at[to->len++] = one.at[0];
}

static void add_address(struct imds_answer *to, const char *address)
{
	if (!is_machines(address))
		return;
	if (!*to->address)
		strlcpy(to->address, address, sizeof(to->address));
	add_net(&to->nets, address, 32);
}

static void add_subnet(struct imds_answer *to, const cJSON *subnet)
{
	const char *prefix = text(subnet, "prefix");
	int bits = 0, end = 0;

	if (sscanf(prefix, "%2d%n", &bits, &end) == 1 && !prefix[end] &&
	    bits >= PREFIX_MIN && is_machines(text(subnet, "address")))
		add_net(&to->nets, text(subnet, "address"), bits);
}

static void add_interface(struct imds_answer *to, const cJSON *interface)
{
	const cJSON *ipv4 = cJSON_GetObjectItemCaseSensitive(interface,
							     "ipv4");
	const cJSON *at;

	cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(ipv4,
								"ipAddress"))
		add_address(to, text(at, "privateIpAddress"));
	cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(ipv4,
								"subnet"))
		add_subnet(to, at);
}

bool imds_answer_parse(const char *body, struct imds_answer *to)
{
	cJSON *all = cJSON_Parse(body);
	const cJSON *compute, *network, *at;

	memset(to, 0, sizeof(*to));
	compute = cJSON_GetObjectItemCaseSensitive(all, "compute");
	network = cJSON_GetObjectItemCaseSensitive(all, "network");
	strlcpy(to->vm, text(compute, "name"), sizeof(to->vm));
	strlcpy(to->vm_id, text(compute, "vmId"), sizeof(to->vm_id));
	strlcpy(to->vm_size, text(compute, "vmSize"), sizeof(to->vm_size));
	strlcpy(to->region, text(compute, "location"), sizeof(to->region));
	strlcpy(to->priority, text(compute, "priority"),
		sizeof(to->priority));
	cJSON_ArrayForEach(at, cJSON_GetObjectItemCaseSensitive(network,
								"interface"))
		add_interface(to, at);
	cJSON_Delete(all);
	return *to->vm_id || *to->vm_size || *to->address;
}
