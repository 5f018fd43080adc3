/* session_list.h: what an agent tells a command of its sessions, and as a table
 * that a person reads. Rank 0, no I/O. */
#ifndef PITSTOP_SESSION_LIST_H
#define PITSTOP_SESSION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Texts have no control characters, and are cut where they are too long. */
struct listed {
	int pid;
	int rank;                /* -1: none */
	bool held;
	bool stalled;
	int64_t left;            /* seconds, of a hold */
	int64_t deadline;        /* ms since the epoch, of a hold */
	char state[32];
	char paused[96];         /* "paused at train.py:12", "paused", "" */
	char name[128];          /* of the script or module */
	char client[64];         /* "": none is in */
	char failed[160];        /* "": it is held at no exception */
	char host[64];
	uint16_t port;           /* 0: a debugger can connect nowhere */
};

struct session_list {
	struct listed *at;
	size_t len;
};

/* Read the answer to GET /v1/sessions; ranks come in their order, behind what
 * has none. False when it is no such answer, or memory is short. */
bool session_list_parse(const char *json, struct session_list *to);
void session_list_free(struct session_list *l);

/* Are these the same but for the countdown? */
bool session_list_same(const struct session_list *a,
		       const struct session_list *b);

/* Append the table, a line each. False when memory is short. */
bool session_list_write(struct buf *to, const struct session_list *l);

#define SESSION_LEFT_SIZE 24

/* "4:12", "1:00:00" */
void session_left_text(int64_t seconds, char to[static SESSION_LEFT_SIZE]);

#endif
