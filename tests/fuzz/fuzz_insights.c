/* Bytes as Application Insights' answer, and as its connection string. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "event.h"
#include "insights.h"

#define N 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void judge(const char *body)
{
	struct event of[N] = { [1].taken = 1 };
	struct event *events[N] = { &of[0], &of[1], &of[2] };
	enum verdict verdicts[N] = { VERDICT_DONE };

	insights_judge(206, body, events, verdicts, N);
	for (size_t i = 0; i < N; i++)
		must(verdicts[i] == VERDICT_DONE ||
		     ((verdicts[i] == VERDICT_AGAIN ||
		       verdicts[i] == VERDICT_LOST) && of[i].taken != 3));
}

static void connect_to(const char *text)
{
	char key[INSIGHTS_KEY_MAX];
	struct buf url = { 0 };

	if (insights_connect(&url, key, text)) {
		must(*key && strlen(key) < INSIGHTS_KEY_MAX);
		must(strlen(url.data) == url.len && strstr(text, key));
	}
	buf_free(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	must(text);
	memcpy(text, data, size);
	text[size] = '\0';
	judge(text);
	connect_to(text);
	free(text);
	return 0;
}
