#include "local_socket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#define TABLE "/proc/net/unix"
#define LISTENS 0x10000  /* of its flags: the kernel's __SO_ACCEPTCON */
#define PREFIX "@pitstop-"

/* The name begins with "@" in place of the zero byte that it has there. */
static socklen_t to_address(const char *name, struct sockaddr_un *to)
{
	size_t len = strlen(name);

	*to = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len > sizeof(to->sun_path))
		len = sizeof(to->sun_path);
	memcpy(to->sun_path, name, len);
	to->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* serving */

static bool name_for(int hooks, uint16_t port,
		     char to[static LOCAL_SOCKET_NAME])
{
	struct sockaddr_un sa = { 0 };
	socklen_t len = sizeof(sa);
	int before = offsetof(struct sockaddr_un, sun_path) + 1, n;

	if (getsockname(hooks, (struct sockaddr *)&sa, &len) < 0 ||
	    sa.sun_family != AF_UNIX || (int)len <= before || sa.sun_path[0])
		return false;
	n = snprintf(to, LOCAL_SOCKET_NAME, "@%.*s-%u", (int)len - before,
		     sa.sun_path + 1, port);
	return n < LOCAL_SOCKET_NAME;
}

int local_socket_bind(int hooks, uint16_t port)
{
	char name[LOCAL_SOCKET_NAME];
	struct sockaddr_un sa;
	socklen_t len;
	int fd, error;

	if (!name_for(hooks, port, name))
		return -EINVAL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	len = to_address(name, &sa);
	if (bind(fd, (struct sockaddr *)&sa, len) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* the other end */

static bool peer(int fd, struct ucred *cred)
{
	socklen_t len = sizeof(*cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &len) == 0 &&
	       cred->pid > 0;
}

bool local_socket_peer_allowed(int fd)
{
	struct ucred cred;

	return peer(fd, &cred) && (cred.uid == geteuid() || cred.uid == 0);
}

/* An agent in a container below ours would not answer: it cannot see who we
 * are. Where the kernel does not tell us, it may be here. */
static bool is_in_our_pid_namespace(pid_t pid)
{
	char path[64], its[64] = "", ours[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	return readlink(path, its, sizeof(its) - 1) < 0 ||
	       readlink("/proc/self/ns/pid", ours, sizeof(ours) - 1) < 0 ||
	       strcmp(its, ours) == 0;
}

/* Root asks everybody's agent, and nobody else's could be asked. */
static bool is_for_us(const struct ucred *cred)
{
	return cred->uid == geteuid() || geteuid() == 0;
}

int local_socket_connect(const char *name, pid_t *pid)
{
	struct ucred cred = { 0 };
	struct sockaddr_un sa;
	socklen_t len = to_address(name, &sa);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = EPERM;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		error = errno;
	else if (!peer(fd, &cred) || !is_in_our_pid_namespace(cred.pid))
		error = ENOENT;  /* of another container */
	else if (is_for_us(&cred)) {
		*pid = cred.pid;
		return fd;
	}
	close(fd);
	return -error;
}

/* finding */

/* A line of the table names an agent's socket: "@pitstop-RANDOM-PORT". The
 * hooks' has no port. */
static bool take_line(char *line, struct local_agent *to)
{
	char *name = strstr(line, " " PREFIX), *port;
	const char *bad = NULL;
	unsigned flags = 0;

	if (!name || sscanf(line, "%*s %*s %*s %x", &flags) != 1 ||
	    !(flags & LISTENS))
		return false;
	name++;
	name[strcspn(name, "\n")] = '\0';
	port = strchr(name + strlen(PREFIX), '-');
	if (!port || strlcpy(to->name, name, sizeof(to->name)) >=
		     sizeof(to->name))
		return false;
	to->port = (uint16_t)strtonum(port + 1, 0, UINT16_MAX, &bad);
	return !bad;
}

static bool is_named_after(const struct local_agent *a, const char *hooks)
{
	size_t len = strlen(hooks);

	return strncmp(a->name, hooks, len) == 0 && a->name[len] == '-';
}

static bool may_ask(struct local_agent *a, unsigned *others)
{
	int fd = local_socket_connect(a->name, &a->pid);

	if (fd >= 0)
		close(fd);
	else if (fd == -EPERM)
		++*others;
	return fd >= 0;
}

size_t local_socket_find(const char *hooks, struct local_agent *to, size_t max,
			 unsigned *others)
{
	FILE *table = fopen(TABLE, "re");
	struct local_agent one;
	char line[512];
	size_t n = 0;

	*others = 0;
	while (table && n < max && fgets(line, sizeof(line), table)) {
		if (take_line(line, &one) &&
		    (!hooks || is_named_after(&one, hooks)) &&
		    may_ask(&one, others))
			to[n++] = one;
	}
	if (table)
		fclose(table);
	return n;
}
