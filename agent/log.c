#include "log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "printable.h"

#define PREFIX "pitstop: "
#define CUT "..."

/* A write of at most PIPE_BUF bytes to a pipe is not mixed with others. */
#define LINE_BYTES PIPE_BUF

void log_warn(const char *fmt, ...)
{
	char line[LINE_BYTES] = PREFIX;
	char *text = line + sizeof(PREFIX) - 1;
	size_t room = sizeof(line) - sizeof(PREFIX);  /* without the newline */
	int saved = errno, n;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	n = vsnprintf(text, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len = (size_t)n < room ? (size_t)n : room - 1;
	if ((size_t)n > len)
		memcpy(text + len - strlen(CUT), CUT, strlen(CUT));
	printable(text, len);
	text[len++] = '\n';
	while (write(STDERR_FILENO, line, (size_t)(text - line) + len) < 0 &&
	       errno == EINTR)
		;
	errno = saved;
}

void log_lines(char *text, size_t len)
{
	while (len > 0) {
		struct pollfd log = { STDERR_FILENO, POLLOUT, 0 };
		char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : len;
		size_t cut = n < LINE_BYTES ? n : LINE_BYTES;

		printable(text, cut - 1);
		text[cut - 1] = '\n';
		if (poll(&log, 1, 0) > 0 && log.revents & POLLOUT &&
		    write(STDERR_FILENO, text, cut) < 0)
			return;
		text += n;
		len -= n;
	}
}

bool log_rate_allow(struct log_rate *r, int64_t now)
{
	int64_t more = r->every_ms > 0 ? (now - r->last) / r->every_ms : 0;

	if (more > 0) {
		r->last += more * r->every_ms;
		r->left = more < r->burst - r->left ? r->left + (int)more
						    : r->burst;
	}
	if (r->left <= 0) {
		r->dropped++;
		return false;
	}
	/* A full budget counts from its first line on. */
	if (r->left == r->burst)
		r->last = now;
	r->left--;
	return true;
}
