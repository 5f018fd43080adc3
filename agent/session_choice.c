#include "sessions_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "hook_server.h"

/* whom to hold */

/* Of /proc/PID/stat: the parent, and when it started, in ticks. */
static bool read_stat(pid_t pid, int *ppid, uint64_t *began)
{
	char path[32], text[512], *p;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	p = strrchr(text, ')');  /* the command's name may hold anything */
	return p && sscanf(p + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			   "%*u %*u %*d %*d %*d %*d %*d %*d %" SCNu64, ppid,
			   began) == 2;
}

/* 0 when it cannot be told. */
static pid_t parent_of(pid_t pid)
{
	uint64_t began;
	int ppid;

	return read_stat(pid, &ppid, &began) ? ppid : 0;
}

uint64_t session_began(pid_t pid)
{
	uint64_t began;
	int ppid;

	return read_stat(pid, &ppid, &began) ? began : 0;
}

struct session *sessions_by_pid(struct sessions *all, pid_t pid)
{
	struct session *s;

	for (s = all->first; s && s->hello.pid != pid; s = s->next)
		;
	return s;
}

/* As they stand now, by the kernel's word: what a process said of its parent
 * may be over, or be numbers of another namespace. */
bool session_descends(const struct session *s, const struct session *a)
{
	pid_t pid = hook_pid(s->hook), of = hook_pid(a->hook);

	for (int i = 0; i < 64 && pid > 1 && of > 0; i++) {
		pid = parent_of(pid);
		if (pid == of)
			return true;
	}
	return false;
}

/* Is one of its ancestors a step's main script of the same rank? Then this
 * one is a helper of that. */
static bool has_main_ancestor(struct session *s)
{
	pid_t pid = s->hello.ppid;

	for (int i = 0; i < 64 && pid > 1; i++, pid = parent_of(pid)) {
		struct session *a = sessions_by_pid(s->all, pid);

		if (a && a != s && (a->main || a->held) &&
		    a->hello.rank == s->hello.rank)
			return true;
	}
	return false;
}

pid_t session_find_launch(struct session *s)
{
	pid_t pid = s->hello.ppid, top = 0;

	for (int i = 0; i < 64 && pid > 1; i++, pid = parent_of(pid))
		if (sessions_by_pid(s->all, pid))
			top = pid;
	return top;
}

bool session_is_main(struct session *s)
{
	const char *match = s->all->config->match;

	if (s->hello.kind == HELLO_FORK || has_main_ancestor(s))
		return false;
	if (*match)
		return pycmd_matches(&s->cmd, match);
	return !s->cmd.tool && (s->cmd.kind == PYCMD_SCRIPT ||
				s->cmd.kind == PYCMD_MODULE);
}

bool session_is_step(const struct session *s)
{
	return s->main || s->adopted;
}

/* whom a client gets */

/* Is `a` the better answer to "attach me" than `b`? Held before running, a
 * step's main script before a helper, then the lowest rank; the list is oldest
 * first, so equal ones keep their order. */
static bool better(const struct session *a, const struct session *b)
{
	bool a_held = barrier_waits(&a->barrier);
	bool b_held = barrier_waits(&b->barrier);

	if (a_held != b_held)
		return a_held;
	if (a->main != b->main)
		return a->main;
	return a->hello.rank < b->hello.rank;
}

static bool attachable(const struct session *s)
{
	return !s->asked && s->barrier.state != BARRIER_EXITED &&
	       (s->adopted || (!s->cmd.tool && s->hello.kind != HELLO_FORK));
}

/* Several running steps that nothing tells apart: the user has to say. */
static bool ambiguous(struct sessions *all, const struct session *pick)
{
	if (barrier_waits(&pick->barrier) || pick->hello.rank >= 0)
		return false;
	for (struct session *s = all->first; s; s = s->next)
		if (s != pick && attachable(s) && s->main && pick->main &&
		    s->hello.rank < 0)
			return true;
	return false;
}

static void list_pids(struct sessions *all, char why[static 256])
{
	struct buf b = { 0 };
	unsigned n = 0;

	buf_addf(&b, "several steps run here; add \"subProcessId\" to the "
		     "configuration:");
	for (struct session *s = all->first; s; s = s->next)
		if (attachable(s) && s->main)
			buf_addf(&b, "%s %d (%s)", n++ ? "," : "",
				 (int)s->hello.pid, session_name(s));
	snprintf(why, 256, "%.*s", (int)b.len, b.data ? b.data : "");
	buf_free(&b);
}

struct session *sessions_pick(struct sessions *all, pid_t pid, int rank,
			      char why[static 256], bool *later)
{
	struct session *pick = NULL;

	*later = pid == 0;
	for (struct session *s = all->first; s; s = s->next) {
		if (pid ? s->hello.pid != pid : !attachable(s))
			continue;
		if (rank >= 0 && s->hello.rank != rank)
			continue;
		if (!pick || better(s, pick))
			pick = s;
	}
	if (!pick && pid)
		snprintf(why, 256, "process %d has no Python that pitstop "
				   "knows of", (int)pid);
	else if (!pick && rank >= 0)
		*later = session_rank_may_come(all, rank, why);
	else if (!pick)
		snprintf(why, 256, "no Python step runs here");
	if (pick && !pid && ambiguous(all, pick)) {
		list_pids(all, why);
		*later = false;
		return NULL;
	}
	return pick;
}
