/* Text as an agent's list of sessions, and as a URL. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "session_list.h"
#include "url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* A line for each, a title and the address; nothing that a terminal obeys. */
static void check_table(const char *text)
{
	struct session_list l;
	struct buf b = { 0 };
	size_t lines = 0;

	if (!session_list_parse(text, &l))
		return;
	must(session_list_same(&l, &l));
	must(session_list_write(&b, &l));
	for (size_t i = 0; i < b.len; i++) {
		lines += b.data[i] == '\n';
		must(b.data[i] == '\n' || (unsigned char)b.data[i] >= ' ');
	}
	must(l.len ? lines == l.len + 1 || lines == l.len + 2 : lines == 1);
	buf_free(&b);
	session_list_free(&l);
}

static void check_url(const char *text)
{
	struct url u;

	if (!url_parse(text, &u))
		must(*u.host && u.port);
	if (!url_parse_host(text, &u))
		must(*u.host && u.port && strlen(u.host) < strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	memcpy(text, data, size);
	text[size] = '\0';
	check_table(text);
	check_url(text);
	free(text);
	return 0;
}
