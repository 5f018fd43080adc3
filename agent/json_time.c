#include "json_time.h"

#include <stdio.h>
#include <time.h>

#include <cjson/cJSON.h>

#define TIME_SIZE 40

bool json_add_time(cJSON *to, const char *name, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	char day[TIME_SIZE], text[TIME_SIZE + 8];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03dZ", day, (int)(ms % 1000));
	return cJSON_AddStringToObject(to, name, text);
}
