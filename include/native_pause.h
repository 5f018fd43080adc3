/* native_pause.h: what a client is told of threads that cannot stop, since
 * they are inside native code. Rank 0, no I/O.
 *
 * debugpy answers a pause at once and says `stopped` when the first thread
 * reaches a line of Python. A step that hangs in a lock, a read or a collective
 * operation never does. debugpy does give the frames of such a thread, but VS
 * Code asks for frames only in a stop. So the adapter says `stopped` itself
 * when none has come in time, and hands over when a real one comes. */
#ifndef PITSTOP_NATIVE_PAUSE_H
#define PITSTOP_NATIVE_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

#define NATIVE_PAUSE_MS 2000  /* from a pause to a stop of ours */

/* The variablesReference of our one scope: far above debugpy's, which count
 * from 1, and below DAP's limit of 2^31 - 1. */
#define NATIVE_PAUSE_REFERENCE 2147483000

enum native_pause_state {
	NATIVE_RUNNING,
	NATIVE_ASKED,     /* a pause was sent on */
	NATIVE_SHOWN,     /* our stop is shown; debugpy's pause is pending */
	NATIVE_PROMISED,  /* the same, but the client stepped on */
	NATIVE_STOPPED,   /* for real */
	NATIVE_STATES,
};

enum native_pause_event {
	NATIVE_PAUSE,     /* the client asks for it */
	NATIVE_OVERDUE,   /* debugpy answers, and has stopped nothing */
	NATIVE_STOP,      /* debugpy says `stopped` */
	NATIVE_RESUMED,   /* debugpy says `continued` */
	NATIVE_CONTINUE,  /* the client asks for it */
	NATIVE_STEP,      /* the client asks for any of the steps */
	NATIVE_EVENTS,
};

/* What is to be done besides sending the message on. */
enum native_pause_action {
	NATIVE_NOTHING,
	NATIVE_WATCH,     /* NATIVE_OVERDUE is due in NATIVE_PAUSE_MS */
	NATIVE_SHOW,      /* say `stopped` */
	NATIVE_HAND_OVER, /* say `continued` before the real `stopped` */
	NATIVE_CANCEL,    /* take the pause back, and answer for debugpy, which
			     answers only when something was stopped */
	NATIVE_PROMISE,   /* answer the step, and keep it from debugpy: the
			     pending pause stops the thread at its next line */
};

struct native_frame {
	int64_t frame, thread;
};

struct native_pause {
	enum native_pause_state state;
	int64_t thread;   /* for which the pause was asked, or that stopped */
	int64_t since;    /* ms: no line of a thread that hangs ran after it */
	struct native_frame *frames;  /* of threads that hang in a real stop */
	size_t count;
};

void native_pause_finish(struct native_pause *p);

/* `now` in ms. */
enum native_pause_action native_pause_event(struct native_pause *p,
					    enum native_pause_event event,
					    int64_t now);

/* In a real stop, a thread turned out to hang, with this frame on its stack;
 * it came back. All are forgotten when the stop is over. */
void native_pause_hangs(struct native_pause *p, int64_t thread,
			int64_t frame);
void native_pause_came_back(struct native_pause *p, int64_t thread);

/* The outermost known frame of the thread that is number `i` of those that
 * hang in a real stop; false: there are not so many. */
bool native_pause_outermost(const struct native_pause *p, size_t i,
			    struct native_frame *found);

/* Is it to be answered by us, not by debugpy? */
bool native_pause_has_frame(const struct native_pause *p, int64_t frame);
bool native_pause_has_thread(const struct native_pause *p, int64_t thread);

/* Which thread our stop names, by the answer to `threads`: the one for which
 * the pause was asked, else the first; 0: none at all. */
int64_t native_pause_choose(const struct native_pause *p,
			    const struct cJSON *threads);

/* Bodies of DAP messages. The caller frees them with cJSON_Delete. */
struct cJSON *native_pause_stopped(const struct native_pause *p, int64_t now);
struct cJSON *native_pause_scopes(void);
struct cJSON *native_pause_variables(const struct native_pause *p,
				     int64_t now);

/* Why nothing can be evaluated or changed there. */
const char *native_pause_refusal(const struct native_pause *p, int64_t now,
				 char *to, size_t size);

#endif
