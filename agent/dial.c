#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "url.h"

int64_t dial_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 0, also when the other end failed: the next call says how. */
static int wait_for(int fd, short events, int64_t due)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = due - dial_now();
		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	return n < 0 ? -errno : 0;
}

/* connecting */

static int connect_to(int fd, const struct addrinfo *at, int64_t due)
{
	int error = 0, on = 1, rc;
	socklen_t len = sizeof(error);

	if (connect(fd, at->ai_addr, at->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	rc = wait_for(fd, POLLOUT, due);
	if (rc == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		rc = -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return rc < 0 ? rc : -error;
}

static int try_one(const struct addrinfo *at, int64_t due)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC |
			SOCK_NONBLOCK, at->ai_protocol);
	int rc = fd < 0 ? -errno : connect_to(fd, at, due);

	if (rc == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* One after the other, each with its share of the time that is left. */
static int try_all(const struct addrinfo *first, int64_t due)
{
	int left = 0, rc = -ENOENT;

	for (const struct addrinfo *at = first; at; at = at->ai_next)
		left++;
	for (const struct addrinfo *at = first; at; at = at->ai_next, left--) {
		int64_t now = dial_now();

		rc = try_one(at, now + (due - now) / left);
		if (rc >= 0)
			break;
	}
	return rc;
}

int dial_tcp(const struct url *to, int64_t due)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV,
	};
	struct addrinfo *first = NULL;
	char port[8];
	int rc;

	snprintf(port, sizeof(port), "%u", to->port);
	if (getaddrinfo(to->host, port, &hints, &first) != 0)
		return -ENOENT;
	rc = try_all(first, due);
	freeaddrinfo(first);
	return rc;
}

/* talking */

int dial_send(int fd, const void *data, size_t len, int64_t due)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		int rc = 0;

		if (n >= 0) {
			at += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			rc = wait_for(fd, POLLOUT, due);
		} else if (errno != EINTR) {
			rc = -errno;
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

ssize_t dial_receive(int fd, char *to, size_t size, int64_t due)
{
	ssize_t n;
	int rc;

	do {
		rc = wait_for(fd, POLLIN, due);
		if (rc < 0)
			return rc;
		n = recv(fd, to, size, 0);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n < 0 ? -errno : n;
}
