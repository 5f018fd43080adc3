#include "ipc.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int ipc_pair(int fds[static 2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	return 0;
}

static int send_message(int fd, const struct ipc_message *m)
{
	if (send(fd, m, sizeof(*m), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}

int ipc_send(int fd, enum ipc_type type, uint32_t value)
{
	const struct ipc_message m = { .type = type, .value = value };

	return send_message(fd, &m);
}

int ipc_send_end(int fd, const struct exit_report *report)
{
	const struct ipc_message m = { .type = IPC_STEP_ENDED,
				       .report = *report };

	return send_message(fd, &m);
}

int ipc_receive(int fd, struct ipc_message *m)
{
	ssize_t n = recv(fd, m, sizeof(*m), MSG_DONTWAIT | MSG_TRUNC);

	if (n == sizeof(*m))
		return 1;
	if (n == 0)
		return -EPIPE;
	if (n > 0)
		return -EPROTO;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}
