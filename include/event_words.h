/* event_words.h: an event as one line for people. Rank 0, no I/O. */
#ifndef PITSTOP_EVENT_WORDS_H
#define PITSTOP_EVENT_WORDS_H

#include <stdbool.h>

struct buf;
struct event;

/* Append "pitstop on node-7: train.py (rank 3) held at 10.3.0.5:5678", with a
 * NUL that is not counted. False when memory is short. */
bool event_words(struct buf *to, const struct event *e, const char *node);

/* The field's text, NULL when it is none. */
const char *event_text(const struct event *e, const char *name);

#endif
