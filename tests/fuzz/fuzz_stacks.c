/* Bytes as what a hook says that tells where its threads are, and as what an
 * agent answers to a command that asks it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "buf.h"
#include "stacks.h"
#include "stacks_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stacks s = { 0 };
	char *text = strndup((const char *)data, size), *rest = strdup(text);
	char *lines = rest, *line;
	struct buf b = { 0 };
	cJSON *json;

	while ((line = strsep(&rest, "\n")))
		stacks_add(&s, line);
	json = stacks_take(&s);
	if (!json || !stacks_are_alike(json, json) !=
		     !cJSON_GetArraySize(cJSON_GetObjectItem(json, "threads")))
		abort();
	stacks_text(&b, text, -1, -1);
	buf_free(&b);
	free(cJSON_PrintUnformatted(json));
	cJSON_Delete(json);
	free(lines);
	free(text);
	return 0;
}
