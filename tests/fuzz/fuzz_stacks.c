/* Bytes as the lines of a hook that tells where its threads are. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "stacks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct stacks *s, char *line)
{
	char *rest = strchr(line, ' ');

	if (rest)
		*rest++ = '\0';
	stacks_line(s, line, rest ? rest : "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stacks s = { 0 };
	char *text = strndup((const char *)data, size), *rest = text, *line;
	cJSON *json;

	while ((line = strsep(&rest, "\n")))
		add(&s, line);
	json = stacks_take(&s);
	if (!json || !stacks_are_alike(json, json) !=
		     !cJSON_GetArraySize(cJSON_GetObjectItem(json, "threads")))
		abort();
	free(cJSON_PrintUnformatted(json));
	cJSON_Delete(json);
	free(text);
	return 0;
}
