#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <cjson/cJSON.h>

#include "buf.h"
#include "cmd_common.h"
#include "duration.h"
#include "log.h"
#include "session_list.h"

#define EXTEND_SECONDS 300
#define MOVED_MS 500  /* a deadline that did not move is the same within this */

#define SESSION_HELP \
"\n" \
"SESSION is a pid as 'pitstop status' lists it, 'rank N', or 'all'.\n" \
"\n"

static const char RELEASE_HELP[] =
"usage: pitstop release [--token-file FILE] [SESSION] [URL]\n"
"\n"
"Ends a hold: the step runs on without a debugger. Without SESSION it is the\n"
"only one that is held.\n"
SESSION_HELP;

static const char EXTEND_HELP[] =
"usage: pitstop extend [--by TIME] [--token-file FILE] [SESSION] [URL]\n"
"\n"
"Makes a hold longer, and that of the ranks which share it. Without SESSION it\n"
"is the only one that is held.\n"
SESSION_HELP
"  --by TIME         by how much: seconds, or like 10m or 2h; default 5m\n";

static const char ABORT_HELP[] =
"usage: pitstop abort [--token-file FILE] [SESSION] [URL]\n"
"\n"
"Ends the whole step, by SIGTERM. SESSION makes sure that it is the one which\n"
"is meant: any process of the step will do.\n"
SESSION_HELP;

struct control {
	const char *command;      /* also the last part of the path */
	const char *help;
	const char *token_file;
	unsigned seconds;         /* extend: by how much; 0: it is another */
	bool cut;                 /* extend: by less than that */
	struct agent_place at;
	struct session_list list;
};

/* which one */

struct choice {
	bool any, all;
	int pid, rank;  /* -1: not by it */
};

static bool take_number(const char *text, int min, int *to)
{
	const char *bad = NULL;

	*to = (int)strtonum(text, min, INT_MAX, &bad);
	return !bad && strspn(text, "0123456789") == strlen(text);
}

static bool take_choice(const struct cmd_words *w, struct choice *to)
{
	*to = (struct choice){ .any = w->count == 0, .pid = -1, .rank = -1 };
	if (w->count == 2)
		return strcmp(w->word[0], "rank") == 0 &&
		       take_number(w->word[1], 0, &to->rank);
	if (w->count == 0)
		return true;
	to->all = strcmp(w->word[0], "all") == 0;
	return to->all || take_number(w->word[0], 1, &to->pid);
}

static bool is_meant(const struct choice *c, const struct listed *s)
{
	return c->any || c->all || s->pid == c->pid ||
	       (c->rank >= 0 && s->rank == c->rank);
}

/* A rank's own children have its number, too. */
static struct session_list pick(const struct control *k,
				const struct choice *c, bool held)
{
	struct session_list to = { calloc(k->list.len + 1, sizeof(*to.at)), 0 };

	for (size_t i = 0; to.at && i < k->list.len; i++) {
		const struct listed *s = &k->list.at[i];

		if (is_meant(c, s) && (!held || s->held))
			to.at[to.len++] = *s;
	}
	return to;
}

static void print(const struct session_list *l, FILE *to)
{
	struct buf text = { 0 };

	if (session_list_write(&text, l))
		fwrite(text.data, 1, text.len, to);
	buf_free(&text);
}

static int none(const struct control *k, const struct choice *c, bool held)
{
	const char *what = held ? "held" : "there";

	if (c->pid > 0)
		log_warn("%s: pid %d is not %s", k->command, c->pid, what);
	else if (c->rank >= 0)
		log_warn("%s: rank %d is not %s", k->command, c->rank, what);
	else
		log_warn("%s: %s", k->command, held ? "nothing is held" :
			 "no Python process of the step runs");
	return CMD_FAILED;
}

static int several(const struct control *k, const struct session_list *l)
{
	log_warn("%s: say which by its pid, 'rank N' or 'all':", k->command);
	print(l, stderr);
	return CMD_FAILED;
}

/* doing it */

static int list(struct control *k)
{
	struct http_reply r;
	int status = cmd_ask(k->command, &k->at, "GET", "/v1/sessions", NULL,
			     &r);

	if (status)
		return status;
	session_list_free(&k->list);
	if (!session_list_parse(r.body.data, &k->list)) {
		log_warn("%s: %s: %s", k->command, k->at.text,
			 agent_call_error(-EPROTO));
		status = CMD_FAILED;
	}
	http_reply_free(&r);
	return status;
}

/* By how much the hold is longer; PITSTOP_MAX_HOLD may have allowed less. */
static bool is_cut(const struct control *k, const struct http_reply *r)
{
	cJSON *json = cJSON_Parse(r->body.data);
	const cJSON *by = cJSON_GetObjectItemCaseSensitive(json,
							   "extended_seconds");
	bool cut = cJSON_IsNumber(by) && by->valuedouble < k->seconds;

	cJSON_Delete(json);
	return cut;
}

static int post(struct control *k, int pid)
{
	char path[64], content[64];
	struct http_reply r;
	int status;

	snprintf(path, sizeof(path), "/v1/sessions/%d/%s", pid, k->command);
	snprintf(content, sizeof(content), "{\"seconds\":%u}", k->seconds);
	status = cmd_ask(k->command, &k->at, "POST", path,
			 k->seconds ? content : NULL, &r);
	if (status)
		return status;
	k->cut |= k->seconds && is_cut(k, &r);
	http_reply_free(&r);
	return 0;
}

/* Ranks that share a hold have all got the time by the first of them. */
static bool has_moved(struct control *k, const struct listed *s)
{
	if (!k->seconds || list(k) != 0)
		return false;
	for (size_t i = 0; i < k->list.len; i++)
		if (k->list.at[i].pid == s->pid)
			return k->list.at[i].deadline - s->deadline >= MOVED_MS;
	return true;  /* it is not there any more */
}

static void tell(struct control *k, const struct session_list *done)
{
	char left[SESSION_LEFT_SIZE];

	for (size_t i = 0; i < done->len; i++) {
		const struct listed *s = &done->at[i];

		if (!k->seconds)
			printf("released %s (pid %d)\n", s->name, s->pid);
		for (size_t j = 0; k->seconds && j < k->list.len; j++) {
			if (k->list.at[j].pid != s->pid || !k->list.at[j].held)
				continue;
			session_left_text(k->list.at[j].left, left);
			printf("%s (pid %d) is held for %s more%s\n", s->name,
			       s->pid, left, k->cut ?
			       "; PITSTOP_MAX_HOLD allows no more" : "");
		}
	}
}

static int act_on(struct control *k, const struct session_list *chosen)
{
	int status = 0;

	for (size_t i = 0; i < chosen->len; i++)
		if (i == 0 || !has_moved(k, &chosen->at[i]))
			status |= post(k, chosen->at[i].pid);
	if (status == 0 && k->seconds)
		status = list(k);
	if (status == 0)
		tell(k, chosen);
	return status;
}

static int act(struct control *k, const struct choice *c)
{
	struct session_list chosen = pick(k, c, true);
	int status;

	if (chosen.len == 0)
		status = none(k, c, true);
	else if (chosen.len > 1 && !c->all)
		status = several(k, &chosen);
	else
		status = act_on(k, &chosen);
	session_list_free(&chosen);
	return status;
}

/* It ends all of them, whichever is asked for it. */
static int end_step(struct control *k, const struct choice *c)
{
	struct session_list chosen = pick(k, c, false);
	int status = chosen.len ? post(k, chosen.at[0].pid)
				: none(k, c, false);

	if (status == 0)
		puts("the step was sent SIGTERM");
	session_list_free(&chosen);
	return status;
}

/* their options */

static const struct option OPTIONS[] = {
	{ "token-file", required_argument, NULL, 'f' },
	CMD_NO_TOKEN,
	{ "help", no_argument, NULL, 'h' },
	{ "by", required_argument, NULL, 'b' },
	{ NULL, 0, NULL, 0 },
};

/* -1: go on; else the exit status. */
static int options(struct control *k, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, ":h", OPTIONS, NULL)) != -1) {
		if (c == 'f') {
			k->token_file = optarg;
		} else if (c == 'h') {
			return cmd_help_asking(k->help);
		} else if (c != 'b') {
			return cmd_bad_option(k->command, argv, c);
		} else if (!k->seconds) {
			return cmd_mistake(k->command, "there is no option "
					   "--by");
		} else if (!duration_parse(optarg, 1, DURATION_WEEK,
					   &k->seconds)) {
			return cmd_mistake(k->command, "--by is '%.40s', "
					   "allowed is 1 to 604800 seconds, "
					   "also as 90s, 10m or 2h", optarg);
		}
	}
	return -1;
}

static int control(struct control *k, int argc, char **argv,
		   int (*then)(struct control *k, const struct choice *c))
{
	struct cmd_words words;
	struct choice choice;
	int status = options(k, argc, argv);

	if (status >= 0)
		return status;
	if (!cmd_words(k->command, argc, argv, 2, &words))
		return CMD_USAGE;
	if (!take_choice(&words, &choice))
		return cmd_mistake(k->command, "SESSION is a pid, 'rank N' or "
				   "'all', not '%.40s%s%.40s'", words.word[0],
				   words.count > 1 ? " " : "",
				   words.count > 1 ? words.word[1] : "");
	status = cmd_place(k->command, words.url, k->token_file, &k->at);
	if (status == 0)
		status = list(k);
	if (status == 0)
		status = then(k, &choice);
	session_list_free(&k->list);
	return status;
}

int cmd_release(int argc, char **argv)
{
	struct control k = { .command = "release", .help = RELEASE_HELP };

	return control(&k, argc, argv, act);
}

int cmd_extend(int argc, char **argv)
{
	struct control k = { .command = "extend", .help = EXTEND_HELP,
			     .seconds = EXTEND_SECONDS };

	return control(&k, argc, argv, act);
}

int cmd_abort(int argc, char **argv)
{
	struct control k = { .command = "abort", .help = ABORT_HELP };

	return control(&k, argc, argv, end_step);
}
