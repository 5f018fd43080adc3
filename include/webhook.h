/* webhook.h: events as messages to a chat. Rank 0, no I/O. */
#ifndef PITSTOP_WEBHOOK_H
#define PITSTOP_WEBHOOK_H

#include <stdbool.h>

struct buf;
struct event;

/* Is it worth one: is the step held, gone on, or over? */
bool webhook_wants(const struct event *e);

/* Append it as JSON: the line `text`, which Slack and Teams show, `node`, and
 * what the event has. False when memory is short. */
bool webhook_encode(struct buf *to, const struct event *e, const char *node);

#endif
