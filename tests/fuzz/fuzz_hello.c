/* Bytes as a hook's registration. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct hello *h)
{
	size_t sum = strlen(h->python) + strlen(h->exe) + strlen(h->cwd) +
		     strlen(h->hold) + strlen(h->timeout);

	must(h->pid > 0 && h->ppid >= 0 && h->left_ms >= -1);
	must(h->rank >= -1 && h->local_rank >= -1 && h->world_size >= -1);
	must(h->kind == HELLO_START || h->kind == HELLO_FORK ||
	     h->kind == HELLO_AGAIN);
	must(h->argc <= HELLO_ARGS_MAX && !h->args[h->argc]);
	for (size_t i = 0; i < h->argc; i++)
		sum += strlen(h->args[i]);
	must(sum < HELLO_MAX);
}

static void parse(const char *p, size_t size)
{
	struct hello h, part;
	size_t used = 0, less;
	int rc = hello_parse(p, size, &used, &h);

	must(rc == 1 || rc == 0 || rc == -EPROTO);
	if (rc != 1)
		return;
	must(used <= size);
	check(&h);
	hello_free(&h);
	for (size_t n = 0; n < used; n += n / 8 + 1)
		must(hello_parse(p, n, &less, &part) == 0);
}

/* Once as they are, once with a greeting of the right length before them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = { 0 };

	parse((const char *)data, size);
	must(buf_addf(&b, "pitstop 1 %zu\n", size));
	must(buf_add(&b, data, size));
	parse(b.data, b.len);
	buf_free(&b);
	return 0;
}
