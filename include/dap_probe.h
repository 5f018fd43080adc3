/* dap_probe.h: could a debugger attach from here? Rank 2. */
#ifndef PITSTOP_DAP_PROBE_H
#define PITSTOP_DAP_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct url;

struct dap_finding {
	bool ok;
	char text[768];  /* a sentence about the address, printable */
};

/* Greet what listens there, ask about the token when there is one (""), and
 * leave. Never attaches. `due` is as in dial.h. */
void dap_probe(const struct url *to, const char *token, int64_t due,
	       struct dap_finding *f);

#endif
