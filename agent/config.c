#include "config_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAINT_MAX 400  /* bytes */

/* setting one */

static void *member(struct config *c, const struct setting *s)
{
	return (char *)c + s->at;
}

static const void *const_member(const struct config *c,
				const struct setting *s)
{
	return (const char *)c + s->at;
}

/* What is said of a value that is not taken, or is missing (NULL). */
static void complain(const struct setting *s, const char *value,
		     char to[static COMPLAINT_MAX])
{
	char fault[256];

	if (value && s->kind->fault &&
	    s->kind->fault(value, fault, sizeof(fault))) {
		snprintf(to, COMPLAINT_MAX, "is '%.100s': %s", value, fault);
		return;
	}
	s->kind->allowed(s, fault, sizeof(fault));
	if (!value)
		snprintf(to, COMPLAINT_MAX, "wants a value: %s", fault);
	else if (s->kind == &kind_secret)
		snprintf(to, COMPLAINT_MAX, "is not usable, allowed is %s",
			 fault);
	else
		snprintf(to, COMPLAINT_MAX, "is '%.100s', allowed is %s", value,
			 fault);
}

static void tell(const struct config *c, const struct setting *s,
		 const char *said, const char *value, config_bad *bad,
		 void *ctx)
{
	char kept[TEXT_MAX], complaint[COMPLAINT_MAX], sentence[640];

	complain(s, value, complaint);
	s->kind->get(s, const_member(c, s), kept);
	if (s->kind == &kind_secret)
		*kept = '\0';
	snprintf(sentence, sizeof(sentence), "%s %s; %s%.100s", said,
		 complaint, *kept ? "it stays " : "it is ignored", kept);
	bad(ctx, sentence);
}

/* `value` is NULL where the flag has none. */
static bool set(struct config *c, const struct setting *s, const char *said,
		const char *value, config_bad *bad, void *ctx)
{
	if (value && s->kind->set(s, member(c, s), value))
		return true;
	tell(c, s, said, value, bad, ctx);
	return false;
}

static const struct setting *find_variable(const char *name)
{
	for (size_t i = 0; i < config_count; i++)
		if (strcmp(config_table[i].variable, name) == 0)
			return &config_table[i];
	return NULL;
}

bool config_set(struct config *c, const char *variable, const char *said,
		const char *from, config_bad *bad, void *ctx)
{
	const struct setting *s = find_variable(variable);

	return s && set(c, s, said, from, bad, ctx);
}

const char *config_said(const struct config *c, const char *variable)
{
	const struct setting *s = find_variable(variable);
	bool by_flag = s && c->by_flag & 1U << (s - config_table);

	return by_flag ? s->flag : variable;
}

/* the three sources */

void config_defaults(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < config_count; i++) {
		const struct setting *s = &config_table[i];

		s->kind->set(s, member(c, s), s->fallback);
	}
}

unsigned config_environment(struct config *c, config_bad *bad, void *ctx)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < config_count; i++) {
		const struct setting *s = &config_table[i];
		const char *value = getenv(s->variable);

		/* `PITSTOP_X=` is how many tools write "not set". */
		if (value && *value && !set(c, s, s->variable, value, bad, ctx))
			wrong++;
	}
	return wrong;
}

/* The setting whose flag the word is, and the value behind its "=". */
static const struct setting *find_flag(const char *arg, const char **value)
{
	size_t len = strcspn(arg, "=");

	*value = arg[len] ? arg + len + 1 : NULL;
	for (size_t i = 0; i < config_count; i++) {
		const char *flag = config_table[i].flag;

		if (flag && strlen(flag) == len && !strncmp(flag, arg, len))
			return &config_table[i];
	}
	return NULL;
}

/* `--hold step`: a flag that can stand alone takes no word behind it. */
static void tell_of_word(const struct setting *s, const char *next,
			 config_bad *bad, void *ctx)
{
	size_t n = config_word_values(s->words), i = 0;
	char sentence[128];

	while (i < n && strcmp(next, s->words[i].name) != 0)
		i++;
	if (i == n)
		return;
	snprintf(sentence, sizeof(sentence), "'%s' is taken for the command; "
		 "did you mean %s=%s?", next, s->flag, next);
	bad(ctx, sentence);
}

/* One flag, and the word behind it when its value stands there. */
static bool flag_set(struct config *c, const struct setting *s,
		     const char *value, int argc, char **argv, int *at,
		     config_bad *bad, void *ctx)
{
	++*at;
	if (!value && s->bare && *at < argc)
		tell_of_word(s, argv[*at], bad, ctx);
	if (!value)
		value = s->bare;
	if (!value && *at < argc && strncmp(argv[*at], "--", 2) != 0)
		value = argv[(*at)++];
	if (!set(c, s, s->flag, value, bad, ctx))
		return false;
	c->by_flag |= 1U << (s - config_table);
	return true;
}

int config_flags(struct config *c, int argc, char **argv, int *at,
		 config_bad *bad, void *ctx)
{
	int wrong = 0;

	while (*at < argc && argv[*at][0] == '-') {
		const struct setting *s;
		const char *value;

		if (strcmp(argv[*at], "--") == 0) {
			++*at;
			break;
		}
		s = find_flag(argv[*at], &value);
		if (!s)
			return -1;
		if (!flag_set(c, s, value, argc, argv, at, bad, ctx))
			wrong++;
	}
	return wrong;
}

/* what others are told */

static int export_one(const struct config *c, const struct setting *s)
{
	const char *old = getenv(s->variable);
	char value[TEXT_MAX];

	s->kind->get(s, const_member(c, s), value);
	if (strcmp(old ? old : s->fallback, value) == 0)
		return 0;
	return setenv(s->variable, value, 1) < 0 ? -errno : 0;
}

int config_export(const struct config *c)
{
	int rc = 0;

	for (size_t i = 0; i < config_count && rc == 0; i++)
		if (config_table[i].kind != &kind_secret)
			rc = export_one(c, &config_table[i]);
	return rc;
}
