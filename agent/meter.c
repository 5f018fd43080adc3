#include "meter.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "exit_report.h"

static bool is_file(int fd, struct stat *st)
{
	return fstat(fd, st) == 0 && S_ISREG(st->st_mode);
}

/* Standard output gets a descriptor of its own, since the supervisor leaves the
 * step's to the step. */
void meter_open(struct meter *m, int64_t now)
{
	struct stat out, err;
	bool file = is_file(STDOUT_FILENO, &out);

	m->began = now;
	m->out.fd = m->err.fd = -1;
	if (file) {
		m->out.fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		m->out.before = out.st_size;
	}
	if (!is_file(STDERR_FILENO, &err) ||
	    (file && out.st_ino == err.st_ino && out.st_dev == err.st_dev))
		return;
	m->err.fd = STDERR_FILENO;
	m->err.before = err.st_size;
}

void meter_begin(struct meter *m)
{
	cgroup_memory_open(&m->cgroup);
}

static int64_t growth(const struct meter_file *f)
{
	struct stat now;

	if (f->fd < 0 || !is_file(f->fd, &now) || now.st_size < f->before)
		return -1;
	return now.st_size - f->before;
}

static int64_t milliseconds(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_usec / 1000;
}

void meter_report(struct meter *m, int wait_status, const struct rusage *usage,
		  int64_t now, struct exit_report *to)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	*to = (struct exit_report){
		.at = (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000,
		.wall_ms = now - m->began,
		.user_ms = milliseconds(&usage->ru_utime),
		.system_ms = milliseconds(&usage->ru_stime),
		.peak_rss = (int64_t)usage->ru_maxrss * 1024,
		.cgroup_peak = cgroup_memory_peak(&m->cgroup),
		.cgroup_limit = cgroup_memory_own_limit(&m->cgroup),
		.oom_kills = cgroup_memory_kills(&m->cgroup),
		.out_bytes = growth(&m->out),
		.err_bytes = growth(&m->err),
		.wait_status = wait_status,
	};
}
