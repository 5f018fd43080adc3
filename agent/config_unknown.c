#include "config_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "spelling.h"

#define VARIABLE_PREFIX "PITSTOP_"
#define NAME_MAX_BYTES 64   /* of an unknown name that are shown */
#define BEGINNING_MIN 3     /* bytes of a name that stand for it */

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* In slips. A mere beginning of the name comes behind all that are close. */
static unsigned distance(const char *word, const char *name)
{
	unsigned slips = spelling_slips(word, name);

	if (slips == SPELLING_FAR && strlen(word) >= BEGINNING_MIN &&
	    begins_with(name, word))
		return SPELLING_FAR - 1;
	return slips;
}

/* The flag or variable that a `word` with the same prefix was meant to be. */
static const char *nearest(const char *word, bool flag)
{
	size_t prefix = strlen(flag ? "--" : VARIABLE_PREFIX);
	unsigned least = SPELLING_FAR;
	const char *found = NULL;

	for (size_t i = 0; i < config_count; i++) {
		const struct setting *s = &config_table[i];
		const char *name = flag ? s->flag : s->variable;
		unsigned slips = SPELLING_FAR;

		if (name)
			slips = distance(word + prefix, name + prefix);
		if (slips < least) {
			least = slips;
			found = name;
		}
	}
	return found;
}

const char *config_nearest_flag(const char *word)
{
	return begins_with(word, "--") ? nearest(word, true) : NULL;
}

/* Kubernetes sets these in every pod beside a service named "pitstop". */
static bool is_service_link(const char *name)
{
	return begins_with(name, VARIABLE_PREFIX "SERVICE_") ||
	       begins_with(name, VARIABLE_PREFIX "PORT_");
}

static bool is_known(const char *name, const char *const *ours)
{
	for (size_t i = 0; i < config_count; i++)
		if (strcmp(config_table[i].variable, name) == 0)
			return true;
	while (*ours && strcmp(*ours, name) != 0)
		ours++;
	return *ours;
}

static void tell_of_unknown(const char *name, const char *meant,
			    config_bad *bad, void *ctx)
{
	char sentence[256];

	if (meant)
		snprintf(sentence, sizeof(sentence),
			 "%s: unknown; did you mean %s?", name, meant);
	else
		snprintf(sentence, sizeof(sentence), "%s: unknown; 'pitstop "
			 "run --help' lists the variables", name);
	bad(ctx, sentence);
}

void config_unknown_variables(const char *const *ours, const char *meant,
			      config_bad *bad, void *ctx)
{
	for (char **at = environ; at && *at; at++) {
		size_t len = strcspn(*at, "=");
		char name[NAME_MAX_BYTES + 1];
		const char *near;

		/* An empty one means "not set", as in config_environment(). */
		if (!begins_with(*at, VARIABLE_PREFIX) ||
		    !(*at)[len] || !(*at)[len + 1])
			continue;
		strlcpy(name, *at,
			len < sizeof(name) ? len + 1 : sizeof(name));
		if (is_known(name, ours) || is_service_link(name))
			continue;
		near = nearest(name, false);
		if (!meant || (near && strcmp(near, meant) == 0))
			tell_of_unknown(name, near, bad, ctx);
	}
}
