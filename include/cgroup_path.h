/* cgroup_path.h: where a cgroup's memory files are, as /proc/self tells it.
 * Rank 0, no I/O. Paths have PATH_MAX bytes. */
#ifndef PITSTOP_CGROUP_PATH_H
#define PITSTOP_CGROUP_PATH_H

#include <limits.h>
#include <stdbool.h>

struct cgroup_path {
	char path[PATH_MAX];  /* in its hierarchy, as this process sees it;
				 "": there is none */
	bool v1;
};

/* A line of /proc/self/cgroup. A hierarchy of version 1 that has memory wins. */
void cgroup_path_member(struct cgroup_path *p, const char *line);

/* A line of /proc/self/mountinfo: is it that hierarchy's, and reaches down to
 * that cgroup? Then `top` is where it is mounted, and `directory` the
 * cgroup's. */
bool cgroup_path_mount(const struct cgroup_path *p, const char *line,
		       char top[static PATH_MAX],
		       char directory[static PATH_MAX]);

#endif
