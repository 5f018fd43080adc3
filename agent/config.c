#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "cidr.h"
#include "rank_list.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_MAX PATH_MAX   /* bytes of the longest value as text */
#define WEEK 604800         /* seconds */

/* How values of one kind are read, written and described. `at` is the member
 * of struct config. */
struct setting;
struct kind {
	bool (*set)(const struct setting *s, void *at, const char *text);
	void (*get)(const struct setting *s, const void *at, char *to);
	void (*allowed)(const struct setting *s, char *to, size_t size);
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
	long long min, max;    /* numbers */
	const struct word *words;
};

static const struct kind number, word, text, address, ranges, ranks, secret;

/* The first name of a value is the one that is shown and written. */
static const struct word hold_words[] = {
	{ "off", HOLD_OFF }, { "step", HOLD_STEP },
	{ "crash", HOLD_CRASH }, { "both", HOLD_BOTH },
	{ "no", HOLD_OFF }, { "false", HOLD_OFF }, { "0", HOLD_OFF },
	{ "on", HOLD_STEP }, { "yes", HOLD_STEP }, { "true", HOLD_STEP },
	{ "1", HOLD_STEP }, { NULL, 0 }
};
static const struct word switch_words[] = {
	{ "on", true }, { "off", false }, { "yes", true }, { "no", false },
	{ "true", true }, { "false", false }, { "1", true }, { "0", false },
	{ NULL, 0 }
};
static const struct word args_words[] = {
	{ "consume", false }, { "keep", true }, { NULL, 0 }
};

#define MEMBER(m) \
	.at = offsetof(struct config, m), \
	.size = sizeof(((struct config *)0)->m)

static const struct setting settings[] = {
	{ "--hold", "PITSTOP_HOLD", "MODE", "step", "off",
	  "hold until a debugger attaches; step: before the first line;\n"
	  "crash: where an exception that nothing caught would end it",
	  &word, MEMBER(hold), .words = hold_words },
	{ "--timeout", "PITSTOP_TIMEOUT", "SECONDS", NULL, "300",
	  "the longest hold when nobody attaches",
	  &number, MEMBER(timeout), .min = 1, .max = WEEK },
	{ "--max-hold", "PITSTOP_MAX_HOLD", "SECONDS", NULL, "86400",
	  "no hold is longer than this, whatever the timeout",
	  &number, MEMBER(max_hold), .min = 1, .max = WEEK },
	{ "--pause-limit", "PITSTOP_PAUSE_LIMIT", "SECONDS", NULL, "0",
	  "a step left paused so long with nothing asked goes on without a\n"
	  "debugger; 0: however long",
	  &number, MEMBER(pause_limit), .min = 0, .max = WEEK },
	{ "--port", "PITSTOP_PORT", "PORT", NULL, "5678",
	  "the debug port; when it is taken, the next free one of 15 is used",
	  &number, MEMBER(port), .min = 1, .max = 65535 },
	{ "--http-port", "PITSTOP_HTTP_PORT", "PORT", NULL, "5679",
	  "the port of health checks and control by HTTP; when it is taken,\n"
	  "the next free one of 15 is used; 0: none",
	  &number, MEMBER(http_port), .min = 0, .max = 65535 },
	{ "--late-attach", "PITSTOP_LATE_ATTACH", "SWITCH", "on", "on",
	  "let a debugger attach while the step runs; off: only when held",
	  &word, MEMBER(late_attach), .words = switch_words },
	{ "--args", "PITSTOP_ARGS", "MODE", NULL, "consume",
	  "the step's arguments --remote_debug, which asks for a hold, and\n"
	  "--remote_debug_connection_timeout N; consume: pitstop follows them\n"
	  "and takes them out; keep: they are the script's own affair",
	  &word, MEMBER(keep_args), .words = args_words },
	{ "--adopt", "PITSTOP_ADOPT", "SWITCH", "on", "on",
	  "a script's own calls of debugpy.listen(), ptvsd.enable_attach() and\n"
	  "the like lead to pitstop; off: they are the script's own affair",
	  &word, MEMBER(adopt), .words = switch_words },
	{ "--advertise", "PITSTOP_ADVERTISE", "ADDRESS", NULL, "",
	  "the address to print, where VS Code reaches this machine",
	  &address, MEMBER(advertise) },
	{ "--vnet", "PITSTOP_VNET", "RANGES", NULL, "",
	  "print the address of this machine that lies in this range",
	  &ranges, MEMBER(vnet) },
	{ "--allow", "PITSTOP_ALLOW", "RANGES", NULL, CIDR_DEFAULT,
	  "the addresses that may connect; none: nobody",
	  &ranges, MEMBER(allow) },
	{ "--match", "PITSTOP_MATCH", "PATTERN", NULL, "",
	  "which script or module to hold, instead of the main one: its name,\n"
	  "path or 'part*.py'",
	  &text, MEMBER(match) },
	{ "--ranks", "PITSTOP_RANKS", "LIST", NULL, "",
	  "hold only these ranks of a launcher (torchrun, mpirun), not all",
	  &ranks, MEMBER(ranks) },
	{ "--debugpy", "PITSTOP_DEBUGPY", "DIRECTORY", NULL, "",
	  "where a debugpy is, for environments that have none",
	  &text, MEMBER(debugpy) },
	{ NULL, "PITSTOP_TOKEN", NULL, NULL, "",
	  "the pitstopToken that a debugger has to show; none: it needs none;\n"
	  "unset: a random one, printed with the launch configuration",
	  &secret, MEMBER(token) },
};

/* numbers */

static bool number_set(const struct setting *s, void *at, const char *from)
{
	const char *wrong;
	long long n;

	if (s->min == 0 && strcasecmp(from, "off") == 0)
		from = "0";
	n = strtonum(from, s->min, s->max, &wrong);
	if (wrong)
		return false;
	if (s->size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)n;
	else
		*(unsigned *)at = (unsigned)n;
	return true;
}

static void number_get(const struct setting *s, const void *at, char *to)
{
	snprintf(to, TEXT_MAX, "%u", s->size == sizeof(uint16_t) ?
		 *(const uint16_t *)at : *(const unsigned *)at);
}

static void number_allowed(const struct setting *s, char *to, size_t size)
{
	snprintf(to, size, "a whole number from %lld to %lld%s", s->min,
		 s->max, s->min == 0 ? ", or off" : "");
}

static const struct kind number = { number_set, number_get, number_allowed };

/* words */

static bool word_set(const struct setting *s, void *at, const char *from)
{
	const struct word *w = s->words;

	while (w->name && strcasecmp(w->name, from) != 0)
		w++;
	if (!w->name)
		return false;
	if (s->size == sizeof(bool))
		*(bool *)at = w->value;
	else
		*(unsigned *)at = w->value;
	return true;
}

static void word_get(const struct setting *s, const void *at, char *to)
{
	unsigned value = s->size == sizeof(bool) ? *(const bool *)at :
						   *(const unsigned *)at;
	const struct word *w = s->words;

	while (w->value != value)
		w++;
	strlcpy(to, w->name, TEXT_MAX);
}

/* The tables start with a name for each value; the other ones follow. */
static size_t word_values(const struct word *words)
{
	size_t n = 1;

	while (words[n].name && words[n].value != words[0].value)
		n++;
	return n;
}

static void word_allowed(const struct setting *s, char *to, size_t size)
{
	size_t n = word_values(s->words);

	strlcpy(to, s->words[0].name, size);
	for (size_t i = 1; i < n; i++) {
		strlcat(to, i + 1 < n ? ", " : " or ", size);
		strlcat(to, s->words[i].name, size);
	}
}

static const struct kind word = { word_set, word_get, word_allowed };

/* text */

static bool text_set(const struct setting *s, void *at, const char *from)
{
	for (const char *p = from; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	if (strlen(from) >= s->size)
		return false;
	strlcpy(at, from, s->size);
	return true;
}

static void text_get(const struct setting *s, const void *at, char *to)
{
	(void)s;
	strlcpy(to, at, TEXT_MAX);
}

static void text_allowed(const struct setting *s, char *to, size_t size)
{
	snprintf(to, size, "text of less than %zu bytes", s->size);
}

static const struct kind text = { text_set, text_get, text_allowed };
static const struct kind secret = { text_set, text_get, text_allowed };

/* addresses and ranges; empty means none */

static bool address_set(const struct setting *s, void *at, const char *from)
{
	unsigned char binary[sizeof(struct in6_addr)];

	if (*from && inet_pton(AF_INET, from, binary) != 1 &&
	    inet_pton(AF_INET6, from, binary) != 1)
		return false;
	return text_set(s, at, from);
}

static void address_allowed(const struct setting *s, char *to, size_t size)
{
	(void)s;
	strlcpy(to, "an IPv4 or IPv6 address", size);
}

static const struct kind address = { address_set, text_get, address_allowed };

static bool ranges_set(const struct setting *s, void *at, const char *from)
{
	struct cidr_list list;
	char bad[64];

	if (*from && !cidr_parse(&list, from, bad))
		return false;
	return text_set(s, at, from);
}

static void ranges_allowed(const struct setting *s, char *to, size_t size)
{
	(void)s;
	strlcpy(to, "ranges like 10.3.0.0/16,10.4.0.7 (zero behind the "
		"prefix)", size);
}

static const struct kind ranges = { ranges_set, text_get, ranges_allowed };

/* ranks; empty means all */

static bool ranks_set(const struct setting *s, void *at, const char *from)
{
	if (*from && !rank_list_valid(from))
		return false;
	return text_set(s, at, from);
}

static void ranks_allowed(const struct setting *s, char *to, size_t size)
{
	(void)s;
	strlcpy(to, "ranks like 0,3,8-11", size);
}

static const struct kind ranks = { ranks_set, text_get, ranks_allowed };

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

static void tell(const struct config *c, const struct setting *s,
		 const char *said, const char *value, config_bad *bad,
		 void *ctx)
{
	char kept[TEXT_MAX], allowed[128], sentence[512];

	s->kind->get(s, const_member(c, s), kept);
	s->kind->allowed(s, allowed, sizeof(allowed));
	if (s->kind == &secret)
		snprintf(sentence, sizeof(sentence),
			 "%s is not usable, allowed is %s; it is ignored",
			 said, allowed);
	else
		snprintf(sentence, sizeof(sentence),
			 "%s is '%.100s', allowed is %s; %s%.100s", said,
			 value, allowed, *kept ? "it stays " : "it is ignored",
			 kept);
	bad(ctx, sentence);
}

static bool set(struct config *c, const struct setting *s, const char *said,
		const char *value, config_bad *bad, void *ctx)
{
	if (s->kind->set(s, member(c, s), value))
		return true;
	tell(c, s, said, value, bad, ctx);
	return false;
}

bool config_set(struct config *c, const char *variable, const char *said,
		const char *from, config_bad *bad, void *ctx)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		if (strcmp(settings[i].variable, variable) == 0)
			return set(c, &settings[i], said, from, bad, ctx);
	return false;
}

/* the three sources */

void config_defaults(struct config *c)
{
	memset(c, 0, sizeof(*c));
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *s = &settings[i];

		s->kind->set(s, member(c, s), s->fallback);
	}
}

unsigned config_environment(struct config *c, config_bad *bad, void *ctx)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *s = &settings[i];
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
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const char *flag = settings[i].flag;

		if (flag && strlen(flag) == len && !strncmp(flag, arg, len))
			return &settings[i];
	}
	return NULL;
}

/* `--hold step`: a flag that can stand alone takes no word behind it. */
static void tell_of_word(const struct setting *s, const char *next,
			 config_bad *bad, void *ctx)
{
	size_t n = word_values(s->words), i = 0;
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
	if (!value && *at < argc)
		value = argv[(*at)++];
	return set(c, s, s->flag, value ? value : "", bad, ctx);
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

	for (size_t i = 0; i < ARRAY_LEN(settings) && rc == 0; i++)
		if (settings[i].kind != &secret)
			rc = export_one(c, &settings[i]);
	return rc;
}

/* help */

static void help_head(int fd, const struct setting *s)
{
	if (!s->flag)
		dprintf(fd, "  (no option: others can see command lines)\n");
	else if (s->bare)
		dprintf(fd, "  %s[=%s]\n", s->flag, s->metavar);
	else
		dprintf(fd, "  %s %s\n", s->flag, s->metavar);
}

static void help_text(int fd, const char *help)
{
	while (*help) {
		int len = (int)strcspn(help, "\n");

		dprintf(fd, "      %.*s\n", len, help);
		help += len + (help[len] == '\n');
	}
}

static void help_values(int fd, const struct setting *s)
{
	char allowed[128];

	s->kind->allowed(s, allowed, sizeof(allowed));
	dprintf(fd, "      %s: %s", s->variable, allowed);
	if (*s->fallback)
		dprintf(fd, ";%sdefault %s", strlen(s->fallback) > 20 ?
			"\n      " : " ", s->fallback);
	if (s->bare)
		dprintf(fd, "; alone: %s", s->bare);
	dprintf(fd, "\n");
}

void config_help(int fd)
{
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		help_head(fd, &settings[i]);
		help_text(fd, settings[i].help);
		help_values(fd, &settings[i]);
	}
}
