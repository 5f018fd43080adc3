/* stacks.h: where the threads and asyncio tasks of a Python process stand, as
 * its hook tells (hello.h). Rank 0, no I/O.
 *
 * The JSON is {"threads": [{"name", "native_id", "frames": [{"function",
 * "file", "line", "source"}]}], "tasks": [{"name", "frames"}]}, the innermost
 * frame first, the main thread first. A native_id that is not known (Python
 * before 3.8) and a source line that could not be read are left out. */
#ifndef PITSTOP_STACKS_H
#define PITSTOP_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON;

/* Frames of one process; what comes behind them is left out, and "truncated"
 * is true in the JSON. */
#define STACKS_FRAMES_MAX 20000
#define STACKS_MAX 4096        /* threads and tasks, the same */

struct stacks {
	struct cJSON *json;    /* NULL: nothing came yet */
	struct cJSON *frames;  /* of the last thread or task; within json */
	size_t count, stacks;  /* of frames, of threads and tasks */
	bool failed;           /* memory was short */
};

/* What the hook says behind "stack": "thread NATIVE_ID NAME", "task NAME" or
 * "frame LINE\tFUNCTION\tFILE\tSOURCE". One that is none of these, or is out of
 * order, is passed over. */
void stacks_add(struct stacks *s, const char *part);

/* The whole, which the caller frees by cJSON_Delete; *s is empty again. NULL
 * when memory was short. */
struct cJSON *stacks_take(struct stacks *s);
void stacks_free(struct stacks *s);

/* Do the main threads of two processes stand at the same place? */
bool stacks_are_alike(const struct cJSON *a, const struct cJSON *b);

/* Has the main thread got anywhere? */
bool stacks_have_begun(const struct cJSON *stacks);

/* A number for the place of the main thread and of the tasks; 0: not known. */
uint64_t stacks_place(const struct cJSON *stacks);

/* The innermost call of the main thread, "FUNCTION (FILE:LINE)", in `to`; NULL:
 * not known. */
const char *stacks_top(const struct cJSON *stacks, char *to, size_t size);

#endif
