/* attach_config.h: the arguments of a client's `attach` request, that is, the
 * user's launch configuration. Rank 0, no I/O.
 *
 * pitstop's own keys: pitstopToken (string), pitstopRank (integer),
 * pitstopTakeover (boolean), and pitstopOffered (true) in those that it made
 * itself. debugpy never sees them. */
#ifndef PITSTOP_ATTACH_CONFIG_H
#define PITSTOP_ATTACH_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;

enum attach_token { TOKEN_RIGHT, TOKEN_WRONG, TOKEN_MISSING };

/* Compare with `want` (NULL: none is asked for), in a time that does not tell
 * where they differ. */
enum attach_token attach_config_token(const struct cJSON *config,
				      const char *want);

/* One sentence on a key or a value that cannot be served, or NULL. */
const char *attach_config_mistake(const struct cJSON *config);

int attach_config_pid(const struct cJSON *config);   /* 0: any */
int attach_config_rank(const struct cJSON *config);  /* -1: any */
bool attach_config_takeover(const struct cJSON *config);

/* It was made for a session that pitstop offered. */
bool attach_config_offered(const struct cJSON *config);

/* Child processes are to be debugged too. */
bool attach_config_children(const struct cJSON *config);

/* debugpy's name of the client's system, for the paths it sends. */
const char *attach_config_ide_os(const struct cJSON *config);

/* "terminate" shall interrupt the step and not end it. */
bool attach_config_interrupts(const struct cJSON *config);

/* What the debug server gets. The caller's to free. */
struct cJSON *attach_config_for_debuggee(const struct cJSON *config);

/* What a client gets to attach to the process `pid` as well, under that name;
 * `port` stands in when it did not say how it connected. The caller's to
 * free. */
struct cJSON *attach_config_for_offer(const struct cJSON *config,
				      const char *name, int pid,
				      uint16_t port);

#endif
