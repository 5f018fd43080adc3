/* spool.h: the events that not every sink has got yet, where they outlive the
 * agent. Rank 1. It is the process's own, like the run log.
 *
 * In a file in memory that the supervisor holds open: an agent that is killed
 * leaves there what it has not delivered, and the next one goes on with it.
 * An event is whole in it, or not at all. Of more than SPOOL_BYTES the oldest
 * are left out: whom they do not reach before this agent dies has missed them.
 * Without that file all works but this. */
#ifndef PITSTOP_SPOOL_H
#define PITSTOP_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;

#define SPOOL_BYTES (4 * 1024 * 1024)
#define SPOOL_SLOTS 8   /* of sinks, from 0 */

/* What is in it: found(ctx, ...) for each, in their order, with those in
 * `waiting` that have not got it. `fd` is the supervisor's file, -1: none. */
void spool_open(int fd, void (*found)(void *ctx, struct event *e), void *ctx);

/* Take in an event for those in its `waiting`. It is one of a run's few that
 * come only once where `once` is not 0, a bit that spool_has_told knows from
 * then on, in every agent to come. */
void spool_add(struct event *e, uint32_t once);
bool spool_has_told(uint32_t once);

/* The sink at this slot has got it, or never will. */
void spool_done(struct event *e, unsigned slot);

/* Its `taken` has changed. */
void spool_taken(const struct event *e);

/* That sink will never have `n` more; how many these are now, those of earlier
 * agents among them. */
uint64_t spool_miss(unsigned slot, uint64_t n);

#endif
