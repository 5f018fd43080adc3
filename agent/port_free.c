#include "port_free.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int try(int family, const void *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1, rc = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address, len) < 0 || listen(fd, 1) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int port_free(uint16_t port)
{
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6,
					  .sin6_port = htons(port) };
	const struct sockaddr_in four = { .sin_family = AF_INET,
					  .sin_port = htons(port) };
	int rc = try(AF_INET6, &six, sizeof(six));

	if (rc == 0 || rc == -EADDRINUSE)
		return rc;
	return try(AF_INET, &four, sizeof(four));   /* no IPv6 here */
}
