#include "session_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#include "buf.h"
#include "printable.h"

#define SESSIONS_MAX 10000  /* more than these are no answer of ours */

/* reading */

static const cJSON *get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static void take_text(const cJSON *object, const char *name, char *to,
		      size_t size)
{
	const char *text = cJSON_GetStringValue(get(object, name));

	strlcpy(to, text ? text : "", size);
	printable(to, strlen(to));
}

static int64_t take_number(const cJSON *object, const char *name, double max,
			   int64_t otherwise)
{
	const cJSON *n = get(object, name);

	return cJSON_IsNumber(n) && n->valuedouble >= 0 &&
	       n->valuedouble <= max ? (int64_t)n->valuedouble : otherwise;
}

/* RFC 3339 in UTC, "...T10:05:00.123Z"; 0 for anything else. */
static int64_t take_time(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(get(object, name));
	struct tm tm = { 0 };
	int ms = 0;

	if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &tm.tm_year,
			    &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
			    &tm.tm_sec, &ms) != 7)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

/* The file's path is the client's own, of Windows maybe. */
static void take_pause(const cJSON *paused, char *to, size_t size)
{
	char path[512], *name = path, *slash;

	if (!cJSON_IsObject(paused))
		return;
	take_text(paused, "file", path, sizeof(path));
	while ((slash = strpbrk(name, "/\\")))
		name = slash + 1;
	if (*name)
		snprintf(to, size, "paused at %.60s:%lld", name, (long long)
			 take_number(paused, "line", INT32_MAX, 0));
	else
		strlcpy(to, "paused", size);
}

static bool take_one(const cJSON *from, struct listed *to)
{
	const cJSON *hold = get(from, "hold");

	to->pid = (int)take_number(from, "pid", INT32_MAX, 0);
	to->rank = (int)take_number(from, "rank", INT32_MAX, -1);
	to->port = (uint16_t)take_number(from, "port", UINT16_MAX, 0);
	to->held = cJSON_IsObject(hold);
	to->stalled = cJSON_IsObject(get(from, "stalled"));
	to->left = take_number(hold, "seconds_left", INT32_MAX, 0);
	to->deadline = take_time(hold, "deadline");
	take_text(from, "state", to->state, sizeof(to->state));
	take_pause(get(from, "paused"), to->paused, sizeof(to->paused));
	take_text(from, "name", to->name, sizeof(to->name));
	take_text(from, "failed", to->failed, sizeof(to->failed));
	take_text(from, "host", to->host, sizeof(to->host));
	take_text(get(from, "client"), "address", to->client,
		  sizeof(to->client));
	return to->pid > 0;
}

static bool take_all(const cJSON *list, struct session_list *to)
{
	int n = cJSON_GetArraySize(list);
	const cJSON *one;

	if (!cJSON_IsArray(list) || n > SESSIONS_MAX)
		return false;
	to->at = calloc((size_t)n + 1, sizeof(*to->at));
	if (!to->at)
		return false;
	cJSON_ArrayForEach(one, list)
		if (!take_one(one, &to->at[to->len++]))
			return false;
	return true;
}

/* As on the status page: a rank's own children have its number, too. */
static int by_rank(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

bool session_list_parse(const char *json, struct session_list *to)
{
	cJSON *all = cJSON_Parse(json);
	bool ok;

	*to = (struct session_list){ 0 };
	ok = take_all(get(all, "sessions"), to);
	if (!ok)
		session_list_free(to);
	else if (to->len > 0)
		qsort(to->at, to->len, sizeof(*to->at), by_rank);
	cJSON_Delete(all);
	return ok;
}

void session_list_free(struct session_list *l)
{
	free(l->at);
	*l = (struct session_list){ 0 };
}

/* Extended holds differ by a second at least. */
static bool same_one(const struct listed *a, const struct listed *b)
{
	return a->pid == b->pid && a->rank == b->rank && a->held == b->held &&
	       a->stalled == b->stalled &&
	       llabs(a->deadline - b->deadline) < 500 &&
	       strcmp(a->state, b->state) == 0 &&
	       strcmp(a->paused, b->paused) == 0 &&
	       strcmp(a->client, b->client) == 0 &&
	       strcmp(a->failed, b->failed) == 0;
}

bool session_list_same(const struct session_list *a,
		       const struct session_list *b)
{
	for (size_t i = 0; a->len == b->len && i < a->len; i++)
		if (!same_one(&a->at[i], &b->at[i]))
			return false;
	return a->len == b->len;
}

/* writing */

enum column { RANK, PID, STATE, LEFT, CLIENT, SCRIPT, COLUMNS };

static const char *const TITLES[COLUMNS] = {
	"RANK", "PID", "STATE", "LEFT", "CLIENT", "SCRIPT"
};

#define CELL 320

void session_left_text(int64_t seconds, char to[static SESSION_LEFT_SIZE])
{
	int h = (int)(seconds / 3600), m = (int)(seconds / 60 % 60),
	    s = (int)(seconds % 60);

	if (h)
		snprintf(to, SESSION_LEFT_SIZE, "%d:%02d:%02d", h, m, s);
	else
		snprintf(to, SESSION_LEFT_SIZE, "%d:%02d", m, s);
}

static void number_text(int number, char to[static CELL])
{
	if (number >= 0)
		snprintf(to, CELL, "%d", number);
}

static void cell(const struct listed *s, enum column c, char to[static CELL])
{
	strlcpy(to, "-", CELL);
	if (c == RANK)
		number_text(s->rank, to);
	else if (c == PID)
		number_text(s->pid, to);
	else if (c == STATE)
		snprintf(to, CELL, "%s%s",
			 *s->paused ? s->paused : s->state,
			 s->stalled ? ", stalled" : "");
	else if (c == LEFT && s->held)
		session_left_text(s->left, to);
	else if (c == CLIENT && *s->client)
		strlcpy(to, s->client, CELL);
	else if (c == SCRIPT)
		snprintf(to, CELL, "%s%s%s", s->name,
			 *s->failed ? ": " : "", s->failed);
}

static bool is_empty(const struct session_list *l, enum column c)
{
	for (size_t i = 0; c == RANK && i < l->len; i++)
		if (l->at[i].rank >= 0)
			return false;
	return c == RANK;
}

static int width(const struct session_list *l, enum column c)
{
	size_t most = strlen(TITLES[c]);
	char text[CELL];

	for (size_t i = 0; i < l->len; i++) {
		cell(&l->at[i], c, text);
		if (strlen(text) > most)
			most = strlen(text);
	}
	return (int)most;
}

/* Numbers stand to the right; the last column has no blanks behind it. */
static bool write_cell(struct buf *to, const char *text, enum column c,
		       int wide)
{
	if (c == SCRIPT)
		return buf_addf(to, "%s\n", text);
	if (c == STATE || c == CLIENT)
		wide = -wide;
	return buf_addf(to, "%*s  ", wide, text);
}

/* NULL: the titles. */
static bool write_row(struct buf *to, const struct session_list *l,
		      const struct listed *s, const int wide[static COLUMNS])
{
	char text[CELL];

	for (enum column c = 0; c < COLUMNS; c++) {
		if (is_empty(l, c))
			continue;
		if (s)
			cell(s, c, text);
		if (!write_cell(to, s ? text : TITLES[c], c, wide[c]))
			return false;
	}
	return true;
}

bool session_list_write(struct buf *to, const struct session_list *l)
{
	int wide[COLUMNS];
	bool ok;

	if (l->len == 0)
		return buf_addf(to, "no Python process of the step runs\n");
	for (enum column c = 0; c < COLUMNS; c++)
		wide[c] = width(l, c);
	ok = write_row(to, l, NULL, wide);
	for (size_t i = 0; ok && i < l->len; i++)
		ok = write_row(to, l, &l->at[i], wide);
	if (ok && l->at[0].port)
		ok = buf_addf(to, "debuggers connect to %s:%u\n",
			      l->at[0].host, l->at[0].port);
	return ok;
}
