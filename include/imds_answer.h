/* imds_answer.h: what Azure's instance metadata service says of a machine.
 * Rank 0, no I/O.
 *
 * Whoever answers at its address may have written it: only the named members
 * are taken, and an address only when it can be a machine's. */
#ifndef PITSTOP_IMDS_ANSWER_H
#define PITSTOP_IMDS_ANSWER_H

#include <stdbool.h>

#include "cidr.h"

struct imds_answer {
	char vm[128], vm_id[64], vm_size[64], region[64], priority[32];
				  /* "" when absent */
	char address[64];         /* the machine's first one, "" when absent */
	struct cidr_list nets;    /* all of its addresses, and their subnets */
};

/* False when it is no such document. */
bool imds_answer_parse(const char *body, struct imds_answer *to);

#endif
