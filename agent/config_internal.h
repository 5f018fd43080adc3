/* config_internal.h: what the files of config.h share.
 *
 *   config.c          the three sources, and what others are told
 *   config_help.c     the table as help text
 *   config_unknown.c  names that no setting has
 *   config_table.c    every setting
 *   config_kinds.c    how values of one kind are read, written and described
 *
 * Each uses only those below it, and the first three not each other. */
#ifndef PITSTOP_CONFIG_INTERNAL_H
#define PITSTOP_CONFIG_INTERNAL_H

#include "config.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define TEXT_MAX PATH_MAX   /* bytes of the longest value as text */

/* `at` is the member of struct config, `to` has TEXT_MAX bytes. */
struct setting;
struct kind {
	bool (*set)(const struct setting *s, void *at, const char *text);
	void (*get)(const struct setting *s, const void *at, char *to);
	void (*allowed)(const struct setting *s, char *to, size_t size);
	/* What is wrong with a value, where more than `allowed` can be said;
	 * false when it cannot. May be NULL. */
	bool (*fault)(const char *text, char *to, size_t size);
};

struct word {
	const char *name;
	unsigned value;
};

struct setting {
	const char *flag;      /* NULL: none, it is a secret */
	const char *variable;
	const char *metavar;
	const char *bare;      /* what the flag alone means; NULL: it cannot
				  stand alone */
	const char *fallback;
	const char *help;
	const struct kind *kind;
	size_t at, size;       /* of the member */
	unsigned min, max;     /* numbers, and durations in seconds */
	const struct word *words;
};

/* config_kinds.c */

extern const struct kind kind_number, kind_duration, kind_word, kind_text,
	kind_address, kind_ranges, kind_ranks, kind_secret;

/* How many names at the start of the table stand for a value each; the other
 * ones follow. */
size_t config_word_values(const struct word *words);

/* config_table.c */

extern const struct setting config_table[];
extern const size_t config_count;

#endif
