#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "cidr.h"
#include "config.h"
#include "hook_dir.h"
#include "log.h"
#include "recipe.h"
#include "supervisor.h"

#define USAGE_ERROR 2

static const char USAGE[] = "usage: pitstop run [OPTION...] [--] COMMAND...\n";

static const char HELP[] =
"\n"
"Runs COMMAND as it is: same streams, directory, environment and exit status\n"
"(128+n when signal n ended it), and lets VS Code debug its Python processes.\n"
"\n"
"  pitstop run -- python train.py\n"
"      starts at once, and can be attached to as long as it runs, with the\n"
"      PITSTOP_TOKEN that was set; one that is made up is printed with a hold\n"
"      only, and by 'pitstop launch-json' beside the step\n"
"  pitstop run --hold --timeout 10m -- python train.py\n"
"      waits for a debugger before the first line of train.py, 10 minutes at\n"
"      the most, and prints the launch configuration to paste into VS Code\n"
"  pitstop run --hold=crash -- python train.py\n"
"      waits for one where train.py fails\n"
"\n"
"Whatever breaks in pitstop, COMMAND goes on, at the latest when the timeout\n"
"has passed.\n"
"\n"
"Options come before COMMAND. Each has a variable, for images and pipelines\n"
"whose command line is given; an option wins over its variable. A TIME is a\n"
"whole number, of seconds or of its unit: 600, 600s, 10m, 2h.\n"
"\n";

static int help(void)
{
	dprintf(STDOUT_FILENO, "%s%s", USAGE, HELP);
	config_help(STDOUT_FILENO);
	return 0;
}

static void on_bad(void *ctx, const char *sentence)
{
	(void)ctx;
	log_warn("%s", sentence);
}

/* What stands behind "=" may be a secret. */
static int not_an_option(const char *word)
{
	size_t len = strcspn(word, "=") + 1;
	const char *meant;
	char name[64];

	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
		return help();
	strlcpy(name, word, len < sizeof(name) ? len : sizeof(name));
	meant = config_nearest_flag(name);
	if (strcmp(name, "--version") == 0)
		log_warn("run has no option '--version'; 'pitstop version' "
			 "prints it");
	else if (strcmp(name, "--token") == 0)
		log_warn("--token is no option, since others can see command "
			 "lines: set the variable PITSTOP_TOKEN");
	else if (strcmp(name, "--webhook") == 0)
		log_warn("--webhook is no option, since others can see command "
			 "lines: set the variable PITSTOP_WEBHOOK, to a URL "
			 "with http:// or https://");
	else
		log_warn("run has no option '%s'; %s%s%s'pitstop run --help' "
			 "lists them", name, meant ? "did you mean " : "",
			 meant ? meant : "", meant ? "? " : "");
	return USAGE_ERROR;
}

static int no_command(void)
{
	log_warn("no COMMAND to run; 'pitstop run --help' explains");
	dprintf(STDERR_FILENO, "%s", USAGE);
	return USAGE_ERROR;
}

/* The arguments that the documented recipe passes to its scripts. */
static void follow_recipe(struct config *c, char **command)
{
	struct recipe recipe;

	if (c->keep_args)
		return;
	recipe_take(command, &recipe);
	if (recipe.hold)
		c->hold |= HOLD_STEP;
	if (recipe.timeout)
		config_set(c, "PITSTOP_TIMEOUT", RECIPE_TIMEOUT,
			   recipe.timeout, on_bad, NULL);
}

/* A hold that nobody can end costs its whole time. */
static void doubt_allow(const struct config *c)
{
	if (cidr_is_none(c->allow))
		log_warn("%s is '%s': nobody can attach, and a hold lasts "
			 "until its timeout", config_said(c, "PITSTOP_ALLOW"),
			 c->allow);
}

static void doubt_debugpy(const struct config *c)
{
	char path[PATH_MAX + sizeof("/debugpy/__init__.py")];

	snprintf(path, sizeof(path), "%s/debugpy/__init__.py", c->debugpy);
	if (*c->debugpy && access(path, F_OK) < 0)
		log_warn("%s is '%s', where no debugpy is (%s: %s); 'pip "
			 "install --target %s debugpy' puts it there",
			 config_said(c, "PITSTOP_DEBUGPY"), c->debugpy, path,
			 strerror(errno), c->debugpy);
}

static void doubt_variables(const char *meant)
{
	/* what an outer pitstop and its hook set for the step, and what tests
	 * set */
	static const char *const OURS[] = {
		"PITSTOP_SOCKET", HOOK_DIR_VARIABLE, "PITSTOP_HELD",
		"PITSTOP_IMDS", NULL
	};

	config_unknown_variables(OURS, meant, on_bad, NULL);
}

/* What a hold that was asked for makes worth telling; without one only that
 * it may have been meant, or a look at what hangs at night. */
static void tell_doubts(const struct config *c)
{
	if (c->hold == HOLD_OFF) {
		doubt_variables("PITSTOP_HOLD");
		doubt_variables("PITSTOP_STALL");
		return;
	}
	doubt_variables(NULL);
	doubt_allow(c);
	doubt_debugpy(c);
}

int cmd_run(int argc, char **argv)
{
	static struct config config;
	int at = 1;

	config_defaults(&config);
	config_environment(&config, on_bad, NULL);
	if (config_flags(&config, argc, argv, &at, on_bad, NULL) < 0)
		return not_an_option(argv[at]);
	if (at >= argc)
		return no_command();
	follow_recipe(&config, argv + at);
	tell_doubts(&config);
	if (config_export(&config) < 0)
		log_warn("memory is short: the options have no effect");
	return supervisor_run(argv + at, &config);
}
