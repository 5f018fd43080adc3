/* Bytes as a stream of DAP messages, and as one message's body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "dap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dap_limits LIMITS = {
	.header = 128,
	.body = 4096,
	.depth = 16,
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_span(const struct dap_message *m, const struct dap_span *s)
{
	if (s->p)
		must(s->p >= m->body &&
		     s->p + s->len <= m->body + m->body_len);
}

static void check_message(const struct dap_message *m)
{
	check_span(m, &m->name);
	check_span(m, &m->arguments);
	check_span(m, &m->data);
	check_span(m, &m->message);
	check_span(m, &m->seq_at);
	check_span(m, &m->request_seq_at);
	must(m->name.p && m->seq_at.len > 0);
	must(m->type != DAP_RESPONSE || m->request_seq_at.len > 0);
}

/* What is sent on reads as the same message with other numbers. */
static void check_renumbered(const struct dap_message *m)
{
	struct dap_limits limits = { 128, m->body_len + 64, LIMITS.depth };
	struct buf out = { 0 };
	struct dap_message again;
	struct dap_frame frame;

	must(dap_write_renumbered(&out, m, -77, 1234567890123));
	must(dap_next(out.data, out.len, &limits, &frame) == DAP_OK);
	must(frame.total == out.len);
	must(dap_scan(frame.body, frame.body_len, LIMITS.depth, &again) ==
	     DAP_OK);
	must(again.type == m->type && again.seq == -77);
	must(m->type != DAP_RESPONSE || (again.request_seq == 1234567890123 &&
					 again.success == m->success));
	must(again.name.len == m->name.len &&
	     memcmp(again.name.p, m->name.p, m->name.len) == 0);
	must(again.arguments.len == m->arguments.len);
	must(again.data.len == m->data.len);
	must(again.message.len == m->message.len);
	buf_free(&out);
}

/* cJSON takes neither lone surrogates nor numbers of 64 characters. */
static bool cjson_can_tell(const char *body, size_t len)
{
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		if (body[i] == '\\' && i + 1 < len && body[i + 1] == 'u')
			return false;
		run = body[i] && strchr("0123456789+-.eE", body[i]) ? run + 1
								    : 0;
		if (run > 60)
			return false;
	}
	return true;
}

/* All that passes here is JSON for others too. */
static void check_json(const char *body, size_t len)
{
	const char *end;
	cJSON *json;

	if (!cjson_can_tell(body, len))
		return;
	json = cJSON_ParseWithLengthOpts(body, len, &end, 0);
	must(json);
	while (end < body + len && strchr(" \t\r\n", *end))
		end++;
	must(end == body + len);
	cJSON_Delete(json);
}

static void scan(const char *body, size_t len)
{
	struct dap_message m;
	enum dap_error e = dap_scan(body, len, LIMITS.depth, &m);

	must(e == DAP_OK || e == DAP_NOT_JSON || e == DAP_TOO_DEEP ||
	     e == DAP_NOT_MESSAGE);
	if (e == DAP_OK || e == DAP_NOT_MESSAGE)
		check_json(body, len);
	if (e != DAP_OK)
		return;
	check_message(&m);
	check_renumbered(&m);
}

/* A message is found from its own bytes alone, and in no fewer. */
static void check_frame(const char *data, const struct dap_frame *frame)
{
	struct dap_frame again;

	must(frame->body + frame->body_len == data + frame->total);
	must(frame->body_len <= LIMITS.body);
	must(frame->total - frame->body_len <= LIMITS.header);
	must(dap_next(data, frame->total, &LIMITS, &again) == DAP_OK);
	for (size_t n = 0; n < frame->total; n += n / 8 + 1)
		must(dap_next(data, n, &LIMITS, &again) == DAP_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct dap_frame frame;
	enum dap_error e;

	scan(p, size);
	while ((e = dap_next(p, size, &LIMITS, &frame)) == DAP_OK) {
		must(frame.total <= size);
		check_frame(p, &frame);
		scan(frame.body, frame.body_len);
		p += frame.total;
		size -= frame.total;
	}
	must(e != DAP_MORE || size < LIMITS.header + LIMITS.body);
	return 0;
}
