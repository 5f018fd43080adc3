/* port_free.h: can a port be listened on? Rank 1. */
#ifndef PITSTOP_PORT_FREE_H
#define PITSTOP_PORT_FREE_H

#include <stdint.h>

/* On all addresses, as the agent would; 0, or a negative errno. It is listened
 * on for a moment. */
int port_free(uint16_t port);

#endif
