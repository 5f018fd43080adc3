#include "cmd.h"

#include <errno.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "cmd_common.h"
#include "log.h"

#define COMMAND "launch-json"

static const char HELP[] =
"usage: pitstop launch-json [--token-file FILE] [URL]\n"
"\n"
"Prints a launch.json for VS Code: a configuration for each process of the step\n"
"that can be debugged, with the token. It is what goes into\n"
".vscode/launch.json.\n"
"\n";

static const struct option OPTIONS[] = {
	{ "token-file", required_argument, NULL, 'f' },
	CMD_NO_TOKEN,
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* With two blanks for each of cJSON's tabs; those in a text are escaped. */
static bool put(const char *text)
{
	for (char before = '\0'; *text; before = *text++) {
		if (*text != '\t')
			putchar(*text);
		else
			fputs(before == ':' ? " " : "  ", stdout);
	}
	putchar('\n');
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* With a line for each member: people paste it. */
static int print(const struct agent_place *at, const char *body)
{
	cJSON *json = cJSON_Parse(body);
	char *text = json ? cJSON_Print(json) : NULL;
	int status = text && put(text) ? 0 : CMD_FAILED;

	if (!text)
		log_warn(COMMAND ": %s: %s", at->text,
			 agent_call_error(-EPROTO));
	cJSON_free(text);
	cJSON_Delete(json);
	return status;
}

int cmd_launch_json(int argc, char **argv)
{
	const char *token_file = NULL;
	struct cmd_words words;
	struct agent_place at;
	struct http_reply r;
	int c, status;

	while ((c = getopt_long(argc, argv, ":h", OPTIONS, NULL)) != -1) {
		switch (c) {
		case 'f': token_file = optarg; break;
		case 'h': return cmd_help_asking(HELP);
		default: return cmd_bad_option(COMMAND, argv, c);
		}
	}
	if (!cmd_words(COMMAND, argc, argv, 0, &words))
		return CMD_USAGE;
	status = cmd_place(COMMAND, words.url, token_file, &at);
	if (status == 0)
		status = cmd_ask(COMMAND, &at, "GET", "/v1/launch.json", NULL,
				 &r);
	if (status)
		return status;
	status = print(&at, r.body.data);
	http_reply_free(&r);
	return status;
}
