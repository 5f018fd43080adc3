#include "stacks_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "printable.h"

static const cJSON *get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(get(object, name));

	return text ? text : "";
}

/* "rank 2", "ranks 0, 1, 3" */
static bool add_list(struct buf *to, const char *what, const cJSON *list)
{
	const char *before = " ";
	const cJSON *one;
	bool ok = buf_addf(to, "%s%s", what,
			   cJSON_GetArraySize(list) > 1 ? "s" : "");

	cJSON_ArrayForEach(one, list) {
		const char *text = cJSON_GetStringValue(one);

		ok = ok && (text ? buf_addf(to, "%s%s", before, text)
				 : buf_addf(to, "%s%.0f", before,
					    cJSON_GetNumberValue(one)));
		before = ", ";
	}
	return ok;
}

static bool add_heading(struct buf *to, const cJSON *group)
{
	const cJSON *ids = get(group, "ids"), *ranks = get(group, "ranks");
	bool ok = true;

	if (cJSON_GetArraySize(ranks) > 0)
		ok = add_list(to, "rank", ranks) && buf_addf(to, ": ");
	ok = ok && buf_addf(to, "%s (", text_of(get(group, "stacks"), "name"));
	return ok && add_list(to, "pid", ids) &&
	       buf_addf(to, cJSON_GetArraySize(ids) > 1
			    ? "), their main threads at the same place\n"
			    : ")\n");
}

static bool add_frames(struct buf *to, const cJSON *frames)
{
	const cJSON *f;
	bool ok = true;

	cJSON_ArrayForEach(f, frames) {
		const char *source = text_of(f, "source");

		ok = ok && buf_addf(to, "    %s (%s:%.0f)\n",
				    text_of(f, "function"), text_of(f, "file"),
				    cJSON_GetNumberValue(get(f, "line")));
		if (*source)
			ok = ok && buf_addf(to, "        %s\n", source);
	}
	return ok;
}

static bool add_stacks(struct buf *to, const char *kind, const cJSON *list)
{
	const cJSON *one;
	bool ok = true;

	cJSON_ArrayForEach(one, list)
		ok = ok && buf_addf(to, "  %s %s\n", kind,
				    text_of(one, "name")) &&
		     add_frames(to, get(one, "frames"));
	return ok;
}

static bool add_kernel_threads(struct buf *to, const cJSON *list)
{
	const cJSON *t;
	bool ok = true;

	cJSON_ArrayForEach(t, list) {
		const char *in = text_of(t, "syscall");
		const char *wchan = text_of(t, "wchan");

		ok = ok && buf_addf(to, "    %s (%.0f): %s%s%s%s%s, ran %.0f ms "
				    "of 200\n", text_of(t, "name"),
				    cJSON_GetNumberValue(get(t, "native_id")),
				    text_of(t, "state"), *in ? " in " : "", in,
				    *wchan ? ", kernel " : "", wchan,
				    cJSON_GetNumberValue(get(t, "cpu_ms")));
	}
	return ok;
}

static bool add_group(struct buf *to, const cJSON *group)
{
	const cJSON *stacks = get(group, "stacks");
	const char *unanswered = text_of(stacks, "unanswered");
	const char *held = text_of(stacks, "held");

	if (!add_heading(to, group))
		return false;
	if (*held && !buf_addf(to, "  %s\n", held))
		return false;
	if (*unanswered && !buf_addf(to, "  %s\n", unanswered))
		return false;
	return add_kernel_threads(to, get(stacks, "kernel_threads")) &&
	       add_stacks(to, "thread", get(stacks, "threads")) &&
	       add_stacks(to, "task", get(stacks, "tasks")) &&
	       (!cJSON_IsTrue(get(stacks, "truncated")) ||
		buf_addf(to, "  (there are more frames)\n"));
}

/* Numbers, or the decimal texts of identifiers. */
static bool has(const cJSON *list, int number)
{
	const cJSON *one;

	if (number < 0)
		return true;
	cJSON_ArrayForEach(one, list) {
		const char *text = cJSON_GetStringValue(one);

		if (text ? atoi(text) == number
			 : (int)cJSON_GetNumberValue(one) == number)
			return true;
	}
	return false;
}

/* Lines stay lines. */
static void clean(char *text, size_t len)
{
	while (len > 0) {
		char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		printable(text, n);
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
}

bool stacks_text_group(struct buf *to, const cJSON *group)
{
	size_t before = to->len;
	bool ok = add_group(to, group);

	if (to->len > before)
		clean(to->data + before, to->len - before);
	return ok;
}

static int add_groups(struct buf *to, const cJSON *groups, int pid, int rank)
{
	const cJSON *group;
	int count = 0;

	cJSON_ArrayForEach(group, groups) {
		if (!has(get(group, "ids"), pid) ||
		    !has(get(group, "ranks"), rank))
			continue;
		if ((count++ && !buf_addf(to, "\n")) ||
		    !stacks_text_group(to, group))
			return -ENOMEM;
	}
	return count;
}

int stacks_text(struct buf *to, const char *json, int pid, int rank)
{
	cJSON *answer = cJSON_Parse(json);
	const cJSON *groups = get(answer, "groups");
	int rc = cJSON_IsArray(groups) ? add_groups(to, groups, pid, rank)
				       : -EPROTO;

	cJSON_Delete(answer);
	return rc;
}
