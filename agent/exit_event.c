#include "exit_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "buf.h"
#include "exit_report.h"

static const char *take_word(char *to, size_t size, const char *text)
{
	size_t len = strcspn(text, "\t");

	strlcpy(to, text, len < size ? len + 1 : size);
	return text + len + (text[len] == '\t');
}

void raised_parse(struct raised *r, const char *text)
{
	text = take_word(r->type, sizeof(r->type), text);
	text = take_word(r->place, sizeof(r->place), text);
	strlcpy(r->message, text, sizeof(r->message));
}

static bool add_text(cJSON *to, const char *name, const char *text)
{
	return !text || !*text || cJSON_AddStringToObject(to, name, text);
}

static bool add_reason(cJSON *to, const struct exit_report *r)
{
	struct buf b = { 0 };
	bool done = exit_report_reason(&b, r) && buf_add(&b, "", 1) &&
		    add_text(to, "reason", b.data);

	buf_free(&b);
	return done;
}

static bool add_numbers(cJSON *to, const struct exit_report *r)
{
	const struct {
		const char *name;
		int64_t value;
		double unit;
	} numbers[] = {
		{ "status", exit_report_status(r), 1 },
		{ "wall_seconds", r->wall_ms, 1000 },
		{ "user_seconds", r->user_ms, 1000 },
		{ "system_seconds", r->system_ms, 1000 },
		{ "peak_rss_bytes", r->peak_rss, 1 },
		{ "cgroup_peak_bytes", r->cgroup_peak, 1 },
		{ "cgroup_limit_bytes", r->cgroup_limit, 1 },
		{ "oom_kills", r->oom_kills, 1 },
		{ "output_bytes", r->out_bytes, 1 },
		{ "error_output_bytes", r->err_bytes, 1 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].value >= 0 &&
		    !cJSON_AddNumberToObject(to, numbers[i].name,
					     (double)numbers[i].value /
					     numbers[i].unit))
			return false;
	return true;
}

cJSON *exit_event_fields(const struct exit_report *r,
			 const struct raised *raised)
{
	cJSON *to = cJSON_CreateObject();
	bool done = add_reason(to, r) && add_numbers(to, r) &&
		    add_text(to, "signal", exit_report_signal(r));

	if (exit_report_status(r) != 0)
		done = done && add_text(to, "exception_type", raised->type) &&
		       add_text(to, "exception_message", raised->message) &&
		       add_text(to, "exception_place", raised->place);
	if (done)
		return to;
	cJSON_Delete(to);
	return NULL;
}
