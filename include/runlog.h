/* runlog.h: the run log, from where things happen to where they are read. Rank
 * 3. It is the process's own, like its metrics: what happens is told where it
 * happens. */
#ifndef PITSTOP_RUNLOG_H
#define PITSTOP_RUNLOG_H

#include <stdbool.h>

#include <uv.h>

struct cJSON;
struct config;

/* Before it is called, nothing is told to anybody. What earlier agents left
 * undelivered in the file `spool` (-1: there is none) goes first. */
void runlog_open(uv_loop_t *loop, const struct config *config, int spool);

/* Does anybody listen? Else nothing has to be told. */
bool runlog_is_read(void);

/* It happened now. `fields` (an object, see event.h) is consumed; NULL: memory
 * was short. */
void runlog_tell(const char *name, struct cJSON *fields);

/* What happens once in a run, whatever becomes of its agents. */
enum runlog_once { RUNLOG_STARTED = 1, RUNLOG_ENDED = 2 };
bool runlog_has_told(enum runlog_once which);
void runlog_tell_once(enum runlog_once which, const char *name,
		      struct cJSON *fields);

/* The run is over: done(ctx) comes, once and from the loop or at once, when
 * every sink has delivered what it can, and what they could not is told. */
void runlog_finish(void (*done)(void *ctx), void *ctx);

#endif
