#include "agent_call.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "dial.h"

/* "localhost", since an agent without a token answers to no other name: see
 * http_access.c. We are no browser that a page could lead here. */
static bool write_request(struct buf *out, const struct agent_place *at,
			  const char *method, const char *path,
			  const char *content)
{
	bool ok = buf_addf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\n"
			   "Connection: close\r\n", method, path);

	if (*at->token)
		ok = ok && buf_addf(out, "Authorization: Bearer %s\r\n",
				    at->token);
	if (content)
		ok = ok && buf_addf(out, "Content-Type: application/json\r\n"
				    "Content-Length: %zu\r\n",
				    strlen(content));
	return ok && buf_addf(out, "\r\n%s", content ? content : "");
}

static int read_reply(int fd, int64_t due, struct http_reply *r)
{
	char data[16384];
	ssize_t n;

	while (r->state == HTTP_REPLY_MORE) {
		n = dial_receive(fd, data, sizeof(data), due);
		if (n < 0)
			return (int)n;
		if (n == 0 && r->taken == 0)
			return -ECONNRESET;
		if (n == 0)
			http_reply_end(r);
		else
			http_reply_feed(r, data, (size_t)n);
	}
	return r->state == HTTP_REPLY_DONE ? 0 : -EPROTO;
}

int agent_call(const struct agent_place *at, const char *method,
	       const char *path, const char *content, int64_t due,
	       struct http_reply *r)
{
	struct buf out = { 0 };
	pid_t pid;
	int fd = *at->socket ? local_socket_connect(at->socket, &pid)
			     : dial_tcp(&at->url, due);
	int rc = fd < 0 ? fd : 0;

	http_reply_init(r);
	if (rc == 0 && !write_request(&out, at, method, path, content))
		rc = -ENOMEM;
	if (rc == 0)
		rc = dial_send(fd, out.data, out.len, due);
	if (rc == 0)
		rc = read_reply(fd, due, r);
	if (rc < 0)
		http_reply_free(r);
	if (fd >= 0)
		close(fd);
	buf_free(&out);
	return rc;
}

const char *agent_call_error(int error)
{
	switch (-error) {
	case ENOENT: return "there is no host of that name";
	case ETIMEDOUT: return "no answer in time";
	case ECONNRESET: return "it closes the connection without an answer, "
		"as a debug port does: the port for HTTP is another one";
	case ECONNREFUSED: return "nothing listens there";
	case EPROTO: return "what answers is no pitstop agent";
	case EHOSTUNREACH:
	case ENETUNREACH: return "there is no way to it from here";
	default: return strerror(-error);
	}
}
