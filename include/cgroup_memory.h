/* cgroup_memory.h: the memory that this process's cgroup has used, and what the kernel
 * did for want of it. Rank 1. Versions 1 and 2. What cannot be told is -1. */
#ifndef PITSTOP_CGROUP_MEMORY_H
#define PITSTOP_CGROUP_MEMORY_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct cgroup_memory {
	char directory[PATH_MAX];  /* "": not found */
	bool v1;
	int64_t kills_before;
};

void cgroup_memory_open(struct cgroup_memory *c);

/* Processes in it that were killed for want of memory since cgroup_memory_open. */
int64_t cgroup_memory_kills(const struct cgroup_memory *c);

/* Bytes. The peak is that of the cgroup's whole life. A limit of its own, not
 * of one above. */
int64_t cgroup_memory_peak(const struct cgroup_memory *c);
int64_t cgroup_memory_own_limit(const struct cgroup_memory *c);

#endif
