#include "config_internal.h"

#include "cidr.h"
#include "duration.h"

/* The first name of a value is the one that is shown and written. */
static const struct word hold_words[] = {
	{ "off", HOLD_OFF }, { "step", HOLD_STEP },
	{ "crash", HOLD_CRASH }, { "both", HOLD_BOTH },
	{ "no", HOLD_OFF }, { "false", HOLD_OFF }, { "0", HOLD_OFF },
	{ "on", HOLD_STEP }, { "yes", HOLD_STEP }, { "true", HOLD_STEP },
	{ "1", HOLD_STEP }, { NULL, 0 }
};
static const struct word switch_words[] = {
	{ "on", true }, { "off", false }, { "yes", true }, { "no", false },
	{ "true", true }, { "false", false }, { "1", true }, { "0", false },
	{ NULL, 0 }
};
static const struct word args_words[] = {
	{ "consume", false }, { "keep", true }, { NULL, 0 }
};

#define MEMBER(m) \
	.at = offsetof(struct config, m), \
	.size = sizeof(((struct config *)0)->m)

const struct setting config_table[] = {
	{ "--hold", "PITSTOP_HOLD", "MODE", "step", "off",
	  "hold until a debugger attaches; step: before the first line;\n"
	  "crash: where an exception that nothing caught would end it",
	  &kind_word, MEMBER(hold), .words = hold_words },
	{ "--timeout", "PITSTOP_TIMEOUT", "TIME", NULL, "300",
	  "the longest hold when nobody attaches",
	  &kind_duration, MEMBER(timeout), .min = 1, .max = DURATION_WEEK },
	{ "--max-hold", "PITSTOP_MAX_HOLD", "TIME", NULL, "86400",
	  "no hold is longer than this, whatever the timeout",
	  &kind_duration, MEMBER(max_hold), .min = 1, .max = DURATION_WEEK },
	{ "--pause-limit", "PITSTOP_PAUSE_LIMIT", "TIME", NULL, "0",
	  "a step left paused so long with nothing asked goes on without a\n"
	  "debugger; 0: however long",
	  &kind_duration, MEMBER(pause_limit), .min = 0, .max = DURATION_WEEK },
	{ "--port", "PITSTOP_PORT", "PORT", NULL, "5678",
	  "the debug port; when it is taken, the next free one of 15 is used",
	  &kind_number, MEMBER(port), .min = 1, .max = 65535 },
	{ "--late-attach", "PITSTOP_LATE_ATTACH", "SWITCH", "on", "on",
	  "let a debugger attach while the step runs; off: only when held",
	  &kind_word, MEMBER(late_attach), .words = switch_words },
	{ "--args", "PITSTOP_ARGS", "MODE", NULL, "consume",
	  "the step's arguments --remote_debug, which asks for a hold, and\n"
	  "--remote_debug_connection_timeout N; consume: pitstop follows them\n"
	  "and takes them out; keep: they are the script's own affair",
	  &kind_word, MEMBER(keep_args), .words = args_words },
	{ "--adopt", "PITSTOP_ADOPT", "SWITCH", "on", "on",
	  "a script's own calls of debugpy.listen(), ptvsd.enable_attach() and\n"
	  "the like lead to pitstop; off: they are the script's own affair",
	  &kind_word, MEMBER(adopt), .words = switch_words },
	{ "--advertise", "PITSTOP_ADVERTISE", "ADDRESS", NULL, "",
	  "the address to print, where VS Code reaches this machine",
	  &kind_address, MEMBER(advertise) },
	{ "--vnet", "PITSTOP_VNET", "RANGES", NULL, "",
	  "print the address of this machine that lies in this range",
	  &kind_ranges, MEMBER(vnet) },
	{ "--allow", "PITSTOP_ALLOW", "RANGES", NULL, CIDR_DEFAULT,
	  "the addresses that may connect; none: nobody",
	  &kind_ranges, MEMBER(allow) },
	{ "--match", "PITSTOP_MATCH", "PATTERN", NULL, "",
	  "which script or module to hold, instead of the main one: its name,\n"
	  "path or 'part*.py'",
	  &kind_text, MEMBER(match) },
	{ "--ranks", "PITSTOP_RANKS", "LIST", NULL, "",
	  "hold only these ranks of a launcher (torchrun, mpirun), not all",
	  &kind_ranks, MEMBER(ranks) },
	{ "--debugpy", "PITSTOP_DEBUGPY", "DIRECTORY", NULL, "",
	  "where a debugpy is, for environments that have none",
	  &kind_text, MEMBER(debugpy) },
	{ NULL, "PITSTOP_TOKEN", NULL, NULL, "",
	  "the pitstopToken that a debugger has to show; none: it needs none;\n"
	  "unset: a random one, printed with the launch configuration",
	  &kind_secret, MEMBER(token) },
};

const size_t config_count = sizeof(config_table) / sizeof(*config_table);
