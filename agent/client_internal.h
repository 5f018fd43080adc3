/* client_internal.h: what the files of client.h share.
 *
 *   client.c          the connection and the requests that come in
 *   client_session.c  the way to a debuggee, and what comes from it
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

struct cJSON;
struct dap_message;
struct dap_peer;

/* Error ids, unique to the reason as DAP asks. */
enum { REFUSED_ORDER = 1, REFUSED_TOKEN, REFUSED_ATTACH, REFUSED_GONE,
       REFUSED_LAUNCH, REFUSED_ADDRESS };

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
	uv_timer_t timer;
	const struct client_ops *ops;
	void *ctx;
	const char *token;
	enum client_state state;
	uint32_t id;
	char address[64];
	struct cJSON *initialize, *attach;  /* arguments */
	int64_t attach_seq;          /* 0 once answered */
	int64_t farewell_seq;        /* the `disconnect` to answer, 0: none */
	char farewell[16];
	char why[256];
	struct session *session;
	struct debuggee *debuggee;
	struct buf deferred;
	int64_t since;
	int pid;             /* of its debuggee, also when that has ended */
	char proof[65];
	bool replaced;       /* exec() in the debuggee: another comes */
	bool closing;
};

/* client_end.c */

int64_t client_now(void);  /* ms */

/* One line in the log, within a rate. */
void client_note_refusal(struct client *c, const char *why);

/* The client's one timer. */
void client_limit(struct client *c, uv_timer_cb then, uint64_t ms);

/* The memory of one that was never given to anybody. */
void client_close_timer(struct client *c);

/* Free it once neither side holds it any more. */
void client_maybe_free(struct client *c);

/* The end of the conversation: answer what is open, say `terminated` to one
 * that was attached, and close, or let the client close. */
void client_say_farewell(struct client *c);

/* Let the step go on without it; `why` is for an attach that is open. */
void client_leave(struct client *c, const char *why, bool terminate);

/* It has no process, but is still there: an answer that changes nothing.
 * False when there is none. */
bool client_answer_idle(struct client *c, const struct dap_message *m);

/* client_session.c */

/* The answer to a forwarded `configurationDone`. */
void client_configured(void *debuggee, int64_t tag,
		       const struct dap_message *m);

#endif
