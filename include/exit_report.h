/* exit_report.h: how the step ended and what it used, and the words for that.
 * Rank 0, no I/O. */
#ifndef PITSTOP_EXIT_REPORT_H
#define PITSTOP_EXIT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

/* A number that is not known is -1. It goes from the supervisor to the agent as
 * it is. */
struct exit_report {
	int64_t at;                      /* ms since 1970 */
	int64_t wall_ms, user_ms, system_ms; /* CPU time with that of the
					    descendants that were waited for */
	int64_t peak_rss;                /* bytes, of the largest process */
	int64_t cgroup_peak, cgroup_limit; /* bytes; -1 is also no limit */
	int64_t oom_kills;               /* in its cgroup, while it ran */
	int64_t out_bytes, err_bytes;    /* where they went to a file */
	int64_t wait_status;
	int64_t aborted;                 /* 1: a user of ours ended it */
};

/* Of the setting PITSTOP_REPORT. */
enum report_mode { REPORT_AUTO, REPORT_ALWAYS, REPORT_ABNORMAL, REPORT_NEVER };

/* Does the step's log get it? `held`: a hold was asked for, so that pitstop
 * writes there anyway. */
bool exit_report_wanted(const struct exit_report *r, enum report_mode mode,
			bool held);

/* The exit status that stands for its end: 128+n for signal n. */
int exit_report_status(const struct exit_report *r);

/* "SIGKILL"; NULL when no signal ended it. Of a rare one the number. */
const char *exit_report_signal(const struct exit_report *r);

/* Append how it ended, as what follows "the step". False when memory is short,
 * as for the other one. */
bool exit_report_reason(struct buf *b, const struct exit_report *r);

/* Append the lines for the step's log. */
bool exit_report_text(struct buf *b, const struct exit_report *r);

#endif
