#include "openapi_data.h"

#include <stddef.h>

#include "lz4.h"

/* The path is relative to the top of the tree, where make runs. */
__asm__(".pushsection .rodata.openapi, \"a\"\n"
	".globl openapi\n"
	".globl openapi_len\n"
	"openapi:\n"
	".incbin \"build/openapi.json.lz4\"\n"
	"openapi_end:\n"
	".balign 8\n"
	"openapi_len:\n"
	".dc.a openapi_end - openapi\n"
	".popsection\n");

extern const char openapi[];
extern const size_t openapi_len;

bool openapi_add(struct buf *to)
{
	return lz4_unpack(to, openapi, openapi_len);
}
