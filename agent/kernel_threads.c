#include "kernel_threads.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define NS_PER_S 1000000000LL
#define THREADS_MAX 1024  /* of one process; the others are left out */

struct kernel_threads {
	size_t len;
	struct {
		long tid;
		long long ran;  /* ns */
	} at[];
};

static const struct {
	char letter;
	const char *word;
} STATES[] = {
	{ 'R', "running" },
	{ 'S', "sleeping" },
	{ 'D', "waiting for a device" },
	{ 'T', "stopped" },
	{ 't', "stopped by a tracer" },
	{ 'Z', "ended" },
	{ 'X', "ended" },
	{ 'I', "idle" },
};

/* Those in which a thread waits, mostly. */
static const struct {
	long number;
	const char *name;
} SYSCALLS[] = {
	{ SYS_read, "read" }, { SYS_write, "write" },
	{ SYS_readv, "readv" }, { SYS_writev, "writev" },
	{ SYS_pread64, "pread64" }, { SYS_pwrite64, "pwrite64" },
	{ SYS_ioctl, "ioctl" }, { SYS_fsync, "fsync" },
	{ SYS_futex, "futex" }, { SYS_nanosleep, "nanosleep" },
	{ SYS_clock_nanosleep, "clock_nanosleep" }, { SYS_ppoll, "ppoll" },
	{ SYS_pselect6, "pselect6" }, { SYS_epoll_pwait, "epoll_pwait" },
	{ SYS_recvfrom, "recvfrom" }, { SYS_recvmsg, "recvmsg" },
	{ SYS_sendto, "sendto" }, { SYS_sendmsg, "sendmsg" },
	{ SYS_accept, "accept" }, { SYS_accept4, "accept4" },
	{ SYS_connect, "connect" }, { SYS_wait4, "wait4" },
	{ SYS_waitid, "waitid" }, { SYS_flock, "flock" },
	{ SYS_fcntl, "fcntl" }, { SYS_rt_sigsuspend, "rt_sigsuspend" },
	{ SYS_rt_sigtimedwait, "rt_sigtimedwait" },
	{ SYS_openat, "openat" }, { SYS_close, "close" },
#ifdef SYS_poll
	{ SYS_poll, "poll" }, { SYS_select, "select" },
	{ SYS_epoll_wait, "epoll_wait" }, { SYS_pause, "pause" },
	{ SYS_open, "open" },
#endif
};

/* A small file of /proc, without the newline at its end; "" when it cannot be
 * read. */
static void read_file(char *to, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void read_file(char *to, size_t size, const char *fmt, ...)
{
	char path[64];
	va_list ap;
	ssize_t n = -1;
	int fd;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, to, size - 1);
		close(fd);
	}
	to[n > 0 ? n : 0] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

/* In ticks; -1 when it has gone. */
static long long ticks_on_cpu(pid_t pid, long tid)
{
	unsigned long long user, system;
	const char *end;
	char text[512];

	read_file(text, sizeof(text), "/proc/%d/task/%ld/stat", (int)pid, tid);
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
			   "%*u %llu %llu", &user, &system) != 2)
		return -1;
	return (long long)(user + system);
}

/* Some kernels have no schedstat, or one without numbers. */
static long long time_on_cpu(pid_t pid, long tid, bool *exact)
{
	char text[128];
	long long ns, ticks;

	read_file(text, sizeof(text), "/proc/%d/task/%ld/schedstat", (int)pid,
		  tid);
	ns = atoll(text);
	*exact = ns > 0;
	if (*exact)
		return ns;
	ticks = ticks_on_cpu(pid, tid);
	return ticks < 0 ? -1 : ticks * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

bool kernel_main_thread_cpu(pid_t pid, int64_t *ns, bool *exact)
{
	*ns = time_on_cpu(pid, pid, exact);
	return *ns >= 0;
}

/* The next thread's identifier, 0 behind the last. */
static long next_thread(DIR *tasks)
{
	struct dirent *d;

	while ((d = readdir(tasks)))
		if (atol(d->d_name) > 0)
			return atol(d->d_name);
	return 0;
}

static DIR *open_tasks(pid_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	return opendir(path);
}

struct kernel_threads *kernel_threads_look(pid_t pid)
{
	struct kernel_threads *t = calloc(1, sizeof(*t) + THREADS_MAX *
						    sizeof(t->at[0]));
	DIR *tasks = open_tasks(pid);
	bool exact;
	long tid;

	while (t && tasks && t->len < THREADS_MAX &&
	       (tid = next_thread(tasks))) {
		t->at[t->len].tid = tid;
		t->at[t->len++].ran = time_on_cpu(pid, tid, &exact);
	}
	if (tasks)
		closedir(tasks);
	return t;
}

void kernel_threads_free(struct kernel_threads *t)
{
	free(t);
}

static long long ran_before(const struct kernel_threads *t, long tid)
{
	for (size_t i = 0; t && i < t->len; i++)
		if (t->at[i].tid == tid)
			return t->at[i].ran;
	return 0;
}

static const char *state_of(const char *stat)
{
	const char *end = strrchr(stat, ')');

	for (size_t i = 0; end && end[1] &&
	     i < sizeof(STATES) / sizeof(*STATES); i++)
		if (STATES[i].letter == end[2])
			return STATES[i].word;
	return "unknown";
}

static bool add_syscall(cJSON *to, char *text)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || number < 0)   /* "running", or it was not allowed */
		return true;
	*end = '\0';
	for (size_t i = 0; i < sizeof(SYSCALLS) / sizeof(*SYSCALLS); i++)
		if (SYSCALLS[i].number == number)
			return cJSON_AddStringToObject(to, "syscall",
						       SYSCALLS[i].name);
	return cJSON_AddStringToObject(to, "syscall", text);
}

static bool add_thread(cJSON *list, pid_t pid, long tid,
		       const struct kernel_threads *before)
{
	cJSON *one = cJSON_CreateObject();
	bool exact, ok;
	long long ran = time_on_cpu(pid, tid, &exact) -
			ran_before(before, tid);
	char text[512];

	if (!cJSON_AddItemToArray(list, one)) {
		cJSON_Delete(one);
		return false;
	}
	ok = cJSON_AddNumberToObject(one, "native_id", (double)tid);
	read_file(text, sizeof(text), "/proc/%d/task/%ld/comm", (int)pid, tid);
	ok = ok && cJSON_AddStringToObject(one, "name", text);
	read_file(text, sizeof(text), "/proc/%d/task/%ld/stat", (int)pid, tid);
	ok = ok && cJSON_AddStringToObject(one, "state", state_of(text));
	read_file(text, sizeof(text), "/proc/%d/task/%ld/wchan", (int)pid,
		  tid);
	if (*text && strcmp(text, "0") != 0)
		ok = ok && cJSON_AddStringToObject(one, "wchan", text);
	read_file(text, sizeof(text), "/proc/%d/task/%ld/syscall", (int)pid,
		  tid);
	return ok && add_syscall(one, text) &&
	       cJSON_AddNumberToObject(one, "cpu_ms",
				       ran > 0 ? (double)(ran / 1000000) : 0);
}

cJSON *kernel_threads_json(pid_t pid, const struct kernel_threads *before)
{
	cJSON *list = cJSON_CreateArray();
	DIR *tasks = open_tasks(pid);
	bool ok = list;
	long tid;

	for (size_t n = 0; ok && tasks && n < THREADS_MAX &&
	     (tid = next_thread(tasks)); n++)
		ok = add_thread(list, pid, tid, before);
	if (tasks)
		closedir(tasks);
	if (ok)
		return list;
	cJSON_Delete(list);
	return NULL;
}
