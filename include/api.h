/* api.h: what the HTTP server answers. Rank 3. The routes stand in one table.
 */
#ifndef PITSTOP_API_H
#define PITSTOP_API_H

#include <stdint.h>

#include <uv.h>

#include "config.h"

struct api;
struct sessions;

/* Serve at the configured port or the next free one. NULL when none is asked
 * for or none is free; the config, the sessions and the token (NULL: none is
 * asked for) outlive it. `abort` ends the step. */
struct api *api_open(uv_loop_t *loop, const struct config *config,
		     struct sessions *sessions, const char *token,
		     void (*abort)(void *ctx), void *ctx);

uint16_t api_port(const struct api *a);

#endif
