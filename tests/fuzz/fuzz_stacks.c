/* Bytes as what a hook says that tells where its threads are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "stacks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stacks s = { 0 };
	char *text = strndup((const char *)data, size), *rest = text, *line;
	cJSON *json;

	while ((line = strsep(&rest, "\n")))
		stacks_add(&s, line);
	json = stacks_take(&s);
	if (!json || !stacks_are_alike(json, json) !=
		     !cJSON_GetArraySize(cJSON_GetObjectItem(json, "threads")))
		abort();
	free(cJSON_PrintUnformatted(json));
	cJSON_Delete(json);
	free(text);
	return 0;
}
