/* sessions_internal.h: what the files of sessions.h share.
 *
 *   session_view.c    what others see of a session, and want of it
 *   sessions.c        registration, and what the adapter asks for
 *   session_words.c   what a hook says
 *   session_preflight.c  what stands in the way of debugging it
 *   session_barrier.c the barrier and its clock
 *   session_end.c     its process is ended at a client's wish
 *   session_stall.c   which of them have not moved for long
 *   session_stacks.c  where its threads are, asked of the hook
 *   session_choice.c  which session is held, and which one a client gets
 *   session_ranks.c   ranks of one launch: their deadline, and which there are
 *   session_hook.c    what a hook is told, and which of its answers count
 *   session_history.c what is told of it afterwards
 *   session_launch.c  how to attach to them
 *   session_log.c     what a step's log says
 *
 * Each calls only those below it. */
#ifndef PITSTOP_SESSIONS_INTERNAL_H
#define PITSTOP_SESSIONS_INTERNAL_H

#include "sessions.h"

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "barrier.h"
#include "buf.h"
#include "exit_event.h"
#include "hello.h"
#include "history.h"
#include "pycmd.h"
#include "stall.h"

struct cJSON;
struct hook;

#define MINUTE_MS 60000  /* between countdown lines */

#define RANKS_SEEN 4096  /* of higher ones none is remembered */

struct session {
	struct session *next;
	struct sessions *all;
	struct hook *hook;
	struct hello hello;
	struct pycmd cmd;
	struct barrier barrier;
	uv_timer_t timer, end_timer;
	void *client;
	char client_address[64];
	char failed[1024];     /* the exception that it is held at, or "" */
	struct buf syspath;  /* an entry a line, while it comes */
	char debugpy[32];    /* its version, "?": it does not say, "" while it is
				not known */
	char token[33];      /* what the debuggee proves itself with */
	int64_t since;       /* ms: the hold's start */
	int64_t attached;    /* ms: when the client was in */
	int64_t paused;      /* ms: when its client's debugger stopped it, 0:
				it runs ... */
	char paused_file[256];  /* ... and where, "": not known */
	int paused_line;
	int64_t countdown;   /* ms: the next line that says what is left */
	int64_t timeout_ms;
	pid_t launch;        /* ranks of one launcher have it in common */
	unsigned answers;    /* `attach` and `retrace` lines that the hook has
				not answered ... */
	unsigned stale_answers;  /* ... of those, taken back meanwhile */
	uint64_t began;      /* what tells its process from a later one with
				the same number */
	bool waiting;        /* the hook waits for our word */
	bool asked;          /* told to hold, no `ready` yet */
	bool leaving;        /* the client has not left the debugger yet */
	bool ending;         /* a client wants its process to end, and ... */
	bool signalled;      /* ... it has been told to */
	bool resumed;        /* an earlier agent began this hold */
	bool held;           /* was held at some time */
	bool shares;         /* its hold's deadline is that of all ranks; an
				earlier agent's hold is taken for such a one */
	bool timed_out;      /* of that one, and nobody came */
	bool main;           /* a step's main script */
	bool adopted;        /* its script asked for a debugger itself */
	bool noted;          /* the history has something of it */
	bool told;           /* its log has the launch configuration */
	bool alone;          /* the client does not want child processes */
	uint16_t debuggee_port;
	struct stacks_question *question;  /* to the hook, not answered yet */
	bool stacks_late;    /* the hook has yet to answer one that was given
				up */
	struct stall stall;
	bool stall_told;     /* its log has it */
};

struct sessions {
	bool hold_met;   /* some process was held, or told why it was not */
	bool looked;     /* for what stands in the way, or about to */
	bool left_out;   /* some was not, because of PITSTOP_RANKS */
	struct session *first;
	uv_loop_t *loop;
	const struct config *config;
	const struct place *place;
	const struct session_ops *ops;
	void *ctx;
	char node[65];
	struct history history;
	uv_timer_t stall_timer;  /* with PITSTOP_STALL only */
	int64_t stall_due;   /* ms: those that have stalled are told of, 0:
				there is none */
	struct raised raised;  /* the first that ended a main script */
	uint8_t seen[RANKS_SEEN / 8];  /* ranks that have registered */
};

/* session_stacks.c */

/* A part of what the hook says to that: "thread ...", "task ...", "frame ..."
 * or "end". */
void session_stack(struct session *s, const char *part);
void session_stacks_end(struct session *s);  /* its process has gone */

/* session_stall.c */

/* With PITSTOP_STALL: look whether they move, from now on. */
void sessions_watch_stalls(struct sessions *all);

/* session_words.c */

/* As in hook_server_ops. */
void session_line(void *session, const char *word, const char *rest);

/* The exception that it is held at. The message may tell a secret, and the lines
 * that show it go further than the step's own: it is taken out. */
void session_keep_failure(struct session *s, const char *text);

/* A thread stands where an exception would end it: `text`. What to do about
 * it is decided now, or, with a client that is about to leave, when it has;
 * the other function is for then. */
void session_crashed(struct session *s, const char *text);
void session_decide_crash(struct session *s);

/* session_preflight.c */

/* What the hook says in a hold: an entry of sys.path, and that all is said. What
 * is wrong is looked for then, in a thread, and told to the log if the step is
 * still held; of the first hold alone. `debugpy` is its version. */
void session_syspath(struct session *s, const char *entry);
void session_preflight(struct session *s, const char *debugpy);

/* session_barrier.c */

/* One step of the barrier, now or at a moment that is over, with all that is
 * to be done for it; `why` is for people. */
void session_event(struct session *s, enum barrier_event e, const char *why);
/* One step of the barrier, counted; returns what is to be done. */
unsigned session_step(struct session *s, enum barrier_event e, int64_t when);
void session_event_at(struct session *s, enum barrier_event e, int64_t when,
		      const char *why);

/* The parts of that: the actions, and the clock set anew. */
void session_do(struct session *s, unsigned todo, enum barrier_event e,
		const char *why);
void session_arm(struct session *s);

/* Move the deadline of one that is held. */
void session_postpone(struct session *s, int64_t ms);

/* session_end.c */

/* The process that session_terminate() has not told to end yet gets told. */
void session_end(struct session *s);

/* session_choice.c */

/* When that process started, in ticks; 0 when it cannot be told. */
uint64_t session_began(pid_t pid);

/* Is `a` one of the ancestors of `s`? */
bool session_descends(const struct session *s, const struct session *a);

/* Is it a step's main script, the one to hold? */
bool session_is_main(struct session *s);
/* Was it that, or did it ask for a debugger itself? */
bool session_is_step(const struct session *s);

/* session_hook.c */

int64_t session_now(void);  /* ms, monotonic */
int64_t session_wall_clock(void);  /* ms since 1970 */

/* Have the hook stand for as long as is asked for; `ready` is its answer. */
void session_begin_hold(struct session *s, int64_t timeout_ms);

/* How long to hold: what the process asks for, or the setting; ms. */
int64_t session_timeout(struct session *s);
/* At a crash with a client: it is shown the exception. */
void session_let_go(struct session *s);

/* Have the debugger connected, or its tracing put on again. */
void session_call_hook(struct session *s);
/* The hook answers each `attach` once; what it answers to one that was taken
 * back concerns nobody. */
void session_cancel(struct session *s);
bool session_answer_counts(struct session *s);
/* The topmost of its ancestors that registered, 0: none did. */
pid_t session_find_launch(struct session *s);

/* session_ranks.c */

/* Take note of a rank that has come. */
void session_note_rank(struct session *s);

/* Is it a rank, and one that PITSTOP_RANKS leaves out? */
bool session_is_left_out(const struct session *s);

/* Ranks that one launcher started. */
bool session_is_peer(const struct session *a, const struct session *b);

/* How long to hold (ms) it at its start: what is left of the hold that its
 * peers share, or what session_timeout() says. */
int64_t session_shared_hold(struct session *s);

/* There is no session of that rank: say why; true when one may still come. */
bool session_rank_may_come(struct sessions *all, int rank,
			   char why[static 256]);

/* session_history.c */

/* `what` lasts; `detail` may be NULL. */
void session_note(struct session *s, const char *what, const char *detail);

/* An event has brought its barrier to where it is now. */
void session_note_event(struct session *s, enum barrier_event e,
			enum barrier_state before, const char *why);

/* session_log.c */

/* The script's or module's name, for people. */
const char *session_name(const struct session *s);

/* The script's path, as the command line has it; NULL: it is none. */
const char *session_script(const struct session *s);

void session_say_hold(struct session *s);
void session_say_listen(struct session *s, const char *call);
void session_say_attached(struct session *s, int64_t after_ms);
void session_say_not_attached(struct session *s, const char *why);
void session_say_countdown(struct session *s, int64_t left_ms);
/* As driver_log_extended(). */
void session_say_extended(struct session *s, unsigned others, int64_t ms,
			  bool cut);
void session_say_no_hold(struct session *s);
/* Of those that have stalled and were not told of yet, with what
 * stacks_groups.h says of all. */
void sessions_say_stalled(struct sessions *all, const struct cJSON *groups);
void session_say_moves(struct session *s, int64_t ms);

#endif
