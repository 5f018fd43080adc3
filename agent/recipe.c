#include "recipe.h"

#include <stddef.h>
#include <string.h>

/* The text behind "NAME=", or NULL. */
static const char *value_behind(const char *arg, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(arg, name, len) != 0 || arg[len] != '=')
		return NULL;
	return arg + len + 1;
}

/* How many words of the command line the argument at `argv` takes; 0 when it
 * is none of the recipe's. Another option is no value: it stays. */
static size_t take_one(char **argv, struct recipe *out)
{
	const char *value = value_behind(*argv, RECIPE_TIMEOUT);

	if (strcmp(*argv, RECIPE_HOLD) == 0) {
		out->hold = true;
		return 1;
	}
	if (value) {
		out->timeout = value;
		return 1;
	}
	if (strcmp(*argv, RECIPE_TIMEOUT) != 0)
		return 0;
	if (argv[1] == NULL || strncmp(argv[1], "--", 2) == 0) {
		out->timeout = "";
		return 1;
	}
	out->timeout = argv[1];
	return 2;
}

void recipe_take(char **argv, struct recipe *out)
{
	char **to;

	*out = (struct recipe){ 0 };
	if (*argv == NULL)
		return;
	for (to = ++argv; *argv;) {
		size_t taken = take_one(argv, out);

		if (taken == 0)
			*to++ = *argv++;
		argv += taken;
	}
	*to = NULL;
}
