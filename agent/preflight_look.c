#include "preflight_look.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_text.h"
#include "preflight.h"

#define FILE_MAX (64 * 1024)  /* of requirements.txt and the like */
#define LISTENS 0x0a          /* TCP_LISTEN, in /proc/net/tcp */

/* who has the port */

/* The inode of a socket that listens on it, 0: there is none. */
static unsigned long listener(const char *table, unsigned port)
{
	FILE *f = fopen(table, "re");
	unsigned long inode = 0, found = 0;
	unsigned at, state;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*s %x %*s %*s %*s %*s "
			   "%*s %lu", &at, &state, &inode) == 3 &&
		    at == port && state == LISTENS)
			found = inode;
	if (f)
		fclose(f);
	return found;
}

static bool has_open(const char *pid, const char *link)
{
	char path[300], to[64];
	DIR *d;
	struct dirent *e;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	d = opendir(path);
	while (d && !found && (e = readdir(d))) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1);

		to[n > 0 ? n : 0] = '\0';
		found = strcmp(to, link) == 0;
	}
	if (d)
		closedir(d);
	return found;
}

static void find_taker(struct preflight *p, unsigned long inode)
{
	DIR *d = opendir("/proc");
	char link[64], path[64];
	struct dirent *e;

	snprintf(link, sizeof(link), "socket:[%lu]", inode);
	while (d && !p->taken_by && (e = readdir(d)))
		if (isdigit((unsigned char)*e->d_name) &&
		    has_open(e->d_name, link))
			p->taken_by = atoi(e->d_name);
	if (d)
		closedir(d);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)p->taken_by);
	file_text(path, p->taken_name, sizeof(p->taken_name));
	p->taken_name[strcspn(p->taken_name, "\n")] = '\0';
}

static void look_at_port(struct preflight *p)
{
	unsigned long inode;

	if (p->port == p->wanted_port)
		return;
	inode = listener("/proc/net/tcp", p->wanted_port);
	if (!inode)
		inode = listener("/proc/net/tcp6", p->wanted_port);
	if (inode)
		find_taker(p, inode);
}

/* outputs */

/* Certain to be missing; what may not be looked at is no alarm. */
static bool is_missing(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR);
}

static void look_at_output(struct output *o)
{
	char parent[PATH_MAX];
	size_t len = strlen(o->path);

	if (!is_missing(o->path))
		return;
	memcpy(parent, o->path, len + 1);
	while (len > 1 && parent[len - 1] == '/')
		len--;
	while (len > 1 && parent[len - 1] != '/')
		len--;
	parent[len] = '\0';
	o->state = is_missing(parent) ? OUTPUT_NOTHING : OUTPUT_PARENT;
}

/* packages */

static void read_pins(struct preflight *p, const char *dir)
{
	static const struct {
		const char *name;
		bool conda;
	} FILES[] = {
		{ "requirements.txt", false },
		{ "conda.yml", true }, { "conda.yaml", true },
		{ "environment.yml", true }, { "environment.yaml", true },
		{ "conda_dependencies.yml", true },
		{ "conda_dependencies.yaml", true },
	};
	char path[PATH_MAX + 32], *text = malloc(FILE_MAX);

	for (size_t i = 0; text && i < sizeof(FILES) / sizeof(*FILES); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, FILES[i].name);
		if (file_text(path, text, FILE_MAX))
			pins_read(&p->pins, text, FILES[i].name,
				  FILES[i].conda);
	}
	free(text);
}

static void look_in(struct preflight *p, const char *dir, int place)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		pins_entry(&p->pins, e->d_name, place);
	if (d)
		closedir(d);
}

static void look_at_packages(struct preflight *p)
{
	const char *at = p->syspath.data;
	char dir[PATH_MAX];
	int place = 1;

	if (*p->script_dir)
		read_pins(p, p->script_dir);
	if (*p->cwd && strcmp(p->cwd, p->script_dir) != 0)
		read_pins(p, p->cwd);
	pins_found(&p->pins, "python", p->python, place);
	for (size_t len; p->pins.len && at && *at; at += len + (at[len] == '\n')) {
		len = strcspn(at, "\n");
		if (len == 0 || len >= sizeof(dir))
			continue;
		memcpy(dir, at, len);
		dir[len] = '\0';
		look_in(p, dir, ++place);
	}
}

void preflight_look(struct preflight *p)
{
	look_at_port(p);
	for (size_t i = 0; i < p->outputs_len; i++)
		look_at_output(&p->outputs[i]);
	look_at_packages(p);
}
