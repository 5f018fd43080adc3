#include "outputs.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Globs, in lower case and with "_" for "-". */
static const char *const NAMES[] = {
	"output", "outputs", "output_*", "out_dir", "outdir", "save_dir",
	"result_dir", "results_dir", "log_dir", "logdir", "logging_dir",
	"checkpoint_dir",
};
static const char *const DIRECTORIES[] = {
	"*dir", "*directory", "*folder", "*path",
};

static bool any_matches(const char *const *globs, size_t count,
			const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(globs[i], name, 0) == 0)
			return true;
	return false;
}

/* "--output-dir" or "--output-dir=X" as "output_dir"; false when it is none
 * that names an output. */
static bool output_name(const char *arg, char to[static 64])
{
	size_t len = strcspn(arg, "=");

	if (strncmp(arg, "--", 2) != 0 || len >= 64)
		return false;
	for (size_t i = 2; i < len; i++)
		to[i - 2] = arg[i] == '-' ? '_'
					  : (char)tolower((unsigned char)arg[i]);
	to[len - 2] = '\0';
	return any_matches(NAMES, ARRAY_LENGTH(NAMES), to);
}

static bool is_path(const char *name, const char *value)
{
	if (!*value || *value == '-' || strpbrk(value, ":{}$*?\n") ||
	    value[strspn(value, "0123456789.,")] == '\0')
		return false;
	return *value == '/' || strncmp(value, "./", 2) == 0 ||
	       strncmp(value, "../", 3) == 0 ||
	       any_matches(DIRECTORIES, ARRAY_LENGTH(DIRECTORIES), name);
}

/* "model.pt" is a file, "run_1.2" and "cache.d/" may be directories. */
static bool is_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	const char *dot = strrchr(base, '.');

	return dot && dot > base && isalpha((unsigned char)dot[1]);
}

static bool take(const char *option, const char *value, const char *cwd,
		 struct output *to)
{
	size_t len = strcspn(option, "=");
	char name[64], *slash;

	if (!output_name(option, name) || !is_path(name, value))
		return false;
	snprintf(to->option, sizeof(to->option), "%.*s", (int)len, option);
	if (snprintf(to->path, sizeof(to->path), "%s%s%s",
		     *value == '/' ? "" : cwd,
		     *value == '/' || !*cwd ? "" : "/", value) >=
	    (int)sizeof(to->path))
		return false;
	to->state = OUTPUT_THERE;
	if (!is_file(to->path) || fnmatch("*dir*", name, 0) == 0)
		return true;
	slash = strrchr(to->path, '/');
	if (slash)
		slash[slash == to->path] = '\0';
	return slash;
}

size_t outputs_find(const char *const *args, size_t count, const char *cwd,
		    struct output to[static OUTPUTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < count && n < OUTPUTS_MAX; i++) {
		const char *value = strchr(args[i], '=');

		if (value)
			value++;
		else if (i + 1 < count)
			value = args[i + 1];
		if (value && take(args[i], value, cwd, &to[n]))
			n++;
	}
	return n;
}
