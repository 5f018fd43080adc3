#include "config_internal.h"

#include <stdio.h>
#include <string.h>

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
	for (size_t i = 0; i < config_count; i++) {
		help_head(fd, &config_table[i]);
		help_text(fd, config_table[i].help);
		help_values(fd, &config_table[i]);
	}
}
