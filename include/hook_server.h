/* hook_server.h: the unix socket that hooks register on. Rank 2.
 *
 * The protocol stands in hello.h. A hook is freed when its `gone` callback has
 * returned. */
#ifndef PITSTOP_HOOK_SERVER_H
#define PITSTOP_HOOK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <uv.h>

struct hello;
struct hook;
struct hook_server;

struct hook_server_ops {
	/* A hook registered. The hello is the callee's to free. What is
	 * returned is given to the other two. */
	void *(*hello)(void *ctx, struct hook *h, struct hello *hello);
	/* A line came: `rest` is "" when there is none. */
	void (*line)(void *session, const char *verb, const char *rest);
	void (*gone)(void *session);
};

/* Serve a listening socket that was inherited. NULL when memory is short or
 * the descriptor is no listening socket. */
struct hook_server *hook_server_open(uv_loop_t *loop, int fd,
				     const struct hook_server_ops *ops,
				     void *ctx);

/* "verb rest\n". Everything but `go` and `say` is understood by the hook's
 * body alone: it is sent before the first of those. */
void hook_send(struct hook *h, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Have the hook take care of the debuggers that its script brings; once. */
void hook_send_adopt(struct hook *h);
/* Have the hook say where its threads are. */
void hook_send_stacks(struct hook *h);
/* Have the hook write these bytes to the step's standard output. */
void hook_say(struct hook *h, const char *text, size_t len);
/* While corked, what goes out is kept, and written at once in the end: the
 * hook gets all of it or, when this process dies, nothing. */
void hook_cork(struct hook *h, bool corked);
/* A thread said `crashed`: it is to stand and wait. A `hold` follows. */
void hook_send_postmortem(struct hook *h);
void hook_close(struct hook *h);

/* The process that connected, as this one sees it: what it says of itself may
 * be a number in another pid namespace. 0 when it cannot be told. */
pid_t hook_pid(const struct hook *h);

#endif
