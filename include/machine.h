/* machine.h: what files and variables say of the machine and its limits, from
 * their text. Rank 0, no I/O. */
#ifndef PITSTOP_MACHINE_H
#define PITSTOP_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Where in its hierarchy a control group is, by /proc/self/cgroup: that of
 * `controller` ("memory"), or version 2's, whose controller is "". */
bool machine_cgroup(const char *text, const char *controller, char *to,
		    size_t size);

/* A limit in bytes; 0: none ("max", and version 1's largest number). */
double machine_memory_limit(const char *text);

/* How many CPUs "QUOTA PERIOD" are worth; 0: no limit ("max ...", "-1 ..."). */
double machine_cpu_limit(const char *text);

/* In bytes, by /proc/meminfo; 0 when it is not there. */
double machine_memory(const char *meminfo);

/* What stands behind "Model:" or PRETTY_NAME=, without blanks and quotes around
 * it. False when there is none. */
bool machine_value(const char *text, const char *name, char *to, size_t size);

/* Of AZUREML_CR_COMPUTE_CONTEXT; "" when it is not there. */
struct machine_context {
	char cluster[128], vm_size[64], priority[32];
};
void machine_context(const char *json, struct machine_context *to);

#endif
