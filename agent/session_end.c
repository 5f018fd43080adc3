#include "sessions_internal.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "hook_server.h"

/* What has not ended by SIGTERM then is killed. As long as Kubernetes gives a
 * pod: a handler may have a checkpoint to write. */
#define END_MS 30000

/* Is SIGTERM in a set of signals of that process: SigCgt, those that have a
 * handler, or SigIgn, those that are ignored? */
static bool has_sigterm(pid_t pid, const char *set)
{
	char path[32], line[256], name[16];
	uint64_t signals;
	bool in = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%15[^:]: %" SCNx64, name, &signals) == 2 &&
		    strcmp(name, set) == 0)
			in = signals >> (SIGTERM - 1) & 1;
	fclose(f);
	return in;
}

/* The connection may outlive its process, in what that has forked. */
static bool signal_process(const struct session *s, int sig)
{
	pid_t pid = hook_pid(s->hook);

	return pid > 0 && s->began && session_began(pid) == s->began &&
	       kill(pid, sig) == 0;
}

static void on_overdue(uv_timer_t *t)
{
	signal_process(t->data, SIGKILL);
}

/* With the Python processes that it started, as debugpy does, which nobody
 * else ends; of those, none is killed. They are looked for before it has gone,
 * and is their parent no more. */
void session_end(struct session *s)
{
	bool ignores;

	if (!s->ending || s->signalled)
		return;
	ignores = has_sigterm(hook_pid(s->hook), "SigIgn");
	for (struct session *p = s->all->first; p; p = p->next)
		p->ending |= p != s && session_descends(p, s);
	s->signalled = true;
	signal_process(s, ignores ? SIGKILL : SIGTERM);
	for (struct session *p = s->all->first; p; p = p->next) {
		if (!p->ending || p->signalled)
			continue;
		p->signalled = true;
		signal_process(p, SIGTERM);
	}
	uv_update_time(s->all->loop);
	uv_timer_start(&s->end_timer, on_overdue, END_MS, 0);
}

bool session_terminate(struct session *s)
{
	if (!signal_process(s, 0))
		return false;
	s->ending = true;
	if (!has_sigterm(hook_pid(s->hook), "SigCgt"))
		session_end(s);
	return true;
}
