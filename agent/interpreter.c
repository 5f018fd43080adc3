#include "interpreter.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "file_text.h"
#include "preflight.h"

#define ANSWER_MS 10000
#define ANSWER_MAX (64 * 1024)

/* As hook/debugger.py finds it; Python 2 comes no further than its version.
 * Nothing is imported: a file beside the script could be taken for it. */
static const char QUESTION[] =
"import sys\n"
"p=sys.path\n"
"if p[:1]==['']:del p[0]\n"
"w=sys.stdout.write\n"
"w('python %d.%d.%d\\n'%sys.version_info[:3])\n"
"for d in p:w('syspath %s\\n'%d)\n"
"sys.stdout.flush()\n"
"def f(q):\n"
" for m in sys.meta_path:\n"
"  try:s=m.find_spec('debugpy',q)\n"
"  except Exception:continue\n"
"  if s and s.origin:return s.origin[:-12]\n"
"q=sys.argv[1]\n"
"d=f(None)or q and f([q])\n"
"if d:\n"
" try:v=open(d+'/_version.py').read().split('\"version\": \"')[1]\n"
" except Exception:v='?'\n"
" w('debugpy '+v.split('\"')[0])\n";

/* which one */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       access(path, X_OK) == 0;
}

static bool search(const char *name, char to[static PATH_MAX])
{
	const char *at = getenv("PATH");

	if (strchr(name, '/'))
		return strlcpy(to, name, PATH_MAX) < PATH_MAX && is_program(to);
	for (size_t len; at && *at; at += len + (at[len] == ':')) {
		len = strcspn(at, ":");
		if (len > 0 && snprintf(to, PATH_MAX, "%.*s/%s", (int)len, at,
					name) < PATH_MAX && is_program(to))
			return true;
	}
	*to = '\0';
	return false;
}

/* "python3.13t", and not "python_train.py", which asking would run. */
static bool is_python(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	if (strncmp(name, "python", 6) != 0)
		return false;
	name += 6 + strspn(name + 6, "0123456789.");
	return strcmp(name, "-dbg") == 0 || name[strspn(name, "dmtw")] == '\0';
}

/* "#!/opt/env/bin/python" or "#!/usr/bin/env python3" */
static bool follow_line(const char *script, char to[static PATH_MAX])
{
	char text[512], *rest = text + 2, *word;

	if (!file_text(script, text, sizeof(text)) ||
	    strncmp(text, "#!", 2) != 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	while ((word = strsep(&rest, " \t")))
		if (*word && is_python(word))
			return search(word, to);
	return false;
}

bool interpreter_find(const char *command, char to[static PATH_MAX],
		      char script[static PATH_MAX])
{
	*script = *to = '\0';
	if (command && search(command, to)) {
		if (is_python(to))
			return true;
		strlcpy(script, to, PATH_MAX);
		if (follow_line(script, to))
			return true;
	}
	*script = '\0';
	if (!search("python3", to))
		search("python", to);
	return false;
}

/* asking it */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In a group of its own, so that what it starts ends with it; and no step of
 * an agent's. */
static void become(const char *exe, const char *debugpy, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setpgid(0, 0);
	unsetenv("PITSTOP_SOCKET");
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execl(exe, exe, "-c", QUESTION, debugpy, (char *)NULL);
	_exit(127);
}

static void hear(int fd, struct buf *to)
{
	const int64_t until = now_ms() + ANSWER_MS;
	struct pollfd on = { .fd = fd, .events = POLLIN };
	int64_t left;
	char bytes[4096];
	ssize_t n = 1;

	while (n > 0 && to->len < ANSWER_MAX && (left = until - now_ms()) > 0 &&
	       poll(&on, 1, (int)left) > 0) {
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			buf_add(to, bytes, (size_t)n);
	}
	buf_add(to, "", 1);
}

static void take_line(struct preflight *p, const char *line)
{
	if (strncmp(line, "python ", 7) == 0)
		strlcpy(p->python, line + 7, sizeof(p->python));
	else if (strncmp(line, "debugpy ", 8) == 0)
		strlcpy(p->debugpy, line + 8, sizeof(p->debugpy));
	else if (strncmp(line, "syspath ", 8) == 0)
		buf_addf(&p->syspath, "%s\n", line + 8);
}

void interpreter_ask(struct preflight *p, const char *debugpy)
{
	struct buf said = { 0 };
	char *rest, *line;
	int ends[2];
	pid_t pid;

	if (!*p->exe || pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		become(p->exe, debugpy, ends[1]);
	close(ends[1]);
	if (pid > 0) {
		hear(ends[0], &said);
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	rest = said.data;
	while ((line = strsep(&rest, "\n")))
		take_line(p, line);
	buf_free(&said);
}
