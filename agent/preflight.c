#include "preflight.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cidr.h"
#include "config.h"
#include "printable.h"
#include "redact.h"

#define PINS_TOLD 4

struct judge {
	const struct preflight *p;
	preflight_found *found;
	void *ctx;
	const char *check;
};

/* saying it */

static char *clean(const char *text)
{
	struct buf b = { 0 };

	if (redact_text(&b, text) && buf_add(&b, "", 1)) {
		printable(b.data, b.len - 1);
		return b.data;
	}
	buf_free(&b);
	return NULL;
}

static void tell(const struct judge *j, enum preflight_level level,
		 const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The remedy stands behind a newline. When memory is short, nothing is told. */
static void tell(const struct judge *j, enum preflight_level level,
		 const char *fmt, ...)
{
	char *whole = NULL, *remedy, *text;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&whole, fmt, ap) < 0)
		whole = NULL;
	va_end(ap);
	if (!whole)
		return;
	remedy = strrchr(whole, '\n');
	if (remedy)
		*remedy++ = '\0';
	text = clean(whole);
	remedy = clean(remedy ? remedy : "");
	if (text && remedy)
		j->found(j->ctx, j->check, level, text, remedy);
	free(text);
	free(remedy);
	free(whole);
}

/* how pitstop got in */

const char *preflight_way_text(enum preflight_way way)
{
	static const char *const TEXTS[] = {
		[WAY_INSIDE] = "this runs under a pitstop run",
		[WAY_PREFIX] = "pitstop run before the command",
		[WAY_FIRST] = "pitstop run as the container's first process",
	};

	return TEXTS[way];
}

static void check_way(const struct judge *j)
{
	if (j->p->isolated)
		tell(j, PREFLIGHT_PROBLEM, "Python's options -I, -E and -S "
		     "shut pitstop's hook out\nstart the script without "
		     "them");
	else if (j->p->way == WAY_NONE)
		tell(j, PREFLIGHT_WARNING, "none\nput 'pitstop run --' before "
		     "the command");
	else
		tell(j, PREFLIGHT_OK, "%s", preflight_way_text(j->p->way));
}

/* the debugger */

struct version {
	int at[3];
};

static struct version version(const char *text)
{
	struct version v = { 0 };

	sscanf(text, "%d.%d.%d", &v.at[0], &v.at[1], &v.at[2]);
	return v;
}

static bool before(const char *text, int major, int minor, int patch)
{
	const struct version v = version(text);

	if (v.at[0] != major)
		return v.at[0] < major;
	if (v.at[1] != minor)
		return v.at[1] < minor;
	return v.at[2] < patch;
}

static bool is_python(const struct preflight *p, int minor)
{
	return !before(p->python, 3, minor, 0) &&
	       before(p->python, 3, minor + 1, 0);
}

/* What was tried: on 3.6 and 3.7 a newer debugpy does not start. */
static const char *newest(const struct preflight *p)
{
	if (is_python(p, 6) && !before(p->debugpy, 1, 5, 2))
		return "1.5.1";
	if (is_python(p, 7) && !before(p->debugpy, 1, 8, 0))
		return "1.7.0";
	return NULL;
}

static void check_debugger(const struct judge *j)
{
	const struct preflight *p = j->p;

	if (!*p->python)
		tell(j, PREFLIGHT_PROBLEM, "no answer from %s\nname it: "
		     "pitstop doctor -- /path/to/python",
		     *p->exe ? p->exe : "a Python in PATH");
	else if (before(p->python, 3, 6, 0))
		tell(j, PREFLIGHT_PROBLEM, "%s is Python %s\npitstop needs "
		     "Python 3.6 or newer", p->exe, p->python);
	else if (!*p->debugpy && *p->config->debugpy)
		tell(j, PREFLIGHT_PROBLEM, "%s has no debugpy, nor has %s "
		     "(%s)\ninstall it in either", p->exe,
		     p->config->debugpy,
		     config_said(p->config, "PITSTOP_DEBUGPY"));
	else if (!*p->debugpy)
		tell(j, PREFLIGHT_PROBLEM, "%s has no debugpy\ninstall it "
		     "there, or name a directory that has it with "
		     "PITSTOP_DEBUGPY", p->exe);
	else if (*p->debugpy != '?' && newest(p))
		tell(j, PREFLIGHT_PROBLEM, "debugpy %s does not start on "
		     "Python %s\ninstall debugpy %s", p->debugpy, p->python,
		     newest(p));
	else if (is_python(p, 11) && *p->debugpy != '?' &&
		 before(p->debugpy, 1, 6, 4))
		tell(j, PREFLIGHT_WARNING, "debugpy %s on Python %s can be "
		     "attached to in a hold only\ninstall debugpy 1.6.4 or "
		     "newer to attach later", p->debugpy, p->python);
	else
		tell(j, PREFLIGHT_OK, "debugpy %s, Python %s (%s)", p->debugpy,
		     p->python, p->exe);
}

static void check_frozen(const struct judge *j)
{
	const struct preflight *p = j->p;

	if (before(p->python, 3, 11, 0))
		tell(j, PREFLIGHT_OK, "none before Python 3.11");
	else if (p->unfrozen)
		tell(j, PREFLIGHT_OK, "off");
	else if (*p->debugpy >= '0' && *p->debugpy <= '9' &&
		 before(p->debugpy, 1, 5, 2))
		tell(j, PREFLIGHT_WARNING, "debugpy %s complains of them on "
		     "standard error\ninstall a newer debugpy, or start "
		     "Python with -X frozen_modules=off", p->debugpy);
	else if (!p->config->adopt && !p->unchecked)
		tell(j, PREFLIGHT_WARNING, "a debugger that the script itself "
		     "loads (%s) warns of them\nset "
		     "PYDEVD_DISABLE_FILE_VALIDATION=1, or start Python with "
		     "-X frozen_modules=off",
		     config_said(p->config, "PITSTOP_ADOPT"));
	else
		tell(j, PREFLIGHT_OK, "on; debugpy is kept from warning of "
		     "them");
}

/* the network */

static void taker(const struct preflight *p, char *to, size_t size)
{
	if (p->taken_by)
		snprintf(to, size, "%s (pid %d)", p->taken_name,
			 (int)p->taken_by);
	else
		snprintf(to, size, "a process that cannot be seen from here "
			 "(another user's or container's)");
}

static void check_port(const struct judge *j)
{
	const struct preflight *p = j->p;
	char who[128];

	taker(p, who, sizeof(who));
	if (p->port && p->port == p->wanted_port)
		tell(j, PREFLIGHT_OK, "%u is free", p->port);
	else if (p->port)
		tell(j, PREFLIGHT_WARNING, "%u is taken by %s\n%u is used "
		     "instead; PITSTOP_PORT names another", p->wanted_port, who, p->port);
	else if (p->port_error == -EADDRINUSE)
		tell(j, PREFLIGHT_PROBLEM, "%u to %u are all taken, the first "
		     "by %s\nfree one, or name another with PITSTOP_PORT",
		     p->wanted_port, p->last_port, who);
	else
		tell(j, PREFLIGHT_PROBLEM, "cannot listen on %u: %s\nname "
		     "another with PITSTOP_PORT", p->wanted_port,
		     strerror(-p->port_error));
}

static void check_address(const struct judge *j)
{
	const struct preflight *p = j->p;

	if (p->missed_vnet && !p->hold)
		tell(j, PREFLIGHT_WARNING, "this machine has none in %s (%s), "
		     "%s is used\nname the right range, or an address with "
		     "PITSTOP_ADVERTISE", config_said(p->config, "PITSTOP_VNET"),
		     p->config->vnet, p->host);
	else if (p->doubtful && !p->hold)
		tell(j, PREFLIGHT_WARNING, "%s can hardly be reached from "
		     "another machine\nname a better one with "
		     "PITSTOP_ADVERTISE, or come through ssh -L", p->host);
	else if (p->bridged)
		tell(j, PREFLIGHT_WARNING, "%s is a container's own, which "
		     "other machines may not reach\npublish the port (-p), and "
		     "name the machine's address with PITSTOP_ADVERTISE",
		     p->host);
	else
		tell(j, PREFLIGHT_OK, "%s (%s)", p->host, p->host_why);
}

/* `pitstop run` tells, where it is asked for a hold itself. */
static bool is_shut_told(const struct preflight *p)
{
	return p->hold && p->config->hold != HOLD_OFF &&
	       cidr_is_none(p->config->allow);
}

static void check_allow(const struct judge *j)
{
	const struct preflight *p = j->p;
	const struct config *c = p->config;
	const char *said = config_said(c, "PITSTOP_ALLOW");
	const char *vnet = *c->vnet ? c->vnet : p->doubtful ? "" : p->subnet;

	if (is_shut_told(p))
		return;
	if (cidr_is_none(c->allow))
		tell(j, PREFLIGHT_PROBLEM, "%s is '%s': nobody can attach\n"
		     "name VS Code's range", said, c->allow);
	else if (*vnet && !cidr_overlap(c->allow, vnet) &&
		 !(p->hold && strcmp(c->allow, CIDR_DEFAULT) == 0))
		tell(j, PREFLIGHT_WARNING, "%s has no address of %s, where "
		     "this machine is: VS Code from there is refused\nif it "
		     "comes from there, add that range", said, vnet);
	else
		tell(j, PREFLIGHT_OK, "%s", c->allow);
}

/* the script */

static void check_outputs(const struct judge *j)
{
	const struct preflight *p = j->p;
	unsigned missing = 0;

	for (size_t i = 0; i < p->outputs_len; i++) {
		const struct output *o = &p->outputs[i];

		if (o->state == OUTPUT_THERE)
			continue;
		missing++;
		tell(j, PREFLIGHT_WARNING, "%s %s does not exist%s\nthe script "
		     "has to make it, as by os.makedirs(..., exist_ok=True)",
		     o->option, o->path, o->state == OUTPUT_PARENT ? ""
		     : ", nor the directory it lies in");
	}
	if (!missing)
		tell(j, PREFLIGHT_OK, "none is missing");
}

static void add_pin(struct buf *b, const struct pin *p)
{
	buf_addf(b, "%s%s pins %s %s, ", b->len ? "; " : "", p->file, p->name,
		 p->version);
	if (p->place)
		buf_addf(b, "installed is %s", p->found);
	else
		buf_addf(b, "which is not installed");
}

static void check_packages(const struct judge *j)
{
	const struct pins *pins = &j->p->pins;
	struct buf b = { 0 };
	unsigned n = 0;

	for (size_t i = 0; j->p->syspath.len && i < pins->len; i++)
		if (pin_differs(&pins->at[i]) && ++n <= PINS_TOLD)
			add_pin(&b, &pins->at[i]);
	if (n > PINS_TOLD)
		buf_addf(&b, "; and %u more", n - PINS_TOLD);
	buf_add(&b, "", 1);
	if (n && b.data)
		tell(j, PREFLIGHT_WARNING, "%s\ninstall what is pinned, or mend "
		     "the file", b.data);
	else
		tell(j, PREFLIGHT_OK, "%zu pinned, none differs", pins->len);
	buf_free(&b);
}

/* all of it */

static const struct {
	const char *name;
	void (*check)(const struct judge *j);
	bool python;    /* only where there is one to look at */
} CHECKS[] = {
	{ "way in", check_way, false },
	{ "debugger", check_debugger, false },
	{ "frozen modules", check_frozen, true },
	{ "port", check_port, false },
	{ "address", check_address, false },
	{ "allow-list", check_allow, false },
	{ "output", check_outputs, false },
	{ "packages", check_packages, true },
};

void preflight_judge(const struct preflight *p, preflight_found *found,
		     void *ctx)
{
	struct judge j = { p, found, ctx, NULL };

	for (size_t i = 0; i < sizeof(CHECKS) / sizeof(*CHECKS); i++) {
		j.check = CHECKS[i].name;
		if (*p->python || !CHECKS[i].python)
			CHECKS[i].check(&j);
	}
}

struct log {
	struct buf *to;
	unsigned wrong;
};

static void on_found(void *ctx, const char *check, enum preflight_level level,
		     const char *text, const char *remedy)
{
	struct log *l = ctx;

	if (level == PREFLIGHT_OK)
		return;
	l->wrong++;
	buf_addf(l->to, "pitstop: check %s: %s; %s\n", check, text, remedy);
}

void preflight_log(struct buf *to, const struct preflight *p)
{
	struct log l = { to, p->doubtful || p->missed_vnet ||
			     is_shut_told(p) };

	preflight_judge(p, on_found, &l);
	buf_addf(to, "pitstop: started by %s, Python %s, debugpy %s%s\n",
		 preflight_way_text(p->way), p->python, p->debugpy,
		 l.wrong ? "" : "; nothing wrong was found ('pitstop doctor' "
				"lists all)");
}

void preflight_free(struct preflight *p)
{
	if (p)
		buf_free(&p->syspath);
	free(p);
}
