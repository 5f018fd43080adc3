#include "capabilities.h"

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

static const char *const SUPPORTED[] = {
	"supportsCompletionsRequest",
	"supportsConditionalBreakpoints",
	"supportsConfigurationDoneRequest",
	"supportsDebuggerProperties",
	"supportsDelayedStackTraceLoading",
	"supportsEvaluateForHovers",
	"supportsExceptionInfoRequest",
	"supportsExceptionOptions",
	"supportsFunctionBreakpoints",
	"supportsHitConditionalBreakpoints",
	"supportsLogPoints",
	"supportsModulesRequest",
	"supportsSetExpression",
	"supportsSetVariable",
	"supportsValueFormattingOptions",
	"supportsTerminateDebuggee",
	"supportsTerminateRequest",
	"supportsGotoTargetsRequest",
	"supportsClipboardContext",
	"supportsStepInTargetsRequest",
	CAPABILITY_CHECK,
};

/* The filters that pydevd knows; the labels are shown to people. */
static const struct {
	const char *filter, *label, *description;
	bool on;
} FILTERS[] = {
	{ "raised", "Raised Exceptions",
	  "Break whenever any exception is raised.", false },
	{ "uncaught", "Uncaught Exceptions",
	  "Break when the process is exiting due to unhandled exception.",
	  true },
	{ "userUnhandled", "User Uncaught Exceptions",
	  "Break when exception escapes into library code.", false },
};

cJSON *capabilities(void)
{
	cJSON *c = cJSON_CreateObject(), *list, *f;

	for (size_t i = 0; i < sizeof(SUPPORTED) / sizeof(*SUPPORTED); i++)
		cJSON_AddTrueToObject(c, SUPPORTED[i]);
	list = cJSON_AddArrayToObject(c, "exceptionBreakpointFilters");
	for (size_t i = 0; i < sizeof(FILTERS) / sizeof(*FILTERS); i++) {
		f = cJSON_CreateObject();
		cJSON_AddStringToObject(f, "filter", FILTERS[i].filter);
		cJSON_AddStringToObject(f, "label", FILTERS[i].label);
		cJSON_AddBoolToObject(f, "default", FILTERS[i].on);
		cJSON_AddStringToObject(f, "description",
					FILTERS[i].description);
		cJSON_AddItemToArray(list, f);
	}
	return c;
}
