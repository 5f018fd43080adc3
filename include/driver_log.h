/* driver_log.h: the lines that appear on the step's own standard output.
 * Rank 0, no I/O: each function appends whole lines to a buffer.
 *
 * The first three lines of a hold, and the one that ends it, are those of the
 * recipe that Azure documents; people and scripts look for them, so they are
 * exact to the byte. All others start with "pitstop: ". What
 * preflight_log() tells in a hold, as who has the port, is not told here too. */
#ifndef PITSTOP_DRIVER_LOG_H
#define PITSTOP_DRIVER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct cJSON;

/* What the lines tell of a step. Strings are the caller's. */
struct step_facts {
	const char *name;      /* script's base name or module */
	int pid;
	int rank;              /* -1: none */
	const char *python;    /* path of the interpreter */
	const char *cwd;
	const char *script;    /* its path, NULL when it is a module */
	const char *host;      /* where clients connect ... */
	uint16_t port;
	uint16_t wanted_port;  /* ... and where they should have */
	uint16_t http_port;    /* 0: none */
	bool doubtful;         /* the host is loopback or the like */
	const char *missed_vnet;  /* the wished range that has no address of
				     this host; NULL: none */
	bool private_only;     /* the host is public, and by default only
				  private addresses may connect */
	const char *vnet_said; /* how its user wrote that setting */
	const char *token;     /* NULL: none asked for */
	const char *failed;    /* the exception that it is held at, or NULL */
	bool late_attach;
	const char *shut;      /* the setting by which nobody may connect, or
				  NULL */
	bool told;             /* where to attach and how stands above */
};

void driver_log_hold(struct buf *b, const struct step_facts *f,
		     int64_t timeout_ms);
void driver_log_still(struct buf *b, const struct step_facts *f,
		      int64_t left_ms);
/* The script made itself attachable by a call such as "debugpy.listen". */
void driver_log_listen(struct buf *b, const struct step_facts *f,
		       const char *call);
/* The agent was restarted and found the hold again. */
void driver_log_back(struct buf *b, const struct step_facts *f,
		     int64_t left_ms);
/* Its hold was made longer, by `ms` and until `until` (ms since 1970), and that of
 * `others` that share it; `cut`: that is less than was asked for, since no hold
 * is longer than PITSTOP_MAX_HOLD. */
void driver_log_extended(struct buf *b, const struct step_facts *f,
			 unsigned others, int64_t ms, int64_t until, bool cut);
void driver_log_attached(struct buf *b, const struct step_facts *f,
			 const char *client, int64_t after_ms);
void driver_log_not_attached(struct buf *b, const struct step_facts *f,
			     const char *why);
void driver_log_no_debugger(struct buf *b, const struct step_facts *f);
/* `error`: what listening on the ports up to `last_port` ended with, a negative
 * errno. */
void driver_log_no_port(struct buf *b, const struct step_facts *f,
			unsigned last_port, int error);


/* Steps that have stalled, the first `count` of them and how many `more`: since
 * when (ms since 1970) and for how long (ms), and where all are, as in
 * stacks_groups.h. These lines, and those of one that moves again, are for
 * standard error: the step's own hook may not answer. */
void driver_log_stalled(struct buf *b, const struct step_facts *f,
			size_t count, size_t more, int64_t since, int64_t ms,
			const struct cJSON *groups);
void driver_log_moves(struct buf *b, const struct step_facts *f, int64_t ms);

#endif
