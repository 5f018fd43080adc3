#include "adapter_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bsd/string.h>

#include "attach_config.h"
#include "client.h"
#include "dap_peer.h"
#include "debuggee.h"
#include "listeners.h"
#include "log.h"
#include "metrics.h"
#include "tcp_server.h"

#define MORE_PORTS 15       /* tried after the configured one */
#define CLIENTS_MAX 128     /* connections at once ... */
#define ENDING_MAX 256      /* ... with those that are being turned away */
#define STRANGERS_MAX 128   /* debuggees that have shown no session's token */
#define IDENTIFY_MS 10000   /* for a debuggee to say who it is */
#define AWAY_MS 60000       /* for one that nobody wants to go its way */

static void attach(struct adapter *a, struct client *c);

/* Attach those that wait for a session, now that something has changed. */
static void retry_waiting(struct adapter *a)
{
	struct member *next;

	for (struct member *m = a->clients; m; m = next) {
		next = m->next;
		if (client_is_waiting(m->client))
			attach(a, m->client);
	}
}

/* attaching */

static void refuse_taken(struct adapter *a, struct client *c,
			 struct session *s)
{
	struct client *holder = session_client(a, s);
	char why[256];

	if (holder && attach_config_takeover(client_config(c))) {
		snprintf(why, sizeof(why), "pitstop: %s took this session "
			 "over\n", client_address(c));
		client_wait(c, "the other client does not let go");
		client_oust(holder, why);
		return;
	}
	snprintf(why, sizeof(why), "the step is being debugged by %s for %lld "
		 "s already; disconnect there, or add \"pitstopTakeover\": "
		 "true to the configuration",
		 holder ? client_address(holder) : "another client",
		 holder ? (long long)client_seconds(holder) : 0);
	client_refuse(c, why);
}

static void attach_to(struct adapter *a, struct client *c, struct session *s)
{
	struct session_guest guest = {
		.client = c,
		.address = client_address(c),
		.connected = session_debuggee(a, s),
		.alone = !attach_config_children(client_config(c)),
		.debuggee_port = tcp_server_port(a->debuggees_at),
	};
	const char *why = session_attach(s, &guest);

	if (!why)
		client_expect(c, s);
	else if (strcmp(why, "taken") == 0)
		refuse_taken(a, c, s);
	else
		client_refuse(c, why);
}

static void attach(struct adapter *a, struct client *c)
{
	const struct cJSON *config = client_config(c);
	int pid = attach_config_pid(config);
	struct client *lead = NULL;
	struct session *s;
	char why[256];
	bool later;

	if (pid && attach_config_offered(config))
		lead = offer_take(a, pid, c);
	if (lead)
		member_of_client(a, lead)->lapses = 0;
	if (pid && child_attach(a, pid, c))
		return;
	s = sessions_pick(a->sessions, pid, attach_config_rank(config), why,
			  &later);
	if (s)
		attach_to(a, c, s);
	else if (later)
		client_wait(c, why);
	else if (attach_config_offered(config))
		client_too_late(c);
	else
		client_refuse(c, why);
}

static void on_attach(void *ctx, struct client *c)
{
	attach(ctx, c);
}

/* clients */

static void on_client_attached(void *ctx, struct client *c,
			       struct debuggee *d)
{
	struct adapter *a = ctx;

	member_of_debuggee(a, d)->standing = false;
	offers_lead(a, c);
}

static void on_client_returned(void *ctx, struct debuggee *d)
{
	struct member *m = member_of_debuggee(ctx, d);

	if (m->standing) {
		child_let_go(m);
		return;
	}
	debuggee_close(d);
	if (m->session)
		session_attach_failed(m->session);
}

static void on_session_freed(void *ctx)
{
	retry_waiting(ctx);
}

/* A child runs on; a rank stays held, to its deadline, and attachable. */
static void on_client_declined(void *ctx, struct client *c, int pid)
{
	child_declined(ctx, pid, c);
	if (offer_open_to(ctx, pid) == c)
		offer_withdraw(ctx, pid);
}

static bool on_client_outlives(void *ctx, struct client *c)
{
	return offers_last(ctx, c);
}

static void on_client_ended(void *ctx, struct client *c)
{
	children_release(ctx, c);
	offers_end(ctx, c);
}

static void on_client_gone(void *ctx, struct client *c)
{
	struct adapter *a = ctx;

	on_client_ended(a, c);
	member_remove(&a->clients, member_of_client(a, c));
	a->client_count--;
	retry_waiting(a);
	if (!a->clients && a->ended)
		a->ended(a->ended_ctx);
}

static const struct client_ops CLIENT_OPS = {
	.attach = on_attach,
	.attached = on_client_attached,
	.returned = on_client_returned,
	.freed = on_session_freed,
	.declined = on_client_declined,
	.outlives = on_client_outlives,
	.ended = on_client_ended,
	.gone = on_client_gone,
};

/* The list is newest first. */
static struct client *oldest(struct adapter *a,
			     bool (*is)(const struct client *c))
{
	struct client *found = NULL;

	for (struct member *m = a->clients; m; m = m->next)
		if (is(m->client))
			found = m->client;
	return found;
}

/* The oldest stranger makes room for a newcomer: idle connections, however
 * many, shut nobody out. */
static void make_room(struct adapter *a)
{
	struct client *c;

	if (a->client_count > CLIENTS_MAX &&
	    (c = oldest(a, client_is_stranger)))
		client_turn_away(c, METRIC_REFUSED_CROWDED,
				 "too many connections");
	if (a->client_count > ENDING_MAX &&
	    (c = oldest(a, client_is_ending)))
		client_cut(c);
}

static void shut_out(struct client *c, const struct sockaddr *from)
{
	char why[256], host[64];

	address_host(from, host);
	snprintf(why, sizeof(why), "%s is not in PITSTOP_ALLOW, the addresses "
		 "that may debug this step; start it with an --allow that has "
		 "it, beside all others that may: it replaces the default",
		 host);
	client_turn_away(c, METRIC_REFUSED_ADDRESS, why);
}

static void on_client_connection(void *ctx, uv_stream_t *listener)
{
	struct adapter *a = ctx;
	struct member *m = member_add(&a->clients);
	struct sockaddr_storage from;

	if (!m)
		return;
	m->client = client_accept(listener, a->place.token,
				  a->config->pause_limit, &CLIENT_OPS, a);
	if (!m->client) {
		member_remove(&a->clients, m);
		return;
	}
	a->client_count++;
	client_sockaddr(m->client, &from);
	if (from.ss_family == AF_UNSPEC)  /* it has left already */
		client_cut(m->client);
	else if (!cidr_contains(&a->allow, (struct sockaddr *)&from))
		shut_out(m->client, (struct sockaddr *)&from);
	make_room(a);
}

/* debuggees */

static void on_sent_away(uv_timer_t *t)
{
	struct member *m = t->data;

	debuggee_close(m->debuggee);
}

/* Nobody here will ever serve it. It may all the same be a process that stands
 * still until somebody does: slow, or left behind by a step that has ended or
 * became another program. It has to take in that it is let go before it sees
 * the connection closed. */
static void send_away(struct member *m)
{
	debuggee_unblock(m->debuggee);
	uv_timer_start(&m->timer, on_sent_away, AWAY_MS, 0);
}

static void on_unidentified(uv_timer_t *t)
{
	send_away(t->data);
}

static void on_identified(void *ctx, struct debuggee *d)
{
	struct adapter *a = ctx;
	struct member *m = member_of_debuggee(a, d);
	struct session *s;
	struct client *c;

	uv_timer_stop(&m->timer);
	s = sessions_by_token(a->sessions, debuggee_token(d));
	if (!s || debuggee_pid(d) != session_pid(s)) {
		if (!child_arrived(a, m, s))
			send_away(m);
		return;
	}
	debuggee_trust(d);
	c = session_client(a, s);
	if (!c || !client_is_expecting(c)) {  /* it left, or has one */
		debuggee_close(d);
		return;
	}
	m->session = s;
	client_take(c, s, d);
}

static void on_unblocked(void *ctx, struct debuggee *d)
{
	child_unblocked(member_of_debuggee(ctx, d));
	retry_waiting(ctx);
}

static void on_started(void *client, bool ok, const char *error)
{
	client_started(client, ok, error);
}

static void on_event(void *client, const struct dap_message *msg)
{
	client_event(client, msg);
}

static void on_drained(void *client)
{
	client_debuggee_drained(client);
}

static void on_debuggee_gone(void *ctx, struct debuggee *d, void *client)
{
	struct adapter *a = ctx;
	struct member *m = member_of_debuggee(a, d);

	if (m->child)
		child_gone(m);
	member_remove(&a->debuggees, m);
	if (client)
		client_debuggee_gone(client);
	retry_waiting(a);
}

static const struct debuggee_ops DEBUGGEE_OPS = {
	.identified = on_identified,
	.unblocked = on_unblocked,
	.started = on_started,
	.event = on_event,
	.drained = on_drained,
	.gone = on_debuggee_gone,
};

/* The oldest again, let go in case that it is none. */
static void make_room_for_debuggee(struct adapter *a)
{
	struct debuggee *found = NULL;
	unsigned count = 0;

	for (struct member *m = a->debuggees; m; m = m->next)
		if (m->debuggee && !m->session && !m->child) {
			found = m->debuggee;
			count++;
		}
	if (count <= STRANGERS_MAX)
		return;
	debuggee_unblock(found);
	debuggee_close(found);
}

static void on_debuggee_connection(void *ctx, uv_stream_t *listener)
{
	struct adapter *a = ctx;
	struct member *m = member_add(&a->debuggees);

	if (!m)
		return;
	m->adapter = a;
	uv_timer_init(a->loop, &m->timer);
	m->timer.data = m;
	m->timed = true;
	uv_timer_start(&m->timer, on_unidentified, IDENTIFY_MS, 0);
	m->debuggee = debuggee_accept(listener, &DEBUGGEE_OPS, a);
	if (m->debuggee)
		make_room_for_debuggee(a);
	else
		member_remove(&a->debuggees, m);
}

/* sessions */

static void on_arrived(void *ctx, struct session *s)
{
	retry_waiting(ctx);
	if (session_is_held_rank(s))
		offers_rank(ctx, s);
}

static void on_released(void *ctx, struct session *s)
{
	offer_withdraw(ctx, session_pid(s));
}

static void on_failed(void *client, const char *text)
{
	client_refuse(client, text);
}

static void on_connected(void *client)
{
	client_traced(client);
}

static void on_retraced(void *ctx, struct session *s, void *client)
{
	struct debuggee *d = session_debuggee(ctx, s);

	if (!d) {
		client_refuse(client, "the debugger in the step closed its "
				      "connection; attach once more");
		return;
	}
	client_take(client, s, d);
	client_traced(client);
}

static void on_drop(void *client, const char *why, bool lost)
{
	client_dropped(client, why, lost);
}

static void on_session_gone(void *ctx, struct session *s)
{
	struct adapter *a = ctx;

	for (struct member *m = a->debuggees; m; m = m->next)
		if (m->session == s)
			m->session = NULL;
	offer_withdraw(a, session_pid(s));
}

static const struct session_ops SESSION_OPS = {
	.arrived = on_arrived,
	.failed = on_failed,
	.connected = on_connected,
	.retraced = on_retraced,
	.drop = on_drop,
	.released = on_released,
	.gone = on_session_gone,
};

/* opening */

static void choose_host(struct adapter *a, const struct imds_answer *said)
{
	address_choose(a->config->advertise, a->config->vnet, said,
		       &a->address);
	strlcpy(a->place.host, a->address.host, sizeof(a->place.host));
	a->place.doubtful = a->address.doubtful;
	a->place.missed_vnet = a->address.missed_vnet;
	a->place.bridged = a->address.bridged;
}

static void find_place(struct adapter *a, const char *token)
{
	choose_host(a, NULL);
	a->place.wanted_port = a->config->port;
	a->place.last_port = a->config->port + MORE_PORTS < UINT16_MAX ?
			     a->config->port + MORE_PORTS : UINT16_MAX;
	a->place.port = a->clients_at ? tcp_server_port(a->clients_at) : 0;
	a->place.token = token;
}

/* Without a port for clients nothing is held, and the hooks still get their
 * answers. */
static bool listen_all(struct adapter *a, int debuggees, int *error)
{
	a->clients_at = tcp_server_open(a->loop, false, a->config->port,
					MORE_PORTS, on_client_connection, a,
					&a->place.port_error);
	if (debuggees >= 0)
		a->debuggees_at = tcp_server_inherit(
			a->loop, debuggees, on_debuggee_connection, a, error);
	else
		a->debuggees_at = tcp_server_open(
			a->loop, true, 0, 0, on_debuggee_connection, a, error);
	return a->debuggees_at;
}

static bool serve_hooks(struct adapter *a)
{
	return sessions_serve(a->sessions, a->hooks);
}

struct adapter *adapter_open(uv_loop_t *loop, const struct config *config,
			     const char *token,
			     const struct listeners *inherited, int *error)
{
	struct adapter *a = calloc(1, sizeof(*a));
	char bad[64];

	*error = -ENOMEM;
	if (!a)
		return NULL;
	a->loop = loop;
	a->config = config;
	if (!cidr_parse(&a->allow, config->allow, bad))
		cidr_parse(&a->allow, CIDR_DEFAULT, bad);
	if (!listen_all(a, inherited->debuggees, error))
		goto fail;
	find_place(a, token);
	*error = -EBADF;
	a->sessions = sessions_create(loop, config, &a->place, &SESSION_OPS,
				      a);
	a->hooks = inherited->hooks;
	if (!a->sessions || (!a->address.open && !serve_hooks(a)))
		goto fail;
	return a;
fail:
	tcp_server_close(a->debuggees_at);
	tcp_server_close(a->clients_at);
	free(a);
	return NULL;
}

bool adapter_settle(struct adapter *a, const struct imds_answer *said)
{
	if (!a->address.open)
		return true;
	choose_host(a, said);
	return serve_hooks(a);
}

void adapter_end(struct adapter *a, void (*done)(void *ctx), void *ctx)
{
	struct member *next;

	sessions_end(a->sessions);
	a->ended = done;
	a->ended_ctx = ctx;
	for (struct member *m = a->clients; m; m = next) {
		next = m->next;
		client_step_ended(m->client);
	}
	if (!a->clients)
		done(ctx);
}

struct sessions *adapter_sessions(const struct adapter *a)
{
	return a->sessions;
}

void adapter_set_http_port(struct adapter *a, uint16_t port)
{
	a->place.http_port = port;
}

const struct address_choice *adapter_address(const struct adapter *a)
{
	return &a->address;
}

uint16_t adapter_port(const struct adapter *a)
{
	return a->place.port;
}
