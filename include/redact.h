/* redact.h: secrets out of what leaves the process. Rank 0, no I/O.
 *
 * A secret is known by the name it goes by (password, token, sas, connection
 * string ...) or by its shape, wherever it stands in a text: a JWT, the
 * signature of a SAS, AccountKey= and the like of a connection string, a
 * private key, a bearer header, a password in a URL. In its place stands
 * REDACTED. */
#ifndef PITSTOP_REDACT_H
#define PITSTOP_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define REDACTED "[redacted]"

struct buf;
struct cJSON;

/* Does what goes by this name have to be kept secret? Case, and what joins its
 * words, do not count. */
bool redact_is_secret_name(const char *name);

/* Append `text` without the secrets in it. Also where NAME=VALUE, --NAME VALUE,
 * "NAME": "VALUE" and the like tell one. False when memory is short. */
bool redact_text(struct buf *to, const char *text);

/* Every text below `json`, in place, with the names of its members. In a list
 * of words (a command line) what follows --NAME is its value. False when memory
 * is short: then `json` has to be thrown away. */
bool redact_json(struct cJSON *json);

#endif
