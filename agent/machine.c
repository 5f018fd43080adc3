#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <cjson/cJSON.h>

#define NO_LIMIT 4e18  /* version 1 says about 2^63 */

/* Is `word` one of the words between commas that `list` begins with? */
static bool has_word(const char *list, size_t len, const char *word)
{
	size_t n;

	for (const char *end = list + len; list <= end; list += n + 1) {
		n = strcspn(list, ",:");
		if (strlen(word) == n && memcmp(list, word, n) == 0)
			return true;
	}
	return false;
}

bool machine_cgroup(const char *text, const char *controller, char *to,
		    size_t size)
{
	/* NUMBER:CONTROLLERS:PATH */
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		const char *list = text + strspn(text, "0123456789");
		const char *path;

		n = strcspn(text, "\n");
		path = *list == ':' ? memchr(list + 1, ':',
					     (size_t)(text + n - list) - 1)
				    : NULL;
		if (!path || !has_word(list + 1, (size_t)(path - list) - 1,
				       controller))
			continue;
		path++;
		if ((size_t)(text + n - path) >= size)
			return false;
		memcpy(to, path, (size_t)(text + n - path));
		to[text + n - path] = '\0';
		return true;
	}
	return false;
}

double machine_memory_limit(const char *text)
{
	double n = strtod(text, NULL);  /* "max" is 0 */

	return n > 0 && n < NO_LIMIT ? n : 0;
}

double machine_cpu_limit(const char *text)
{
	double quota = 0, period = 0;

	if (sscanf(text, "%lf %lf", &quota, &period) != 2 || quota <= 0 ||
	    period <= 0)
		return 0;
	return quota / period;
}

bool machine_value(const char *text, const char *name, char *to, size_t size)
{
	const size_t len = strlen(name);

	while (text && strncmp(text, name, len) != 0) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	if (!text)
		return false;
	text += len + strspn(text + len, " \t\"");
	strlcpy(to, text, size);
	to[strcspn(to, "\"\n")] = '\0';
	return *to;
}

double machine_memory(const char *meminfo)
{
	char kilobytes[32];

	return machine_value(meminfo, "MemTotal:", kilobytes,
			     sizeof(kilobytes))
		? strtod(kilobytes, NULL) * 1024 : 0;
}

static void take(const cJSON *of, const char *name, char *to, size_t size)
{
	const char *found = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(of, name));

	strlcpy(to, found ? found : "", size);
}

void machine_context(const char *json, struct machine_context *to)
{
	cJSON *all = cJSON_Parse(json);

	take(all, "cluster_name", to->cluster, sizeof(to->cluster));
	take(all, "vm_size", to->vm_size, sizeof(to->vm_size));
	take(all, "vm_priority", to->priority, sizeof(to->priority));
	cJSON_Delete(all);
}
