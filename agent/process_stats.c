#include "process_stats.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

static void read_memory(struct process_stats *to)
{
	FILE *f = fopen("/proc/self/statm", "re");
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t virtual, resident;

	if (!f)
		return;
	if (fscanf(f, "%" SCNu64 " %" SCNu64, &virtual, &resident) == 2) {
		to->virtual = virtual * page;
		to->resident = resident * page;
	}
	fclose(f);
}

static unsigned count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n - 3;  /* ".", "..", and the directory's own */
}

void process_stats(struct process_stats *to)
{
	struct rlimit fds = { 0 };
	struct rusage used;

	*to = (struct process_stats){ .open_fds = count_fds() };
	getrusage(RUSAGE_SELF, &used);
	getrlimit(RLIMIT_NOFILE, &fds);
	to->cpu_seconds = seconds(&used.ru_utime) + seconds(&used.ru_stime);
	to->max_fds = (double)fds.rlim_cur;
	read_memory(to);
}
