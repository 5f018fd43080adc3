#include "listeners.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u  /* linux/memfd.h, from 6.3 on */
#endif

#define BACKLOG 4096 /* connections while the agent restarts */

/* -1 and errno on failure. */
static int listen_at(const struct sockaddr *sa, socklen_t len)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return -1;
	if (bind(fd, sa, len) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* In the abstract namespace, so that it needs no directory and is gone with
 * its last descriptor. */
static int listen_for_hooks(const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	size_t len = strlen(name);

	memcpy(sa.sun_path, name, len);
	sa.sun_path[0] = '\0';  /* the "@" of the written form */
	return listen_at((struct sockaddr *)&sa,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     len));
}

static int listen_for_debuggees(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return listen_at((struct sockaddr *)&sa, sizeof(sa));
}

/* A kernel may want to be told that nothing in it will be executed, or not know
 * of that. */
static int open_spool(void)
{
	int fd = memfd_create("pitstop-spool", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	return fd >= 0 ? fd : memfd_create("pitstop-spool", MFD_CLOEXEC);
}

int listeners_open(struct listeners *l, const char *name)
{
	*l = (struct listeners){ -1, -1, -1 };
	l->hooks = listen_for_hooks(name);
	if (l->hooks < 0)
		return -errno;
	l->debuggees = listen_for_debuggees();
	l->spool = open_spool();
	return 0;
}

void listeners_close(struct listeners *l)
{
	if (l->hooks >= 0)
		close(l->hooks);
	if (l->debuggees >= 0)
		close(l->debuggees);
	if (l->spool >= 0)
		close(l->spool);
	*l = (struct listeners){ -1, -1, -1 };
}
