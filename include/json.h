/* json.h: step over JSON text and check it, without building a tree. Rank 0,
 * no I/O. For text too large or too plain to hand to cJSON. */
#ifndef PITSTOP_JSON_H
#define PITSTOP_JSON_H

#include <stdbool.h>

#include "cursor.h"

enum json_result { JSON_OK, JSON_BAD, JSON_TOO_DEEP };

/* A deeper limit is taken as this one. */
#define JSON_DEPTH_MAX 1024

/* Step over one value, from its first byte to behind its last. Checked against
 * RFC 8259: strings are UTF-8 without control characters, numbers follow the
 * grammar, arrays and objects are nested at most `depth` deep. An escaped lone
 * surrogate passes, since Python's json.dumps writes them. Repeated names in
 * an object pass too. Where it stopped is no matter after an error. */
enum json_result json_skip(struct cursor *c, unsigned depth);

bool json_skip_string(struct cursor *c);
void json_skip_blanks(struct cursor *c);

/* In a text of JSON's, or in JSON that we wrote, in place: "?" for each byte that
 * is no UTF-8. Names of files, and so arguments, may have such. */
void json_make_utf8(char *text);

#endif
