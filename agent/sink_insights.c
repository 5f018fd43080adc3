#include "sink_insights.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "buf.h"
#include "event.h"
#include "insights.h"
#include "log.h"
#include "spool.h"
#include "upload.h"

#define VARIABLE "APPLICATIONINSIGHTS_CONNECTION_STRING"

static struct {
	struct buf url;
	char key[INSIGHTS_KEY_MAX];
	char node[HOST_NAME_MAX + 1];
	struct insights_origin origin;
} insights;

static size_t encode(void *ctx, struct event *const *events, size_t n,
		     struct buf *to)
{
	(void)ctx;
	return insights_encode(to, &insights.origin, events, n) ? n : 0;
}

static void judge(void *ctx, int status, const char *body,
		  struct event *const *events, enum verdict *verdicts,
		  size_t n)
{
	(void)ctx;
	insights_judge(status, body, events, verdicts, n);
	for (size_t i = 0; i < n; i++)
		if (events[i]->taken)
			spool_taken(events[i]);
}

static void describe_origin(void)
{
	const char *run = getenv("AZUREML_RUN_ID");

	gethostname(insights.node, sizeof(insights.node) - 1);
	insights.origin = (struct insights_origin){
		.key = insights.key,
		.node = insights.node,
		.run = run ? run : getenv("MLFLOW_RUN_ID"),
	};
}

struct sink *sink_insights_open(uv_loop_t *loop)
{
	static struct upload_kind kind = {
		.name = "Application Insights",
		.metric = METRIC_SINK_INSIGHTS,
		.batch = UPLOAD_BATCH_MAX,
		.encode = encode,
		.judge = judge,
	};
	const char *text = getenv(VARIABLE);

	if (!text || !*text)
		return NULL;
	if (!insights_connect(&insights.url, insights.key, text)) {
		log_warn(VARIABLE " has no InstrumentationKey; nothing is "
			 "sent to Application Insights");
		return NULL;
	}
	describe_origin();
	kind.url = insights.url.data;
	return upload_open(loop, &kind, NULL);
}
