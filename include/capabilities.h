/* capabilities.h: what the adapter announces. Rank 0, no I/O. */
#ifndef PITSTOP_CAPABILITIES_H
#define PITSTOP_CAPABILITIES_H

struct cJSON;

/* The request `pitstopCheck` is answered: its argument "pitstopToken" is
 * judged as that of an attach, and nothing is attached to. */
#define CAPABILITY_CHECK "supportsPitstopCheck"

/* The body of the answer to `initialize` (DAP type Capabilities): what every
 * debugpy that can be connected serves. The caller frees it with
 * cJSON_Delete. */
struct cJSON *capabilities(void);

#endif
