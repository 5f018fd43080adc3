/* sink.h: where the run log's events go. A plain struct, for those of any rank;
 * each kind of sink is a file sink_*.c (rank 2). A sink is the process's: it is
 * never closed. */
#ifndef PITSTOP_SINK_H
#define PITSTOP_SINK_H

struct event;

struct sink {
	const char *name;  /* for the log and the metrics: "MLflow" */
	/* Take it in; event_hold keeps it. Never waits. */
	void (*take)(struct sink *s, struct event *e);
	/* The run is over: call done(ctx) once, from here or later, when
	 * nothing is left to deliver. NULL: never anything. */
	void (*finish)(struct sink *s, void (*done)(void *ctx), void *ctx);
};

#endif
