#include "terminal.h"

#include <fcntl.h>
#include <unistd.h>

#define FIRST_OTHER 3

/* One of the standard descriptors, since a container may have no /dev/tty. */
static int open_controlling(void)
{
	for (int fd = 0; fd < FIRST_OTHER; fd++)
		if (tcgetpgrp(fd) >= 0)
			return fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OTHER);
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

void terminal_open(struct terminal *t)
{
	t->fd = open_controlling();
	/* A group outside our pid namespace has no number here (0): it could
	 * not get the terminal back. */
	t->wanted = getpgrp() != 0 && tcgetpgrp(STDIN_FILENO) >= 0 &&
		    tcgetpgrp(STDOUT_FILENO) >= 0;
}

bool terminal_is_ours(const struct terminal *t)
{
	return t->fd >= 0 && tcgetpgrp(t->fd) == getpgrp();
}

void terminal_give(const struct terminal *t, pid_t group)
{
	tcsetpgrp(t->fd, group);
}

void terminal_take(const struct terminal *t, pid_t group)
{
	if (t->fd >= 0 && tcgetpgrp(t->fd) == group)
		tcsetpgrp(t->fd, getpgrp());
}
