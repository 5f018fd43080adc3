#include "cgroup_path.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

/* Is `word` one of the names between commas? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (strncmp(list, word, len) == 0 &&
		    (list[len] == ',' || list[len] == '\0' ||
		     list[len] == '\n'))
			return true;
	}
	return false;
}

/* "4:memory:/docker/abc", "0::/user.slice" */
void cgroup_path_member(struct cgroup_path *p, const char *line)
{
	char names[128] = "";
	const char *path = strchr(line, '/');
	bool v1;

	sscanf(line, "%*[0-9]:%127[^:]:", names);
	v1 = has_word(names, "memory");
	if (!path || (!v1 && (*names || *p->path)))
		return;
	p->v1 = v1;
	strlcpy(p->path, path, sizeof(p->path));
	p->path[strcspn(p->path, "\n")] = '\0';
}

/* What is left of `path` below `root`; NULL: it is not below. */
static const char *below(const char *path, const char *root)
{
	size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);

	if (strncmp(path, root, len) != 0)
		return NULL;
	path += len;
	if (strcmp(path, "/") == 0)
		return "";
	return *path == '/' || *path == '\0' ? path : NULL;
}

/* "34 31 0:31 ROOT TOP rw,relatime shared:9 - cgroup cgroup rw,memory" */
bool cgroup_path_mount(const struct cgroup_path *p, const char *line,
		       char top[static PATH_MAX],
		       char directory[static PATH_MAX])
{
	const char *type = strstr(line, " - "), *rest;
	char root[PATH_MAX], options[256] = "";
	int n;

	_Static_assert(PATH_MAX == 4096, "stands in the format");
	if (!*p->path || !type ||
	    sscanf(line, "%*s %*s %*s %4095s %4095s", root, top) != 2 ||
	    *top != '/')
		return false;
	if (!p->v1 && strncmp(type, " - cgroup2 ", 11) != 0)
		return false;
	if (p->v1 && (sscanf(type, " - cgroup %*s %255s", options) != 1 ||
		      !has_word(options, "memory")))
		return false;
	rest = below(p->path, root);
	if (!rest)      /* of a namespace that is not ours: a container's own */
		rest = "";
	n = snprintf(directory, PATH_MAX, "%s%s", top, rest);
	return n > 0 && n < PATH_MAX;
}
