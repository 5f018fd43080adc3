/* cmd_common.h: what the commands that ask an agent share. Rank 5. */
#ifndef PITSTOP_CMD_COMMON_H
#define PITSTOP_CMD_COMMON_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent_call.h"

#define CMD_FAILED 1
#define CMD_USAGE 2
#define CMD_AGENTS_MAX 64  /* on one machine */

/* The words of a command line that are no options. */
struct cmd_words {
	const char *url;        /* the one with "://" in it, or NULL */
	const char *word[3];
	int count;
};

/* An option that every table of them has, so that "--token=SECRET" is none that
 * was cut short. */
#define CMD_NO_TOKEN { "token", optional_argument, NULL, '?' }

/* Print a help text, which ends in its list of options, and what all commands
 * have that ask an agent. The exit status. */
int cmd_help_asking(const char *first);

/* What getopt_long could not take, ':' or '?'. CMD_USAGE. */
int cmd_bad_option(const char *command, char **argv, int found);

/* "pitstop COMMAND: ..." on standard error. CMD_USAGE. */
int cmd_mistake(const char *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* From optind on, `max` of them beside a URL. False when it was told that
 * there are too many. */
bool cmd_words(const char *command, int argc, char **argv, int max,
	       struct cmd_words *to);

/* The secret from `file` (its first line), or PITSTOP_TOKEN; "" when neither
 * has one. False when it was told what is wrong. */
bool cmd_token(const char *command, const char *file, char to[static 256]);

/* The agent that is meant: at `url`, or the only one here (NULL). 0, or the
 * exit status when it was told that there is none. */
int cmd_place(const char *command, const char *url, const char *token_file,
	      struct agent_place *to);

/* The place of one that was found here. */
void cmd_local_place(const struct local_agent *a, struct agent_place *to);

/* Ask, and take the answer of a request that succeeded; CMD_FAILED when it was
 * told why there is none. */
int cmd_ask(const char *command, const struct agent_place *at,
	    const char *method, const char *path, const char *content,
	    struct http_reply *r);

/* What an agent says in a member of its answer, printable; "" when nothing. */
void cmd_text(const struct http_reply *r, const char *member, char *to,
	      size_t size);

#endif
