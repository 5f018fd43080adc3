#include "driver_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "duration.h"
#include "launch_json.h"
#include "redact.h"
#include "stacks_text.h"

/* Of a stall's report: what is behind them is left out. */
#define GROUPS_MAX 8
#define GROUP_LINES_MAX 60

/* Up, so that the last line before the end says 1 and not 0. */
static long long seconds(int64_t ms)
{
	return (long long)(ms + 999) / 1000;
}

static void add_time(struct buf *b, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char text[40];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	buf_addf(b, "%s", text);
}

static void add_host(struct buf *b, const struct step_facts *f, unsigned port)
{
	buf_addf(b, strchr(f->host, ':') ? "[%s]:%u" : "%s:%u", f->host,
		 port);
}

static void add_host_port(struct buf *b, const struct step_facts *f)
{
	add_host(b, f, f->port);
}

static void add_http(struct buf *b, const struct step_facts *f)
{
	if (!f->http_port || f->told)
		return;
	buf_addf(b, "pitstop: health and control: http://");
	add_host(b, f, f->http_port);
	buf_addf(b, "\n");
}

static void add_name(struct buf *b, const struct step_facts *f)
{
	buf_addf(b, "%s (pid %d", f->name, f->pid);
	if (f->rank >= 0)
		buf_addf(b, ", rank %d", f->rank);
	buf_addf(b, ")");
}

/* Where the process's number stands above. */
static void add_short_name(struct buf *b, const struct step_facts *f)
{
	buf_addf(b, "%s", f->name);
	if (f->rank >= 0)
		buf_addf(b, " (rank %d)", f->rank);
}

static void add_doubts(struct buf *b, const struct step_facts *f)
{
	if (f->told)
		return;
	if (f->missed_vnet)
		buf_addf(b, "pitstop: this machine has no address in %s "
			    "(%s)\n", f->vnet_said, f->missed_vnet);
	if (f->doubtful)
		buf_addf(b, "pitstop: %s can hardly be reached from another "
			    "machine; name a better address with "
			    "PITSTOP_ADVERTISE, or come through ssh -L\n",
			 f->host);
	if (f->private_only)
		buf_addf(b, "pitstop: %s is a public address, and only private "
			    "ones may connect; if yours is public too, name "
			    "it with --allow (PITSTOP_ALLOW), and all others "
			    "that may: the list replaces the default\n",
			 f->host);
}

static void add_launch(struct buf *b, const struct step_facts *f)
{
	char name[256];
	struct launch l = {
		.name = name,
		.host = f->host,
		.port = f->port,
		.cwd = f->cwd,
		.script = f->script,
		.token = f->token,
		.rank = -1,
	};
	char *json;

	if (f->told)
		return;
	snprintf(name, sizeof(name), "pitstop: %s", f->name);
	json = launch_json(&l);
	if (json)
		buf_addf(b, "pitstop: launch.json: %s\n", json);
	if (json && f->rank >= 0)
		buf_addf(b, "pitstop: it opens every rank that this pitstop "
			    "holds; with \"pitstopRank\": %d in it, this one "
			    "alone\n", f->rank);
	free(json);
}

void driver_log_hold(struct buf *b, const struct step_facts *f,
		     int64_t timeout_ms)
{
	if (f->failed) {
		buf_addf(b, "pitstop: ");
		add_name(b, f);
		buf_addf(b, " failed: %s\n", f->failed);
	}
	buf_addf(b, "Timeout for debug connection: %lld\nip_address: %s\n",
		 seconds(timeout_ms), f->host);
	add_doubts(b, f);
	buf_addf(b, "pitstop: holding ");
	add_name(b, f);
	buf_addf(b, "%s until a debugger attaches to ",
		 f->failed ? " where it failed" : "");
	add_host_port(b, f);
	buf_addf(b, "\n");
	add_launch(b, f);
	add_http(b, f);
}

void driver_log_listen(struct buf *b, const struct step_facts *f,
		       const char *call)
{
	if (f->port != f->wanted_port && !f->told)
		buf_addf(b, "pitstop: port %u is taken on this host, "
			    "using %u\n", f->wanted_port, f->port);
	add_doubts(b, f);
	buf_addf(b, "pitstop: ");
	add_name(b, f);
	buf_addf(b, " called %s(); ", call);
	if (f->shut || !f->late_attach) {
		buf_addf(b, "nobody can attach while it runs, %s\n",
			 f->shut ? f->shut : "PITSTOP_LATE_ATTACH is off");
		return;
	}
	buf_addf(b, "attach to ");
	add_host_port(b, f);
	buf_addf(b, "\n");
	add_launch(b, f);
}

void driver_log_still(struct buf *b, const struct step_facts *f,
		      int64_t left_ms)
{
	buf_addf(b, "pitstop: still holding ");
	add_short_name(b, f);
	buf_addf(b, ", %lld s left; attach to ", seconds(left_ms));
	add_host_port(b, f);
	buf_addf(b, "\n");
}

void driver_log_back(struct buf *b, const struct step_facts *f,
		     int64_t left_ms)
{
	buf_addf(b, "pitstop: the agent was restarted; still holding");
	if (f->rank >= 0)
		buf_addf(b, " rank %d", f->rank);
	buf_addf(b, ", %lld s left\n", seconds(left_ms));
}

void driver_log_extended(struct buf *b, const struct step_facts *f,
			 unsigned others, int64_t ms, int64_t until, bool cut)
{
	char text[DURATION_TEXT];

	buf_addf(b, "pitstop: ");
	add_short_name(b, f);
	if (others)
		buf_addf(b, " and %u more that share its hold are", others);
	else
		buf_addf(b, " is");
	buf_addf(b, " held %s longer, until ",
		 duration_text(seconds(ms) * 1000, text));
	add_time(b, until);
	buf_addf(b, cut ? "; PITSTOP_MAX_HOLD allows no more\n" : "\n");
}

void driver_log_attached(struct buf *b, const struct step_facts *f,
			 const char *client, int64_t after_ms)
{
	buf_addf(b, "Debugger attached = True\npitstop: %s attached ", client);
	if (f->rank >= 0)
		buf_addf(b, "to rank %d ", f->rank);
	buf_addf(b, "after %.1f s\n", (double)after_ms / 1000);
}

void driver_log_not_attached(struct buf *b, const struct step_facts *f,
			     const char *why)
{
	const char *next = "the step runs on";

	if (f->failed)
		next = "the exception takes its course";
	else if (f->late_attach && !f->shut)
		next = "the step runs on and can still be attached to";
	buf_addf(b, "Debugger attached = False\npitstop: ");
	if (f->rank >= 0)
		buf_addf(b, "rank %d: ", f->rank);
	buf_addf(b, "%s; %s\n", why, next);
}

void driver_log_no_debugger(struct buf *b, const struct step_facts *f)
{
	buf_addf(b, "pitstop: not holding ");
	add_short_name(b, f);
	buf_addf(b, ": %s has no debugpy; install it there, or name a "
		    "directory that has it with PITSTOP_DEBUGPY\n", f->python);
}

void driver_log_no_port(struct buf *b, const struct step_facts *f,
			unsigned last_port, int error)
{
	buf_addf(b, "pitstop: not holding ");
	add_short_name(b, f);
	if (error != -EADDRINUSE)
		buf_addf(b, ": cannot listen on port %u: %s; name another "
			    "with PITSTOP_PORT\n", f->wanted_port,
			 strerror(-error));
	else
		buf_addf(b, ": the ports %u to %u are all taken; free one, or "
			    "name another with PITSTOP_PORT\n",
			 f->wanted_port, last_port);
}

/* stalls */

/* A line of source may tell a secret. When memory is short, nothing is told. */
static void add_group(struct buf *b, const cJSON *group)
{
	struct buf text = { 0 };
	char *rest = NULL, *line;
	unsigned lines = 0;

	if (stacks_text_group(&text, group) && buf_add(&text, "", 1))
		rest = text.data;
	while (rest && *rest) {
		line = strsep(&rest, "\n");
		if (++lines > GROUP_LINES_MAX)
			continue;
		buf_addf(b, "pitstop: ");
		redact_text(b, line);
		buf_addf(b, "\n");
	}
	if (lines > GROUP_LINES_MAX)
		buf_addf(b, "pitstop:   (%u more lines)\n",
			 lines - GROUP_LINES_MAX);
	buf_free(&text);
}

static void add_groups(struct buf *b, const cJSON *groups)
{
	const cJSON *list = cJSON_GetObjectItem(groups, "groups"), *group;
	int n = 0;

	cJSON_ArrayForEach(group, list)
		if (n++ < GROUPS_MAX)
			add_group(b, group);
	if (n > GROUPS_MAX)
		buf_addf(b, "pitstop: (%d more groups)\n", n - GROUPS_MAX);
}

static void add_look_closer(struct buf *b, const struct step_facts *f)
{
	buf_addf(b, "pitstop: to look closer, run 'pitstop stacks");
	if (f->http_port)
		buf_addf(b, " http://127.0.0.1:%u", f->http_port);
	buf_addf(b, "' beside it");
	if (f->port && f->late_attach && !f->shut) {
		buf_addf(b, ", or attach to ");
		add_host_port(b, f);
		buf_addf(b, " ('pitstop launch-json' prints how) and pause "
			    "it (F6)");
	}
	buf_addf(b, "\n");
}

void driver_log_stalled(struct buf *b, const struct step_facts *f,
			size_t count, size_t more, int64_t since, int64_t ms,
			const cJSON *groups)
{
	char text[DURATION_TEXT];

	buf_addf(b, "pitstop: stalled for %s, since ",
		 duration_text(ms, text));
	add_time(b, since);
	for (size_t i = 0; i < count; i++) {
		buf_addf(b, i ? ", " : ": ");
		add_name(b, &f[i]);
	}
	if (more)
		buf_addf(b, " and %zu more", more);
	buf_addf(b, "\n");
	add_groups(b, groups);
	add_look_closer(b, f);
}

void driver_log_moves(struct buf *b, const struct step_facts *f, int64_t ms)
{
	char text[DURATION_TEXT];

	buf_addf(b, "pitstop: ");
	add_name(b, f);
	buf_addf(b, " moves again after %s\n", duration_text(ms, text));
}
