#include <stdio.h>
#include <string.h>

#include "cmd.h"
#include "config.h"

#define USAGE_ERROR 2
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

struct subcommand {
	const char *name;
	int (*call)(int argc, char **argv);
	const char *summary;
};

static int cmd_help(int argc, char **argv);

static const struct subcommand subcommands[] = {
	{ "run", cmd_run, "run a step that a debugger can attach to" },
	{ "agent", cmd_agent, "serve debuggers (started by run)" },
	{ "status", cmd_status, "list the processes of a step" },
	{ "stacks", cmd_stacks, "say where they are: the stack of each thread" },
	{ "release", cmd_release, "end a hold: the step runs on" },
	{ "extend", cmd_extend, "make a hold longer" },
	{ "abort", cmd_abort, "end the step" },
	{ "launch-json", cmd_launch_json, "print the launch.json for VS Code" },
	{ "probe", cmd_probe, "say whether an agent is healthy or reachable" },
	{ "doctor", cmd_doctor, "say what stands in the way of debugging" },
	{ "version", cmd_version, "print the versions of all that is inside" },
	{ "help", cmd_help, "print this, or a subcommand's help" },
};

/* The spellings that people try first, beside the names above. */
static const struct { const char *option, *name; } aliases[] = {
	{ "--help", "help" },
	{ "-h", "help" },
	{ "--version", "version" },
	{ "-V", "version" },
};

static void print_usage(FILE *out)
{
	fputs("usage: pitstop SUBCOMMAND [ARGUMENT...]\n"
	      "\n"
	      "Lets VS Code debug a pipeline's Python step where it runs.\n"
	      "\n", out);
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++)
		fprintf(out, "  %-11s  %s\n", subcommands[i].name,
			subcommands[i].summary);
	fputs("\n"
	      "Start the step through it, in place of 'python train.py':\n"
	      "  pitstop run --hold -- python train.py\n"
	      "It waits for VS Code before the first line, 300 s at the most, "
	      "and prints\n"
	      "the launch configuration to paste there. Without --hold the "
	      "step starts at\n"
	      "once, and can be attached to while it runs, if PITSTOP_TOKEN "
	      "was set (a token\n"
	      "that is made up is printed with a hold only, and by 'pitstop "
	      "launch-json'\n"
	      "beside the step). 'pitstop run --help' explains all "
	      "options.\n",
	      out);
}

static const struct subcommand *find_subcommand(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(word, aliases[i].option) == 0)
			word = aliases[i].name;
	for (size_t i = 0; i < ARRAY_LEN(subcommands); i++)
		if (strcmp(word, subcommands[i].name) == 0)
			return &subcommands[i];
	return NULL;
}

/* `pitstop -- python x.py` and `pitstop --hold python x.py` lack their "run".
 * What stands behind "=" may be a secret. */
static int no_subcommand(const char *word)
{
	int len = (int)strcspn(word, "=");
	char name[32];

	snprintf(name, sizeof(name), "%.*s", len, word);
	if (strcmp(word, "--") == 0 || config_nearest_flag(name))
		fprintf(stderr, "pitstop: no subcommand '%s'; did you mean "
			"'pitstop run %s'?\n", name, name);
	else
		fprintf(stderr, "pitstop: no subcommand '%.*s'; 'pitstop help' "
			"lists them\n", len, word);
	return USAGE_ERROR;
}

/* Of one subcommand, what its own --help prints. */
static int cmd_help(int argc, char **argv)
{
	const struct subcommand *sub = argc > 1 ? find_subcommand(argv[1])
						: NULL;
	char *words[] = { argv[1], (char[]){ "--help" }, NULL };

	if (argc > 1 && !sub)
		return no_subcommand(argv[1]);
	if (sub && sub->call != cmd_help && sub->call != cmd_version)
		return sub->call(2, words);
	print_usage(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	const struct subcommand *sub;

	if (argc < 2) {
		print_usage(stderr);
		return USAGE_ERROR;
	}
	sub = find_subcommand(argv[1]);
	if (sub == NULL)
		return no_subcommand(argv[1]);
	return sub->call(argc - 1, argv + 1);
}
