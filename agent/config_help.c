#include "config_internal.h"

#include <stdio.h>
#include <string.h>

#define INDENT 6
#define WIDTH (80 - INDENT)  /* of the text behind it */

/* How much of a text goes on one line: up to a blank, or behind a comma. */
static size_t line_length(const char *text)
{
	if (strlen(text) <= WIDTH)
		return strlen(text);
	for (size_t len = WIDTH; len > 0; len--)
		if (text[len] == ' ' || text[len - 1] == ',')
			return len;
	return WIDTH;
}

static void paragraph(int fd, const char *text)
{
	while (*text) {
		size_t len = line_length(text);

		dprintf(fd, "%*s%.*s\n", INDENT, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
	}
}

static void help_head(int fd, const struct setting *s)
{
	if (!s->flag)
		dprintf(fd, "  %s (no option: others can see command lines)\n",
			s->variable);
	else if (s->bare)
		dprintf(fd, "  %s[=%s]\n", s->flag, s->metavar);
	else
		dprintf(fd, "  %s %s\n", s->flag, s->metavar);
}

static void help_values(int fd, const struct setting *s)
{
	char allowed[128], text[512];

	s->kind->allowed(s, allowed, sizeof(allowed));
	snprintf(text, sizeof(text), "%s: %s%s%s", s->variable, allowed,
		 *s->fallback ? "; default " : "", s->fallback);
	paragraph(fd, text);
	if (!s->bare)
		return;
	snprintf(text, sizeof(text), "%s alone means %s=%s", s->flag, s->flag,
		 s->bare);
	paragraph(fd, text);
}

void config_help(int fd)
{
	for (size_t i = 0; i < config_count; i++) {
		help_head(fd, &config_table[i]);
		paragraph(fd, config_table[i].help);
		help_values(fd, &config_table[i]);
	}
}
