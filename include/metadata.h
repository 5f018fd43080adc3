/* metadata.h: what there is to know of the run and of where it runs. Rank 2.
 *
 * From the environment, /proc and the control groups, and from what IMDS said.
 * AZUREML_CR_AZUREML_CONTEXT is not read: all that it has beside the run's
 * token stands elsewhere too. */
#ifndef PITSTOP_METADATA_H
#define PITSTOP_METADATA_H

#include <stdbool.h>

struct cJSON;
struct imds_answer;

/* Add the fields; what is not known is absent. `said` may be NULL. False when
 * memory is short. */
bool metadata_add(struct cJSON *to, const struct imds_answer *said);

/* Of these the rank alone, where the environment has one. */
bool metadata_add_rank(struct cJSON *to);

#endif
