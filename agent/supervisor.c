#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "agent_child.h"
#include "buf.h"
#include "config.h"
#include "exit_report.h"
#include "fds.h"
#include "hook_dir.h"
#include "listeners.h"
#include "log.h"
#include "meter.h"
#include "signals.h"
#include "step.h"
#include "terminal.h"

#define RANDOM_BYTES 16   /* of the token and of the socket's name */
#define HEX_SIZE (2 * RANDOM_BYTES + 1)

struct supervisor {
	struct signals signals;
	struct terminal terminal;
	struct agent_child agent;
	struct hook_dir hook;
	struct listeners listeners;
	struct meter meter;
	char hook_name[1 + sizeof("pitstop-") + HEX_SIZE];
	char random_token[HEX_SIZE];
	char *pythonpath;
	pid_t step;
	bool ended;
	bool aborted;             /* at the wish of a user of the agent's */
	int status;               /* the step's wait status */
	enum report_mode report;
	bool held;                /* a hold was asked for */
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void random_text(char to[static HEX_SIZE])
{
	unsigned char bytes[RANDOM_BYTES];

	arc4random_buf(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

/* the hook's two ways: to the interpreters, and from them to the agent */

static void open_hook(struct supervisor *s)
{
	char random[HEX_SIZE];
	int rc;

	random_text(random);
	snprintf(s->hook_name, sizeof(s->hook_name), "@pitstop-%s", random);
	s->hook.fd = -1;
	rc = listeners_open(&s->listeners, s->hook_name);
	if (rc < 0) {
		log_warn("no socket for the hook (%s): the step cannot be "
			 "attached to", strerror(-rc));
		return;
	}
	hook_dir_open(&s->hook);
	s->pythonpath = hook_dir_pythonpath(&s->hook);
	if (*s->hook.path)
		return;
	log_warn("no place for the hook, neither a directory nor this "
		 "binary: the step cannot be attached to");
	listeners_close(&s->listeners);
}

/* signals and the terminal */

static void signal_step(const struct supervisor *s, int sig)
{
	/* The group has gone when its leader moved to another. */
	if (kill(-s->step, sig) < 0)
		kill(s->step, sig);
}

static void continue_step(struct supervisor *s)
{
	if (s->terminal.wanted && terminal_is_ours(&s->terminal))
		terminal_give(&s->terminal, s->step);
	signal_step(s, SIGCONT);
}

/* Stop as the step did, so that the shell that started us sees its job
 * stopped. Only a terminal stops whole jobs: whoever sent SIGSTOP to the step
 * alone will continue the step alone, and then we have to be awake. */
static void on_step_stopped(struct supervisor *s, int sig)
{
	bool asks = sig == SIGTTIN || sig == SIGTTOU;

	if (asks && terminal_is_ours(&s->terminal)) {
		s->terminal.wanted = true;
		continue_step(s);
		return;
	}
	terminal_take(&s->terminal, s->step);
	if (s->terminal.fd < 0 || (sig != SIGTSTP && !asks))
		return;
	/* When we are continued, SIGCONT waits to be forwarded. Where nobody
	 * could continue us, the stop key does nothing. */
	if (!signals_stop_group(sig) && sig == SIGTSTP)
		continue_step(s);
}

/* At once: what follows may take a while. Standard error may be a pipe that
 * nobody empties, which is not waited for. */
static void tell_report(const struct supervisor *s, const struct exit_report *r)
{
	struct buf b = { 0 };

	if (exit_report_wanted(r, s->report, s->held) &&
	    exit_report_text(&b, r) && fds_may_write(STDERR_FILENO))
		dprintf(STDERR_FILENO, "%.*s", (int)b.len, b.data);
	buf_free(&b);
}

static void on_step_ended(struct supervisor *s, int status,
			  const struct rusage *usage)
{
	struct exit_report report;

	s->ended = true;
	s->status = status;
	terminal_take(&s->terminal, s->step);
	meter_report(&s->meter, status, usage, now_ms(), &report);
	report.aborted = s->aborted;
	tell_report(s, &report);
	agent_child_end(&s->agent, &report, now_ms());
}

static void on_child(struct supervisor *s, pid_t pid, int status,
		     const struct rusage *usage)
{
	bool over = WIFEXITED(status) || WIFSIGNALED(status);

	if (pid == s->step && WIFSTOPPED(status))
		on_step_stopped(s, WSTOPSIG(status));
	else if (pid == s->step && over)
		on_step_ended(s, status, usage);
	else if (over)
		agent_child_reaped(&s->agent, pid, status, now_ms());
}

static void reap(struct supervisor *s)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0)
		on_child(s, pid, status, &usage);
}

/* The step's number may be another's by now; who wants an end gets it. */
static void on_signal_after_end(struct supervisor *s, int sig)
{
	if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT)
		agent_child_kill(&s->agent, now_ms());
}

static void on_signal(struct supervisor *s, int sig)
{
	if (sig == SIGCHLD)
		reap(s);
	else if (s->ended)
		on_signal_after_end(s, sig);
	else if (sig == SIGCONT)
		continue_step(s);
	else
		signal_step(s, sig);
}

/* the loop */

static int timeout_ms(const struct supervisor *s)
{
	int64_t due = agent_child_due(&s->agent), now = now_ms();

	if (due < 0)
		return -1;
	return due > now ? (int)(due - now) : 0;
}

static void turn(struct supervisor *s)
{
	struct pollfd on[] = {
		{ .fd = s->signals.fd, .events = POLLIN },
		{ .fd = agent_child_fd(&s->agent), .events = POLLIN },
	};
	int sig;

	if (poll(on, sizeof(on) / sizeof(on[0]), timeout_ms(s)) > 0) {
		if (on[1].revents && agent_child_hear(&s->agent, now_ms()) &&
		    !s->ended) {
			s->aborted = true;
			signal_step(s, SIGTERM);
		}
		while ((sig = signals_next(&s->signals)) > 0)
			on_signal(s, sig);
	}
	agent_child_tick(&s->agent, now_ms());
}

/* From here on nothing may take the supervisor down and nothing may make it
 * give up: the step runs, and its end and its status have to be told. */
static void supervise(struct supervisor *s)
{
	int kept[] = { s->signals.fd, s->terminal.fd, s->hook.fd,
		       s->listeners.hooks, s->listeners.debuggees,
		       s->listeners.spool, s->meter.out.fd };

	/* What was inherited is the step's: who reads from a pipe that the
	 * step has closed must see it closed. */
	fds_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	fds_make_null(STDIN_FILENO, false);
	fds_make_null(STDOUT_FILENO, false);
	meter_begin(&s->meter);
	while (!s->ended || s->agent.state != AGENT_OFF)
		turn(s);
}

/* start */

static pid_t start_step(struct supervisor *s, char **argv, int *error)
{
	const struct step_variable more[] = {
		{ s->listeners.hooks < 0 ? NULL : "PITSTOP_SOCKET", s->hook_name },
		{ s->pythonpath ? "PYTHONPATH" : NULL, s->pythonpath },
		{ HOOK_DIR_VARIABLE, s->hook.path },
		{ NULL, NULL },
	};
	const struct step_plan plan = {
		.argv = argv, .more = more,
		.signals = &s->signals, .terminal = &s->terminal,
	};

	return step_start(&plan, error);
}

/* Without a supervisor, which is better than not at all. */
static int run_alone(char **argv, const struct signals *signals, int why)
{
	const struct step_plan plan = { .argv = argv, .signals = signals };

	log_warn("cannot supervise (%s): the step runs without pitstop",
		 strerror(why));
	prctl(PR_SET_CHILD_SUBREAPER, 0);  /* it would outlive the exec */
	return step_cannot_run(argv[0], step_become(&plan));
}

int supervisor_run(char **argv, const struct config *config)
{
	static struct supervisor s;
	int error = 0, rc;

	fds_fill_standard();
	rc = signals_open(&s.signals);
	if (rc < 0)
		return run_alone(argv, NULL, -rc);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	terminal_open(&s.terminal);
	open_hook(&s);
	random_text(s.random_token);
	agent_child_init(&s.agent, &s.signals, &s.listeners,
			 *config->token ? config->token : s.random_token,
			 config->by_flag);
	s.report = config->report;
	s.held = config->hold != HOLD_OFF;
	meter_open(&s.meter, now_ms());
	s.step = start_step(&s, argv, &error);
	if (s.step > 0)
		supervise(&s);
	hook_dir_close(&s.hook);
	if (s.step < 0)
		return run_alone(argv, &s.signals, (int)-s.step);
	return error ? step_cannot_run(argv[0], error) :
		       step_exit_status(s.status);
}
