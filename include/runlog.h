/* runlog.h: the run log, from where things happen to where they are read. Rank
 * 3. It is the process's own, like its metrics: what happens is told where it
 * happens. */
#ifndef PITSTOP_RUNLOG_H
#define PITSTOP_RUNLOG_H

#include <uv.h>

struct cJSON;
struct config;

/* Before it is called, nothing is told to anybody. */
void runlog_open(uv_loop_t *loop, const struct config *config);

/* It happened now. `fields` (an object, see event.h) is consumed; NULL: memory
 * was short. */
void runlog_tell(const char *name, struct cJSON *fields);

/* The run is over: done(ctx) comes, once and from the loop or at once, when
 * every sink has delivered what it can. */
void runlog_finish(void (*done)(void *ctx), void *ctx);

#endif
