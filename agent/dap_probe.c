#include "dap_probe.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "buf.h"
#include "capabilities.h"
#include "dap.h"
#include "dial.h"
#include "printable.h"

#define INITIALIZE 1  /* the numbers of our requests */
#define CHECK 2
#define DISCONNECT 3
#define ALL_MAX (256 * 1024)  /* bytes that are read in all */

static const struct dap_limits LIMITS = { 4096, 64 * 1024, 32 };

struct talk {
	int fd;
	int64_t due;
	struct buf in;
	size_t read;         /* bytes that came in all */
	struct dap_finding *f;
};

/* What was found, which ends it. False. */
static bool find(struct talk *t, bool ok, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static bool find(struct talk *t, bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->f->text, sizeof(t->f->text), fmt, ap);
	va_end(ap);
	printable(t->f->text, strlen(t->f->text));
	t->f->ok = ok;
	return false;
}

/* the way there */

static void tell_unreachable(struct talk *t, int error)
{
	if (error == ECONNREFUSED)
		find(t, false, "nothing listens there: the step has not "
		     "started or has ended, or it has another port (its log "
		     "says which); or a forwarding ends there");
	else if (error == ETIMEDOUT)
		find(t, false, "no answer: a firewall drops what is sent, or "
		     "there is no way from here into that network (VPN, VNet "
		     "peering, network security group)");
	else if (error == EHOSTUNREACH || error == ENETUNREACH)
		find(t, false, "there is no way to that address from here "
		     "(%s): is the VPN up? Or go through 'ssh -L'",
		     strerror(error));
	else if (error == ENOENT)
		find(t, false, "there is no host of that name");
	else
		find(t, false, "cannot connect: %s", strerror(error));
}

/* messages */

static bool send_request(struct talk *t, int seq, const char *command,
			 cJSON *arguments)
{
	cJSON *json = cJSON_CreateObject();
	struct buf out = { 0 };
	char *text;
	int rc = -ENOMEM;

	cJSON_AddNumberToObject(json, "seq", seq);
	cJSON_AddStringToObject(json, "type", "request");
	cJSON_AddStringToObject(json, "command", command);
	cJSON_AddItemToObject(json, "arguments", arguments);
	text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	if (text && dap_write(&out, text, strlen(text)))
		rc = dial_send(t->fd, out.data, out.len, t->due);
	cJSON_free(text);
	buf_free(&out);
	return rc == 0;
}

static bool tell_end(struct talk *t, ssize_t n)
{
	if (n == -ETIMEDOUT && t->read == 0)
		return find(t, false, "something listens there, but does not "
			    "answer as a debug adapter does: is it the debug "
			    "port, and does the agent run?");
	if (n == -ETIMEDOUT)
		return find(t, false, "the answer did not come in time");
	if (t->read == 0)
		return find(t, false, "the connection is closed at once: by a "
			    "proxy or a forwarding (ssh -L) with nothing "
			    "behind it, or by what is no debug adapter");
	return find(t, false, "the connection ended before the answer");
}

static bool tell_garbage(struct talk *t)
{
	if (t->in.len >= 5 && memcmp(t->in.data, "HTTP/", 5) == 0)
		return find(t, false, "an HTTP server is there: the debug port "
			    "is another one (5678, or what the step's log "
			    "says)");
	return find(t, false, "what listens there is no debug adapter");
}

static bool read_more(struct talk *t)
{
	char data[16384];
	ssize_t n = dial_receive(t->fd, data, sizeof(data), t->due);

	if (n <= 0)
		return tell_end(t, n);
	t->read += (size_t)n;
	if (t->read > ALL_MAX)
		return find(t, false, "what listens there says too much for a "
			    "debug adapter");
	return buf_add(&t->in, data, (size_t)n);
}

/* The next whole message, which stays until the next call consumes it. */
static bool next_message(struct talk *t, struct dap_frame *frame,
			 struct dap_message *m)
{
	enum dap_error e;

	while ((e = dap_next(t->in.data, t->in.len, &LIMITS, frame)) ==
	       DAP_MORE)
		if (!read_more(t))
			return false;
	if (e != DAP_OK || dap_scan(frame->body, frame->body_len, LIMITS.depth,
				    m) != DAP_OK)
		return tell_garbage(t);
	return true;
}

/* The answer to our request `seq`, as a tree; NULL when it was told why there
 * is none. */
static cJSON *read_answer(struct talk *t, int seq)
{
	struct dap_frame frame = { 0 };
	struct dap_message m;
	cJSON *json = NULL;

	while (!json && next_message(t, &frame, &m)) {
		if (m.type == DAP_RESPONSE && m.request_seq == seq)
			json = cJSON_ParseWithLength(m.body, m.body_len);
		buf_consume(&t->in, frame.total);
	}
	return json;
}

/* the questions */

static const cJSON *get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* True when it succeeded; else it is told. */
static bool succeeded(struct talk *t, const cJSON *answer)
{
	const char *why = cJSON_GetStringValue(get(answer, "message"));

	if (cJSON_IsTrue(get(answer, "success")))
		return true;
	return find(t, false, "refused: %s", why ? why : "it does not say "
		    "why");
}

static bool greet(struct talk *t)
{
	cJSON *arguments = cJSON_CreateObject(), *answer;
	bool ok;

	cJSON_AddStringToObject(arguments, "adapterID", "debugpy");
	cJSON_AddStringToObject(arguments, "clientName", "pitstop probe");
	send_request(t, INITIALIZE, "initialize", arguments);
	answer = read_answer(t, INITIALIZE);
	ok = answer && succeeded(t, answer);
	if (ok && !cJSON_IsTrue(get(get(answer, "body"), CAPABILITY_CHECK)))
		ok = find(t, false, "a debug adapter is there, but it is not "
			  "pitstop's: the script's own debugger?");
	cJSON_Delete(answer);
	return ok;
}

static void check_token(struct talk *t, const char *token)
{
	cJSON *arguments = cJSON_CreateObject(), *answer;

	cJSON_AddStringToObject(arguments, "pitstopToken", token);
	send_request(t, CHECK, "pitstopCheck", arguments);
	answer = read_answer(t, CHECK);
	if (answer && succeeded(t, answer))
		find(t, true, "a debugger can attach from here, with this "
		     "token");
	cJSON_Delete(answer);
}

void dap_probe(const struct url *to, const char *token, int64_t due,
	       struct dap_finding *f)
{
	struct talk t = { .due = due, .f = f };

	find(&t, false, "memory is short");
	t.fd = dial_tcp(to, due);
	if (t.fd < 0) {
		tell_unreachable(&t, -t.fd);
		return;
	}
	if (greet(&t)) {
		if (*token)
			check_token(&t, token);
		else
			find(&t, true, "a debugger can connect from here; "
			     "with PITSTOP_TOKEN set, or --token-file, the "
			     "token would be checked, too");
	}
	send_request(&t, DISCONNECT, "disconnect", cJSON_CreateObject());
	close(t.fd);
	buf_free(&t.in);
}
