#include "sink_journal.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "buf.h"
#include "config.h"
#include "event.h"
#include "event_queue.h"
#include "log.h"
#include "sink.h"
#include "spool.h"

#define WAITING_MAX (1 << 20)  /* bytes that wait for a slow disk */
#define TAIL_MAX (2 * WAITING_MAX)  /* of what was there before; the most that
				       is written at once is less */
#define ID_BYTES 40            /* {"id":"...": so a line begins, its own */
#define LOGS "AZUREML_CR_HT_CAP_logs_PATH"

/* A disk may be far away and dead, so that the loop never waits for one: all
 * is done by libuv's threads, one thing at a time. */
struct journal {
	struct sink sink;
	uv_loop_t *loop;
	uv_fs_t fs;
	uv_file fd;          /* -1: not open */
	const char *dirs[2]; /* to be tried */
	size_t dir_count, dir;
	char path[PATH_MAX + 128];
	struct buf waiting, writing;
	struct event_queue events;  /* that are not in the file yet */
	size_t events_writing;
	bool busy;
	bool wanted;         /* by its user, who hears why there is none */
	bool warned;
	bool off;            /* none could be opened */
	bool torn;           /* the last line in it is not whole */
	char *tail;          /* of what was there before */
	bool write_only;     /* tried where it must not be read */
	void (*done)(void *ctx);
	void *ctx;
};

static void work(struct journal *j);

static void warn(struct journal *j, int error)
{
	if (!j->warned)
		log_warn("the journal %s cannot be written: %s; the step goes "
			 "on without it", j->path, uv_strerror(error));
	j->warned = true;
}

static void rest(struct journal *j)
{
	j->busy = false;
	uv_fs_req_cleanup(&j->fs);
}

/* opening */

static void give_up(struct journal *j, int error)
{
	if (j->wanted)
		warn(j, error);
	buf_free(&j->waiting);
	event_queue_shift(&j->events, j->events.count);
	j->off = true;
}

/* An agent that died may have written the first events and not have told that.
 * `tail` ends with a whole line: half a line is no event. */
static void leave_out_known(struct journal *j, size_t tail)
{
	const char *at = j->tail, *end = at + tail;
	const char *line = j->waiting.data, *waiting = line + j->waiting.len;
	unsigned known = 0;

	for (; line < waiting; known++) {
		at = memmem(at, (size_t)(end - at), line, ID_BYTES);
		if (!at)
			break;
		line = (char *)memchr(line, '\n',
				      (size_t)(waiting - line)) + 1;
	}
	buf_consume(&j->waiting, (size_t)(line - j->waiting.data));
	event_queue_shift(&j->events, known);
}

static void on_tail(uv_fs_t *fs)
{
	struct journal *j = fs->data;
	size_t n = fs->result > 0 ? (size_t)fs->result : 0;
	char *end = n > 0 ? memrchr(j->tail, '\n', n) : NULL;

	j->torn = n > 0 && j->tail[n - 1] != '\n';
	if (end && j->waiting.len > 0)
		leave_out_known(j, (size_t)(end + 1 - j->tail));
	free(j->tail);
	rest(j);
	work(j);
}

static void on_size(uv_fs_t *fs)
{
	struct journal *j = fs->data;
	int64_t size = fs->result == 0 ? (int64_t)fs->statbuf.st_size : 0;
	size_t len = size < TAIL_MAX ? (size_t)size : TAIL_MAX;
	uv_buf_t b;

	rest(j);
	j->tail = malloc(len);
	b = uv_buf_init(j->tail, (unsigned)len);
	if (len > 0 && j->tail)
		j->busy = uv_fs_read(j->loop, &j->fs, j->fd, &b, 1,
				     size - (int64_t)len, on_tail) == 0;
	if (!j->busy)
		free(j->tail);
	work(j);
}

/* An agent that died may have left half a line in it. */
static void on_open(uv_fs_t *fs)
{
	struct journal *j = fs->data;
	int rc = (int)fs->result;

	rest(j);
	if (rc >= 0) {
		j->fd = rc;
		j->sink.where = j->path;
		j->busy = uv_fs_fstat(j->loop, &j->fs, j->fd, on_size) == 0;
	} else if (!j->write_only) {
		j->write_only = true;
	} else {
		j->write_only = false;
		if (++j->dir == j->dir_count)
			give_up(j, rc);
	}
	work(j);
}

/* Each machine has its own where they share a directory. */
static int open_file(struct journal *j)
{
	char node[HOST_NAME_MAX + 1] = "";

	gethostname(node, sizeof(node) - 1);
	snprintf(j->path, sizeof(j->path), "%s/pitstop-%s.jsonl",
		 j->dirs[j->dir], node);
	return uv_fs_open(j->loop, &j->fs, j->path,
			  (j->write_only ? O_WRONLY : O_RDWR) | O_APPEND |
			  O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644,
			  on_open);
}

/* writing */

static void on_synced(uv_fs_t *fs)
{
	struct journal *j = fs->data;

	rest(j);  /* where it cannot be done, as in a pipe, it is not */
	work(j);
}

static void on_written(uv_fs_t *fs)
{
	struct journal *j = fs->data;
	ssize_t n = fs->result;

	rest(j);
	if (n <= 0) {
		warn(j, n < 0 ? (int)n : UV_EIO);
		buf_consume(&j->writing, j->writing.len);
	} else {
		j->torn = j->writing.data[n - 1] != '\n';
		buf_consume(&j->writing, (size_t)n);
	}
	if (j->writing.len == 0) {
		event_queue_shift(&j->events, j->events_writing);
		j->events_writing = 0;
	}
	if (n > 0 && j->writing.len == 0)
		j->busy = uv_fs_fdatasync(j->loop, &j->fs, j->fd,
					  on_synced) == 0;
	if (!j->busy)
		work(j);
}

/* What is left of a line that could not be written ends where the next begins.
 */
static bool next_lines(struct journal *j)
{
	if ((j->torn && !buf_add(&j->writing, "\n", 1)) ||
	    !buf_add(&j->writing, j->waiting.data, j->waiting.len))
		return false;
	buf_consume(&j->waiting, j->waiting.len);
	j->events_writing = j->events.count;
	return true;
}

static int write_some(struct journal *j)
{
	uv_buf_t b;

	if (j->writing.len == 0 && !next_lines(j))
		return UV_ENOMEM;
	b = uv_buf_init(j->writing.data, (unsigned)j->writing.len);
	return uv_fs_write(j->loop, &j->fs, j->fd, &b, 1, -1, on_written);
}

static void work(struct journal *j)
{
	size_t left = j->waiting.len + j->writing.len;

	if (j->busy)
		return;
	if (left > 0) {
		j->busy = (j->fd < 0 ? open_file(j) : write_some(j)) == 0;
		return;
	}
	if (j->done)
		j->done(j->ctx);
	j->done = NULL;
}

static bool add_line(struct buf *to, const struct event *e)
{
	cJSON *json = event_json(e);
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;
	bool done = text && buf_addf(to, "%s\n", text);

	cJSON_free(text);
	cJSON_Delete(json);
	return done;
}

static bool hold(struct journal *j, struct event *e)
{
	size_t before = j->waiting.len;

	if (before <= WAITING_MAX && add_line(&j->waiting, e) &&
	    event_queue_add(&j->events, e))
		return true;
	j->waiting.len = before;  /* a line for each of `events` */
	warn(j, UV_ENOBUFS);
	return false;
}

static void take(struct sink *s, struct event *e)
{
	struct journal *j = (struct journal *)s;

	if (j->off || !hold(j, e))
		spool_done(e, s->slot);
	work(j);
}

static void finish(struct sink *s, void (*done)(void *ctx), void *ctx)
{
	struct journal *j = (struct journal *)s;

	j->done = done;
	j->ctx = ctx;
	work(j);
}

static void on_gone(void *ctx, struct event *e)
{
	struct journal *j = ctx;

	spool_done(e, j->sink.slot);
}

static void add_dir(struct journal *j, const char *dir)
{
	if (dir && *dir)
		j->dirs[j->dir_count++] = dir;
}

static void choose_dirs(struct journal *j, const struct config *config)
{
	if (strcmp(config->log_dir, "none") == 0)
		return;
	j->wanted = *config->log_dir;
	if (j->wanted) {
		add_dir(j, config->log_dir);
		return;
	}
	add_dir(j, getenv(LOGS));
	add_dir(j, "logs");
}

struct sink *sink_journal_open(uv_loop_t *loop, const struct config *config)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	choose_dirs(j, config);
	if (j->dir_count == 0) {
		free(j);
		return NULL;
	}
	j->sink = (struct sink){ .name = "journal", .take = take,
				 .finish = finish };
	event_queue_init(&j->events, on_gone, j);
	j->loop = loop;
	j->fs.data = j;
	j->fd = -1;
	return &j->sink;
}
