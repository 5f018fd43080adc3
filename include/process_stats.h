/* process_stats.h: what the kernel says of this process. Rank 1. */
#ifndef PITSTOP_PROCESS_STATS_H
#define PITSTOP_PROCESS_STATS_H

#include <stdint.h>

struct process_stats {
	double cpu_seconds;
	uint64_t resident, virtual;  /* bytes; 0 without /proc */
	unsigned open_fds;           /* likewise */
	double max_fds;
};

void process_stats(struct process_stats *to);

#endif
