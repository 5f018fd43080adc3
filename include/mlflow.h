/* mlflow.h: events as what MLflow's REST API takes. Rank 0, no I/O. */
#ifndef PITSTOP_MLFLOW_H
#define PITSTOP_MLFLOW_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct event;

/* Append the URL of runs/log-batch, with a NUL that is not counted: of a server
 * (https://host/path), or of the workspace that an azureml:// URI names. False
 * when it is neither (file:, databricks ...), or memory is short. */
bool mlflow_url(struct buf *to, const char *tracking_uri);

struct mlflow_batch {
	const char *run;
	const char *node;  /* its rank, where several nodes share the run; NULL
			      or "0": not told */
	bool tags_only;    /* no params: one that is there cannot be changed */
};

/* Append the batch as JSON. A quantity, which a field's name tells (_seconds,
 * _bytes, _kills), becomes a metric, what else is known a tag; where the whole
 * run and its machine are described, all are params. Names are
 * "pitstop.rank3.peak_rss_bytes". Returns how many of the events are in it, as
 * many as a request may have; 0 when memory is short. */
size_t mlflow_encode(struct buf *to, const struct mlflow_batch *b,
		     struct event *const *events, size_t n);

#endif
