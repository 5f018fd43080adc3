/* api.h: what the HTTP server answers. Rank 3. The routes stand in one table.
 */
#ifndef PITSTOP_API_H
#define PITSTOP_API_H

#include <stdint.h>

#include <uv.h>

#include "config.h"

struct api;
struct sessions;

/* Serve at the configured port or the next free one, and at a local_socket.h
 * beside the hooks' socket (a descriptor), with or without a port. NULL when
 * memory is short; the config, the sessions and the token (NULL: none is asked
 * for) outlive it. `abort` ends the step. */
struct api *api_open(uv_loop_t *loop, const struct config *config, int hooks,
		     struct sessions *sessions, const char *token,
		     void (*abort)(void *ctx), void *ctx);

uint16_t api_port(const struct api *a);  /* 0: none */

#endif
