/* launch_json.h: the VS Code configuration that attaches to a session.
 * Rank 0, no I/O. */
#ifndef PITSTOP_LAUNCH_JSON_H
#define PITSTOP_LAUNCH_JSON_H

#include <stdint.h>

struct launch {
	const char *name;         /* shown in the list of configurations */
	const char *host;
	uint16_t port;
	const char *cwd;          /* the step's working directory */
	const char *script;       /* the file that Python runs, as its command
				     line has it, or NULL */
	const char *token;        /* NULL: no "pitstopToken" */
	int rank;                 /* -1: no "pitstopRank" */
	int sub_process_id;       /* 0: no "subProcessId" */
};

/* One line of JSON, an object for "configurations" in launch.json: type
 * debugpy, request attach, connect, pathMappings from ${workspaceFolder} to
 * the remote root, justMyCode true. The remote root is the working directory,
 * or for a script that does not lie below it ("cd /; python /app/train.py")
 * the script's directory: else no breakpoint would be found. The caller frees
 * it; NULL when memory is short. */
char *launch_json(const struct launch *l);

#endif
