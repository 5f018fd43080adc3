/* spool_record.h: an event as bytes, for who comes after us. Rank 0, no I/O.
 *
 * The reader is of the same build as the writer, but what it reads may be
 * anything. */
#ifndef PITSTOP_SPOOL_RECORD_H
#define PITSTOP_SPOOL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

struct buf;

/* What stands before the fields, which are JSON. */
struct spool_record {
	uint32_t size;     /* of the whole, in bytes */
	uint8_t waiting;   /* as in struct event */
	uint8_t starts;    /* how many agents have begun with it */
	char id[EVENT_ID_SIZE];
	char name[EVENT_NAME_SIZE];
	uint8_t taken;     /* as in struct event */
	int64_t at;
};

/* Append it; false when memory is short. */
bool spool_record_add(struct buf *to, const struct event *e);

/* The first record of the `len` bytes into *r and, with its fields, into *e:
 * NULL when it is no event or memory is short, else the caller's. Returns its
 * length; 0 when there is no whole one. */
size_t spool_record_read(const char *data, size_t len, struct spool_record *r,
			 struct event **e);

#endif
