/* hook_dir.h: where the step's Python interpreters find the hook. Rank 1.
 *
 * A fresh directory with the stub in it; where nothing can be written, this
 * binary, which is a zip file with the stub in it too. A directory costs an
 * interpreter 1.2 ms of CPU, a zip file 3 ms and more. */
#ifndef PITSTOP_HOOK_DIR_H
#define PITSTOP_HOOK_DIR_H

#include <limits.h>
#include <stdbool.h>

struct hook_dir {
	char path[PATH_MAX];  /* for PYTHONPATH; "" when there is no way */
	bool made;            /* a directory that has to be removed */
	int fd;               /* what `path` needs open, -1: nothing */
};

/* Never fails; `path` says what came of it. */
void hook_dir_open(struct hook_dir *d);
void hook_dir_close(struct hook_dir *d);

/* A value for PYTHONPATH: the hook in front of what is there. NULL when there
 * is no hook, nothing to add or no memory. The caller frees it. */
char *hook_dir_pythonpath(const struct hook_dir *d);

/* Tells a `pitstop run` inside the step that the hook is there already. */
#define HOOK_DIR_VARIABLE "PITSTOP_HOOK_PATH"

#endif
