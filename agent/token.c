#include "token.h"

#include <bsd/string.h>
#include <mbedtls/constant_time.h>

#include "config.h"

#define SIZE sizeof(((struct config *)0)->token)

bool token_is(const char *shown, const char *token)
{
	char a[SIZE] = { 0 }, b[SIZE] = { 0 };
	bool fits = strlcpy(a, shown, sizeof(a)) < sizeof(a);

	strlcpy(b, token, sizeof(b));
	return mbedtls_ct_memcmp(a, b, sizeof(a)) == 0 && fits;
}
