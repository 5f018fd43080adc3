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

static const struct word report_words[] = {
	{ "auto", REPORT_AUTO }, { "always", REPORT_ALWAYS },
	{ "abnormal", REPORT_ABNORMAL }, { "never", REPORT_NEVER },
	{ NULL, 0 }
};

#define MEMBER(m) \
	.at = offsetof(struct config, m), \
	.size = sizeof(((struct config *)0)->m)

const struct setting config_table[] = {
	{ "--hold", "PITSTOP_HOLD", "MODE", "step", "off",
	  "hold the step until a debugger attaches, for --timeout at the "
	  "most. MODE says where; step: before its first line; crash: "
	  "where an exception that nothing caught would end it; both: at "
	  "both; off: nowhere. on, yes, true and 1 mean step; no, false "
	  "and 0 off",
	  &kind_word, MEMBER(hold), .words = hold_words },
	{ "--timeout", "PITSTOP_TIMEOUT", "TIME", NULL, "300",
	  "how long a hold lasts when nobody attaches; then the step runs "
	  "on",
	  &kind_duration, MEMBER(timeout), .min = 1, .max = DURATION_WEEK },
	{ "--max-hold", "PITSTOP_MAX_HOLD", "TIME", NULL, "86400",
	  "no hold lasts longer than this, whatever its timeout",
	  &kind_duration, MEMBER(max_hold), .min = 1, .max = DURATION_WEEK },
	{ "--pause-limit", "PITSTOP_PAUSE_LIMIT", "TIME", NULL, "off",
	  "a step that has stood at a breakpoint for so long, with nothing "
	  "asked by its debugger, goes on without it; off or 0: it "
	  "stands",
	  &kind_duration, MEMBER(pause_limit), .min = 0, .max = DURATION_WEEK },
	{ "--stall", "PITSTOP_STALL", "TIME", NULL, "off",
	  "a step whose main thread has been at one place for so long, and "
	  "used no CPU, is reported with its stacks on standard error, and "
	  "again when it moves on; off or 0: nobody looks",
	  &kind_duration, MEMBER(stall), .min = 0, .max = DURATION_WEEK },
	{ "--port", "PITSTOP_PORT", "PORT", NULL, "5678",
	  "the debug port; when it is taken, the next free one of the 15 "
	  "behind it",
	  &kind_number, MEMBER(port), .min = 1, .max = 65535 },
	{ "--http-port", "PITSTOP_HTTP_PORT", "PORT", NULL, "5679",
	  "the port for health and control by HTTP; when it is taken, the "
	  "next free one of the 15 behind it; off or 0: none",
	  &kind_number, MEMBER(http_port), .min = 0, .max = 65535 },
	{ "--late-attach", "PITSTOP_LATE_ATTACH", "SWITCH", "on", "on",
	  "let a debugger attach while the step runs, if it has the token "
	  "(PITSTOP_TOKEN); off: only in a hold",
	  &kind_word, MEMBER(late_attach), .words = switch_words },
	{ "--args", "PITSTOP_ARGS", "MODE", NULL, "consume",
	  "what becomes of --remote_debug, which asks for a hold, and "
	  "--remote_debug_connection_timeout TIME among the step's "
	  "arguments, as in the recipe that Azure documents; consume: "
	  "pitstop follows them and takes them out; keep: they are the "
	  "script's own affair",
	  &kind_word, MEMBER(keep_args), .words = args_words },
	{ "--adopt", "PITSTOP_ADOPT", "SWITCH", "on", "on",
	  "a script's own calls of debugpy.listen(), ptvsd.enable_attach() "
	  "and the like lead to pitstop; off: they are the script's own "
	  "affair",
	  &kind_word, MEMBER(adopt), .words = switch_words },
	{ "--report", "PITSTOP_REPORT", "MODE", NULL, "auto",
	  "when a few lines on standard error say how the step ended and "
	  "what it used; always: at each end; abnormal: unless its status "
	  "is 0; never: at none; auto: as abnormal when a hold was asked "
	  "for, else only where the kernel killed for want of memory, "
	  "which nobody else tells",
	  &kind_word, MEMBER(report), .words = report_words },
	{ "--advertise", "PITSTOP_ADVERTISE", "ADDRESS", NULL, "",
	  "the address to print, at which VS Code reaches this machine; "
	  "unset: one of its own is chosen",
	  &kind_address, MEMBER(advertise) },
	{ "--vnet", "PITSTOP_VNET", "RANGES", NULL, "",
	  "print that address of this machine which lies in these ranges",
	  &kind_ranges, MEMBER(vnet) },
	{ "--allow", "PITSTOP_ALLOW", "RANGES", NULL, CIDR_DEFAULT,
	  "the addresses from which debuggers may connect, in place of the "
	  "default: name those of it that shall stay as well; none: from "
	  "nowhere",
	  &kind_ranges, MEMBER(allow) },
	{ "--match", "PITSTOP_MATCH", "PATTERN", NULL, "",
	  "which script or module to hold, instead of the main one: its "
	  "name, its path, or a pattern like 'part*.py'",
	  &kind_text, MEMBER(match) },
	{ "--ranks", "PITSTOP_RANKS", "LIST", NULL, "",
	  "of the ranks that a launcher (torchrun, mpirun) starts, hold "
	  "only these",
	  &kind_ranks, MEMBER(ranks) },
	{ "--debugpy", "PITSTOP_DEBUGPY", "DIRECTORY", NULL, "",
	  "a directory that has debugpy in it, for environments that have "
	  "none; 'pip install --target DIRECTORY debugpy' makes one",
	  &kind_text, MEMBER(debugpy) },
	{ "--log-dir", "PITSTOP_LOG_DIR", "DIRECTORY", NULL, "",
	  "where the run's journal is written, pitstop-HOST.jsonl: a line of "
	  "JSON for each thing that happens; unset: the directory that "
	  "AZUREML_CR_HT_CAP_logs_PATH names, or ./logs if it is there; "
	  "none: nowhere",
	  &kind_text, MEMBER(log_dir) },
	{ NULL, "PITSTOP_WEBHOOK", NULL, NULL, "",
	  "a URL, such as Slack and Teams give, to which a line is sent when "
	  "the step is held, a debugger attaches, a hold ends otherwise, an "
	  "exception ends the script, with --stall when it stalls and when it "
	  "moves again, and when the step ends",
	  &kind_secret, MEMBER(webhook) },
	{ NULL, "PITSTOP_TOKEN", NULL, NULL, "",
	  "the pitstopToken that a debugger has to show; none: it needs "
	  "none; unset: a random one, which is printed only with a hold and "
	  "by 'pitstop launch-json' beside the step; so set it where a "
	  "step that is not held shall be attached to",
	  &kind_secret, MEMBER(token) },
};

const size_t config_count = sizeof(config_table) / sizeof(*config_table);

_Static_assert(sizeof(config_table) / sizeof(*config_table) <= 32,
	       "a bit of by_flag for each");
