/* sink_journal.h: events as lines of JSON in a file. Rank 2. */
#ifndef PITSTOP_SINK_JOURNAL_H
#define PITSTOP_SINK_JOURNAL_H

struct config;
struct sink;

/* The first of these that can be written: PITSTOP_LOG_DIR, the directory that
 * AZUREML_CR_HT_CAP_logs_PATH names, ./logs if it is there. NULL when none is
 * wanted or can be written; a bad PITSTOP_LOG_DIR is told. */
struct sink *sink_journal_open(const struct config *config);

#endif
