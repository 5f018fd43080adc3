/* pins.h: packages that a file pins to a version. Rank 0, no I/O.
 *
 * Of a pip file (PEP 508) the lines "name==version" alone, of a conda file
 * the entries "- name=version" and "- name==version", and below "- pip:" those
 * of pip. What is conditional, a pattern or a URL is passed over: nothing is
 * said of what is not certain. Names are compared as PEP 503 has it, of
 * versions the numbers (1.0 is 1.0.0; of 1.0rc1 and 1.0 nothing is said). */
#ifndef PITSTOP_PINS_H
#define PITSTOP_PINS_H

#include <stdbool.h>
#include <stddef.h>

#define PINS_MAX 256     /* what is behind them is left out */
#define PIN_NAME 64
#define PIN_VERSION 32

struct pin {
	char name[PIN_NAME];        /* normalized */
	char version[PIN_VERSION];
	char found[PIN_VERSION];    /* what is installed, "": not known */
	const char *file;           /* the caller's */
	bool prefix;                /* conda's "=": what begins like that */
	bool pip;                   /* a Python package for certain */
	int place;                  /* where it was found, 0: nowhere */
	bool met;
};

struct pins {
	struct pin at[PINS_MAX];
	size_t len;
};

/* Add those of a file's text. */
void pins_read(struct pins *p, const char *text, const char *file, bool conda);

/* The name of a file or directory in the `place`th (from 1) directory of
 * sys.path: is it a package's metadata, "NAME-VERSION.dist-info" or
 * ".egg-info"? The first place counts. */
void pins_entry(struct pins *p, const char *entry, int place);

/* A package of that name is installed. */
void pins_found(struct pins *p, const char *name, const char *version,
		int place);

/* Is something else installed, or of what pip would install nothing? */
bool pin_differs(const struct pin *p);

#endif
