#include "cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "cmd_common.h"
#include "dial.h"
#include "log.h"
#include "session_list.h"

#define COMMAND "status"
#define PATH "/v1/sessions"
#define TURN_MS 1000
#define GONE_MS 3000  /* an agent that died is back by then */

static const char HELP[] =
"usage: pitstop status [--json | --watch] [--token-file FILE] [URL]\n"
"\n"
"Lists the Python processes of a step, ranks in their order: rank, pid, state\n"
"(and whether it is stalled, see --stall), how long a hold still lasts, the\n"
"debugger that is in, and what runs.\n"
"\n"
"  --json            print what GET /v1/sessions answers\n"
"  --watch           go on until the step has ended: on a terminal the table\n"
"                    is kept up to date, elsewhere it is printed when\n"
"                    something has changed but the time that is left\n";

/* once */

static int print(const struct buf *text)
{
	size_t n = fwrite(text->data, 1, text->len, stdout);

	return n == text->len && fflush(stdout) == 0 ? 0 : CMD_FAILED;
}

static int print_table(const struct session_list *l)
{
	struct buf text = { 0 };
	int status = session_list_write(&text, l) ? print(&text) : CMD_FAILED;

	buf_free(&text);
	return status;
}

static int parse(const struct agent_place *at, struct http_reply *r,
		 struct session_list *l)
{
	bool ok = session_list_parse(r->body.data, l);

	http_reply_free(r);
	if (!ok)
		log_warn(COMMAND ": %s: %s", at->text,
			 agent_call_error(-EPROTO));
	return ok ? 0 : CMD_FAILED;
}

static int list(const struct agent_place *at, struct session_list *l)
{
	struct http_reply r;
	int status = cmd_ask(COMMAND, at, "GET", PATH, NULL, &r);

	return status ? status : parse(at, &r, l);
}

static int show_json(const struct agent_place *at)
{
	struct http_reply r;
	int status = cmd_ask(COMMAND, at, "GET", PATH, NULL, &r);

	if (status)
		return status;
	if (r.body.len == 0 || r.body.data[r.body.len - 1] != '\n')
		buf_add(&r.body, "\n", 1);
	status = print(&r.body);
	http_reply_free(&r);
	return status;
}

static int show_table(const struct agent_place *at)
{
	struct session_list l;
	int status = list(at, &l);

	if (status)
		return status;
	status = print_table(&l);
	session_list_free(&l);
	return status;
}

/* watching */

struct screen {
	bool terminal;
	int lines;                 /* of the last frame, above the cursor */
	struct session_list last;  /* elsewhere: what was printed */
};

/* One line of the frame, no wider than the terminal: one that went on in the
 * next line would not be found again. Bytes count as columns. */
static bool add_line(struct buf *to, const char *line, size_t len, int columns)
{
	if (columns > 0 && len > (size_t)columns)
		len = (size_t)columns;
	return buf_addf(to, "%.*s\033[K\n", (int)len, line);
}

/* What does not fit is left out from the end, which says so. */
static bool add_lines(struct buf *to, const struct buf *table,
		      const struct winsize *size, int *lines)
{
	const char *end = table->data + table->len, *line = table->data;
	int most = size->ws_row > 2 ? size->ws_row - 1 : 1000;
	bool ok = true;

	for (*lines = 0; ok && line < end; ++*lines) {
		size_t len = strcspn(line, "\n");

		if (*lines == most - 1 && line + len + 1 < end) {
			ok = add_line(to, "...", 3, size->ws_col);
			line = end;
		} else {
			ok = add_line(to, line, len, size->ws_col);
			line += len + 1;
		}
	}
	return ok;
}

/* In one write, so that nothing flickers. */
static void draw(struct screen *s, const struct session_list *l)
{
	struct buf table = { 0 }, frame = { 0 };
	struct winsize size = { 0 };
	bool ok = session_list_write(&table, l) && buf_add(&table, "", 1);

	table.len -= ok;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (s->lines)
		ok = ok && buf_addf(&frame, "\033[%dA", s->lines);
	ok = ok && add_lines(&frame, &table, &size, &s->lines) &&
	     buf_addf(&frame, "\033[J");
	if (ok)
		print(&frame);
	buf_free(&table);
	buf_free(&frame);
}

/* Takes the list. */
static void show(struct screen *s, struct session_list *l, bool first)
{
	if (s->terminal)
		draw(s, l);
	else if (first || !session_list_same(&s->last, l))
		print_table(l);
	session_list_free(&s->last);
	s->last = *l;
}

static void wait_turn(void)
{
	const struct timespec turn = { .tv_sec = TURN_MS / 1000 };

	nanosleep(&turn, NULL);
}

static int watch(const struct agent_place *at)
{
	struct screen s = { .terminal = isatty(STDOUT_FILENO) };
	struct session_list l;
	int status = list(at, &l);
	int64_t seen = dial_now();

	if (status)
		return status;
	show(&s, &l, true);
	while (dial_now() - seen < GONE_MS) {
		struct http_reply r;
		int rc;

		wait_turn();
		rc = agent_call(at, "GET", PATH, NULL, dial_now() + GONE_MS,
				&r);
		if (rc < 0)
			continue;
		status = parse(at, &r, &l);
		if (status)
			break;
		show(&s, &l, false);
		seen = dial_now();
	}
	session_list_free(&s.last);
	if (!status)
		puts("the step has ended");
	return status;
}

/* its options */

static const struct option OPTIONS[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "watch", no_argument, NULL, 'w' },
	{ "token-file", required_argument, NULL, 'f' },
	CMD_NO_TOKEN,
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

int cmd_status(int argc, char **argv)
{
	const char *token_file = NULL;
	bool json = false, watches = false;
	struct cmd_words words;
	struct agent_place at;
	int c, status;

	while ((c = getopt_long(argc, argv, ":h", OPTIONS, NULL)) != -1) {
		switch (c) {
		case 'j': json = true; break;
		case 'w': watches = true; break;
		case 'f': token_file = optarg; break;
		case 'h': return cmd_help_asking(HELP);
		default: return cmd_bad_option(COMMAND, argv, c);
		}
	}
	if (json && watches)
		return cmd_mistake(COMMAND, "--json or --watch, not both");
	if (!cmd_words(COMMAND, argc, argv, 0, &words))
		return CMD_USAGE;
	status = cmd_place(COMMAND, words.url, token_file, &at);
	if (status)
		return status;
	if (json)
		return show_json(&at);
	return watches ? watch(&at) : show_table(&at);
}
