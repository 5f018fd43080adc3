/* stacks_groups.h: which processes are at the same place? Rank 0, no I/O. */
#ifndef PITSTOP_STACKS_GROUPS_H
#define PITSTOP_STACKS_GROUPS_H

struct cJSON;

/* {"groups": [{"ids", "ranks", "stacks"}]} of an array of what session_stacks.h
 * says of one session, which is left empty: those whose main threads stand at
 * the same place are one group, and of those that have ranks the smallest
 * comes first: the odd one out. `stacks` are those of the first of them. One
 * that did not answer is a group by itself. NULL when memory is short;
 * cJSON_Delete frees it. */
struct cJSON *stacks_grouped(struct cJSON *answers);

#endif
