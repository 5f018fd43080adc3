/* sink_webhook.h: messages to a chat, to PITSTOP_WEBHOOK. Rank 2. */
#ifndef PITSTOP_SINK_WEBHOOK_H
#define PITSTOP_SINK_WEBHOOK_H

#include <uv.h>

struct config;
struct sink;

/* NULL when none is wanted, or memory is short. `config` has to last as long as
 * the process. */
struct sink *sink_webhook_open(uv_loop_t *loop, const struct config *config);

#endif
