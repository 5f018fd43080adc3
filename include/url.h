/* url.h: where an agent is, as people write it. Rank 0, no I/O. */
#ifndef PITSTOP_URL_H
#define PITSTOP_URL_H

#include <stdbool.h>
#include <stdint.h>

#define URL_HTTP_PORT 5679

struct url {
	char host[256];  /* a name or an address, without brackets */
	uint16_t port;
};

/* "http://10.3.0.5:5679", "http://[fd00::1]/": without a port it is 5679's.
 * Returns NULL, or what is wrong with it, as a sentence that does not repeat
 * it: it may hold a secret. */
const char *url_parse(const char *text, struct url *to);

/* "10.3.0.5:5678", "[fd00::1]:5678"; the port must be there. */
const char *url_parse_host(const char *text, struct url *to);

#endif
