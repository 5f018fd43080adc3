/* interpreter.h: the Python that a command starts, and what it says of itself.
 * Rank 1. */
#ifndef PITSTOP_INTERPRETER_H
#define PITSTOP_INTERPRETER_H

#include <limits.h>
#include <stdbool.h>

struct preflight;

/* The path of the interpreter: the command itself (found in PATH), or that of
 * its "#!" line; of any other command, or of none (NULL), the first python3
 * or python in PATH. "" when there is none. True when the command is the
 * interpreter or (*script is its path then) a script of one. */
bool interpreter_find(const char *command, char to[static PATH_MAX],
		      char script[static PATH_MAX]);

/* Ask p->exe for its version, its debugpy (or the one in the directory
 * `debugpy`) and sys.path. What it does not answer within 10 s stays as it
 * was. */
void interpreter_ask(struct preflight *p, const char *debugpy);

#endif
