/* preflight.h: what stands in the way of debugging a step, and the remedies.
 * Rank 0, no I/O: the facts are found by preflight_look.h and the callers. */
#ifndef PITSTOP_PREFLIGHT_H
#define PITSTOP_PREFLIGHT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "outputs.h"
#include "pins.h"

struct config;

enum preflight_level { PREFLIGHT_OK, PREFLIGHT_WARNING, PREFLIGHT_PROBLEM };

enum preflight_way {
	WAY_NONE,     /* no pitstop is around */
	WAY_INSIDE,   /* a step's shell, or the like */
	WAY_PREFIX,   /* pitstop run before the command */
	WAY_FIRST,    /* the same, as the container's first process */
};

struct preflight {
	const struct config *config;
	enum preflight_way way;
	bool hold;              /* a step is held, and its log has what a hold
				   tells by itself */

	/* the interpreter */
	char python[32];        /* "3.11.7", "": it could not be asked */
	char exe[PATH_MAX];
	char debugpy[32];       /* its version, "?": not known, "": none */
	bool isolated, unfrozen;  /* as in pycmd.h */
	bool unchecked;         /* PYDEVD_DISABLE_FILE_VALIDATION is set */
	struct buf syspath;     /* sys.path, each entry ended by a newline */

	/* the debug port */
	uint16_t wanted_port, port;  /* port 0: none is free */
	unsigned last_port;
	int port_error;         /* why there is none, negative errno */
	pid_t taken_by;         /* who listens on the wanted one, 0: that cannot
				   be seen ... */
	char taken_name[32];    /* ... and its command */

	/* the address, as in address.h */
	char host[64], subnet[64];  /* subnet "": not known */
	const char *host_why;
	bool doubtful, missed_vnet, bridged;

	/* the script */
	char cwd[PATH_MAX], script_dir[PATH_MAX];  /* "": not known */
	struct output outputs[OUTPUTS_MAX];
	size_t outputs_len;
	struct pins pins;
};

/* In words; NULL for WAY_NONE. */
const char *preflight_way_text(enum preflight_way way);

/* One check's finding: what it is, and the remedy, "" when there is none. In
 * none of them is a secret or a control character. */
typedef void preflight_found(void *ctx, const char *check,
			     enum preflight_level level, const char *text,
			     const char *remedy);

/* In a fixed order; a check may find several things. */
void preflight_judge(const struct preflight *p, preflight_found *found,
		     void *ctx);

/* The lines for the log of a step that is held: what is wrong, and one that
 * says how the step was started. */
void preflight_log(struct buf *to, const struct preflight *p);

void preflight_free(struct preflight *p);

#endif
