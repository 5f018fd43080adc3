/* client_internal.h: what the files of client.h share.
 *
 *   client.c          the connection and the requests that come in
 *   client_session.c  the way to a debuggee, and what comes from it
 *   client_pause.c    pauses, and stops of our own
 *   client_hang.c     threads that hang while others are stopped
 *   client_watch.c    what it is watched for while it is attached
 *   client_end.c      every way in which it ends
 *
 * Each calls only those below it. */
#ifndef PITSTOP_CLIENT_INTERNAL_H
#define PITSTOP_CLIENT_INTERNAL_H

#include "client.h"

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "buf.h"
#include "dap.h"
#include "native_pause.h"
#include "pause_limit.h"

struct cJSON;
struct dap_peer;

/* Error ids, unique to the reason as DAP asks. */
enum { REFUSED_ORDER = 1, REFUSED_TOKEN, REFUSED_ATTACH, REFUSED_GONE,
       REFUSED_LAUNCH, REFUSED_ADDRESS, REFUSED_NATIVE, REFUSED_RESTART };

enum client_state {
	CLIENT_NEW,         /* connected */
	CLIENT_GREETED,     /* `initialize` answered */
	CLIENT_PUNISHED,    /* wrong token: its refusal is on the clock */
	CLIENT_WAITING,     /* authorised, no session yet */
	CLIENT_EXPECTING,   /* the hook was asked to connect the debugger */
	CLIENT_STARTING,    /* the debuggee is there and is being set up */
	CLIENT_CONFIGURING, /* `initialized` sent, breakpoints come in */
	CLIENT_ATTACHED,
	CLIENT_LEAVING,     /* debugpy was asked to disconnect */
	CLIENT_OUTLIVING,   /* its process has ended, others go on */
	CLIENT_ENDED,       /* `terminated` sent */
};

struct client {
	struct dap_peer *peer;     /* NULL once the connection is closed */
	uv_timer_t timer, pause_timer;
	const struct client_ops *ops;
	void *ctx;
	const char *token;
	enum client_state state;
	uint32_t id;
	char address[64];
	struct buf greeting;       /* the arguments of initialize, as text
				      until it is authorised: a stranger
				      costs no tree of them */
	struct cJSON *initialize, *attach;  /* arguments */
	int64_t attach_seq;          /* 0 once answered */
	int64_t farewell_seq;        /* the `disconnect` to answer, 0: none */
	char why[256];
	struct session *session;
	struct debuggee *debuggee;
	struct buf deferred;
	int64_t since;
	bool authorised;
	bool configured;             /* `configurationDone` was taken */
	bool traced;                 /* all threads of the step are */
	uv_timer_t watch;
	struct pause_limit pause_limit;
	int64_t full_since;          /* ms: it takes too little, and the
					debuggee waits; 0: not so */
	size_t left_out;             /* bytes of output, while `slow` */
	bool slow;                   /* it gets no output */
	unsigned open_timers;
	int pid;             /* of its debuggee, also when that has ended */
	char proof[65];
	bool replaced;       /* exec() in the debuggee: another comes */
	bool closing;
	struct native_pause pause;
	unsigned pause_probes;     /* not answered yet */
	bool pause_look;           /* `threads` is not answered yet, */
	bool pause_late;           /* and the client was told so */
};

/* client_end.c */

int64_t client_now(void);  /* ms */

/* One line in the log, within a rate. */
void client_note_refusal(struct client *c, const char *why);

/* The timer of every state but `attached`. */
void client_limit(struct client *c, uv_timer_cb then, uint64_t ms);

/* Ready its timers. */
void client_open_timers(struct client *c, uv_loop_t *loop);

/* The memory of one that was never given to anybody. */
void client_close_timers(struct client *c);

/* Free it once neither side holds it any more. */
void client_maybe_free(struct client *c);

/* The end of the conversation: answer what is open, say `terminated` to one
 * that was attached, and close, or let the client close. */
void client_say_farewell(struct client *c);

/* A line in its debug console that is hard to overlook. */
void client_tell(struct client *c, const char *text);

/* Let the step go on without it; `why` is for an attach that is open. */
void client_leave(struct client *c, const char *why, bool terminate);

/* What a request to the debuggee is sent with: the client, and the number
 * under which it waits for the answer. */
int64_t client_tag(const struct client *c, int64_t seq);

/* The client that a tag belongs to, if it is still there. */
struct client *client_tagged(void *debuggee, int64_t tag);

/* client_watch.c */

/* Send on what came from its debuggee: an event, or the response to its
 * request `request_seq`. */
void client_relay(struct client *c, const struct dap_message *m,
		  int64_t request_seq);
void client_watch_drained(struct client *c);

/* A dap_peer_reply: send the answer on. */
void client_answer(void *debuggee, int64_t tag, const struct dap_message *m);

/* What the pause limit goes by. */
void client_watch_event(struct client *c, const struct dap_message *m);
void client_watch_request(struct client *c);

/* client_hang.c */

/* Send a `stackTrace` on; the answer waits until it is known whether that
 * thread hangs, and is noted for client_pause.c. False: send it on yourself. */
bool client_hang_stack(struct client *c, const struct dap_message *m,
		       int64_t thread);

/* The timer of both files: one of them at a time has a use for it. */
void client_pause_clock(struct client *c, uv_timer_cb then, uint64_t ms);

/* -1: it is no number. */
int64_t client_number(const struct cJSON *object, const char *name);

struct cJSON *client_parse(struct dap_span text);

/* client_pause.c */

/* Is a request of an attached client answered here, now or later? */
bool client_pause_answers(struct client *c, const struct dap_message *m);

/* An event of the debuggee, before it is sent on. */
void client_pause_note(struct client *c, const struct dap_message *m);

bool client_takes_continued(const struct client *c);
/* It has no process, but is still there: an answer that changes nothing.
 * False when there is none. */
bool client_answer_idle(struct client *c, const struct dap_message *m);

/* client_session.c */

/* The answer to a forwarded `configurationDone`. */
void client_configured(void *debuggee, int64_t tag,
		       const struct dap_message *m);

#endif
