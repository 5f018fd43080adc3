#include "pycmd.h"

#include <fnmatch.h>
#include <string.h>

/* CPython's options of one letter (Python/getopt.c, all versions from 2.7 on
 * together); a colon follows those that take a value. */
#define OPTIONS "+bBc:dEhiIJm:OPqQ:RsStuvVW:xX:?3"

/* The one long option that takes a value. */
#define HASH_OPTION "--check-hash-based-pycs"

/* Globs on the name of a module that is no step of anybody's: launchers, whose
 * children are, and tools. */
static const char *const TOOL_MODULES[] = {
	/* launchers */
	"accelerate", "accelerate.commands.*",
	"deepspeed", "deepspeed.launcher.*",
	"horovod.run*",
	"intel_extension_for_pytorch.*launch*",
	"mlflow", "mlflow.cli",
	"torch.distributed.elastic*",
	"torch.distributed.launch*",
	"torch.distributed.run",
	"torch_xla.distributed.*",
	/* debuggers */
	"debugpy", "debugpy.*", "ptvsd", "ptvsd.*", "pydevd", "pydevd.*",
	/* environments and packages */
	"conda", "conda.*", "conda_env*", "mamba", "mamba.*",
	"build", "ensurepip", "pip", "pip.*", "pipenv", "pipx", "poetry",
	"venv", "virtualenv", "wheel",
	/* the cloud's command lines, and what stands beside a step */
	"awscli", "azure.cli", "gsutil", "http.server", "tensorboard*",
	"wandb*",
	/* Python's own */
	"base64", "compileall", "gzip", "json", "json.tool", "platform",
	"py_compile", "pydoc", "site", "sysconfig", "tarfile", "uuid",
	"zipfile", "zipfile.*",
};

/* Globs on the end of a script's path: its base name, or more parts. Names of
 * console scripts have no ".py", which a user's file of the same name has. */
static const char *const TOOL_SCRIPTS[] = {
	/* launchers */
	"accelerate", "accelerate-*",
	"bpslaunch", "colossalai", "composer",
	"deepspeed", "deepspeed.pt", "ds", "dsr",
	"fabric", "lightning",
	"horovodrun", "ipexrun", "mlflow", "ray",
	"torch/distributed/launch.py", "torch/distributed/run.py",
	"torchrun", "torchx",
	/* debuggers */
	"debugpy", "debugpy-*", "debugpy/__main__.py",
	"ptvsd", "ptvsd/__main__.py", "pydevd", "pydevd.py",
	/* environments and packages */
	"conda", "conda-*", "mamba", "mamba-*", "micromamba",
	"pip", "pip[23]", "pip[23].[0-9]*", "pipenv", "pipx", "poetry",
	"virtualenv", "wheel",
	/* the cloud's command lines, and what stands beside a step */
	"aws", "az", "gcloud.py", "gsutil", "gsutil.py", "hf",
	"huggingface-cli", "tensorboard", "wandb",
};

/* Directories, with one part or more, of which every script is a tool. */
static const char *const TOOL_DIRECTORIES[] = {
	"accelerate/commands",
	"azureml-setup",
	"debugpy/_vendored", "debugpy/adapter", "debugpy/launcher",
	"debugpy/server",
	"deepspeed/launcher",
	"horovod/runner",
	"site-packages/ray", "dist-packages/ray",
	"torch/distributed/elastic",
};

/* Azure's older runtime: "context_manager_injector.py -i X:Y … train.py ARGS"
 * runs train.py by runpy in the same process. */
static const char *const RUNNERS[] = {
	"azureml-setup/context_manager_injector.py",
	"azureml-setup/run_script.py",
};

static const char *const INTERPRETERS[] = {
	"python", "python[23]", "python[23].[0-9]*",
};

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* which names are known */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool any_matches(const char *const *globs, size_t count,
			const char *text, int flags)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(globs[i], text, flags) == 0)
			return true;
	return false;
}

/* The same from each part of the path on. */
static bool any_matches_path(const char *const *globs, size_t count,
			     const char *path, int flags)
{
	for (const char *slash; path; path = slash ? slash + 1 : NULL) {
		slash = strchr(path, '/');
		if (any_matches(globs, count, path, FNM_PATHNAME | flags))
			return true;
	}
	return false;
}

#define MATCHES(globs, text) any_matches(globs, ARRAY_LENGTH(globs), text, 0)
#define MATCHES_PATH(globs, path, flags) \
	any_matches_path(globs, ARRAY_LENGTH(globs), path, flags)

static bool is_script_file(const char *arg)
{
	size_t len = strlen(arg);

	return len > 3 && strcmp(arg + len - 3, ".py") == 0;
}

/* Put in a runner's place the script it runs: the first argument that is a
 * Python file. None is in what it runs as a process of its own: a whole shell
 * command in one argument, or an interpreter and its arguments. */
static void look_through(const char *const *argv, size_t argc,
			 struct pycmd *out)
{
	for (size_t i = out->args_at; i < argc; i++) {
		if (strpbrk(argv[i], " \t\n") ||
		    MATCHES(INTERPRETERS, base_name(argv[i])))
			return;
		if (argv[i][0] != '-' && is_script_file(argv[i])) {
			out->name = argv[i];
			out->args_at = i + 1;
			return;
		}
	}
}

static void judge(const char *const *argv, size_t argc, struct pycmd *out)
{
	if (out->kind == PYCMD_MODULE)
		out->tool = MATCHES(TOOL_MODULES, out->name);
	if (out->kind != PYCMD_SCRIPT)
		return;
	if (MATCHES_PATH(RUNNERS, out->name, 0))
		look_through(argv, argc, out);
	out->tool = MATCHES_PATH(TOOL_SCRIPTS, out->name, 0) ||
		    MATCHES_PATH(TOOL_DIRECTORIES, out->name, FNM_LEADING_DIR);
}

/* the interpreter's own options */

struct options {
	const char *const *argv;
	size_t argc, at;     /* the next element */
	const char *letter;  /* the next option in a bundle; "" for none */
	char flag;           /* the last option's letter; 0: a long one ... */
	const char *value;   /* ... and its value */
};

/* What an element of the command line may be. */
enum found { FOUND_END, FOUND_NOTHING, FOUND_FLAG, FOUND_COMMAND,
	     FOUND_MODULE };

static enum found take_value(struct options *o, enum found found)
{
	if (*o->letter)
		o->value = o->letter;
	else if (o->at < o->argc)
		o->value = o->argv[o->at++];
	else
		return FOUND_NOTHING;  /* a usage error */
	o->letter = "";
	return found;
}

static enum found take_long(struct options *o)
{
	const char *option = o->argv[o->at++];

	o->flag = '\0';
	if (strcmp(option, HASH_OPTION) == 0)
		return take_value(o, FOUND_FLAG);
	return FOUND_NOTHING;  /* --help, --version or a usage error */
}

static enum found take_letter(struct options *o)
{
	const char *known = strchr(OPTIONS, *o->letter);
	char letter = *o->letter++;

	o->flag = letter;
	if (!known || letter == '+' || letter == ':' || strchr("?hVJ", letter))
		return FOUND_NOTHING;
	if (known[1] != ':')
		return FOUND_FLAG;
	return take_value(o, letter == 'c' ? FOUND_COMMAND :
			     letter == 'm' ? FOUND_MODULE : FOUND_FLAG);
}

static enum found next_option(struct options *o)
{
	const char *arg;

	if (*o->letter)
		return take_letter(o);
	if (o->at == o->argc)
		return FOUND_END;
	arg = o->argv[o->at];
	if (arg[0] != '-' || arg[1] == '\0')
		return FOUND_END;
	if (arg[1] == '-' && arg[2] == '\0') {
		o->at++;
		return FOUND_END;
	}
	if (arg[1] == '-')
		return take_long(o);
	o->at++;
	o->letter = arg + 1;
	return take_letter(o);
}

/* Behind the options: a script, or "-" and nothing for standard input. */
static void take_script(struct options *o, struct pycmd *out)
{
	if (o->at < o->argc && strcmp(o->argv[o->at], "-") == 0) {
		o->at++;
	} else if (o->at < o->argc) {
		out->kind = PYCMD_SCRIPT;
		out->name = o->argv[o->at++];
	}
	out->args_at = o->at;
}

static void note(const struct options *o, struct pycmd *out)
{
	if (o->flag == 'I' || o->flag == 'E' || o->flag == 'S')
		out->isolated = true;
	if (o->flag == 'X' && strcmp(o->value, "frozen_modules=off") == 0)
		out->unfrozen = true;
}

void pycmd_parse(const char *const *argv, size_t argc, struct pycmd *out)
{
	struct options o = { argv, argc, argc > 0, "", '\0', NULL };
	enum found found;

	*out = (struct pycmd){ .kind = PYCMD_NONE, .args_at = argc };
	while ((found = next_option(&o)) == FOUND_FLAG)
		note(&o, out);
	if (found == FOUND_END) {
		take_script(&o, out);
	} else if (found == FOUND_COMMAND) {
		out->kind = PYCMD_COMMAND;
		out->args_at = o.at;
	} else if (found == FOUND_MODULE) {
		out->kind = PYCMD_MODULE;
		out->name = o.value;
		out->args_at = o.at;
	}
	judge(argv, argc, out);
}

bool pycmd_matches(const struct pycmd *cmd, const char *pattern)
{
	if (!cmd->name)
		return false;
	return fnmatch(pattern, cmd->name, 0) == 0 ||
	       (cmd->kind == PYCMD_SCRIPT &&
		fnmatch(pattern, base_name(cmd->name), 0) == 0);
}
