/* adapter.h: the debug adapter: clients on one side, debuggees on the other.
 * Rank 3. Brings the two together. */
#ifndef PITSTOP_ADAPTER_H
#define PITSTOP_ADAPTER_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "config.h"

struct adapter;
struct address_choice;
struct imds_answer;
struct listeners;
struct sessions;

/* Listen for clients at the configured port or the next free one, and for
 * hooks and debuggees on what was inherited. NULL and a negative errno in
 * *error; the config must outlive the adapter. `token` is NULL when none is
 * asked for. While the address is still open, hooks wait in their queue: what
 * a step's log says of it is right at once. */
struct adapter *adapter_open(uv_loop_t *loop, const struct config *config,
			     const char *token,
			     const struct listeners *inherited, int *error);
/* What IMDS said (NULL: nothing), once. False when hooks cannot be served. */
bool adapter_settle(struct adapter *a, const struct imds_answer *said);
const struct address_choice *adapter_address(const struct adapter *a);

/* The step has ended: `done` is called, from the loop, when the clients have
 * heard of it and have gone; at once when there are none. */
void adapter_end(struct adapter *a, void (*done)(void *ctx), void *ctx);

struct sessions *adapter_sessions(const struct adapter *a);
/* What the log says of HTTP; 0: nothing. */
void adapter_set_http_port(struct adapter *a, uint16_t port);
uint16_t adapter_port(const struct adapter *a);  /* 0: none was free */

#endif
