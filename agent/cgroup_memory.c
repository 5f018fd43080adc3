#include "cgroup_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_path.h"

#define LINE_MAX_BYTES 4096  /* a longer one is none of a cgroup */
#define NO_LIMIT ((int64_t)1 << 62)  /* how version 1 says it: a bit less than
					2^63 */

/* Where no memory is counted for it, what is above counts it. */
static void climb(struct cgroup_memory *c, const char *top, const char *file)
{
	char path[PATH_MAX + 32];

	for (;;) {
		snprintf(path, sizeof(path), "%s/%s", c->directory, file);
		if (access(path, R_OK) == 0)
			return;
		if (strlen(c->directory) <= strlen(top))
			break;
		*strrchr(c->directory, '/') = '\0';
	}
	*c->directory = '\0';
}

static int64_t read_number(const struct cgroup_memory *c, const char *file,
			   const char *name)
{
	char path[PATH_MAX + 32], text[512], *at = text;
	ssize_t n;
	int fd;

	if (!*c->directory)
		return -1;
	snprintf(path, sizeof(path), "%s/%s", c->directory, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (name)
		at = strstr(text, name);
	if (!at)
		return -1;
	at += name ? strlen(name) : 0;
	return *at >= '0' && *at <= '9' ? strtoll(at, NULL, 10) : -1;
}

static int64_t read_kills(const struct cgroup_memory *c)
{
	return c->v1 ? read_number(c, "memory.oom_control", "oom_kill ")
		     : read_number(c, "memory.events", "oom_kill ");
}

void cgroup_memory_open(struct cgroup_memory *c)
{
	char line[LINE_MAX_BYTES], top[PATH_MAX];
	struct cgroup_path p = { .path = "" };
	FILE *f = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (f && fgets(line, sizeof(line), f))
		cgroup_path_member(&p, line);
	if (f)
		fclose(f);
	f = *p.path ? fopen("/proc/self/mountinfo", "re") : NULL;
	while (f && !found && fgets(line, sizeof(line), f))
		found = cgroup_path_mount(&p, line, top, c->directory);
	if (f)
		fclose(f);
	c->v1 = p.v1;
	if (found)
		climb(c, top, p.v1 ? "memory.oom_control" : "memory.events");
	else
		*c->directory = '\0';
	c->kills_before = read_kills(c);
}

int64_t cgroup_memory_kills(const struct cgroup_memory *c)
{
	int64_t now = read_kills(c);

	return now < 0 || c->kills_before < 0 ? -1 : now - c->kills_before;
}

int64_t cgroup_memory_peak(const struct cgroup_memory *c)
{
	return read_number(c, c->v1 ? "memory.max_usage_in_bytes"
				    : "memory.peak", NULL);
}

int64_t cgroup_memory_own_limit(const struct cgroup_memory *c)
{
	int64_t limit = read_number(c, c->v1 ? "memory.limit_in_bytes"
					     : "memory.max", NULL);

	return limit < NO_LIMIT ? limit : -1;
}
