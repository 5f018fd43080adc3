#include "sessions_internal.h"

#include <string.h>

#include "buf.h"
#include "cidr.h"
#include "driver_log.h"
#include "hook_server.h"
#include "log.h"

const char *session_name(const struct session *s)
{
	const char *slash = s->cmd.name ? strrchr(s->cmd.name, '/') : NULL;

	if (!s->cmd.name)
		return "python";
	return s->cmd.kind == PYCMD_SCRIPT && slash && slash[1] ? slash + 1
								: s->cmd.name;
}

const char *session_script(const struct session *s)
{
	return s->cmd.kind == PYCMD_SCRIPT ? s->cmd.name : NULL;
}

/* See driver_log.h. */
static bool is_private_only(const struct sessions *all)
{
	struct cidr_list private;
	char bad[64];

	return strcmp(all->config->allow, CIDR_DEFAULT) == 0 &&
	       !all->place->doubtful &&
	       cidr_parse(&private, CIDR_DEFAULT, bad) &&
	       !cidr_contains_text(&private, all->place->host);
}

static struct step_facts facts(const struct session *s)
{
	const struct place *at = s->all->place;

	return (struct step_facts){
		.name = session_name(s),
		.pid = (int)s->hello.pid,
		.rank = s->hello.rank,
		.python = s->hello.exe,
		.cwd = s->hello.cwd,
		.script = session_script(s),
		.host = at->host,
		.port = at->port,
		.wanted_port = at->wanted_port,
		.http_port = at->http_port,
		.doubtful = at->doubtful,
		.missed_vnet = at->missed_vnet ? s->all->config->vnet : NULL,
		.token = at->token,
		.failed = *s->failed ? s->failed : NULL,
		.late_attach = s->all->config->late_attach,
		.shut = cidr_is_none(s->all->config->allow)
			? "PITSTOP_ALLOW is none" : NULL,
		.told = s->told && !*s->failed,
		.private_only = is_private_only(s->all),
		.vnet_said = config_said(s->all->config, "PITSTOP_VNET"),
	};
}

static void say(struct session *s, struct buf *text)
{
	hook_say(s->hook, text->data, text->len);
	buf_free(text);
}

void session_say_hold(struct session *s)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	if (s->resumed)
		driver_log_back(&b, &f, s->timeout_ms);
	else
		driver_log_hold(&b, &f, s->timeout_ms);
	s->told = true;
	say(s, &b);
}

static void say_no_port(const struct session *s, struct buf *b,
			const struct step_facts *f)
{
	const struct place *at = s->all->place;

	driver_log_no_port(b, f, at->last_port, at->port_error);
}

void session_say_listen(struct session *s, const char *call)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	if (f.port)
		driver_log_listen(&b, &f, call);
	else
		say_no_port(s, &b, &f);
	s->told = s->told || f.late_attach;
	say(s, &b);
}

void session_say_attached(struct session *s, int64_t after_ms)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_attached(&b, &f, s->client_address, after_ms);
	say(s, &b);
}

void session_say_not_attached(struct session *s, const char *why)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_not_attached(&b, &f, why);
	say(s, &b);
}

void session_say_countdown(struct session *s, int64_t left)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_still(&b, &f, left);
	say(s, &b);
}

void session_say_extended(struct session *s, unsigned others, int64_t ms,
			  bool cut)
{
	int64_t left = barrier_left(&s->barrier, session_now());
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_extended(&b, &f, others, ms, session_wall_clock() + left,
			    cut);
	say(s, &b);
}

void session_say_no_hold(struct session *s)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	if (f.port)
		driver_log_no_debugger(&b, &f);
	else
		say_no_port(s, &b, &f);
	say(s, &b);
}

/* stalls, for standard error: the step's hook may not answer */

#define STALLED_MAX 16  /* that are named */

static void say_beside(struct buf *text)
{
	log_lines(text->data, text->len);
	buf_free(text);
}

void sessions_say_stalled(struct sessions *all, const struct cJSON *groups)
{
	struct step_facts f[STALLED_MAX];
	int64_t now = session_now(), since = now;
	size_t count = 0, more = 0;
	struct buf b = { 0 };

	for (struct session *s = all->first; s; s = s->next) {
		if (!s->stall.stalled || s->stall_told)
			continue;
		s->stall_told = true;
		if (s->stall.since < since)
			since = s->stall.since;
		if (count < STALLED_MAX)
			f[count++] = facts(s);
		else
			more++;
	}
	if (!count)
		return;
	driver_log_stalled(&b, f, count, more,
			   session_wall_clock() - (now - since), now - since,
			   groups);
	say_beside(&b);
}

void session_say_moves(struct session *s, int64_t ms)
{
	struct step_facts f = facts(s);
	struct buf b = { 0 };

	driver_log_moves(&b, &f, ms);
	say_beside(&b);
}

void sessions_end(struct sessions *all)
{
	const struct config *c = all->config;

	if (!(c->hold & HOLD_STEP) || all->hold_met)
		return;
	if (all->left_out)
		log_warn("nothing was held: no rank that %s (%s) names was "
			 "started here", config_said(c, "PITSTOP_RANKS"),
			 c->ranks);
	else if (*c->match)
		log_warn("nothing was held: no Python script or module that "
			 "%s (%s) names was started",
			 config_said(c, "PITSTOP_MATCH"), c->match);
	else
		log_warn("nothing was held: the step started no Python script "
			 "or module (python -c and standard input are none; "
			 "python -I, -E and -S are not seen)");
}
