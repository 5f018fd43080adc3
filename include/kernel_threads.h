/* kernel_threads.h: what the kernel knows of a process's threads, for one that
 * does not answer. Rank 1, Linux: proc_pid_stat(5), proc_pid_schedstat(5),
 * proc_pid_wchan(5), proc_pid_syscall(5). */
#ifndef PITSTOP_KERNEL_THREADS_H
#define PITSTOP_KERNEL_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cJSON;
struct kernel_threads;

/* A first look, to see later how much they ran meanwhile. NULL when memory is
 * short; the caller frees it by kernel_threads_free. */
struct kernel_threads *kernel_threads_look(pid_t pid);
void kernel_threads_free(struct kernel_threads *t);  /* NULL is allowed */

/* The second: [{"native_id", "name", "state", "wchan", "syscall", "cpu_ms"}],
 * an array that the caller frees; NULL when memory is short. `state` is a word
 * ("running", "sleeping", ...), `wchan` the kernel function that it sleeps in
 * and `syscall` the name or number of the system call, both left out when they
 * are not known (they need the right to trace it), `cpu_ms` what it has run
 * since `before`. A process that has gone has none. */
struct cJSON *kernel_threads_json(pid_t pid,
				  const struct kernel_threads *before);

/* What the main thread has had of the CPU by now. It is not `exact` when the
 * kernel counts in ticks: the thread may have run without it. False when the
 * process has gone. */
bool kernel_main_thread_cpu(pid_t pid, int64_t *ns, bool *exact);

#endif
