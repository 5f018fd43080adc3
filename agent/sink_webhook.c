#include "sink_webhook.h"

#include <limits.h>
#include <stddef.h>
#include <unistd.h>

#include "config.h"
#include "upload.h"
#include "webhook.h"

/* One message, one event: each is a line of the chat. */
static size_t encode(void *ctx, struct event *const *events, size_t n,
		     struct buf *to)
{
	char node[HOST_NAME_MAX + 1] = "";

	(void)ctx;
	(void)n;
	gethostname(node, sizeof(node) - 1);
	return webhook_encode(to, events[0], node) ? 1 : 0;
}

struct sink *sink_webhook_open(uv_loop_t *loop, const struct config *config)
{
	static struct upload_kind kind = {
		.name = "PITSTOP_WEBHOOK",
		.metric = METRIC_SINK_WEBHOOK,
		.batch = 1,
		.wants = webhook_wants,
		.encode = encode,
	};

	kind.url = config->webhook;
	return *kind.url ? upload_open(loop, &kind, NULL) : NULL;
}
