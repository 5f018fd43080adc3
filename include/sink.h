/* sink.h: where the run log's events go. A plain struct, for those of any rank;
 * each kind of sink is a file sink_*.c (rank 2). A sink is the process's: it is
 * never closed. */
#ifndef PITSTOP_SINK_H
#define PITSTOP_SINK_H

#include <stdbool.h>

struct event;

struct sink {
	const char *name;  /* for the log and the metrics: "MLflow" */
	const char *where; /* its file, or what may be told of its URL; NULL:
			      there is none yet */
	const char *why;   /* what went wrong last */
	bool stopped;      /* which has been told: nothing goes there */
	unsigned slot;     /* the run log's: its bit in an event's `waiting` */
	/* The others are not for it. NULL: all are. */
	bool (*wants)(const struct event *e);
	/* Take it in, one that it wants; event_hold keeps it. Never waits. What
	 * becomes of it is told to the spool, by spool_done. */
	void (*take)(struct sink *s, struct event *e);
	/* The run is over: call done(ctx) once, from here or later, when
	 * nothing is left to deliver. */
	void (*finish)(struct sink *s, void (*done)(void *ctx), void *ctx);
};

#endif
