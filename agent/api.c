#include "api.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "address.h"
#include "api_stacks.h"
#include "buf.h"
#include "cidr.h"
#include "duration.h"
#include "http_access.h"
#include "http_json.h"
#include "http_server.h"
#include "json_time.h"
#include "local_socket.h"
#include "log.h"
#include "metrics.h"
#include "openapi_data.h"
#include "page_data.h"
#include "scrape.h"
#include "session_json.h"
#include "session_view.h"
#include "sessions.h"

#define MORE_PORTS 15        /* tried after the configured one */
#define ID_SIZE 16

#define JSON_TYPE "application/json"
#define HEALTH_TYPE "application/health+json"

struct api {
	struct http_server *server;
	struct sessions *sessions;
	const char *token;
	int64_t since;       /* ms since 1970 */
	void (*abort)(void *ctx);
	void *ctx;
	uint16_t port;            /* 0: none */
};

/* A request on its way to its function. */
struct call {
	struct api *api;
	struct http_connection *connection;
	const struct http_request *request;
	struct session *session;  /* that the path names */
};

/* answers */

static void refuse(const struct call *c, int status, const char *detail)
{
	http_refuse(c->connection, status, detail, NULL);
}

static void answer_text(const struct call *c, int status, const char *type,
			const char *text)
{
	const struct http_response r = {
		.status = status, .type = type, .content = text,
		.len = strlen(text),
	};

	http_answer(c->connection, &r);
}

/* `json` is consumed; NULL: memory is short. */
static void answer(const struct call *c, int status, const char *type,
		   cJSON *json)
{
	http_answer_json(c->connection, status, type, json);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static cJSON *describe(const struct session *s)
{
	struct session_view v;

	session_look(s, &v);
	return session_json(&v, now_ms());
}

/* health */

static void get_live(const struct call *c)
{
	answer_text(c, 200, HEALTH_TYPE, "{\"status\":\"pass\","
		    "\"version\":\"" PITSTOP_VERSION "\"}");
}

/* How many are held, the first of them, and when the last is let go at the
 * latest. */
static unsigned find_held(struct api *a, struct session_view *first,
			  int64_t *left)
{
	struct session *s = NULL;
	unsigned held = 0;

	while ((s = sessions_next(a->sessions, s))) {
		struct session_view v;

		session_look(s, &v);
		if (!v.held)
			continue;
		if (held++ == 0)
			*first = v;
		if (v.left > *left)
			*left = v.left;
	}
	return held;
}

static cJSON *not_ready(unsigned held, const struct session_view *first,
			int64_t left)
{
	cJSON *json = cJSON_CreateObject();
	char why[256];

	snprintf(why, sizeof(why), "%.100s (pid %d) is held until a debugger "
		 "attaches", first->name, (int)first->pid);
	if (cJSON_AddStringToObject(json, "status", "fail") &&
	    cJSON_AddStringToObject(json, "version", PITSTOP_VERSION) &&
	    cJSON_AddStringToObject(json, "output", why) &&
	    cJSON_AddNumberToObject(json, "held", held) &&
	    cJSON_AddNumberToObject(json, "seconds_left",
				    (double)((left + 999) / 1000)))
		return json;
	cJSON_Delete(json);
	return NULL;
}

static void get_ready(const struct call *c)
{
	struct session_view first;
	int64_t left = 0;
	unsigned held = find_held(c->api, &first, &left);

	if (held)
		answer(c, 503, HEALTH_TYPE, not_ready(held, &first, left));
	else
		get_live(c);
}

static void get_metrics(const struct call *c)
{
	struct buf text = { 0 };

	scrape_sessions(c->api->sessions);
	scrape_process();
	metric_set(METRIC_HTTP_CONNECTIONS,
		   http_server_count(c->api->server));
	if (metrics_write(&text) && buf_add(&text, "", 1))
		answer_text(c, 200, METRICS_TYPE, text.data);
	else
		refuse(c, 500, "memory is short");
	buf_free(&text);
}

/* sessions */

/* `now` is what all other times in it are to be compared with. */
static void get_sessions(const struct call *c)
{
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "sessions");
	struct session *s = NULL;

	json_add_time(json, "now", now_ms());
	json_add_time(json, "agent_since", c->api->since);
	cJSON_AddNumberToObject(json, "last_event", (double)
				sessions_last_event(c->api->sessions));

	while ((s = sessions_next(c->api->sessions, s))) {
		if (cJSON_AddItemToArray(list, describe(s)))
			continue;
		cJSON_Delete(json);
		json = NULL;
		break;
	}
	answer(c, 200, JSON_TYPE, json);
}

static void get_session(const struct call *c)
{
	answer(c, 200, JSON_TYPE, describe(c->session));
}

static void get_events(const struct call *c)
{
	cJSON *json = cJSON_CreateObject();

	if (!cJSON_AddItemToObject(json, "events",
				   sessions_history(c->api->sessions))) {
		cJSON_Delete(json);
		json = NULL;
	}
	answer(c, 200, JSON_TYPE, json);
}

static void get_launch(const struct call *c)
{
	answer(c, 200, JSON_TYPE, sessions_launch(c->api->sessions));
}

static void post_release(const struct call *c)
{
	if (session_release(c->session, http_is_local(c->connection) ?
			    "released by 'pitstop release'" :
			    "released over HTTP"))
		get_session(c);
	else
		refuse(c, 409, "it is not held");
}

/* {"seconds": 300}; 0 when it is none. */
static int asked_seconds(const struct http_request *r)
{
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithLengthOpts(r->body.data, r->body.len,
						&end, false);
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(json, "seconds");
	int seconds = 0;

	while (json && end < r->body.data + r->body.len &&
	       strchr(" \t\r\n", *end) && *end)
		end++;
	if (cJSON_IsNumber(n) && end == r->body.data + r->body.len &&
	    n->valuedouble >= 1 && n->valuedouble <= DURATION_WEEK &&
	    n->valuedouble == n->valueint)
		seconds = n->valueint;
	cJSON_Delete(json);
	return seconds;
}

/* Without parameters, or with. */
static bool is_json(const struct http_request *r)
{
	const char *type = r->field[HTTP_FIELD_CONTENT_TYPE];
	size_t len = strlen(JSON_TYPE);

	return !type || (strncasecmp(type, JSON_TYPE, len) == 0 &&
			 (!type[len] || strchr("; \t", type[len])));
}

/* What it was asked for may be more than PITSTOP_MAX_HOLD allows. */
static void tell_extended(const struct call *c, int64_t by)
{
	cJSON *json = describe(c->session);

	if (json && !cJSON_AddNumberToObject(json, "extended_seconds",
					     (double)by / 1000)) {
		cJSON_Delete(json);
		json = NULL;
	}
	answer(c, 200, JSON_TYPE, json);
}

static void post_extend(const struct call *c)
{
	int seconds = asked_seconds(c->request);
	int64_t by;

	if (!is_json(c->request)) {
		refuse(c, 415, "the content has to be " JSON_TYPE);
		return;
	}
	if (!seconds) {
		refuse(c, 400, "the content has to be {\"seconds\": N}, N a "
		       "whole number from 1 to 604800");
		return;
	}
	by = session_extend(c->session, (int64_t)seconds * 1000);
	if (by < 0)
		refuse(c, 409, "it is not held");
	else if (by == 0)
		refuse(c, 409, "it is held for as long as PITSTOP_MAX_HOLD "
		       "allows");
	else
		tell_extended(c, by);
}

/* Else the lines at the step's end are taken for a cancelled run. */
static void tell_abort(const struct call *c)
{
	struct sockaddr_storage from;
	char by[64 + 16] = "by 'pitstop abort'", address[64];

	if (!http_is_local(c->connection)) {
		http_sockaddr(c->connection, &from);
		address_text((const struct sockaddr *)&from, address);
		snprintf(by, sizeof(by), "over HTTP from %s", address);
	}
	log_warn("the step is ended by SIGTERM, as was asked for %s", by);
}

static void post_abort(const struct call *c)
{
	tell_abort(c);
	session_note_abort(c->session, http_is_local(c->connection) ?
			   "by 'pitstop abort'" : "over HTTP");
	c->api->abort(c->api->ctx);
	answer(c, 202, JSON_TYPE, describe(c->session));
}

static void get_page(const struct call *c)
{
	struct http_response r = page_response();

	http_answer(c->connection, &r);
}

static void get_openapi(const struct call *c)
{
	struct buf text = { 0 };

	if (openapi_add(&text) && buf_add(&text, "", 1))
		answer_text(c, 200, JSON_TYPE, text.data);
	else
		refuse(c, 500, "memory is short");
	buf_free(&text);
}

/* stacks */

static void get_stacks(const struct call *c)
{
	api_stacks_of(c->connection, c->session);
}

static void get_all_stacks(const struct call *c)
{
	api_stacks_of_all(c->connection, c->api->sessions);
}

/* routes */

typedef void api_function(const struct call *c);

struct route {
	const char *path;    /* {id} stands for a session's */
	api_function *get, *post;
	bool open;           /* to all who may connect, without the token */
};

static const struct route ROUTES[] = {
	{ "/livez", .get = get_live, .open = true },
	{ "/healthz", .get = get_live, .open = true },
	{ "/readyz", .get = get_ready, .open = true },
	{ "/", .get = get_page, .open = true },
	{ "/openapi.json", .get = get_openapi, .open = true },
	{ "/v1/events", .get = get_events },
	{ "/v1/launch.json", .get = get_launch },
	{ "/metrics", .get = get_metrics, .open = true },
	{ "/v1/sessions", .get = get_sessions },
	{ "/v1/sessions/{id}", .get = get_session },
	{ "/v1/stacks", .get = get_all_stacks },
	{ "/v1/sessions/{id}/stacks", .get = get_stacks },
	{ "/v1/sessions/{id}/release", .post = post_release },
	{ "/v1/sessions/{id}/extend", .post = post_extend },
	{ "/v1/sessions/{id}/abort", .post = post_abort },
};

static bool matches(const char *pattern, const char *path,
		    char id[static ID_SIZE])
{
	size_t before = strcspn(pattern, "{"), len;

	if (strncmp(pattern, path, before) != 0)
		return false;
	if (!pattern[before])
		return !path[before];
	path += before;
	len = strcspn(path, "/");
	if (len == 0 || len >= ID_SIZE)
		return false;
	memcpy(id, path, len);
	id[len] = '\0';
	return strcmp(strchr(pattern, '}') + 1, path + len) == 0;
}

static const struct route *find_route(const char *path, char id[static ID_SIZE])
{
	*id = '\0';
	for (size_t i = 0; i < sizeof(ROUTES) / sizeof(ROUTES[0]); i++)
		if (matches(ROUTES[i].path, path, id))
			return &ROUTES[i];
	return NULL;
}

static struct session *find_session(struct api *a, const char *id)
{
	const char *bad = NULL;
	pid_t pid = (pid_t)strtonum(id, 1, INT_MAX, &bad);

	if (bad || strspn(id, "0123456789") != strlen(id) || *id == '0')
		return NULL;
	return sessions_by_pid(a->sessions, pid);
}

/* requests */

/* NULL: this method is not allowed there. */
static api_function *find_function(const struct route *route,
				   const struct http_request *r)
{
	if (r->method == HTTP_GET || r->method == HTTP_HEAD)
		return route->get;
	return r->method == HTTP_POST ? route->post : NULL;
}

static void call(struct call *c, const struct route *route, const char *id)
{
	api_function *function = find_function(route, c->request);

	if (!function) {
		http_refuse(c->connection, 405, "this method is not allowed "
			    "here", route->get ? "Allow: GET, HEAD\r\n"
					       : "Allow: POST\r\n");
		return;
	}
	if (function == route->post &&
	    !http_same_origin(c->connection, c->request))
		return;
	if (!route->open && !http_has_token(c->connection, c->request,
					    c->api->token))
		return;
	if (*id && !(c->session = find_session(c->api, id)))
		refuse(c, 404, "there is no session of that id");
	else
		function(c);
}

static void on_request(void *ctx, struct http_connection *connection,
		       const struct http_request *request)
{
	struct call c = {
		.api = ctx, .connection = connection, .request = request,
	};
	char id[ID_SIZE];
	const struct route *route = find_route(request->path, id);

	if (route)
		call(&c, route, id);
	else
		refuse(&c, 404, "there is nothing at this path; "
		       "/openapi.json says what there is");
}

static void listen_to_network(struct api *a, const struct config *config)
{
	struct cidr_list allow;
	char bad[64];
	int port;

	if (!cidr_parse(&allow, config->allow, bad))
		cidr_parse(&allow, CIDR_DEFAULT, bad);
	port = http_server_listen(a->server, config->http_port, MORE_PORTS,
				  &allow);
	if (port > 0)
		a->port = (uint16_t)port;
}

static void listen_to_neighbours(struct api *a, int hooks)
{
	int fd = local_socket_bind(hooks, a->port);

	if (fd >= 0)
		http_server_listen_local(a->server, fd);
}

struct api *api_open(uv_loop_t *loop, const struct config *config, int hooks,
		     struct sessions *sessions, const char *token,
		     void (*abort)(void *ctx), void *ctx)
{
	struct api *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->sessions = sessions;
	a->token = token;
	a->since = now_ms();
	a->abort = abort;
	a->ctx = ctx;
	a->server = http_server_new(loop, on_request, a);
	if (!a->server) {
		free(a);
		return NULL;
	}
	if (config->http_port)
		listen_to_network(a, config);
	listen_to_neighbours(a, hooks);
	return a;
}

uint16_t api_port(const struct api *a)
{
	return a->port;
}
