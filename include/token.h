/* token.h: is what somebody shows the secret? Rank 0, no I/O. */
#ifndef PITSTOP_TOKEN_H
#define PITSTOP_TOKEN_H

#include <stdbool.h>

/* In a time that does not tell how much of it is right. A longer one than
 * PITSTOP_TOKEN can be is wrong. */
bool token_is(const char *shown, const char *token);

#endif
