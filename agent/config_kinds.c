#include "config_internal.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "cidr.h"
#include "duration.h"
#include "rank_list.h"

/* Where 0 is allowed it means none, and "off" says that too. */
static const char *off_is_zero(const struct setting *s, const char *from)
{
	return s->min == 0 && strcasecmp(from, "off") == 0 ? "0" : from;
}

/* numbers */

static bool number_set(const struct setting *s, void *at, const char *from)
{
	const char *wrong;
	long long n = strtonum(off_is_zero(s, from), s->min, s->max, &wrong);

	if (wrong)
		return false;
	*(uint16_t *)at = (uint16_t)n;
	return true;
}

static void number_get(const struct setting *s, const void *at, char *to)
{
	uint16_t n = *(const uint16_t *)at;

	if (s->min == 0 && n == 0)
		strlcpy(to, "off", TEXT_MAX);
	else
		snprintf(to, TEXT_MAX, "%u", n);
}

static void number_allowed(const struct setting *s, char *to, size_t size)
{
	snprintf(to, size, "%sa whole number from %u to %u",
		 s->min == 0 ? "off, or " : "", s->min ? s->min : 1, s->max);
}

const struct kind kind_number = {
	.set = number_set, .get = number_get,
	.allowed = number_allowed,
};

/* durations */

static bool duration_set(const struct setting *s, void *at, const char *from)
{
	return duration_parse(off_is_zero(s, from), s->min, s->max, at);
}

static void duration_get(const struct setting *s, const void *at, char *to)
{
	unsigned seconds = *(const unsigned *)at;

	if (s->min == 0 && seconds == 0)
		strlcpy(to, "off", TEXT_MAX);
	else
		snprintf(to, TEXT_MAX, "%u", seconds);
}

static void duration_allowed(const struct setting *s, char *to, size_t size)
{
	snprintf(to, size, "%s%u to %u seconds, also as 90s, 10m or 2h",
		 s->min == 0 ? "off, or " : "", s->min ? s->min : 1, s->max);
}

const struct kind kind_duration = {
	.set = duration_set, .get = duration_get,
	.allowed = duration_allowed,
};

/* words */

static bool word_set(const struct setting *s, void *at, const char *from)
{
	const struct word *w = s->words;

	while (w->name && strcasecmp(w->name, from) != 0)
		w++;
	if (!w->name)
		return false;
	if (s->size == sizeof(bool))
		*(bool *)at = w->value;
	else
		*(unsigned *)at = w->value;
	return true;
}

static void word_get(const struct setting *s, const void *at, char *to)
{
	unsigned value = s->size == sizeof(bool) ? *(const bool *)at :
						   *(const unsigned *)at;
	const struct word *w = s->words;

	while (w->value != value)
		w++;
	strlcpy(to, w->name, TEXT_MAX);
}

size_t config_word_values(const struct word *words)
{
	size_t n = 1;

	while (words[n].name && words[n].value != words[0].value)
		n++;
	return n;
}

static void word_allowed(const struct setting *s, char *to, size_t size)
{
	size_t n = config_word_values(s->words);

	strlcpy(to, s->words[0].name, size);
	for (size_t i = 1; i < n; i++) {
		strlcat(to, i + 1 < n ? ", " : " or ", size);
		strlcat(to, s->words[i].name, size);
	}
}

const struct kind kind_word = {
	.set = word_set, .get = word_get,
	.allowed = word_allowed,
};

/* text */

static bool text_set(const struct setting *s, void *at, const char *from)
{
	for (const char *p = from; *p; p++)
		if (iscntrl((unsigned char)*p))
			return false;
	if (strlen(from) >= s->size)
		return false;
	strlcpy(at, from, s->size);
	return true;
}

static void text_get(const struct setting *s, const void *at, char *to)
{
	(void)s;
	strlcpy(to, at, TEXT_MAX);
}

static void text_allowed(const struct setting *s, char *to, size_t size)
{
	snprintf(to, size, "text of less than %zu bytes", s->size);
}

const struct kind kind_text = {
	.set = text_set, .get = text_get,
	.allowed = text_allowed,
};
const struct kind kind_secret = {
	.set = text_set, .get = text_get,
	.allowed = text_allowed,
};

/* addresses and ranges; empty means none */

static bool address_set(const struct setting *s, void *at, const char *from)
{
	unsigned char binary[sizeof(struct in6_addr)];

	if (*from && inet_pton(AF_INET, from, binary) != 1 &&
	    inet_pton(AF_INET6, from, binary) != 1)
		return false;
	return text_set(s, at, from);
}

static void address_allowed(const struct setting *s, char *to, size_t size)
{
	(void)s;
	strlcpy(to, "an IPv4 or IPv6 address", size);
}

const struct kind kind_address = {
	.set = address_set, .get = text_get,
	.allowed = address_allowed,
};

static bool ranges_set(const struct setting *s, void *at, const char *from)
{
	struct cidr_list list;
	char bad[64];

	if (*from && !cidr_parse(&list, from, bad))
		return false;
	return text_set(s, at, from);
}

static void ranges_allowed(const struct setting *s, char *to, size_t size)
{
	(void)s;
	snprintf(to, size, "up to %d ranges like 10.3.0.0/16,10.4.0.7",
		 CIDR_MAX);
}

static bool ranges_fault(const char *from, char *to, size_t size)
{
	struct cidr_list list;
	char bad[64], again[64], mended[64];

	if (cidr_parse(&list, from, bad) || cidr_parse(&list, bad, again))
		return false;  /* too long, or too many */
	if (cidr_mend(bad, mended))
		snprintf(to, size, "%s has bits set behind its prefix; write "
			 "%s", bad, mended);
	else
		snprintf(to, size, "'%s' is no range like 10.3.0.0/16, nor an "
			 "address", bad);
	return true;
}

const struct kind kind_ranges = {
	.set = ranges_set, .get = text_get,
	.allowed = ranges_allowed, .fault = ranges_fault,
};

/* ranks; empty means all */

static bool ranks_set(const struct setting *s, void *at, const char *from)
{
	if (*from && !rank_list_valid(from))
		return false;
	return text_set(s, at, from);
}

static void ranks_allowed(const struct setting *s, char *to, size_t size)
{
	(void)s;
	strlcpy(to, "ranks like 0,3,8-11", size);
}

const struct kind kind_ranks = {
	.set = ranks_set, .get = text_get,
	.allowed = ranks_allowed,
};
