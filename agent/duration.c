#include "duration.h"

#include <stdio.h>
#include <string.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#define DIGITS_MAX 10  /* of UINT_MAX */

static unsigned unit_seconds(const char *unit)
{
	if (strcmp(unit, "h") == 0)
		return 3600;
	if (strcmp(unit, "m") == 0)
		return 60;
	return strcmp(unit, "s") == 0 || !*unit ? 1 : 0;
}

bool duration_parse(const char *text, unsigned min, unsigned max,
		    unsigned *seconds)
{
	size_t len = strspn(text, "0123456789");
	unsigned unit = unit_seconds(text + len);
	char digits[DIGITS_MAX + 1];
	const char *wrong = NULL;
	long long n;

	if (!unit || len == 0 || len > DIGITS_MAX)
		return false;
	strlcpy(digits, text, len + 1);
	n = strtonum(digits, 0, max / unit, &wrong) * unit;
	if (wrong || n < min)
		return false;
	*seconds = (unsigned)n;
	return true;
}

const char *duration_text(int64_t ms, char to[static DURATION_TEXT])
{
	long long seconds = ms / 1000;

	if (seconds < 120)
		snprintf(to, DURATION_TEXT, "%lld s", seconds);
	else if (seconds < 7200)
		snprintf(to, DURATION_TEXT, "%lld min", seconds / 60);
	else
		snprintf(to, DURATION_TEXT, "%lld h %lld min", seconds / 3600,
			 seconds / 60 % 60);
	return to;
}
