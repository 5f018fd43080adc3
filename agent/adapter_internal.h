/* adapter_internal.h: what the files of adapter.h share.
 *
 *   adapter.c           opening, attaching, and what each side reports
 *   adapter_children.c  processes that a debugged one started
 *   adapter_offers.c    which sessions were offered, through whose
 *   adapter_members.c   the lists of clients and debuggees
 *
 * Each calls only those below it. */
#ifndef PITSTOP_ADAPTER_INTERNAL_H
#define PITSTOP_ADAPTER_INTERNAL_H

#include "adapter.h"

#include <stdbool.h>

#include <uv.h>

#include "address.h"
#include "cidr.h"
#include "sessions.h"

struct client;
struct debuggee;
struct tcp_server;

struct member {             /* of one of the two lists, newest first */
	struct member *next;
	struct adapter *adapter;
	struct client *client;
	struct debuggee *debuggee;
	struct session *session;  /* a debuggee's; NULL: it has none */
	bool child;        /* a debuggee that came by itself */
	bool standing;     /* ... and waits for a client to configure it, */
	bool unblocking;   /* ... or has been let go and has not answered */
	bool leads;        /* a client: the other ranks of the launch that it
			      is in are offered to it */
	pid_t launch;
	unsigned lapses;   /* a client: children it did not want, in a row */
	uv_timer_t timer;  /* a debuggee's */
	bool timed;
};

struct adapter {
	uv_loop_t *loop;
	const struct config *config;
	struct sessions *sessions;
	struct tcp_server *clients_at, *debuggees_at;
	struct address_choice address;
	struct place place;
	int hooks;           /* their listening socket */
	struct cidr_list allow;
	struct member *clients, *debuggees;
	struct offer *offers;
	unsigned client_count;
	void (*ended)(void *ctx);
	void *ended_ctx;
};

/* adapter_members.c */

struct member *member_add(struct member **list);
void member_remove(struct member **list, struct member *m);
struct member *member_of_client(struct adapter *a, const struct client *c);
struct member *member_of_debuggee(struct adapter *a, const struct debuggee *d);

/* The debuggee of a session that is there for a client, or NULL. */
struct debuggee *session_debuggee(struct adapter *a, const struct session *s);
struct client *session_client(struct adapter *a, const struct session *s);

/* adapter_offers.c */

/* Offer the process `pid` through the session of `lead`; a rank, or a child
 * process (-1). False when that client takes no offers. */
bool offer_make(struct adapter *a, struct client *lead, int pid, int rank);

/* Who was offered it and has not taken it yet, or NULL. */
struct client *offer_open_to(struct adapter *a, int pid);

/* A client attaches to it. Returns through whose session, or NULL. */
struct client *offer_take(struct adapter *a, int pid, struct client *c);

/* It can no longer be taken, if it has not been. */
void offer_withdraw(struct adapter *a, int pid);

/* The session of `c` is over: what was offered through it, and its own
 * place among what others were offered. */
void offers_end(struct adapter *a, struct client *c);

/* Does a session go on, or wait to be opened, that was offered through that
 * of `c`? */
bool offers_last(struct adapter *a, const struct client *c);

/* Offer all ranks that are held to `c`, if it wants more than its own. */
void offers_lead(struct adapter *a, struct client *c);

/* A rank has come to be held. */
void offers_rank(struct adapter *a, struct session *s);

/* adapter_children.c */

/* A debuggee has come by itself; `root` (NULL: it is gone) is the session
 * whose access token it carries. False: it is nobody's. */
bool child_arrived(struct adapter *a, struct member *m, struct session *root);

/* Give it to a client that asks for that pid, or have that wait. False when
 * it is no child that stands still. */
bool child_attach(struct adapter *a, int pid, struct client *c);

/* The client does not want it. */
void child_declined(struct adapter *a, int pid, const struct client *c);

/* Let it run on; its hook takes the tracing away when it does. */
void child_let_go(struct member *m);
void child_unblocked(struct member *m);
void child_gone(struct member *m);

/* The client is gone that they were offered to. */
void children_release(struct adapter *a, const struct client *c);

#endif
