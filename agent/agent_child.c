#include "agent_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exit_report.h"
#include "fds.h"
#include "ipc.h"
#include "listeners.h"
#include "log.h"
#include "signals.h"

#define PAUSE_MIN_MS 50      /* before the first restart; doubled each time */
#define PAUSE_MAX_MS 30000
#define LONG_LIFE_MS 60000   /* an agent that lived so long starts afresh */
#define LINES_BURST 10       /* about deaths; then one in LINES_EVERY_MS */
#define LINES_EVERY_MS 600000
#define LAST_MS 1000         /* what SIGKILL may take at the very end */
#define LATE_MS 1000         /* who wakes so late was itself not running */

#define NOT_STARTED 127

/* Where the agent finds what it inherits. */
enum { AGENT_IPC_FD = 3, AGENT_HOOK_FD, AGENT_DEBUGGEE_FD, AGENT_SPOOL_FD,
       AGENT_FDS };

void agent_child_init(struct agent_child *a, const struct signals *signals,
		      const struct listeners *listeners, const char *token,
		      uint32_t by_flag)
{
	*a = (struct agent_child){
		.signals = signals,
		.token = token,
		.by_flag = by_flag,
		.listeners = listeners,
		.state = listeners->hooks < 0 ? AGENT_OFF : AGENT_WAITING,
		.ipc = -1,
		.pause = PAUSE_MIN_MS,
		.lines = { .every_ms = LINES_EVERY_MS, .burst = LINES_BURST,
			   .left = LINES_BURST },
	};
}

/* the child's side */

static void set_number(const char *name, long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", value);
	setenv(name, text, 1);
}

static void set_environment(const struct agent_child *a)
{
	set_number(IPC_FD_VARIABLE, AGENT_IPC_FD);
	set_number(IPC_HOOK_FD_VARIABLE, AGENT_HOOK_FD);
	set_number(IPC_DEBUGGEE_FD_VARIABLE, AGENT_DEBUGGEE_FD);
	set_number(IPC_SPOOL_FD_VARIABLE, AGENT_SPOOL_FD);
	set_number(IPC_BY_FLAG_VARIABLE, a->by_flag);
	set_number(IPC_RESTARTS_VARIABLE, a->starts);
	setenv("PITSTOP_TOKEN", a->token, 1);
	if (a->port)
		set_number("PITSTOP_PORT", a->port);
	if (a->http_port)
		set_number("PITSTOP_HTTP_PORT", a->http_port);
}

/* Nothing else of what the supervisor has: a pipe of the step's that the agent
 * held open would never end for its reader. */
static bool set_descriptors(const struct agent_child *a, int ipc)
{
	const int from[] = { ipc, a->listeners->hooks,
			     a->listeners->debuggees, a->listeners->spool };
	int kept[] = { AGENT_IPC_FD, AGENT_HOOK_FD, AGENT_DEBUGGEE_FD,
		       AGENT_SPOOL_FD };
	int high[sizeof(kept) / sizeof(kept[0])];
	size_t n = sizeof(kept) / sizeof(kept[0]);

	/* Out of the way, each may stand where another goes. */
	for (size_t i = 0; i < n; i++)
		high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, AGENT_FDS);
	for (size_t i = 0; i < n; i++)
		if (dup2(high[i], kept[i]) < 0)
			close(kept[i]);
	if (high[0] < 0 || high[1] < 0)
		return false;
	fds_close_others(kept, n);
	fds_make_null(STDIN_FILENO, true);
	fds_make_null(STDOUT_FILENO, true);
	if (fcntl(STDERR_FILENO, F_GETFD) & FD_CLOEXEC)  /* a placeholder */
		fds_make_null(STDERR_FILENO, true);
	return true;
}

/* Its own session: the terminal's signals are the step's. It dies with the
 * supervisor. */
static void run_child(const struct agent_child *a, int ipc, pid_t parent)
{
	static const struct signals plain = {
		.on_child = { .sa_handler = SIG_DFL }
	};
	char *const argv[] = { (char[]){ "pitstop" }, (char[]){ "agent" },
			       NULL };
	const char *self = (const char *)getauxval(AT_EXECFN);

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_environment(a);
	if (getppid() != parent || !set_descriptors(a, ipc))
		_exit(NOT_STARTED);
	signals_restore(&plain);
	execv("/proc/self/exe", argv);
	if (self)
		execv(self, argv);  /* no /proc here */
	_exit(NOT_STARTED);
}

/* starting */

static void start_later(struct agent_child *a, const char *why, int64_t now)
{
	if (a->started && now - a->started >= LONG_LIFE_MS)
		a->pause = PAUSE_MIN_MS;
	/* The line may be dropped: the supervisor must not wait for who reads
	 * standard error. */
	if (fds_may_write(STDERR_FILENO) && log_rate_allow(&a->lines, now))
		log_warn("%s, starting it again in %g s; the step runs on, "
			 "and a debugger that was in has to attach again", why,
			 (double)a->pause / 1000);
	a->state = AGENT_WAITING;
	a->due = now + a->pause;
	a->pause = a->pause * 2 < PAUSE_MAX_MS ? a->pause * 2 : PAUSE_MAX_MS;
}

static int start(struct agent_child *a)
{
	const pid_t self = getpid();
	int fds[2];
	int rc = ipc_pair(fds);

	if (rc < 0)
		return rc;
	a->pid = fork();
	rc = a->pid < 0 ? -errno : 0;
	if (a->pid == 0)
		run_child(a, fds[1], self);
	close(fds[1]);
	a->ipc = fds[0];
	a->starts++;
	if (rc == 0)
		return 0;
	close(fds[0]);
	a->ipc = -1;
	a->pid = 0;
	return rc;
}

static void start_now(struct agent_child *a, int64_t now)
{
	char why[128];
	int rc = start(a);

	a->started = now;
	if (rc < 0) {
		snprintf(why, sizeof(why), "the agent cannot be started (%s)",
			 strerror(-rc));
		start_later(a, why, now);
		return;
	}
	a->state = AGENT_STARTING;
	a->due = now + IPC_SILENCE_MS;
}

/* listening */

int agent_child_fd(const struct agent_child *a)
{
	return a->ipc;
}

static void hang_up(struct agent_child *a)
{
	if (a->ipc >= 0)
		close(a->ipc);
	a->ipc = -1;
}

bool agent_child_hear(struct agent_child *a, int64_t now)
{
	struct ipc_message m;
	bool abort = false;
	int rc;

	while ((rc = ipc_receive(a->ipc, &m)) > 0) {
		if (a->state == AGENT_STARTING && m.type == IPC_READY) {
			a->state = AGENT_READY;
			a->port = (uint16_t)m.value;
			a->http_port = (uint16_t)(m.value >> 16);
		}
		abort |= m.type == IPC_ABORT;
		if (a->state == AGENT_STARTING || a->state == AGENT_READY)
			a->due = now + IPC_SILENCE_MS;
	}
	if (rc < 0)
		hang_up(a);  /* it is dying, or will be killed for silence */
	return abort;
}

/* time */

int64_t agent_child_due(const struct agent_child *a)
{
	return a->state == AGENT_OFF || a->state == AGENT_KILLED ? -1 : a->due;
}

/* After a freeze of the whole container both were silent: ask again. */
static void silent(struct agent_child *a, int64_t now)
{
	if (now - a->due > LATE_MS) {
		a->due = now + IPC_SILENCE_MS;
		return;
	}
	kill(a->pid, SIGKILL);
	a->state = AGENT_KILLED;
}

void agent_child_tick(struct agent_child *a, int64_t now)
{
	if (agent_child_due(a) < 0 || now < a->due)
		return;
	if (a->state == AGENT_WAITING)
		start_now(a, now);
	else if (a->state == AGENT_ENDING)
		agent_child_kill(a, now);
	else if (a->state == AGENT_LAST)
		a->state = AGENT_OFF;
	else
		silent(a, now);
}

/* its end */

/* One that died of the step's end left something to deliver: another has what
 * is left of the time. */
static bool end_again(struct agent_child *a, int wait_status)
{
	if (a->state != AGENT_ENDING || wait_status == 0 || a->ended_again)
		return false;
	a->ended_again = true;
	return start(a) == 0 && ipc_send_end(a->ipc, &a->report) == 0;
}

static void describe_death(const struct agent_child *a, int status, char *to,
			   size_t size)
{
	if (a->state == AGENT_KILLED)
		snprintf(to, size, "the agent did not answer for %d s and was "
			 "killed", IPC_SILENCE_MS / 1000);
	else if (WIFSIGNALED(status))
		snprintf(to, size, "the agent died (signal %d)",
			 WTERMSIG(status));
	else
		snprintf(to, size, "the agent died (exit status %d)",
			 WEXITSTATUS(status));
}

void agent_child_reaped(struct agent_child *a, pid_t pid, int wait_status,
			int64_t now)
{
	char why[128];

	if (pid != a->pid)
		return;
	a->pid = 0;
	hang_up(a);
	if (end_again(a, wait_status))
		return;
	if (a->state == AGENT_ENDING || a->state == AGENT_LAST) {
		a->state = AGENT_OFF;
		return;
	}
	describe_death(a, wait_status, why, sizeof(why));
	start_later(a, why, now);
}

void agent_child_kill(struct agent_child *a, int64_t now)
{
	a->state = AGENT_OFF;
	if (a->pid == 0)
		return;
	kill(a->pid, SIGKILL);
	a->state = AGENT_LAST;
	a->due = now + LAST_MS;
}

/* One that is just starting has a step to tell of only if that failed, or what
 * one before it has left. */
static bool has_to_hear(const struct agent_child *a,
			const struct exit_report *r)
{
	return a->state == AGENT_READY || a->state == AGENT_KILLED ||
	       (a->state == AGENT_STARTING &&
		(a->starts > 1 || exit_report_status(r) != 0));
}

void agent_child_end(struct agent_child *a, const struct exit_report *r,
		     int64_t now)
{
	if (a->state == AGENT_WAITING && a->starts > 0)
		start_now(a, now);
	if (!has_to_hear(a, r)) {
		agent_child_kill(a, now);
		return;
	}
	if (ipc_send_end(a->ipc, r) < 0)
		kill(a->pid, SIGKILL);  /* another one is told */
	a->report = *r;
	a->state = AGENT_ENDING;
	a->due = now + AGENT_END_MS;
}
