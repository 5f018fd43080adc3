#include "cgroup.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "file_text.h"
#include "machine.h"

#define HERE "/sys/fs/cgroup"

struct kind {
	const char *controller;         /* "": version 2 */
	const char *root, *file;
	const char *second;             /* stands behind that; may be NULL */
	double (*limit)(const char *text);
};

static const struct kind MEMORY[] = {
	{ "memory", HERE "/memory", "memory.limit_in_bytes", NULL,
	  machine_memory_limit },
	{ "", HERE, "memory.max", NULL, machine_memory_limit },
	{ "", HERE "/unified", "memory.max", NULL, machine_memory_limit },
};

static const struct kind CPU[] = {
	{ "cpu", HERE "/cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us",
	  machine_cpu_limit },
	{ "", HERE, "cpu.max", NULL, machine_cpu_limit },
	{ "", HERE "/unified", "cpu.max", NULL, machine_cpu_limit },
};

static double read_limit(const struct kind *k, const char *group)
{
	char path[PATH_MAX], text[128], more[64] = "";

	snprintf(path, sizeof(path), "%s%s/%s", k->root, group, k->file);
	if (!file_text(path, text, sizeof(text)))
		return 0;
	if (k->second) {
		snprintf(path, sizeof(path), "%s%s/%s", k->root, group,
			 k->second);
		file_text(path, more, sizeof(more));
		strlcat(text, more, sizeof(text));
	}
	return k->limit(text);
}

/* Of our group and those above it. A container may not see its own by the name
 * that it has: the one at the root is it. */
static double smallest(const struct kind *k, const char *groups)
{
	char group[PATH_MAX / 2], *slash = group;
	double least = 0, n;

	if (!machine_cgroup(groups, k->controller, group, sizeof(group)))
		return 0;
	while (slash) {
		n = read_limit(k, group);
		if (n > 0 && (least <= 0 || n < least))
			least = n;
		slash = strrchr(group, '/');
		if (slash)
			*slash = '\0';
	}
	return least;
}

static double limit(const struct kind *kinds, size_t count)
{
	char groups[4096];
	double n = 0;

	if (!file_text("/proc/self/cgroup", groups, sizeof(groups)))
		return 0;
	for (size_t i = 0; i < count && n <= 0; i++)
		n = smallest(&kinds[i], groups);
	return n;
}

double cgroup_memory_limit(void)
{
	return limit(MEMORY, sizeof(MEMORY) / sizeof(*MEMORY));
}

double cgroup_cpu_limit(void)
{
	return limit(CPU, sizeof(CPU) / sizeof(*CPU));
}
