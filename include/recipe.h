/* recipe.h: the arguments of the documented recipe for debugging a step.
 * Rank 0, no I/O.
 *
 * A pipeline definition written for the recipe passes --remote_debug and
 * --remote_debug_connection_timeout N to its script. Both are taken out, so
 * that a script that was never edited does not stumble over them. */
#ifndef PITSTOP_RECIPE_H
#define PITSTOP_RECIPE_H

#include <stdbool.h>

#define RECIPE_HOLD "--remote_debug"
#define RECIPE_TIMEOUT "--remote_debug_connection_timeout"

struct recipe {
	bool hold;            /* RECIPE_HOLD was there */
	const char *timeout;  /* what stood behind the last RECIPE_TIMEOUT: a
				 string of argv, "" when nothing did, NULL
				 without one */
};

/* Take them out of argv in place, argv[0] excepted. argv ends with NULL, and
 * so it does afterwards. */
void recipe_take(char **argv, struct recipe *out);

#endif
