/* fds.h: which descriptors this process has. Rank 1. */
#ifndef PITSTOP_FDS_H
#define PITSTOP_FDS_H

#include <stdbool.h>
#include <stddef.h>

/* Put a placeholder where standard input, output or error is closed, so that
 * what is opened next does not become one of them. It behaves as the closed
 * descriptor did, and goes at exec. */
void fds_fill_standard(void);

/* Make `fd` /dev/null, or the placeholder where there is none. It stays open
 * over exec when `keep` is true. */
void fds_make_null(int fd, bool keep);

/* Would a write of less than PIPE_BUF bytes to `fd` not wait? */
bool fds_may_write(int fd);

/* Close every descriptor from 3 on that is not one of the `n` in `kept`, which
 * is sorted here; -1 in it is allowed. */
void fds_close_others(int *kept, size_t n);

#endif
