/* meter.h: what the step uses, from its start to its end. Rank 1. */
#ifndef PITSTOP_METER_H
#define PITSTOP_METER_H

#include <stdint.h>
#include <sys/types.h>

#include "cgroup_memory.h"

struct exit_report;
struct rusage;

/* A standard stream that goes to a file. */
struct meter_file {
	int fd;         /* -1: it does not, or is another one's too */
	off_t before;
};

struct meter {
	struct meter_file out, err;
	struct cgroup_memory cgroup;
	int64_t began;  /* ms of the monotonic clock */
};

/* Before the step is started, when there is no time for much; and when it
 * runs. */
void meter_open(struct meter *m, int64_t now);
void meter_begin(struct meter *m);

/* The step has ended, `usage` is what wait4 says of it. */
void meter_report(struct meter *m, int wait_status, const struct rusage *usage,
		  int64_t now, struct exit_report *to);

#endif
