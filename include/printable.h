/* printable.h: text from elsewhere, for people's terminals. Rank 0, no I/O. */
#ifndef PITSTOP_PRINTABLE_H
#define PITSTOP_PRINTABLE_H

#include <stddef.h>

/* Replace what a terminal may obey by "?": C0, DEL, and C1 in UTF-8 (0xc2 0x80
 * to 0x9f). */
void printable(char *text, size_t len);

#endif
