#include "page_data.h"

#include <stddef.h>

#include "page_csp.h"

/* Compressed, which no browser minds. The path is relative to the top of the
 * tree, where make runs. */
__asm__(".pushsection .rodata.status_page, \"a\"\n"
	".globl status_page\n"
	".globl status_page_len\n"
	"status_page:\n"
	".incbin \"build/status.html.gz\"\n"
	"status_page_end:\n"
	".balign 8\n"
	"status_page_len:\n"
	".dc.a status_page_end - status_page\n"
	".popsection\n");

extern const char status_page[];
extern const size_t status_page_len;

struct http_response page_response(void)
{
	return (struct http_response){
		.status = 200,
		.type = "text/html; charset=utf-8",
		.fields = "Content-Security-Policy: " PAGE_CSP "\r\n"
			  "Content-Encoding: gzip\r\n"
			  "X-Frame-Options: DENY\r\n"
			  "Referrer-Policy: no-referrer\r\n"
			  "Cross-Origin-Resource-Policy: same-origin\r\n",
		.content = status_page,
		.len = status_page_len,
	};
}
