/* Bytes as the run log's spool, one record after the other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "spool_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* What was read is written as what reads the same. */
static void write_again(const struct event *e)
{
	struct spool_record r;
	struct buf b = { 0 };
	struct event *again;

	must(spool_record_add(&b, e));
	must(spool_record_read(b.data, b.len, &r, &again) == b.len);
	must(again && strcmp(again->id, e->id) == 0 && again->at == e->at &&
	     strcmp(again->name, e->name) == 0 &&
	     again->waiting == e->waiting && again->taken == e->taken);
	event_drop(again);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct spool_record r;
	struct event *e;
	size_t n;

	while ((n = spool_record_read((const char *)data, size, &r, &e)) > 0) {
		must(n >= sizeof(r) && n <= size);
		if (e)
			write_again(e);
		if (e)
			event_drop(e);
		data += n;
		size -= n;
	}
	return 0;
}
