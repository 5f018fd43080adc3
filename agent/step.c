#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "signals.h"
#include "terminal.h"

#define NOT_FOUND 127
#define NOT_EXECUTABLE 126

int step_become(const struct step_plan *plan)
{
	const struct step_variable *v = plan->more;

	for (; v && v->name; v++)
		setenv(v->name, v->value, 1);
	if (plan->signals)
		signals_restore(plan->signals);
	execvp(plan->argv[0], plan->argv);
	return errno;
}

/* The child's side. SIGTTOU is still blocked while it takes the terminal. */
static void run_child(const struct step_plan *plan, int report)
{
	bool give = plan->terminal->wanted && terminal_is_ours(plan->terminal);
	int error;

	setpgid(0, 0);
	if (give)
		terminal_give(plan->terminal, getpid());
	error = step_become(plan);
	while (write(report, &error, sizeof(error)) < 0 && errno == EINTR)
		;
	_exit(NOT_FOUND);
}

/* The errno of the child's exec: 0 when the pipe was closed by it. */
static int read_report(int fd)
{
	int error = 0;
	ssize_t n;

	do
		n = read(fd, &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? error : 0;
}

pid_t step_start(const struct step_plan *plan, int *error)
{
	int report[2];
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		pid = -errno;
	if (pid == 0)
		run_child(plan, report[1]);
	close(report[1]);
	*error = pid > 0 ? read_report(report[0]) : 0;
	close(report[0]);
	if (*error == 0)
		return pid;
	waitpid(pid, NULL, 0);
	terminal_take(plan->terminal, pid);
	return 0;
}

int step_cannot_run(const char *command, int error)
{
	if (error != ENOENT) {
		log_warn("cannot run '%s': %s", command, strerror(error));
		return NOT_EXECUTABLE;
	}
	/* exec says the same of a script whose interpreter is missing. */
	if (strchr(command, '/') && access(command, F_OK) == 0) {
		log_warn("cannot run '%s': its interpreter is not there",
			 command);
		return NOT_EXECUTABLE;
	}
	log_warn("cannot run '%s': %s", command, strerror(error));
	return NOT_FOUND;
}

int step_exit_status(int wait_status)
{
	if (WIFSIGNALED(wait_status))
		return 128 + WTERMSIG(wait_status);
	return WEXITSTATUS(wait_status);
}
