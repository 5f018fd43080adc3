#include "spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "event.h"
#include "spool_record.h"

#define MAGIC 0x70737031u
#define RECORDS 4096   /* where they begin: a page behind the head, so that
			  pages of them can be given back */
#define STARTS_MAX 8   /* an event that killed so many agents is let go */

/* Written at once and within a page, so it is whole whenever we are killed.
 * Places only grow: none is used for two events. */
struct head {
	uint32_t magic;
	uint32_t told;
	int64_t start, end;
	uint64_t missed[SPOOL_SLOTS];
	uint64_t outside[SPOOL_SLOTS];  /* that wait, and are not in it: with us
					   they are lost */
};

static struct {
	int fd;
	struct head head;
	size_t waiting;   /* events, of those in it, that somebody waits for */
} spool = { .fd = -1, .head = { .start = RECORDS, .end = RECORDS } };

static bool put(const void *data, size_t len, int64_t at)
{
	return pwrite(spool.fd, data, len, at) == (ssize_t)len;
}

static bool put_head(void)
{
	return put(&spool.head, sizeof(spool.head), 0);
}

/* What is before `place` is not needed any more. */
static void start_at(int64_t place)
{
	spool.head.start = place;
	put_head();
	fallocate(spool.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, RECORDS,
		  place - RECORDS);
}

/* writing */

static void keep_outside(uint8_t waiting)
{
	for (unsigned slot = 0; slot < SPOOL_SLOTS; slot++)
		spool.head.outside[slot] += waiting >> slot & 1;
}

static void forget_oldest(void)
{
	struct spool_record r;

	if (pread(spool.fd, &r, sizeof(r), spool.head.start) != sizeof(r) ||
	    r.size < sizeof(r) ||
	    r.size > spool.head.end - spool.head.start) {
		spool.waiting = 0;
		start_at(spool.head.end);
		return;
	}
	spool.waiting -= r.waiting && spool.waiting;
	keep_outside(r.waiting);
	start_at(spool.head.start + r.size);
}

static bool put_record(struct event *e, const struct buf *b)
{
	int64_t place = spool.head.end;

	while (spool.head.start < place &&
	       place + (int64_t)b->len - spool.head.start > SPOOL_BYTES)
		forget_oldest();
	if (b->len > SPOOL_BYTES || !put(b->data, b->len, place))
		return false;
	spool.head.end = place + (int64_t)b->len;
	if (!put_head()) {
		spool.head.end = place;
		return false;
	}
	e->place = place;
	spool.waiting++;
	return true;
}

void spool_add(struct event *e, uint32_t once)
{
	struct buf b = { 0 };

	spool.head.told |= once;
	if (spool.fd < 0 || !e->waiting)
		return;
	if (!spool_record_add(&b, e) || !put_record(e, &b)) {
		keep_outside(e->waiting);
		put_head();
	}
	buf_free(&b);
}

bool spool_has_told(uint32_t once)
{
	return spool.head.told & once;
}

void spool_done(struct event *e, unsigned slot)
{
	uint8_t bit = (uint8_t)(1u << slot);

	if (spool.fd < 0 || !(e->waiting & bit))
		return;
	e->waiting &= (uint8_t)~bit;
	if (e->place < spool.head.start) {
		if (spool.head.outside[slot] > 0)
			spool.head.outside[slot]--;
		put_head();
		return;
	}
	put(&e->waiting, 1,
	    e->place + (int64_t)offsetof(struct spool_record, waiting));
	if (!e->waiting && --spool.waiting == 0)
		start_at(spool.head.end);
}

void spool_taken(const struct event *e)
{
	if (spool.fd >= 0 && e->place >= spool.head.start)
		put(&e->taken, 1,
		    e->place + (int64_t)offsetof(struct spool_record, taken));
}

uint64_t spool_miss(unsigned slot, uint64_t n)
{
	spool.head.missed[slot] += n;
	if (n > 0 && spool.fd >= 0)
		put_head();
	return spool.head.missed[slot];
}

/* reading */

static bool read_head(void)
{
	struct head h;

	if (pread(spool.fd, &h, sizeof(h), 0) != sizeof(h) ||
	    h.magic != MAGIC || h.start < RECORDS || h.end < h.start ||
	    h.end - h.start > SPOOL_BYTES)
		return false;
	spool.head = h;
	return true;
}

static void miss_outside(void)
{
	for (unsigned slot = 0; slot < SPOOL_SLOTS; slot++) {
		spool.head.missed[slot] += spool.head.outside[slot];
		spool.head.outside[slot] = 0;
	}
}

static void miss_everywhere(struct event *e)
{
	for (unsigned slot = 0; slot < SPOOL_SLOTS; slot++) {
		if (!(e->waiting & 1u << slot))
			continue;
		spool_miss(slot, 1);
		spool_done(e, slot);
	}
}

static void take_up(const struct spool_record *r, struct event *e,
		    int64_t place, void (*found)(void *ctx, struct event *e),
		    void *ctx)
{
	uint8_t starts = r->starts + 1;

	e->place = place;
	spool.waiting++;
	put(&starts, 1,
	    place + (int64_t)offsetof(struct spool_record, starts));
	if (r->starts < STARTS_MAX)
		found(ctx, e);
	else
		miss_everywhere(e);
}

/* One that is none is passed over; where even its length is none, so is all
 * behind it. */
static void read_records(const char *data, size_t len,
			 void (*found)(void *ctx, struct event *e), void *ctx)
{
	int64_t place = spool.head.start;
	struct spool_record r;
	struct event *e;
	size_t n;

	while ((n = spool_record_read(data, len, &r, &e)) > 0) {
		if (e && e->waiting)
			take_up(&r, e, place, found, ctx);
		if (e)
			event_drop(e);
		data += n;
		len -= n;
		place += (int64_t)n;
	}
	spool.head.end = place;
}

void spool_open(int fd, void (*found)(void *ctx, struct event *e), void *ctx)
{
	size_t len;
	char *data;

	spool.fd = fd;
	if (fd < 0)
		return;
	if (read_head())
		miss_outside();
	spool.head.magic = MAGIC;
	put_head();
	len = (size_t)(spool.head.end - spool.head.start);
	data = malloc(len);
	spool.waiting = 1;  /* until all are known */
	if (data && pread(fd, data, len, spool.head.start) == (ssize_t)len)
		read_records(data, len, found, ctx);
	free(data);
	if (--spool.waiting == 0)
		start_at(spool.head.end);
}
