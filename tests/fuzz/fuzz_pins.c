/* Bytes as a file that pins packages, and as a name of what is installed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pins pins;
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	pins.len = 0;
	pins_read(&pins, text, "a", size % 2);
	pins_entry(&pins, text, 1);
	for (size_t i = 0; i < pins.len; i++) {
		if (!*pins.at[i].name || !*pins.at[i].version)
			abort();
		pins_found(&pins, pins.at[i].name, pins.at[i].version, 1);
		if (pin_differs(&pins.at[i]))
			abort();
	}
	free(text);
	return 0;
}
