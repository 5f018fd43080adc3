/* session_stacks.h: where a session's threads and asyncio tasks are, asked of
 * its hook. Rank 3. */
#ifndef PITSTOP_SESSION_STACKS_H
#define PITSTOP_SESSION_STACKS_H

#include <stdbool.h>

struct cJSON;
struct session;
struct sessions;

/* The answer, which is the callee's to free: {"id", "name", "rank", "pid"} and
 * either what stacks.h says, or, when the hook does not answer within 2 s,
 * "unanswered", a sentence that says so, and "kernel_threads" (see
 * kernel_threads.h). NULL when the process has ended, or memory is short. */
typedef void session_stacks_done(void *ctx, struct cJSON *answer);

/* Ask for them; `done` is called exactly once, from the loop. False, and it is
 * not, when memory is short. */
bool session_ask_stacks(struct session *s, session_stacks_done *done,
			void *ctx);

/* The same of all of them, or of the steps' main scripts: the answer is what
 * stacks_groups.h says, or NULL when memory is short. `done` may be called
 * before this returns. */
bool sessions_ask_stacks(struct sessions *all, bool main_scripts,
			 session_stacks_done *done, void *ctx);

#endif
