/* outputs.h: directories that a script's arguments name for its output. Rank 0,
 * no I/O.
 *
 * "--output_dir X", "--output-path=X", "--log_dir X" and the like. A relative
 * word is taken where the option's name says directory or path; URLs, numbers,
 * names of models and of files are none. */
#ifndef PITSTOP_OUTPUTS_H
#define PITSTOP_OUTPUTS_H

#include <limits.h>
#include <stddef.h>

#define OUTPUTS_MAX 4

struct output {
	char option[64];          /* "--output_dir" */
	char path[PATH_MAX];      /* absolute, or as it was written when `cwd`
				     is not known */
	enum { OUTPUT_THERE, OUTPUT_PARENT, OUTPUT_NOTHING } state;
};

/* The first OUTPUTS_MAX of them; how many. The state is another's to fill. */
size_t outputs_find(const char *const *args, size_t count, const char *cwd,
		    struct output to[static OUTPUTS_MAX]);

#endif
