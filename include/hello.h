/* hello.h: what a hook says when it registers, and what it says later.
 * Rank 0, no I/O.
 *
 * The hook's protocol, version 1, over a unix stream socket:
 *
 *   hook to agent, once:  "pitstop 1 LENGTH\n" and LENGTH bytes of fields
 *                         "key=value\0"
 *   hook to agent, after: lines "verb[ rest]\n"
 *   agent to hook:        lines "verb[ rest]\n"; after "code LENGTH",
 *                         "adopt LENGTH", "postmortem LENGTH", "stacks LENGTH"
 *                         and "say LENGTH" follow LENGTH bytes
 *
 * The script's own debugger (hook/adopt.py) asks for the code by "adopt", says
 * "listen CALL" when it would listen, "wait[ MS]" when the script waits, which
 * is answered as a hold is, and "release" when it has stopped to by itself.
 *
 * To `stacks` (with hook/stacks.py, the first time) it says "stack PART" for each
 * thread, task and frame, see stacks.h, and "stack end".
 *
 * Fields: pid, ppid, python (3.11.7), exe, cwd, kind (start | fork | again),
 * hold (what the process asks for: off | step | crash | both), timeout
 * (seconds, as it was written), left (kind=again: milliseconds of the hold
 * that are left, absent when it is not held), traced (kind=again: 1 when the
 * debugger is loaded), crash (the exception that a thread stands at, as in
 * `crashed`), env.NAME for each of the known rank variables that is set, and
 * arg, once for each element of the command line, in order. pid and ppid must
 * be there, a missing kind is start, and every field but arg may stand once.
 * Unknown keys are passed over, so that a newer hook can talk to this agent.
 *
 * `inherited` tells the child of a debugged process that its debugger, which
 * it has from there, is connected. It and `attach` are followed by "debugpy
 * VERSION" from the hook once that is loaded.
 *
 * A hold at a start: `hold SECONDS`, answered by `ready VERSION` and, the first
 * time, `syspath ENTRY` for each of sys.path and `look VERSION`, or by
 * `nodebugger`; it ends by `go`. One at an exception that nothing caught: the
 * hook says `crashed TEXT` and waits for `go`, or for `postmortem` and `hold`;
 * this one ends by `go`, or by `show` when a client is in. `passed`: the
 * thread did not wait for that. `pass` instead of `go`: no thread is held at
 * its exception while another waits by the script's own call.
 *
 * `raised TYPE`, a tab, `FILE:LINE in FUNCTION`, a tab and the message, each of
 * which may be empty: an exception that nothing caught has ended the main
 * thread. */
#ifndef PITSTOP_HELLO_H
#define PITSTOP_HELLO_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define HELLO_MAX (256 * 1024)  /* bytes of fields */
#define HELLO_ARGS_MAX 256      /* what is behind them is left out */

enum hello_kind { HELLO_START, HELLO_FORK, HELLO_AGAIN };

struct hello {
	pid_t pid, ppid;                 /* ppid 0: another pid namespace */
	enum hello_kind kind;
	const char *python, *exe, *cwd;  /* "" when absent */
	const char *hold, *timeout;      /* "" when absent */
	const char *crash;               /* "" when absent */
	int64_t left_ms;                 /* -1 when absent */
	bool traced;
	int rank, local_rank, world_size; /* -1 when absent */
	int local_size;                  /* ranks on this machine, -1 */
	const char *args[HELLO_ARGS_MAX + 1];
	size_t argc;
	char *fields;                    /* owns what the rest points into */
};

/* Read a hello from the start of `data`. Returns 1 with *h and *used, 0 when
 * more bytes are needed, -EPROTO when it is none, -ENOMEM. */
int hello_parse(const char *data, size_t len, size_t *used, struct hello *h);
void hello_free(struct hello *h);

#endif
