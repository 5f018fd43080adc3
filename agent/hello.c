#include "hello.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "cursor.h"

#define GREETING "pitstop 1 "

/* The fields that may stand once. */
enum key {
	PID, PPID, PYTHON, EXE, CWD, KIND, HOLD, TIMEOUT, LEFT, TRACED, CRASH,
	RANK, OMPI_RANK, PMI_RANK, SLURM_RANK,
	LOCAL_RANK, OMPI_LOCAL_RANK, WORLD_SIZE, OMPI_WORLD_SIZE,
	LOCAL_SIZE, OMPI_LOCAL_SIZE,
	KEYS
};

static const char *const KEY_NAMES[KEYS] = {
	[PID] = "pid",
	[PPID] = "ppid",
	[PYTHON] = "python",
	[EXE] = "exe",
	[CWD] = "cwd",
	[KIND] = "kind",
	[HOLD] = "hold",
	[TIMEOUT] = "timeout",
	[LEFT] = "left",
	[TRACED] = "traced",
	[CRASH] = "crash",
	[RANK] = "env.RANK",
	[OMPI_RANK] = "env.OMPI_COMM_WORLD_RANK",
	[PMI_RANK] = "env.PMI_RANK",
	[SLURM_RANK] = "env.SLURM_PROCID",
	[LOCAL_RANK] = "env.LOCAL_RANK",
	[OMPI_LOCAL_RANK] = "env.OMPI_COMM_WORLD_LOCAL_RANK",
	[WORLD_SIZE] = "env.WORLD_SIZE",
	[OMPI_WORLD_SIZE] = "env.OMPI_COMM_WORLD_SIZE",
	[LOCAL_SIZE] = "env.LOCAL_WORLD_SIZE",
	[OMPI_LOCAL_SIZE] = "env.OMPI_COMM_WORLD_LOCAL_SIZE",
};

static const char *const KIND_NAMES[] = {
	[HELLO_START] = "start",
	[HELLO_FORK] = "fork",
	[HELLO_AGAIN] = "again",
};

/* the greeting line */

/* 1 with the length of the fields, 0 when the line is not complete, or
 * -EPROTO, as soon as that is certain: also at a leading zero, because a line
 * of zeros would never end. */
static int take_greeting(struct cursor *c, size_t *fields)
{
	*fields = 0;
	for (const char *g = GREETING; *g; g++)
		if (!cursor_take(c, *g))
			return c->p == c->end ? 0 : -EPROTO;
	while (cursor_take_between(c, '0', '9')) {
		*fields = *fields * 10 + (size_t)(c->p[-1] - '0');
		if (*fields == 0 || *fields > HELLO_MAX)
			return -EPROTO;
	}
	if (c->p == c->end)
		return 0;
	return *fields > 0 && cursor_take(c, '\n') ? 1 : -EPROTO;
}

/* the fields */

static int find_key(const char *name, size_t len)
{
	for (int i = 0; i < KEYS; i++)
		if (strlen(KEY_NAMES[i]) == len &&
		    memcmp(KEY_NAMES[i], name, len) == 0)
			return i;
	return -1;
}

/* "key=value". What is too much of a command line is left out: its start says
 * what runs. */
static bool take_field(struct hello *h, const char *field,
		       const char *values[static KEYS])
{
	const char *value = strchr(field, '=');
	int key;

	if (!value)
		return false;
	value++;
	if (strncmp(field, "arg=", 4) == 0) {
		if (h->argc < HELLO_ARGS_MAX)
			h->args[h->argc++] = value;
		return true;
	}
	key = find_key(field, (size_t)(value - field) - 1);
	if (key < 0)
		return true;
	if (values[key])
		return false;
	values[key] = value;
	return true;
}

static bool split(struct hello *h, size_t len,
		  const char *values[static KEYS])
{
	const char *end = h->fields + len;

	if (end[-1] != '\0')
		return false;
	for (const char *f = h->fields; f < end; f += strlen(f) + 1)
		if (!take_field(h, f, values))
			return false;
	return true;
}

/* what they say */

/* Decimal digits alone, `otherwise` when it is anything else. */
static long long number(const char *text, long long max, long long otherwise)
{
	const char *bad;
	long long n;

	if (!text || strspn(text, "0123456789") != strlen(text))
		return otherwise;
	n = strtonum(text, 0, max, &bad);
	return bad ? otherwise : n;
}

/* The first of `count` keys that is a number. */
static int rank(const char *const values[static KEYS], enum key first,
		int count)
{
	int n = -1;

	for (int i = 0; i < count && n < 0; i++)
		n = (int)number(values[first + (unsigned)i], INT_MAX, -1);
	return n;
}

static bool read_kind(const char *text, enum hello_kind *kind)
{
	*kind = HELLO_START;
	if (!text)
		return true;
	for (size_t i = 0; i < sizeof(KIND_NAMES) / sizeof(KIND_NAMES[0]); i++)
		if (strcmp(text, KIND_NAMES[i]) == 0) {
			*kind = (enum hello_kind)i;
			return true;
		}
	return false;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static bool interpret(struct hello *h, const char *values[static KEYS])
{
	h->pid = (pid_t)number(values[PID], INT_MAX, -1);
	/* 0: the parent is in another pid namespace, as with `docker exec`. */
	h->ppid = (pid_t)number(values[PPID], INT_MAX, -1);
	h->python = or_empty(values[PYTHON]);
	h->exe = or_empty(values[EXE]);
	h->cwd = or_empty(values[CWD]);
	h->hold = or_empty(values[HOLD]);
	h->timeout = or_empty(values[TIMEOUT]);
	h->left_ms = number(values[LEFT], INT64_MAX, -1);
	h->crash = or_empty(values[CRASH]);
	h->traced = strcmp(or_empty(values[TRACED]), "1") == 0;
	h->rank = rank(values, RANK, LOCAL_RANK - RANK);
	h->local_rank = rank(values, LOCAL_RANK, WORLD_SIZE - LOCAL_RANK);
	h->world_size = rank(values, WORLD_SIZE, LOCAL_SIZE - WORLD_SIZE);
	h->local_size = rank(values, LOCAL_SIZE, KEYS - LOCAL_SIZE);
	return h->pid > 0 && h->ppid >= 0 && read_kind(values[KIND], &h->kind);
}

int hello_parse(const char *data, size_t len, size_t *used, struct hello *h)
{
	const char *values[KEYS] = { 0 };
	struct cursor c;
	size_t fields;
	int rc;

	if (len == 0)
		return 0;
	c = (struct cursor){ data, data + len };
	rc = take_greeting(&c, &fields);
	if (rc <= 0)
		return rc;
	if ((size_t)(c.end - c.p) < fields)
		return 0;
	*h = (struct hello){ .fields = malloc(fields) };
	if (!h->fields)
		return -ENOMEM;
	memcpy(h->fields, c.p, fields);
	if (!split(h, fields, values) || !interpret(h, values)) {
		hello_free(h);
		return -EPROTO;
	}
	*used = (size_t)(c.p - data) + fields;
	return 1;
}

void hello_free(struct hello *h)
{
	free(h->fields);
	h->fields = NULL;
}
