/* Bytes as what IMDS says of a machine. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "imds_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct imds_answer said;
	bool ok;

	memcpy(text, data, size);
	text[size] = '\0';
	ok = imds_answer_parse(text, &said);
	free(text);
	must(said.nets.len <= CIDR_MAX);
	must(!*said.address ||
	     (ok && cidr_contains_text(&said.nets, said.address)));
	must(!cidr_contains_text(&said.nets, "127.0.0.1"));
	return 0;
}
