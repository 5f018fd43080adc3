/* agent_call.h: a command's request to an agent. Rank 2. */
#ifndef PITSTOP_AGENT_CALL_H
#define PITSTOP_AGENT_CALL_H

#include <stdint.h>

#include "http_reply.h"
#include "local_socket.h"
#include "url.h"

/* Where it goes. */
struct agent_place {
	char socket[LOCAL_SOCKET_NAME];  /* "": by TCP, to ... */
	struct url url;
	char token[256];                 /* "": none is shown */
	char text[320];                  /* for people */
};

/* One request on one connection; `content` is JSON, or NULL. 0 and *r, which
 * the caller frees; or a negative errno, -EPROTO when what came is no answer
 * of an HTTP server. `due` is as in dial.h. */
int agent_call(const struct agent_place *at, const char *method,
	       const char *path, const char *content, int64_t due,
	       struct http_reply *r);

/* Why there is no answer, as the rest of a sentence about the place. */
const char *agent_call_error(int error);

#endif
