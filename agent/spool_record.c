#include "spool_record.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"

bool spool_record_add(struct buf *to, const struct event *e)
{
	char *fields = cJSON_PrintUnformatted(e->fields);
	struct spool_record r = { .waiting = e->waiting, .taken = e->taken,
				  .at = e->at };
	size_t before = to->len, len = fields ? strlen(fields) : 0;
	bool done;

	r.size = (uint32_t)(sizeof(r) + len);
	memcpy(r.id, e->id, sizeof(r.id));
	memcpy(r.name, e->name, sizeof(r.name));
	done = fields && buf_add(to, &r, sizeof(r)) &&
	       buf_add(to, fields, len);
	cJSON_free(fields);
	if (!done)
		to->len = before;
	return done;
}

static bool is_text(const char *text, size_t size)
{
	return memchr(text, '\0', size);
}

size_t spool_record_read(const char *data, size_t len, struct spool_record *r,
			 struct event **e)
{
	*e = NULL;
	if (len < sizeof(*r))
		return 0;
	memcpy(r, data, sizeof(*r));
	if (r->size < sizeof(*r) || r->size > len)
		return 0;
	if (is_text(r->id, sizeof(r->id)) && is_text(r->name, sizeof(r->name)))
		*e = event_again(r->id, r->name, r->at, cJSON_ParseWithLength(
				data + sizeof(*r), r->size - sizeof(*r)));
	if (*e) {
		(*e)->waiting = r->waiting;
		(*e)->taken = r->taken;
	}
	return r->size;
}
