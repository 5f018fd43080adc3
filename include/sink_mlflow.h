/* sink_mlflow.h: the run in MLflow, Azure ML's or another. Rank 2. */
#ifndef PITSTOP_SINK_MLFLOW_H
#define PITSTOP_SINK_MLFLOW_H

#include <uv.h>

struct sink;

/* The run that MLFLOW_RUN_ID or AZUREML_RUN_ID names, at MLFLOW_TRACKING_URI;
 * who we are tell MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN. NULL when
 * there is none that is reached by HTTP, or memory is short. */
struct sink *sink_mlflow_open(uv_loop_t *loop);

#endif
