#include "sink_mlflow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>

#include "buf.h"
#include "mlflow.h"
#include "upload.h"

static struct {
	struct mlflow_batch batch;
	struct buf url, authorization;
	const char *headers[2];
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
		  enum verdict *verdicts, size_t n)
{
	(void)ctx;
	(void)body;
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

/* As for MLflow's own client a password counts before a token. A line's end,
 * which a file may have left in it, would end the header. */
static bool add_authorization(struct buf *to)
{
	const char *user = variable("MLFLOW_TRACKING_USERNAME", NULL);
	const char *password = variable("MLFLOW_TRACKING_PASSWORD", NULL);
	const char *token = variable("MLFLOW_TRACKING_TOKEN", NULL);

	if (user && password)
		return add_basic(to, user, password);
	return !token ||
	       buf_addf(to, "Authorization: Bearer %.*s",
			(int)strcspn(token, "\r\n"), token);
}

struct sink *sink_mlflow_open(uv_loop_t *loop)
{
	static struct upload_kind kind = {
		.name = "MLflow",
		.metric = METRIC_SINK_MLFLOW,
		.batch = UPLOAD_BATCH_MAX,
		.encode = encode,
		.judge = judge,
	};
	const char *uri = variable("MLFLOW_TRACKING_URI", NULL);

	mlflow.batch.run = variable("MLFLOW_RUN_ID", "AZUREML_RUN_ID");
	mlflow.batch.node = variable("AZUREML_CR_NODE_RANK", "NODE_RANK");
	if (!uri || !mlflow.batch.run || !mlflow_url(&mlflow.url, uri) ||
	    !add_authorization(&mlflow.authorization))
		return NULL;
	mlflow.headers[0] = mlflow.authorization.data;
	kind.headers = mlflow.headers;
	kind.url = mlflow.url.data;
	return upload_open(loop, &kind, NULL);
}
