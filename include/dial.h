/* dial.h: a client's connection, used without a loop: every call waits, until
 * `due` at the latest (ms of dial_now). Rank 1. */
#ifndef PITSTOP_DIAL_H
#define PITSTOP_DIAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct url;

int64_t dial_now(void);  /* ms, monotonic */

/* A non-blocking socket that is connected, or a negative errno: -ETIMEDOUT
 * when it came to be due, -ENOENT when there is no host of that name. */
int dial_tcp(const struct url *to, int64_t due);

/* 0 or a negative errno. No signal is raised when the other end has gone. */
int dial_send(int fd, const void *data, size_t len, int64_t due);

/* Bytes; 0 at the end; or a negative errno. */
ssize_t dial_receive(int fd, char *to, size_t size, int64_t due);

#endif
