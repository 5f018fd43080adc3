#include "native_pause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#define FRAMES_MAX 4096  /* more than people look at in one stop */

/* the states */

struct cell {
	enum native_pause_state next;
	enum native_pause_action action;
};

#define GO(state, todo) { NATIVE_##state, NATIVE_##todo }
#define JUST(state) { NATIVE_##state, NATIVE_NOTHING }

/* A `continue` in ASKED or PROMISED is unusual, and debugpy would not answer
 * it. A real stop may be under way in any state: it is told to the client in
 * any, so that nothing stands still that the client believes to run. */
static const struct cell TABLE[NATIVE_STATES][NATIVE_EVENTS] = {
	[NATIVE_RUNNING] = {
		[NATIVE_PAUSE] = GO(ASKED, WATCH),
		[NATIVE_OVERDUE] = JUST(RUNNING),
		[NATIVE_STOP] = JUST(STOPPED),
		[NATIVE_RESUMED] = JUST(RUNNING),
		[NATIVE_CONTINUE] = JUST(RUNNING),
		[NATIVE_STEP] = JUST(RUNNING),
	},
	[NATIVE_ASKED] = {
		[NATIVE_PAUSE] = JUST(ASKED),
		[NATIVE_OVERDUE] = GO(SHOWN, SHOW),
		[NATIVE_STOP] = JUST(STOPPED),
		[NATIVE_RESUMED] = JUST(ASKED),
		[NATIVE_CONTINUE] = GO(RUNNING, CANCEL),
		[NATIVE_STEP] = GO(ASKED, PROMISE),
	},
	[NATIVE_SHOWN] = {
		[NATIVE_PAUSE] = JUST(SHOWN),
		[NATIVE_OVERDUE] = JUST(SHOWN),
		[NATIVE_STOP] = GO(STOPPED, HAND_OVER),
		[NATIVE_RESUMED] = JUST(SHOWN),
		[NATIVE_CONTINUE] = GO(RUNNING, CANCEL),
		[NATIVE_STEP] = GO(PROMISED, PROMISE),
	},
	[NATIVE_PROMISED] = {
		[NATIVE_PAUSE] = GO(ASKED, WATCH),
		[NATIVE_OVERDUE] = JUST(PROMISED),
		[NATIVE_STOP] = JUST(STOPPED),
		[NATIVE_RESUMED] = JUST(PROMISED),
		[NATIVE_CONTINUE] = GO(RUNNING, CANCEL),
		[NATIVE_STEP] = GO(PROMISED, PROMISE),
	},
	[NATIVE_STOPPED] = {
		[NATIVE_PAUSE] = JUST(STOPPED),
		[NATIVE_OVERDUE] = JUST(STOPPED),
		[NATIVE_STOP] = JUST(STOPPED),
		[NATIVE_RESUMED] = JUST(RUNNING),
		[NATIVE_CONTINUE] = JUST(RUNNING),
		[NATIVE_STEP] = JUST(RUNNING),
	},
};

enum native_pause_action native_pause_event(struct native_pause *p,
					    enum native_pause_event event,
					    int64_t now)
{
	const struct cell *cell = &TABLE[p->state][event];

	/* what runs may have run a line until this moment */
	if (p->state == NATIVE_RUNNING)
		p->since = now;
	p->state = cell->next;
	if (event == NATIVE_STOP || p->state != NATIVE_STOPPED)
		p->count = 0;
	return cell->action;
}

void native_pause_finish(struct native_pause *p)
{
	free(p->frames);
	*p = (struct native_pause){ 0 };
}

/* threads that hang while others are stopped */

void native_pause_hangs(struct native_pause *p, int64_t thread,
			int64_t frame)
{
	struct native_frame *frames = p->frames;

	if (p->state != NATIVE_STOPPED || p->count >= FRAMES_MAX)
		return;
	if ((p->count & (p->count - 1)) == 0)  /* all that there is room for */
		frames = realloc(frames, (p->count ? 2 * p->count : 1) *
					 sizeof(*frames));
	if (!frames)
		return;
	p->frames = frames;
	frames[p->count++] = (struct native_frame){ frame, thread };
}

void native_pause_came_back(struct native_pause *p, int64_t thread)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->count; i++)
		if (p->frames[i].thread != thread)
			p->frames[kept++] = p->frames[i];
	p->count = kept;
}

static bool is_last_of_thread(const struct native_pause *p, size_t i)
{
	for (size_t k = i + 1; k < p->count; k++)
		if (p->frames[k].thread == p->frames[i].thread)
			return false;
	return true;
}

bool native_pause_outermost(const struct native_pause *p, size_t i,
			    struct native_frame *found)
{
	for (size_t k = 0; k < p->count; k++) {
		if (!is_last_of_thread(p, k) || i-- > 0)
			continue;
		*found = p->frames[k];
		return true;
	}
	return false;
}

bool native_pause_has_frame(const struct native_pause *p, int64_t frame)
{
	if (p->state == NATIVE_SHOWN)
		return true;
	for (size_t i = 0; i < p->count; i++)
		if (p->frames[i].frame == frame)
			return true;
	return false;
}

bool native_pause_has_thread(const struct native_pause *p, int64_t thread)
{
	if (p->state == NATIVE_SHOWN)
		return true;
	for (size_t i = 0; i < p->count; i++)
		if (p->frames[i].thread == thread)
			return true;
	return false;
}

int64_t native_pause_choose(const struct native_pause *p,
			    const cJSON *threads)
{
	const cJSON *t, *id;
	int64_t first = 0;

	cJSON_ArrayForEach(t, threads) {
		id = cJSON_GetObjectItemCaseSensitive(t, "id");
		if (!cJSON_IsNumber(id))
			continue;
		if ((int64_t)id->valuedouble == p->thread)
			return p->thread;
		if (!first)
			first = (int64_t)id->valuedouble;
	}
	return first;
}

/* what is said */

/* Rounded down, as "at least" asks. */
static long long seconds(const struct native_pause *p, int64_t now)
{
	return (long long)(now - p->since) / 1000;
}

cJSON *native_pause_stopped(const struct native_pause *p, int64_t now)
{
	cJSON *body = cJSON_CreateObject();
	char text[128];

	cJSON_AddStringToObject(body, "reason", "pause");
	snprintf(text, sizeof(text),
		 "Paused: inside native code for at least %lld s",
		 seconds(p, now));
	cJSON_AddStringToObject(body, "description", text);
	snprintf(text, sizeof(text), "No thread has run a line of your code "
		 "for at least %lld s. These are the lines that called "
		 "native code.", seconds(p, now));
	cJSON_AddStringToObject(body, "text", text);
	cJSON_AddNumberToObject(body, "threadId", (double)p->thread);
	cJSON_AddTrueToObject(body, "allThreadsStopped");
	return body;
}

cJSON *native_pause_scopes(void)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *scope = cJSON_CreateObject();

	cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "scopes"), scope);
	cJSON_AddStringToObject(scope, "name", "No variables: the thread is "
				"inside native code");
	cJSON_AddNumberToObject(scope, "variablesReference",
				NATIVE_PAUSE_REFERENCE);
	cJSON_AddFalseToObject(scope, "expensive");
	return body;
}

static void add_row(cJSON *list, const char *name, const char *value)
{
	cJSON *row = cJSON_CreateObject();

	cJSON_AddItemToArray(list, row);
	cJSON_AddStringToObject(row, "name", name);
	cJSON_AddStringToObject(row, "value", value);
	cJSON_AddNumberToObject(row, "variablesReference", 0);
}

cJSON *native_pause_variables(const struct native_pause *p, int64_t now)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(body, "variables");
	char text[64];

	add_row(list, "where", "a lock, a read, a sleep, a collective "
		"operation or the like; or a library that \"justMyCode\" "
		"leaves out");
	snprintf(text, sizeof(text), "no line of your code for at least %lld "
		 "s", seconds(p, now));
	add_row(list, "since", text);
	add_row(list, "next", "it stops at its next line; \"Continue\" takes "
		"the pause back");
	return body;
}

const char *native_pause_refusal(const struct native_pause *p, int64_t now,
				 char *to, size_t size)
{
	snprintf(to, size, "the thread is inside native code, for at least "
		 "%lld s: nothing can be evaluated or changed there until it "
		 "comes back", seconds(p, now));
	return to;
}
