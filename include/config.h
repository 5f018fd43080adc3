/* config.h: every setting, in one table. Rank 0, no I/O but getenv.
 *
 * A flag wins over a variable, a variable over the default. */
#ifndef PITSTOP_CONFIG_H
#define PITSTOP_CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "exit_report.h"

/* Bits: before the first line, and where an exception would end it. */
enum hold_mode { HOLD_OFF, HOLD_STEP, HOLD_CRASH, HOLD_BOTH };

struct config {
	enum hold_mode hold;      /* --hold[=MODE]   PITSTOP_HOLD */
	unsigned timeout;         /* --timeout       PITSTOP_TIMEOUT, seconds */
	unsigned max_hold;        /* --max-hold      PITSTOP_MAX_HOLD, seconds */
	unsigned pause_limit;     /* --pause-limit   PITSTOP_PAUSE_LIMIT,
				     seconds; 0: none */
	unsigned stall;           /* --stall         PITSTOP_STALL, seconds; 0:
				     none is looked for */
	uint16_t port;            /* --port          PITSTOP_PORT */
	uint16_t http_port;       /* --http-port     PITSTOP_HTTP_PORT; 0: none */
	bool late_attach;         /* --late-attach   PITSTOP_LATE_ATTACH */
	bool keep_args;           /* --args=keep     PITSTOP_ARGS */
	bool adopt;               /* --adopt         PITSTOP_ADOPT */
	enum report_mode report;  /* --report        PITSTOP_REPORT */
	char advertise[64];       /* --advertise     PITSTOP_ADVERTISE, address */
	char vnet[64];            /* --vnet          PITSTOP_VNET, CIDR */
	char allow[1024];         /* --allow         PITSTOP_ALLOW, CIDRs */
	char match[PATH_MAX];     /* --match         PITSTOP_MATCH, glob */
	char ranks[256];          /* --ranks         PITSTOP_RANKS, "0,3,8-11" */
	char debugpy[PATH_MAX];   /* --debugpy       PITSTOP_DEBUGPY, directory */
	char log_dir[PATH_MAX];   /* --log-dir       PITSTOP_LOG_DIR, directory */
	char webhook[2048];       /* (no flag either) PITSTOP_WEBHOOK, URL */
	char token[256];          /* (no flag: a secret is no argument)
				     PITSTOP_TOKEN; "" when unset, "none" */
	uint32_t by_flag;         /* bits: the settings that a flag set */
};

/* Called for each bad value with one sentence that names the setting, the
 * value and what is allowed (never a token's value). */
typedef void config_bad(void *ctx, const char *sentence);

void config_defaults(struct config *c);

/* Read the variables. Bad ones are told and leave what was there. Returns the
 * number of bad ones. */
unsigned config_environment(struct config *c, config_bad *bad, void *ctx);

/* Read flags from argv[*at] on, up to the first that is no flag or behind
 * "--"; *at is left there. A word that begins with "--" is nobody's value.
 * Returns the number of bad values, or -1 when argv[*at] looks like a flag and
 * is none. */
int config_flags(struct config *c, int argc, char **argv, int *at,
		 config_bad *bad, void *ctx);

/* The flag that `word` (an unknown one, no "=" in it) was meant to be, or
 * NULL. */
const char *config_nearest_flag(const char *word);

/* How its user wrote the setting that `variable` names: its flag or that. */
const char *config_said(const struct config *c, const char *variable);

/* Tell of each variable PITSTOP_* that is no setting's and none of `ours` (up
 * to NULL): its name alone. With `meant` only of those that were meant to be
 * that variable. */
void config_unknown_variables(const char *const *ours, const char *meant,
			      config_bad *bad, void *ctx);

/* Set the one that `variable` names from text that came another way; `said`
 * is how its user wrote it ("--timeout"). False when it is bad: told, and what
 * was there stays. */
bool config_set(struct config *c, const char *variable, const char *said,
		const char *text, config_bad *bad, void *ctx);

/* Set the PITSTOP_* variables of this process from `c`, so that the agent and
 * the hook, which read only those, see what the flags said; the ones that say
 * it already, or are unset and mean the default, are not touched. The token
 * is left as it is. 0 or -ENOMEM. */
int config_export(const struct config *c);

/* The table as help text, a line or two for each setting. */
void config_help(int fd);

#endif
