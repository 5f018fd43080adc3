/* log.h: lines for people on standard error, each starting with "pitstop: ".
 * Rank 0. One write(2) a line, so that lines of several processes do not mix.
 * Control characters in what was formatted are replaced. */
#ifndef PITSTOP_LOG_H
#define PITSTOP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Whole lines, which start with "pitstop: " already. Those that standard error
 * does not take at once are left out: the reader may be what hangs. */
void log_lines(char *text, size_t len);

/* A budget of lines: at most `burst` at once, one more each `every_ms`. */
struct log_rate {
	int64_t every_ms;
	int burst;
	int left;          /* starts at burst */
	int64_t last;      /* ms, when `left` was last raised */
	unsigned dropped;  /* lines not written; the caller says so and sets
			      it to 0 */
};

/* True when a line may be written at `now` (ms, monotonic). */
bool log_rate_allow(struct log_rate *r, int64_t now);

#endif
