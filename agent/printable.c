#include "printable.h"

void printable(char *text, size_t len)
{
	unsigned char *p = (unsigned char *)text;

	for (size_t i = 0; i < len; i++) {
		if (p[i] < ' ' || p[i] == 0x7f)
			p[i] = '?';
		else if (p[i] == 0xc2 && i + 1 < len && p[i + 1] >= 0x80 &&
			 p[i + 1] < 0xa0)
			p[i] = p[i + 1] = '?';
	}
}
