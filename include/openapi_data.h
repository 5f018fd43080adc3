/* openapi_data.h: agent/openapi.json, embedded. Rank 0. */
#ifndef PITSTOP_OPENAPI_DATA_H
#define PITSTOP_OPENAPI_DATA_H

#include <stdbool.h>

struct buf;

/* Append it to an empty buffer. False when memory is short. */
bool openapi_add(struct buf *to);

#endif
