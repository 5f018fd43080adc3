/* file_text.h: a small file's text. Rank 1. */
#ifndef PITSTOP_FILE_TEXT_H
#define PITSTOP_FILE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* As much of it as there is room for, and a NUL. False when it cannot be read:
 * `to` is "" then. */
bool file_text(const char *path, char *to, size_t size);

#endif
