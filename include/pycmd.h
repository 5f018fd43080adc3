/* pycmd.h: what a Python command line runs. Rank 0, no I/O.
 *
 * Follows CPython's own reading of its options (Python documentation, "Command
 * line and environment"): short options may be bundled, -c and -m take the
 * rest, -W and -X and --check-hash-based-pycs take a value. */
#ifndef PITSTOP_PYCMD_H
#define PITSTOP_PYCMD_H

#include <stdbool.h>
#include <stddef.h>

enum pycmd_kind {
	PYCMD_NONE,     /* interactive, standard input, --version, nothing */
	PYCMD_SCRIPT,   /* a script file, a directory or a zip file */
	PYCMD_MODULE,   /* -m name */
	PYCMD_COMMAND,  /* -c text */
};

struct pycmd {
	enum pycmd_kind kind;
	const char *name;  /* path or module; NULL otherwise */
	size_t args_at;    /* index of the first argument after it */
	bool tool;         /* a known launcher or tool: never held */
	bool isolated;     /* -I, -E or -S: the hook is not read */
	bool unfrozen;     /* -X frozen_modules=off */
};

/* argv[0] is the interpreter. Strings stay the caller's. The runner of Azure's
 * older runtime, which runs a script by runpy in its own process, yields the
 * script it names; where it starts a command instead, it is a tool. */
void pycmd_parse(const char *const *argv, size_t argc, struct pycmd *out);

/* True when `pattern` (PITSTOP_MATCH, fnmatch(3)) names the command: the path
 * as written, its base name, or the module. */
bool pycmd_matches(const struct pycmd *cmd, const char *pattern);

#endif
