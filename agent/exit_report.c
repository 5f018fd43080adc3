#include "exit_report.h"

#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "buf.h"

/* What such an end mostly means. */
static const struct ending {
	int number;
	const char *name, *meaning;
} ENDINGS[] = {
	{ SIGKILL, "SIGKILL", "kill -9, or whoever runs the container ended it: "
	  "for its limit of time or memory, or at the end of the grace after a "
	  "SIGTERM" },
	{ SIGTERM, "SIGTERM", "it was told to end: the run was cancelled, or "
	  "its node is taken away" },
	{ SIGSEGV, "SIGSEGV", "a fault in native code; python -X faulthandler "
	  "shows the Python lines that led there" },
	{ SIGABRT, "SIGABRT", "native code gave up; what it said stands above, "
	  "and python -X faulthandler shows where" },
	{ SIGBUS, "SIGBUS", "a mapped file that is too short, mostly a full "
	  "/dev/shm (docker run --shm-size)" },
	{ SIGILL, "SIGILL", "an instruction that this CPU has not: a package "
	  "built for another one" },
	{ SIGFPE, "SIGFPE", "a division by zero in native code" },
	{ SIGINT, "SIGINT", "Ctrl-C" },
	{ SIGHUP, "SIGHUP", "its terminal or connection has gone" },
	{ SIGPIPE, "SIGPIPE", "nobody read what it wrote" },
	{ SIGXCPU, "SIGXCPU", "its limit of CPU time (ulimit -t)" },
	{ SIGXFSZ, "SIGXFSZ", "its limit for the size of a file (ulimit -f)" },
	{ SIGQUIT, "SIGQUIT", NULL }, { SIGALRM, "SIGALRM", NULL },
	{ SIGUSR1, "SIGUSR1", NULL }, { SIGUSR2, "SIGUSR2", NULL },
	{ SIGTRAP, "SIGTRAP", NULL }, { SIGSYS, "SIGSYS", NULL },
};

static const struct ending *ending(int number)
{
	for (size_t i = 0; i < sizeof(ENDINGS) / sizeof(*ENDINGS); i++)
		if (ENDINGS[i].number == number)
			return &ENDINGS[i];
	return NULL;
}

static int status_of(const struct exit_report *r)
{
	return (int)r->wait_status;
}

int exit_report_status(const struct exit_report *r)
{
	return WIFSIGNALED(status_of(r)) ? 128 + WTERMSIG(status_of(r))
					 : WEXITSTATUS(status_of(r));
}

/* Also the one that ended the command of a shell, by what that says. */
static int signal_of(const struct exit_report *r)
{
	int status = exit_report_status(r);

	return status > 128 && status < 128 + 65 ? status - 128 : 0;
}

const char *exit_report_signal(const struct exit_report *r)
{
	static char number[16];
	const struct ending *e;

	if (!WIFSIGNALED(status_of(r)))
		return NULL;
	e = ending(WTERMSIG(status_of(r)));
	if (e)
		return e->name;
	snprintf(number, sizeof(number), "%d", WTERMSIG(status_of(r)));
	return number;
}

static bool out_of_memory(const struct exit_report *r)
{
	return r->oom_kills > 0 && exit_report_status(r) != 0;
}

bool exit_report_wanted(const struct exit_report *r, enum report_mode mode,
			bool held)
{
	bool abnormal = exit_report_status(r) != 0;

	switch (mode) {
	case REPORT_ALWAYS:
		return true;
	case REPORT_ABNORMAL:
		return abnormal;
	case REPORT_AUTO:
		return out_of_memory(r) || (held && abnormal);
	default:
		return false;
	}
}

/* the words */

static bool add_duration(struct buf *b, int64_t ms)
{
	int64_t minutes = ms / 60000;

	if (minutes >= 60)
		return buf_addf(b, "%" PRId64 " h %02" PRId64 " min",
				minutes / 60, minutes % 60);
	if (minutes > 0)
		return buf_addf(b, "%" PRId64 " min %02" PRId64 " s", minutes,
				ms / 1000 % 60);
	return buf_addf(b, "%.2f s", (double)ms / 1000);
}

static bool add_size(struct buf *b, int64_t bytes)
{
	if (bytes >= 1 << 30)
		return buf_addf(b, "%.1f GiB", (double)bytes / (1 << 30));
	return buf_addf(b, "%.1f MiB", (double)bytes / (1 << 20));
}

bool exit_report_reason(struct buf *b, const struct exit_report *r)
{
	const char *name = exit_report_signal(r);
	bool done;

	if (out_of_memory(r) && signal_of(r) == SIGKILL)
		done = buf_addf(b, "was killed by the kernel for want of "
				"memory");
	else if (name)
		done = buf_addf(b, "was ended by signal %s", name);
	else
		done = buf_addf(b, "ended with status %d",
				exit_report_status(r));
	if (done && out_of_memory(r) && signal_of(r) != SIGKILL)
		done = buf_addf(b, "; the kernel killed %" PRId64 " process%s "
				"of its cgroup for want of memory",
				r->oom_kills, r->oom_kills > 1 ? "es" : "");
	if (done && r->aborted)
		done = buf_addf(b, ", since somebody aborted it");
	return done;
}

static bool add_end(struct buf *b, const struct exit_report *r)
{
	time_t seconds = (time_t)(r->at / 1000);
	struct tm at;
	char text[32] = "";

	if (gmtime_r(&seconds, &at))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &at);
	return buf_addf(b, "pitstop: the step ") &&
	       exit_report_reason(b, r) && buf_addf(b, "\npitstop: it ran ") &&
	       add_duration(b, r->wall_ms) &&
	       buf_addf(b, ", until %s; CPU time: user ", text) &&
	       add_duration(b, r->user_ms) && buf_addf(b, ", system ") &&
	       add_duration(b, r->system_ms) && buf_addf(b, "\n");
}

static bool add_meaning(struct buf *b, const struct exit_report *r)
{
	int number = signal_of(r);
	const struct ending *e = ending(number);

	if (out_of_memory(r))
		return buf_addf(b, "pitstop: what helps is a machine or limit "
				"with more memory, smaller batches, or fewer "
				"workers\n");
	if (!e || !e->meaning || r->aborted)
		return true;
	if (exit_report_signal(r))
		return buf_addf(b, "pitstop: mostly that means: %s\n",
				e->meaning);
	return buf_addf(b, "pitstop: status %d is how a shell tells of %s; "
			"mostly that means: %s\n", exit_report_status(r),
			e->name, e->meaning);
}

static bool add_memory(struct buf *b, const struct exit_report *r)
{
	bool done = buf_addf(b, "pitstop: memory: largest process ") &&
		    add_size(b, r->peak_rss);

	if (r->cgroup_peak >= 0)
		done = done && buf_addf(b, "; all of the cgroup: peak ") &&
		       add_size(b, r->cgroup_peak);
	if (r->cgroup_peak >= 0 && r->cgroup_limit >= 0)
		done = done && buf_addf(b, ", limit ") &&
		       add_size(b, r->cgroup_limit);
	return done && buf_addf(b, "\n");
}

static bool add_output(struct buf *b, const struct exit_report *r)
{
	if (r->out_bytes < 0 && r->err_bytes < 0)
		return true;
	if (r->err_bytes < 0)
		return buf_addf(b, "pitstop: output: %" PRId64 " bytes\n",
				r->out_bytes);
	if (r->out_bytes < 0)
		return buf_addf(b, "pitstop: standard error: %" PRId64
				" bytes\n", r->err_bytes);
	return buf_addf(b, "pitstop: output: %" PRId64 " bytes, and %" PRId64
			" of standard error\n", r->out_bytes, r->err_bytes);
}

bool exit_report_text(struct buf *b, const struct exit_report *r)
{
	return add_end(b, r) && add_meaning(b, r) && add_memory(b, r) &&
	       add_output(b, r);
}
