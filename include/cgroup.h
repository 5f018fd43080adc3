/* cgroup.h: the limits of the control groups that this process is in, and that
 * it sees. Rank 1. Versions 1 and 2, at their usual places. */
#ifndef PITSTOP_CGROUP_H
#define PITSTOP_CGROUP_H

double cgroup_memory_limit(void);  /* bytes; 0: none */
double cgroup_cpu_limit(void);     /* how many CPUs; 0: no limit */

#endif
