/* hook_data.h: the hook's files, embedded. Rank 0. */
#ifndef PITSTOP_HOOK_DATA_H
#define PITSTOP_HOOK_DATA_H

#include <stddef.h>

/* agent/hook/sitecustomize.py, which interpreters load at their start. */
extern const char hook_stub[];
extern const size_t hook_stub_len;

/* agent/hook/hook.py with debugger.py and tracing.py behind it, which the agent
 * sends to the stub when it is needed. */
extern const char hook_body[];
extern const size_t hook_body_len;

/* agent/hook/postmortem.py, the same for a process that fails. */
extern const char hook_postmortem[];
extern const size_t hook_postmortem_len;

/* agent/hook/adopt.py, for scripts that bring a debugger of their own. */
extern const char hook_adopt[];
extern const size_t hook_adopt_len;

/* agent/hook/stacks.py, which says where the threads are. */
extern const char hook_stacks[];
extern const size_t hook_stacks_len;

#endif
