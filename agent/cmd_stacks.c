#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "buf.h"
#include "cmd_common.h"
#include "log.h"
#include "stacks_text.h"

#define COMMAND "stacks"
#define PATH "/v1/stacks"

static const char HELP[] =
"usage: pitstop stacks [--json] [--token-file FILE] [PID | rank N] [URL]\n"
"\n"
"Says where the step's Python processes are now: the stack of each thread and\n"
"asyncio task, the innermost call first. No debugger is loaded, and nothing is\n"
"paused. Ranks whose main threads are at the same place are shown once, and the\n"
"odd one out comes first. A process that does not answer, since native code\n"
"keeps Python's interpreter lock, is shown as the kernel sees it.\n"
"\n"
"  --json            print what GET /v1/stacks answers\n";

struct wish {
	bool json;
	const char *token_file;
	struct agent_place at;
	int pid, rank;   /* -1: whichever */
};

static bool take_number(const char *text, int *to)
{
	const char *bad = NULL;

	*to = (int)strtonum(text, 0, INT_MAX, &bad);
	return !bad;
}

static bool take_session(const struct cmd_words *w, struct wish *to)
{
	if (w->count == 2)
		return strcmp(w->word[0], "rank") == 0 &&
		       take_number(w->word[1], &to->rank);
	return w->count == 0 || take_number(w->word[0], &to->pid);
}

static int print(const struct wish *w, struct http_reply *r)
{
	struct buf text = { 0 };
	int n = stacks_text(&text, r->body.data, w->pid, w->rank);

	if (n < 0)
		log_warn(COMMAND ": %s: %s", w->at.text, agent_call_error(n));
	else if (n == 0 && w->pid >= 0)
		log_warn(COMMAND ": pid %d is not there", w->pid);
	else if (n == 0 && w->rank >= 0)
		log_warn(COMMAND ": rank %d is not there", w->rank);
	else if (n == 0)
		log_warn(COMMAND ": no Python process of the step runs");
	else
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return n > 0 && fflush(stdout) == 0 ? 0 : CMD_FAILED;
}

static int ask(const struct wish *w)
{
	struct http_reply r;
	int status = cmd_ask(COMMAND, &w->at, "GET", PATH, NULL, &r);

	if (status)
		return status;
	if (!w->json)
		status = print(w, &r);
	else if (puts(r.body.data) < 0 || fflush(stdout) != 0)
		status = CMD_FAILED;
	http_reply_free(&r);
	return status;
}

static const struct option OPTIONS[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "token-file", required_argument, NULL, 'f' },
	CMD_NO_TOKEN,
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int cmd_stacks(int argc, char **argv)
{
	struct wish w = { .pid = -1, .rank = -1 };
	struct cmd_words words;
	int c, status;

	while ((c = getopt_long(argc, argv, ":h", OPTIONS, NULL)) != -1) {
		switch (c) {
		case 'j': w.json = true; break;
		case 'f': w.token_file = optarg; break;
		case 'h': return cmd_help_asking(HELP);
		default: return cmd_bad_option(COMMAND, argv, c);
		}
	}
	if (!cmd_words(COMMAND, argc, argv, 2, &words))
		return CMD_USAGE;
	if (!take_session(&words, &w))
		return cmd_mistake(COMMAND, "a pid, or 'rank N', names a "
				   "process, not '%.40s%s%.40s'", words.word[0],
				   words.count > 1 ? " " : "",
				   words.count > 1 ? words.word[1] : "");
	if (w.json && words.count)
		return cmd_mistake(COMMAND, "--json is of all processes");
	status = cmd_place(COMMAND, words.url, w.token_file, &w.at);
	return status ? status : ask(&w);
}
