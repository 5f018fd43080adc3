/* sink_journal.h: events as lines of JSON in a file. Rank 2. */
#ifndef PITSTOP_SINK_JOURNAL_H
#define PITSTOP_SINK_JOURNAL_H

#include <uv.h>

struct config;
struct sink;

/* In the first of these directories that can be written, as
 * pitstop-HOST.jsonl: PITSTOP_LOG_DIR; or, where that is unset, the one that
 * AZUREML_CR_HT_CAP_logs_PATH names, and ./logs if it is there. NULL when none
 * is wanted or memory is short. `config` has to last as long as the process. */
struct sink *sink_journal_open(uv_loop_t *loop, const struct config *config);

#endif
