#include "sink_mlflow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mbedtls/base64.h>

#include "buf.h"
#include "log.h"
#include "mlflow.h"
#include "upload.h"

#define TOKEN_FILE "MLFLOW_TRACKING_TOKEN_FILE"
#define TOKEN_MAX 16384  /* bytes */

static struct {
	struct mlflow_batch batch;
	struct buf url, authorization;
	const char *headers[2];
	const char *file;   /* of the token, NULL: there is none */
	struct timespec changed;
	bool warned;
} mlflow;

static size_t encode(void *ctx, struct event *const *events, size_t n,
		     struct buf *to)
{
	(void)ctx;
	return mlflow_encode(to, &mlflow.batch, events, n);
}

/* That is how a param is refused that another agent of the same run has set
 * to something else. */
static void judge(void *ctx, int status, const char *body,
		  struct event *const *events, enum verdict *verdicts,
		  size_t n)
{
	(void)ctx;
	(void)body;
	(void)events;
	if (status != 400 || mlflow.batch.tags_only)
		return;
	mlflow.batch.tags_only = true;
	for (size_t i = 0; i < n; i++)
		verdicts[i] = VERDICT_AGAIN;
}

static const char *variable(const char *name, const char *otherwise)
{
	const char *text = getenv(name);

	if (text && *text)
		return text;
	return otherwise ? variable(otherwise, NULL) : NULL;
}

static bool add_basic(struct buf *to, const char *user, const char *password)
{
	struct buf plain = { 0 };
	unsigned char text[2048];
	size_t len;
	bool done = buf_addf(&plain, "%s:%s", user, password) &&
		    mbedtls_base64_encode(text, sizeof(text), &len,
					  (unsigned char *)plain.data,
					  plain.len) == 0 &&
		    buf_addf(to, "Authorization: Basic %s", text);

	buf_free(&plain);
	return done;
}

/* A line's end, which a file may have left in it, would end the header. */
static bool set_bearer(const char *token)
{
	struct buf b = { 0 };
	size_t len = strcspn(token, "\r\n");

	if (len == 0 || !buf_addf(&b, "Authorization: Bearer %.*s", (int)len,
				  token))
		return false;
	buf_free(&mlflow.authorization);
	mlflow.authorization = b;
	mlflow.headers[0] = b.data;
	return true;
}

/* Whoever could write to it could have our events for his server's. */
static const char *what_is_wrong(const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || st->st_size >= TOKEN_MAX)
		return "it is no small file";
	if (st->st_mode & S_IWOTH ||
	    (st->st_uid != 0 && st->st_uid != geteuid()))
		return "others may write to it";
	return NULL;
}

/* NULL, or what is wrong with it. `text` is "" unless it has been read: it has
 * not changed. */
static const char *read_token(int fd, char text[static TOKEN_MAX],
			      struct timespec *changed)
{
	const char *wrong;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return "it cannot be read";
	if (st.st_mtim.tv_sec == changed->tv_sec &&
	    st.st_mtim.tv_nsec == changed->tv_nsec)
		return NULL;
	wrong = what_is_wrong(&st);
	if (wrong)
		return wrong;
	n = read(fd, text, TOKEN_MAX - 1);
	if (n <= 0 || text[0] == '\r' || text[0] == '\n')
		return "it is empty or cannot be read";
	text[n] = '\0';
	*changed = st.st_mtim;
	return NULL;
}

static const char *open_token(char text[static TOKEN_MAX],
			      struct timespec *changed)
{
	/* it may be a pipe that nobody writes to */
	int fd = open(mlflow.file, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
		      O_NOCTTY);
	const char *wrong;

	if (fd < 0)
		return errno == ENOENT ? "it is not there"
				       : "it cannot be read";
	wrong = read_token(fd, text, changed);
	close(fd);
	return wrong;
}

/* The file's token from now on, if it has another one than last time. */
static bool refresh(void *ctx)
{
	char text[TOKEN_MAX] = "";
	const char *wrong;
	bool done;

	(void)ctx;
	if (!mlflow.file)
		return false;
	wrong = open_token(text, &mlflow.changed);
	if (wrong && !mlflow.warned)
		log_warn("MLflow: the file that " TOKEN_FILE " names has no "
			 "token (%s); the one before counts", wrong);
	done = !wrong && *text && set_bearer(text);
	mlflow.warned = wrong || (mlflow.warned && !done);
	explicit_bzero(text, sizeof(text));
	return done;
}

/* As for MLflow's own client a password counts before a token. */
static bool add_authorization(void)
{
	const char *user = variable("MLFLOW_TRACKING_USERNAME", NULL);
	const char *password = variable("MLFLOW_TRACKING_PASSWORD", NULL);
	const char *token = variable("MLFLOW_TRACKING_TOKEN", NULL);

	if (user && password) {
		if (!add_basic(&mlflow.authorization, user, password))
			return false;
		mlflow.headers[0] = mlflow.authorization.data;
		return true;
	}
	mlflow.file = variable(TOKEN_FILE, NULL);
	if (token)
		set_bearer(token);
	return true;
}

struct sink *sink_mlflow_open(uv_loop_t *loop)
{
	static struct upload_kind kind = {
		.name = "MLflow",
		.metric = METRIC_SINK_MLFLOW,
		.batch = UPLOAD_BATCH_MAX,
		.encode = encode,
		.judge = judge,
		.refresh = refresh,
	};
	const char *uri = variable("MLFLOW_TRACKING_URI", NULL);

	mlflow.batch.run = variable("MLFLOW_RUN_ID", "AZUREML_RUN_ID");
	mlflow.batch.node = variable("AZUREML_CR_NODE_RANK", "NODE_RANK");
	if (!uri || !mlflow.batch.run || !mlflow_url(&mlflow.url, uri) ||
	    !add_authorization())
		return NULL;
	kind.headers = mlflow.headers;
	kind.url = mlflow.url.data;
	return upload_open(loop, &kind, NULL);
}
