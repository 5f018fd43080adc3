/* session_view.h: what others see of a session, and want of it. The struct is
 * plain, for those of any rank; the functions are rank 3. */
#ifndef PITSTOP_SESSION_VIEW_H
#define PITSTOP_SESSION_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "barrier.h"

struct session;
struct sessions;

/* The texts are the session's own. Times are milliseconds. */
struct session_view {
	pid_t pid;
	int rank;               /* -1: none */
	enum barrier_state state;
	const char *name;       /* of the script or module */
	const char *python, *cwd;
	const char *host;       /* where a debugger connects */
	uint16_t port;          /* 0: nowhere */
	bool held;
	int64_t held_for, left; /* of a hold: how long, and how long still */
	const char *client;     /* the address of one that is in, NULL */
	int64_t client_for;     /* how long it has been in */
	const char *failed;     /* the exception it is held at, NULL */
	const char *node;       /* the machine's name */
	bool main;              /* a step's main script, or one that asked for
				   a debugger itself; else a process beside */
	int64_t paused_for;     /* how long its client has left it standing,
				   -1: not so ... */
	const char *file;       /* ... where, by the client's path; NULL: not
				   known */
	int line;
	int64_t stalled_for;    /* how long it has not moved, -1: it does, or
				   nobody looks */
};

void session_look(const struct session *s, struct session_view *v);

/* The next one behind `after` (NULL: the first). */
struct session *sessions_next(struct sessions *all, struct session *after);

struct cJSON;

/* What has happened to them, as in history.h, and the last one's number. */
struct cJSON *sessions_history(const struct sessions *all);
uint64_t sessions_last_event(const struct sessions *all);

/* The launch.json that attaches to each of them that is a step's main script:
 * with the token. NULL when memory is short; cJSON_Delete frees it. */
struct cJSON *sessions_launch(const struct sessions *all);

/* The step is about to be ended on this one's account; `why` is one sentence.
 */
void session_note_abort(struct session *s, const char *why);

/* End its hold; `why` is one sentence for the step's log. False when it is not
 * held. */
bool session_release(struct session *s, const char *why);

/* Let its hold last longer, and that of the ranks that share its deadline.
 * Returns by how much (ms), which is less where PITSTOP_MAX_HOLD ends it; -1
 * when it is not held. */
int64_t session_extend(struct session *s, int64_t ms);

#endif
