#include "sessions_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "address.h"
#include "hook_server.h"
#include "preflight.h"
#include "preflight_look.h"

#define SYSPATH_MAX (64 * 1024)

/* Its own thread has `facts` until it is done. */
struct look {
	uv_work_t work;
	struct sessions *all;
	pid_t pid;
	struct preflight *facts;
};

void session_syspath(struct session *s, const char *entry)
{
	if (!s->all->looked && s->syspath.len < SYSPATH_MAX)
		buf_addf(&s->syspath, "%s\n", entry);
}

static void add_script(const struct session *s, struct preflight *p)
{
	const struct hello *h = &s->hello;
	const char *script = session_script(s), *slash;

	strlcpy(p->cwd, h->cwd, sizeof(p->cwd));
	p->outputs_len = outputs_find(h->args + s->cmd.args_at,
				      h->argc - s->cmd.args_at, h->cwd,
				      p->outputs);
	slash = script ? strrchr(script, '/') : NULL;
	if (!slash)
		strlcpy(p->script_dir, h->cwd, sizeof(p->script_dir));
	else
		snprintf(p->script_dir, sizeof(p->script_dir), "%s%s%.*s",
			 *script == '/' ? "" : h->cwd,
			 *script == '/' ? "" : "/", (int)(slash - script),
			 script);
}

static void add_place(const struct place *at, struct preflight *p)
{
	p->wanted_port = at->wanted_port;
	p->port = at->port;
	p->last_port = at->last_port;
	strlcpy(p->host, at->host, sizeof(p->host));
	address_subnet(at->host, p->subnet);
	p->host_why = "";
	p->doubtful = at->doubtful;
	p->missed_vnet = at->missed_vnet;
	p->bridged = at->bridged;
}

static enum preflight_way way_in(void)
{
	return getppid() == 1 ? WAY_FIRST : WAY_PREFIX;
}

const char *sessions_way_in(void)
{
	return preflight_way_text(way_in());
}

static void add_facts(struct session *s, const char *debugpy,
		      struct preflight *p)
{
	p->config = s->all->config;
	p->hold = true;
	p->way = way_in();
	strlcpy(p->python, s->hello.python, sizeof(p->python));
	strlcpy(p->exe, s->hello.exe, sizeof(p->exe));
	strlcpy(p->debugpy, debugpy, sizeof(p->debugpy));
	p->unfrozen = s->cmd.unfrozen;
	p->unchecked = getenv("PYDEVD_DISABLE_FILE_VALIDATION");
	p->syspath = s->syspath;
	s->syspath = (struct buf){ 0 };
	add_script(s, p);
	add_place(s->all->place, p);
}

static void look(uv_work_t *w)
{
	struct look *l = w->data;

	preflight_look(l->facts);
}

/* A step that runs by now has its output to itself. */
static void on_looked(uv_work_t *w, int status)
{
	struct look *l = w->data;
	struct session *s = sessions_by_pid(l->all, l->pid);
	struct buf b = { 0 };

	if (status == 0 && s && barrier_due(&s->barrier) >= 0) {
		preflight_log(&b, l->facts);
		hook_say(s->hook, b.data, b.len);
	}
	buf_free(&b);
	preflight_free(l->facts);
	free(l);
}

/* Ranks are alike: the first tells. */
void session_preflight(struct session *s, const char *debugpy)
{
	struct look *l;

	if (s->all->looked || barrier_due(&s->barrier) < 0)
		return;
	s->all->looked = true;
	l = calloc(1, sizeof(*l));
	if (!l)
		return;
	l->work.data = l;
	l->all = s->all;
	l->pid = s->hello.pid;
	l->facts = calloc(1, sizeof(*l->facts));
	if (l->facts)
		add_facts(s, debugpy, l->facts);
	if (l->facts && uv_queue_work(s->all->loop, &l->work, look,
				      on_looked) == 0)
		return;
	preflight_free(l->facts);
	free(l);
}
