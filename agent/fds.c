#include "fds.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436  /* the same on all architectures */
#endif

#define FIRST_OTHER 3
/* Where the kernel is older than close_range (5.9) and the limit is endless. */
#define LOOP_MAX 65536

/* Needs no file but the root directory, and cannot be read or written. */
static int open_placeholder(void)
{
	return open("/", O_PATH | O_CLOEXEC);
}

void fds_fill_standard(void)
{
	for (int fd = 0; fd < FIRST_OTHER; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open_placeholder();  /* takes the lowest free number */
}

void fds_make_null(int fd, bool keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		null = open_placeholder();
	if (null < 0)
		return;
	dup3(null, fd, keep ? 0 : O_CLOEXEC);
	close(null);
}

bool fds_may_write(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static void close_loop(unsigned first, unsigned last)
{
	struct rlimit limit;
	unsigned end = LOOP_MAX;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < end)
		end = (unsigned)limit.rlim_cur;
	for (unsigned fd = first; fd <= last && fd < end; fd++)
		close((int)fd);
}

static void close_between(int first, int last)
{
	if (first > last)
		return;
	if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0) < 0)
		close_loop((unsigned)first, (unsigned)last);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void fds_close_others(int *kept, size_t n)
{
	int first = FIRST_OTHER;

	qsort(kept, n, sizeof(*kept), compare_ints);
	for (size_t i = 0; i < n; i++) {
		if (kept[i] < first)
			continue;
		close_between(first, kept[i] - 1);
		first = kept[i] + 1;
	}
	close_between(first, INT_MAX);
}
