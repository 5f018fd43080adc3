/* history.h: what happened, the last of it. Rank 0, no I/O, no clock. */
#ifndef PITSTOP_HISTORY_H
#define PITSTOP_HISTORY_H

#include <stdint.h>
#include <sys/types.h>

struct cJSON;

#define HISTORY_MAX 128  /* the oldest make room */

struct history_event {
	int64_t at;          /* ms since 1970 */
	const char *what;    /* a word that lasts, such as "held" */
	pid_t pid;
	int rank;            /* -1: none */
	char name[64];       /* of the step */
	char detail[192];    /* the exception, the client ...; "": none */
};

struct history {
	uint64_t count;      /* of all that ever were; all zero at first */
	struct history_event last[HISTORY_MAX];
};

/* A copy is kept. */
void history_add(struct history *h, const struct history_event *e);

/* All that is kept, the oldest first; each has the number that it got, from 1
 * on. NULL when memory is short; cJSON_Delete frees it. */
struct cJSON *history_json(const struct history *h);

#endif
