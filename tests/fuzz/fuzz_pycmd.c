/* Bytes as a command line, a NUL behind each element. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pycmd.h"

#define ARGS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct pycmd *c, const char *const *argv, size_t argc)
{
	bool named = c->kind == PYCMD_SCRIPT || c->kind == PYCMD_MODULE;

	must(c->args_at <= argc);
	must(named == (c->name != NULL));
	must(!c->tool || named);
	must(pycmd_matches(c, "*") == named);
	if (!named)
		return;
	/* It stands at the end of the element before its arguments. */
	must(c->args_at > 0);
	must(c->name >= argv[c->args_at - 1] &&
	     c->name <= argv[c->args_at - 1] + strlen(argv[c->args_at - 1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *argv[ARGS_MAX];
	struct pycmd c;
	size_t argc = 0;

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	for (char *p = text; p < text + size && argc < ARGS_MAX;
	     p += strlen(p) + 1)
		argv[argc++] = p;
	pycmd_parse(argv, argc, &c);
	check(&c, argv, argc);
	free(text);
	return 0;
}
