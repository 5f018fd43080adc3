/* session_stacks.h: where a session's threads and asyncio tasks are, asked of
 * its hook. Rank 3. */
#ifndef PITSTOP_SESSION_STACKS_H
#define PITSTOP_SESSION_STACKS_H

#include <stdbool.h>

struct cJSON;
struct session;

/* The answer, which is the callee's to free: {"id", "name", "rank", "pid"} and
 * either what stacks.h says, or, when the hook does not answer within 2 s,
 * "unanswered", a sentence that says so, and "kernel_threads" (see
 * kernel_threads.h). NULL when the process has ended, or memory is short. */
typedef void session_stacks_done(void *ctx, struct cJSON *answer);

/* Ask for them; `done` is called exactly once, from the loop. False, and it is
 * not, when memory is short. */
bool session_ask_stacks(struct session *s, session_stacks_done *done,
			void *ctx);

#endif
