/* sink_insights.h: traces and custom events in Application Insights. Rank 2. */
#ifndef PITSTOP_SINK_INSIGHTS_H
#define PITSTOP_SINK_INSIGHTS_H

#include <uv.h>

struct sink;

/* What APPLICATIONINSIGHTS_CONNECTION_STRING names; NULL when it is not set or
 * has no key, or memory is short. */
struct sink *sink_insights_open(uv_loop_t *loop);

#endif
