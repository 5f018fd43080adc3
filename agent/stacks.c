#include "stacks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* FNV-1a */
#define HASH_START 14695981039346656037u
#define HASH_FACTOR 1099511628211u

static void begin(struct stacks *s)
{
	if (s->json || s->failed)
		return;
	s->json = cJSON_CreateObject();
	s->failed = !cJSON_AddArrayToObject(s->json, "threads") ||
		    !cJSON_AddArrayToObject(s->json, "tasks");
}

static cJSON *add_object(cJSON *list)
{
	cJSON *one = cJSON_CreateObject();

	if (cJSON_AddItemToArray(list, one))
		return one;
	cJSON_Delete(one);
	return NULL;
}

static void mark_truncated(struct stacks *s)
{
	if (!cJSON_GetObjectItem(s->json, "truncated") &&
	    !cJSON_AddTrueToObject(s->json, "truncated"))
		s->failed = true;
}

/* A thread or task, whose frames follow. */
static void add_stack(struct stacks *s, const char *list, const char *name,
		      long native_id)
{
	cJSON *one;

	s->frames = NULL;
	if (++s->stacks > STACKS_MAX) {
		mark_truncated(s);
		return;
	}
	one = add_object(cJSON_GetObjectItem(s->json, list));
	if (!cJSON_AddStringToObject(one, "name", name) ||
	    (native_id > 0 &&
	     !cJSON_AddNumberToObject(one, "native_id", (double)native_id)))
		s->failed = true;
	s->frames = cJSON_AddArrayToObject(one, "frames");
	s->failed = s->failed || !s->frames;
}

static void add_thread(struct stacks *s, const char *rest)
{
	char *end;
	long native_id = strtol(rest, &end, 10);

	add_stack(s, "threads", *end == ' ' ? end + 1 : end, native_id);
}

/* The text up to the next tab, which may be the last. */
static bool add_part(cJSON *to, const char *name, const char **rest)
{
	size_t len = strcspn(*rest, "\t");
	char *text = strndup(*rest, len);
	bool ok = text && (!*text || cJSON_AddStringToObject(to, name, text));

	free(text);
	*rest += len;
	*rest += **rest == '\t';
	return ok;
}

/* "LINE\tFUNCTION\tFILE\tSOURCE" */
static void add_frame(struct stacks *s, const char *rest)
{
	char *end;
	long line = strtol(rest, &end, 10);
	cJSON *frame;

	if (!s->frames || *end != '\t')
		return;
	if (++s->count > STACKS_FRAMES_MAX) {
		mark_truncated(s);
		return;
	}
	rest = end + 1;
	frame = add_object(s->frames);
	if (!add_part(frame, "function", &rest) ||
	    !add_part(frame, "file", &rest) ||
	    !cJSON_AddNumberToObject(frame, "line", (double)line) ||
	    !add_part(frame, "source", &rest))
		s->failed = true;
}

void stacks_add(struct stacks *s, const char *part)
{
	begin(s);
	if (s->failed)
		return;
	if (strncmp(part, "thread ", 7) == 0)
		add_thread(s, part + 7);
	else if (strncmp(part, "task ", 5) == 0)
		add_stack(s, "tasks", part + 5, 0);
	else if (strncmp(part, "frame ", 6) == 0)
		add_frame(s, part + 6);
}

cJSON *stacks_take(struct stacks *s)
{
	cJSON *json;

	begin(s);
	json = s->failed ? NULL : s->json;
	if (s->failed)
		cJSON_Delete(s->json);
	*s = (struct stacks){ 0 };
	return json;
}

void stacks_free(struct stacks *s)
{
	cJSON_Delete(s->json);
	*s = (struct stacks){ 0 };
}

static const cJSON *main_frames(const cJSON *stacks)
{
	return cJSON_GetObjectItem(cJSON_GetArrayItem(
		cJSON_GetObjectItem(stacks, "threads"), 0), "frames");
}

bool stacks_have_begun(const cJSON *stacks)
{
	return cJSON_GetArraySize(main_frames(stacks)) > 0;
}

bool stacks_are_alike(const cJSON *a, const cJSON *b)
{
	return cJSON_Compare(main_frames(a), main_frames(b), true);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * HASH_FACTOR;
	while (*text++);
	return hash;
}

static uint64_t hash_frames(uint64_t hash, const cJSON *frames)
{
	static const char *const NAMES[] = { "function", "file" };
	const cJSON *f;

	cJSON_ArrayForEach(f, frames) {
		for (size_t i = 0; i < sizeof(NAMES) / sizeof(*NAMES); i++) {
			const char *text = cJSON_GetStringValue(
				cJSON_GetObjectItem(f, NAMES[i]));

			hash = hash_text(hash, text ? text : "");
		}
		hash ^= (uint64_t)cJSON_GetNumberValue(
			cJSON_GetObjectItem(f, "line"));
		hash *= HASH_FACTOR;
	}
	return hash_text(hash, "");  /* here the next one begins */
}

uint64_t stacks_place(const cJSON *stacks)
{
	const cJSON *task;
	uint64_t hash = HASH_START;

	if (!main_frames(stacks))
		return 0;
	hash = hash_frames(hash, main_frames(stacks));
	cJSON_ArrayForEach(task, cJSON_GetObjectItem(stacks, "tasks"))
		hash = hash_frames(hash, cJSON_GetObjectItem(task, "frames"));
	return hash;
}

const char *stacks_top(const cJSON *stacks, char *to, size_t size)
{
	const cJSON *top = cJSON_GetArrayItem(main_frames(stacks), 0);
	const char *function = cJSON_GetStringValue(
		cJSON_GetObjectItem(top, "function"));
	const char *file = cJSON_GetStringValue(
		cJSON_GetObjectItem(top, "file"));

	snprintf(to, size, "%s (%s:%.0f)", function ? function : "?",
		 file ? file : "?", cJSON_GetNumberValue(
			cJSON_GetObjectItem(top, "line")));
	return top ? to : NULL;
}
