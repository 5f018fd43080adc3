/* sessions_internal.h: what the files of sessions.h share.
 *
 *   sessions.c        registration, the barrier, its clock, the hook's answers
 *   session_choice.c  which session is held, and which one a client gets
 *   session_ranks.c   ranks of one launch: their deadline, and which there are
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
#include "hello.h"
#include "pycmd.h"

struct hook;

#define RANKS_SEEN 4096  /* of higher ones none is remembered */

struct session {
	struct session *next;
	struct sessions *all;
	struct hook *hook;
	struct hello hello;
	struct pycmd cmd;
	struct barrier barrier;
	uv_timer_t timer;
	void *client;
	char client_address[64];
	char token[33];      /* what the debuggee proves itself with */
	int64_t since;       /* ms: the hold's start, then the attach's */
	int64_t countdown;   /* ms: the next line that says what is left */
	int64_t timeout_ms;
	pid_t launch;        /* ranks of one launcher have it in common */
	unsigned answers;    /* `attach` lines the hook has not answered ... */
	unsigned stale_answers;  /* ... of those, taken back meanwhile */
	bool waiting;        /* the hook waits for our word */
	bool asked;          /* told to hold, no `ready` yet */
	bool held;           /* was held at some time */
	bool timed_out;      /* and nobody came */
	bool main;           /* a step's main script */
	bool alone;          /* the client does not want child processes */
	uint16_t debuggee_port;
};

struct sessions {
	struct session *first;
	uv_loop_t *loop;
	const struct config *config;
	const struct place *place;
	const struct session_ops *ops;
	void *ctx;
	uint8_t seen[RANKS_SEEN / 8];  /* ranks that have registered */
};

/* session_choice.c */

/* Is it a step's main script, the one to hold? */
bool session_is_main(struct session *s);

/* The topmost of its ancestors that registered, 0: none did. */
pid_t session_find_launch(struct session *s);

/* session_ranks.c */

/* Take note of a rank that has come. */
void session_note_rank(struct session *s);

/* Is it a rank, and one that PITSTOP_RANKS leaves out? */
bool session_is_left_out(const struct session *s);

/* Ranks that one launcher started. */
bool session_is_peer(const struct session *a, const struct session *b);

/* How much is left (ms) of the hold that its peers share; `otherwise` when
 * none of them is held or has been in vain. */
int64_t session_shared_hold(struct session *s, int64_t now, int64_t otherwise);

/* There is no session of that rank: say why; true when one may still come. */
bool session_rank_may_come(struct sessions *all, int rank,
			   char why[static 256]);

/* session_log.c */

/* The script's or module's name, for people. */
const char *session_name(const struct session *s);

void session_say_hold(struct session *s);
void session_say_attached(struct session *s, int64_t after_ms);
void session_say_not_attached(struct session *s, const char *why);
void session_say_countdown(struct session *s, int64_t left_ms);
void session_say_no_hold(struct session *s);

#endif
