#include "pins.h"

#include <ctype.h>
#include <string.h>

#include <bsd/string.h>

#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789._-"
#define VERSION_BYTES NAME_BYTES "+"

/* names */

/* PEP 503: lower case, "-" for each run of "-", "_" and "."; false: no room. */
static bool normalize(const char *name, size_t len, char to[static PIN_NAME])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bool joins = strchr("-_.", name[i]);

		if (joins && n > 0 && to[n - 1] == '-')
			continue;
		if (n + 1 >= PIN_NAME)
			return false;
		to[n++] = joins ? '-' : (char)tolower((unsigned char)name[i]);
	}
	to[n] = '\0';
	return n > 0;
}

/* versions */

static const char *digits(const char *v, const char **end)
{
	while (*v == '0')
		v++;
	*end = v + strspn(v, "0123456789");
	return v;
}

/* The next number of both, 0 where one has ended; 0 when they are equal. */
static int compare_number(const char **a, const char **b)
{
	const char *end_a, *end_b;
	const char *one = digits(*a, &end_a), *other = digits(*b, &end_b);
	bool differ = end_a - one != end_b - other ||
		      memcmp(one, other, (size_t)(end_a - one)) != 0;

	*a = end_a;
	*b = end_b;
	return differ;
}

static bool next_number(const char **v)
{
	if (**v != '.' || !isdigit((unsigned char)(*v)[1]))
		return false;
	++*v;
	return true;
}

/* Certain is what the numbers say; what follows them is not looked at. */
static bool same_version(const char *wanted, const char *found, bool prefix)
{
	bool more_wanted, more_found;

	wanted += *wanted == 'v';
	if (!isdigit((unsigned char)*wanted) || !isdigit((unsigned char)*found))
		return true;
	do {
		if (compare_number(&wanted, &found))
			return false;
		more_wanted = next_number(&wanted);
		more_found = next_number(&found);
		if (prefix && !more_wanted)
			return true;
	} while (more_wanted || more_found);
	return true;
}

/* files */

static void add(struct pins *p, const struct pin *like, const char *name,
		size_t name_len, const char *version, size_t len)
{
	struct pin *to = &p->at[p->len];

	if (p->len == PINS_MAX || len == 0 || len >= PIN_VERSION)
		return;
	*to = *like;
	if (!normalize(name, name_len, to->name))
		return;
	memcpy(to->version, version, len);
	to->version[len] = '\0';
	p->len++;
}

/* Behind a pin there may be a comment, or pip's options. */
static bool is_end(const char *rest)
{
	rest += strspn(rest, " \t\r");
	return !*rest || *rest == '#' || *rest == '\\' ||
	       strncmp(rest, "--", 2) == 0;
}

/* "name [extras] == version" */
static void read_pip(struct pins *p, const char *line, struct pin like)
{
	size_t name_len = strspn(line, NAME_BYTES), len;
	const char *at = line + name_len;

	at += strspn(at, " \t");
	if (*at == '[' && strchr(at, ']'))
		at = strchr(at, ']') + 1;
	at += strspn(at, " \t");
	if (strncmp(at, "==", 2) != 0)
		return;
	at += 2 + strspn(at + 2, " \t");
	len = strspn(at, VERSION_BYTES);
	like.pip = true;
	if (is_end(at + len))
		add(p, &like, line, name_len, at, len);
}

/* "channel::name=version=build" */
static void read_conda(struct pins *p, const char *line, struct pin like)
{
	const char *channel = strstr(line, "::");
	const char *name = channel ? channel + 2 : line;
	size_t name_len = strspn(name, NAME_BYTES), len;
	const char *at = name + name_len;

	at += strspn(at, " \t");
	if (*at++ != '=')
		return;
	like.prefix = *at != '=';
	at += !like.prefix;
	at += strspn(at, " \t");
	len = strspn(at, VERSION_BYTES);
	if (like.prefix && at[len] == '=')
		like.prefix = false;   /* with a build it is that version */
	else if (!is_end(at + len))
		return;
	add(p, &like, name, name_len, at, len);
}

/* One entry of a list in YAML; `pip` is the indent of "- pip:", or -1. */
static void read_entry(struct pins *p, char *line, const struct pin *like,
		       int *pip)
{
	int indent = (int)strspn(line, " ");
	char *end;

	line += indent;
	if (*line != '-') {
		*pip = *line && *line != '#' && indent <= *pip ? -1 : *pip;
		return;
	}
	if (indent <= *pip)
		*pip = -1;
	line += 1 + strspn(line + 1, " \t");
	if (strncmp(line, "pip:", 4) == 0)
		*pip = indent;
	if ((*line == '"' || *line == '\'') && (end = strchr(line + 1, *line))) {
		*end = '\0';
		line++;
	}
	if (*pip >= 0)
		read_pip(p, line, *like);
	else
		read_conda(p, line, *like);
}

void pins_read(struct pins *p, const char *text, const char *file, bool conda)
{
	const struct pin like = { .file = file };
	char line[256];
	int pip = -1;

	for (size_t len; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len >= sizeof(line))
			continue;
		memcpy(line, text, len);
		line[len] = '\0';
		if (conda)
			read_entry(p, line, &like, &pip);
		else
			read_pip(p, line + strspn(line, " \t"), like);
	}
}

/* what is installed */

static void find(struct pins *p, const char *name, size_t name_len,
		 const char *version, size_t len, int place)
{
	char normal[PIN_NAME], text[PIN_VERSION];

	if (!normalize(name, name_len, normal) || len >= sizeof(text))
		return;
	memcpy(text, version, len);
	text[len] = '\0';
	for (struct pin *pin = p->at; pin < p->at + p->len; pin++) {
		if ((pin->place && pin->place != place) ||
		    strcmp(pin->name, normal) != 0)
			continue;
		pin->place = place;
		pin->met |= len == 0 ||
			    same_version(pin->version, text, pin->prefix);
		strlcpy(pin->found, text, sizeof(pin->found));
	}
}

void pins_found(struct pins *p, const char *name, const char *version,
		int place)
{
	find(p, name, strlen(name), version, strlen(version), place);
}

void pins_entry(struct pins *p, const char *entry, int place)
{
	const char *end = strstr(entry, ".dist-info"), *dash, *version;

	if (!end)
		end = strstr(entry, ".egg-info");
	if (!end)
		return;
	dash = memchr(entry, '-', (size_t)(end - entry));
	if (!dash) {    /* without a version, as `setup.py develop` has it */
		find(p, entry, (size_t)(end - entry), "", 0, place);
		return;
	}
	version = dash + 1;
	dash = memchr(version, '-', (size_t)(end - version));   /* -py3.8 */
	find(p, entry, (size_t)(version - 1 - entry), version,
	     (size_t)((dash ? dash : end) - version), place);
}

bool pin_differs(const struct pin *p)
{
	return p->place ? !p->met : p->pip;
}
