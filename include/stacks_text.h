/* stacks_text.h: what GET /v1/stacks answers (api_stacks.h), for a person.
 * Rank 0, no I/O. */
#ifndef PITSTOP_STACKS_TEXT_H
#define PITSTOP_STACKS_TEXT_H

#include <stdbool.h>

struct buf;
struct cJSON;

/* Append the groups that have this process and this rank among theirs, -1:
 * whichever. Returns how many, -EPROTO when `json` is no such answer, -ENOMEM.
 * What a terminal may obey is replaced. */
int stacks_text(struct buf *to, const char *json, int pid, int rank);

/* Append one of them. False when memory is short. */
bool stacks_text_group(struct buf *to, const struct cJSON *group);

#endif
