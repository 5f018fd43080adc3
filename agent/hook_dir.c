#include "hook_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bsd/string.h>

#include "hook_data.h"

#define STUB "sitecustomize.py"
#define CACHE "__pycache__"
#define REMOVE_TRIES 3      /* an interpreter may still write to it */
#define ZIP_END_LEN 22      /* of the record that ends a zip file ... */
#define ZIP_END "PK\005\006"  /* ... and its signature (APPNOTE.TXT, 4.3.16) */

/* the directory */

static bool write_stub(int dir)
{
	int fd = openat(dir, STUB, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	char first;
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, hook_stub, hook_stub_len) == (ssize_t)hook_stub_len &&
	     fchmod(fd, 0644) == 0 && pread(fd, &first, 1, 0) == 1 &&
	     first == *hook_stub;
	close(fd);
	return ok;
}

/* mkdtemp made it for the owner alone; a step may change its user. */
static bool fill_dir(const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool ok;

	if (dir < 0)
		return false;
	ok = write_stub(dir) && fchmod(dir, 0755) == 0;
	close(dir);
	return ok;
}

static void remove_files(int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;

	if (!d) {
		close(dir);
		return;
	}
	while ((e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

/* The stub, and what interpreters have put beside it: compiled forms in
 * __pycache__ (Python 3) or in place (Python 2). */
static bool remove_dir(const char *path)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int dir = open(path, flags);
	int cache = dir < 0 ? -1 : openat(dir, CACHE, flags);

	if (cache >= 0) {
		remove_files(cache);
		unlinkat(dir, CACHE, AT_REMOVEDIR);
	}
	if (dir >= 0)
		remove_files(dir);
	return rmdir(path) == 0;
}

static bool make_dir(struct hook_dir *d, const char *below)
{
	/* PYTHONPATH is cut at colons and means nothing when relative. */
	if (!below || *below != '/' || strchr(below, ':'))
		return false;
	if (snprintf(d->path, sizeof(d->path), "%s/pitstop-XXXXXX", below) >=
	    (int)sizeof(d->path) || !mkdtemp(d->path))
		return false;
	if (fill_dir(d->path)) {
		d->made = true;
		return true;
	}
	remove_dir(d->path);
	return false;
}

/* the binary */

static bool ends_as_zip(int fd)
{
	char end[ZIP_END_LEN];
	off_t size = lseek(fd, 0, SEEK_END);

	return size > ZIP_END_LEN &&
	       pread(fd, end, sizeof(end), size - ZIP_END_LEN) ==
			ZIP_END_LEN &&
	       memcmp(end, ZIP_END, strlen(ZIP_END)) == 0;
}

/* Its name, if the step can use it as whatever user it becomes. */
static bool name_binary(int fd, char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	struct stat by_name, by_fd;

	if (len <= 0)
		return false;
	path[len] = '\0';
	return !strchr(path, ':') && stat(path, &by_name) == 0 &&
	       fstat(fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino &&
	       by_name.st_dev == by_fd.st_dev && (by_name.st_mode & S_IROTH);
}

static void use_binary(struct hook_dir *d)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	*d->path = '\0';
	if (fd < 0)
		return;
	if (!ends_as_zip(fd) || name_binary(fd, d->path, sizeof(d->path))) {
		close(fd);
		return;
	}
	d->fd = fd;
	snprintf(d->path, sizeof(d->path), "/proc/%d/fd/%d", (int)getpid(),
		 fd);
}

/* both */

/* True when the hook of a `pitstop run` around this one comes first. */
static bool is_there(const char *outer)
{
	const char *pythonpath = getenv("PYTHONPATH");
	size_t len = outer ? strlen(outer) : 0;

	return len > 0 && pythonpath && strncmp(pythonpath, outer, len) == 0 &&
	       (pythonpath[len] == ':' || pythonpath[len] == '\0') &&
	       access(outer, R_OK) == 0;
}

void hook_dir_open(struct hook_dir *d)
{
	const char *outer = getenv(HOOK_DIR_VARIABLE);
	const char *const places[] = {
		getenv("TMPDIR"), "/dev/shm", "/tmp", "/var/tmp", "/run"
	};

	*d = (struct hook_dir){ .fd = -1 };
	if (is_there(outer)) {
		strlcpy(d->path, outer, sizeof(d->path));
		return;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (make_dir(d, places[i]))
			return;
	use_binary(d);
}

void hook_dir_close(struct hook_dir *d)
{
	for (int i = 0; d->made && i < REMOVE_TRIES; i++)
		d->made = !remove_dir(d->path);
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

char *hook_dir_pythonpath(const struct hook_dir *d)
{
	const char *old = getenv("PYTHONPATH");
	char *joined;

	if (!*d->path || is_there(d->path))
		return NULL;
	if (!old)
		old = "";
	if (asprintf(&joined, "%s%s%s", d->path, *old ? ":" : "", old) < 0)
		return NULL;
	return joined;
}
