/* Any text around a secret: nothing of it is left. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "redact.h"

#define SECRET "hunter2hunter2"
#define TOLD " password=" SECRET " "

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t half = size / 2;
	struct buf text = { 0 }, left = { 0 };

	if (memmem(data, size, "unter2", 6))  /* a part of it that nothing tells */
		return 0;
	must(buf_add(&text, data, half) && buf_add(&text, TOLD, strlen(TOLD)) &&
	     buf_add(&text, data + half, size - half) &&
	     buf_add(&text, "", 1));
	must(redact_text(&left, text.data) && buf_add(&left, "", 1));
	if (strstr(text.data, TOLD))   /* no NUL before it */
		must(!strstr(left.data, SECRET));
	buf_free(&text);
	buf_free(&left);
	return 0;
}
