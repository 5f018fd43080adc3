#include "signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL (~(uint64_t)0)
#define BIT(sig) ((uint64_t)1 << ((sig) - 1))

static long change_mask(int how, uint64_t set, uint64_t *old)
{
	return syscall(SYS_rt_sigprocmask, how, &set, old, sizeof(set));
}

int signals_open(struct signals *s)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	const uint64_t all = ALL;
	int error;

	if (change_mask(SIG_SETMASK, ALL, &s->mask) < 0)
		return -errno;
	s->fd = (int)syscall(SYS_signalfd4, -1, &all, sizeof(all),
			     SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0) {
		error = errno;
		change_mask(SIG_SETMASK, s->mask, NULL);
		return -error;
	}
	/* Were it ignored, the kernel would reap for us and tell nothing. */
	sigaction(SIGCHLD, &plain, &s->on_child);
	return 0;
}

void signals_restore(const struct signals *s)
{
	sigaction(SIGCHLD, &s->on_child, NULL);
	change_mask(SIG_SETMASK, s->mask, NULL);
}

int signals_next(const struct signals *s)
{
	const pid_t self = getpid();
	struct signalfd_siginfo info;

	while (read(s->fd, &info, sizeof(info)) == sizeof(info))
		/* Our own: SIGPIPE when nobody reads standard error. */
		if ((pid_t)info.ssi_pid != self ||
		    info.ssi_signo == SIGCHLD)
			return (int)info.ssi_signo;
	return 0;
}

/* Whether this process is stopped or not is left to the kernel: while the
 * signal is unblocked it does what is right by default. A stopped process is
 * continued by SIGCONT alone, which is blocked and so left to be seen. */
bool signals_stop_group(int sig)
{
	uint64_t pending = 0;

	kill(0, sig);
	change_mask(SIG_UNBLOCK, BIT(sig), NULL);
	change_mask(SIG_BLOCK, BIT(sig), NULL);
	syscall(SYS_rt_sigpending, &pending, sizeof(pending));
	return pending & BIT(SIGCONT);
}
