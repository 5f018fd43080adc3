/* What a Python command line runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "pycmd.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define WORDS_MAX 16

/* A command line in a string, its elements separated by '|'. */
struct words {
	char *text;
	const char *argv[WORDS_MAX];
	size_t argc;
};

static struct words split(const char *line)
{
	struct words w = { .text = strdup(line) };

	for (char *p = w.text; p; ) {
		assert_true(w.argc < WORDS_MAX);
		w.argv[w.argc++] = p;
		p = strchr(p, '|');
		if (p)
			*p++ = '\0';
	}
	return w;
}

struct row {
	const char *line;
	enum pycmd_kind kind;
	const char *name;
	size_t args_at;
};

static void check(const struct row *row, bool tool)
{
	struct words w = split(row->line);
	struct pycmd c;

	pycmd_parse(w.argv, w.argc, &c);
	if (c.kind != row->kind || c.args_at != row->args_at ||
	    c.tool != tool || !c.name != !row->name ||
	    (c.name && strcmp(c.name, row->name) != 0))
		fail_msg("%s: kind %d, name %s, args at %zu, tool %d",
			 row->line, c.kind, c.name ? c.name : "(none)",
			 c.args_at, c.tool);
	free(w.text);
}

/* As CPython reads it: tried with 3.8, 3.11 and 3.13, all but -I, -S, -E. */
static void options_are_read_as_python_does(void **state)
{
	static const struct row TABLE[] = {
		{ "python", PYCMD_NONE, NULL, 1 },
		{ "python|x.py", PYCMD_SCRIPT, "x.py", 2 },
		{ "python|x.py|-c|a", PYCMD_SCRIPT, "x.py", 2 },
		{ "python|/a/b.zip|-m", PYCMD_SCRIPT, "/a/b.zip", 2 },
		{ "python|.", PYCMD_SCRIPT, ".", 2 },
		{ "python||a", PYCMD_SCRIPT, "", 2 },
		{ "python|-u|x.py", PYCMD_SCRIPT, "x.py", 3 },
		{ "python|-uBOOq|x.py|a", PYCMD_SCRIPT, "x.py", 3 },
		{ "python|-I|-S|-E|-s|-P|-v|-x|-i|-d|-bb|x.py", PYCMD_SCRIPT,
		  "x.py", 12 },
		/* values */
		{ "python|-W|ignore|x.py", PYCMD_SCRIPT, "x.py", 4 },
		{ "python|-Wignore|x.py", PYCMD_SCRIPT, "x.py", 3 },
		{ "python|-uW|ignore|x.py", PYCMD_SCRIPT, "x.py", 4 },
		{ "python|-Wm|x.py", PYCMD_SCRIPT, "x.py", 3 },
		{ "python|-X|dev|x.py", PYCMD_SCRIPT, "x.py", 4 },
		{ "python|-X|-c|x.py", PYCMD_SCRIPT, "x.py", 4 },
		{ "python|-Xfrozen_modules=off|x.py", PYCMD_SCRIPT, "x.py",
		  3 },
		{ "python|--check-hash-based-pycs|never|x.py", PYCMD_SCRIPT,
		  "x.py", 4 },
		{ "python|-W", PYCMD_NONE, NULL, 2 },
		{ "python|--check-hash-based-pycs", PYCMD_NONE, NULL, 2 },
		{ "python|--check-hash-based-pycs=never|x.py", PYCMD_NONE,
		  NULL, 3 },
		/* -m */
		{ "python|-m|a.b|c", PYCMD_MODULE, "a.b", 3 },
		{ "python|-ma.b|c", PYCMD_MODULE, "a.b", 2 },
		{ "python|-um|a.b|-c", PYCMD_MODULE, "a.b", 3 },
		{ "python|-umc|a.b", PYCMD_MODULE, "c", 2 },
		{ "python|-m|-c", PYCMD_MODULE, "-c", 3 },
		{ "python|-m", PYCMD_NONE, NULL, 2 },
		/* -c */
		{ "python|-c|pass|a|b", PYCMD_COMMAND, NULL, 3 },
		{ "python|-cpass|a|b", PYCMD_COMMAND, NULL, 2 },
		{ "python|-Bc|pass", PYCMD_COMMAND, NULL, 3 },
		{ "python|-c||x.py", PYCMD_COMMAND, NULL, 3 },
		{ "python|-c", PYCMD_NONE, NULL, 2 },
		/* standard input */
		{ "python|-", PYCMD_NONE, NULL, 2 },
		{ "python|-|x.py", PYCMD_NONE, NULL, 2 },
		{ "python|-u|-|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-i", PYCMD_NONE, NULL, 2 },
		/* the end of the options */
		{ "python|--|x.py", PYCMD_SCRIPT, "x.py", 3 },
		{ "python|--|-c|x.py", PYCMD_SCRIPT, "-c", 3 },
		{ "python|--|-|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|--", PYCMD_NONE, NULL, 2 },
		/* those that end it all, and mistakes */
		{ "python|-V|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-VV", PYCMD_NONE, NULL, 2 },
		{ "python|-uh|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-?", PYCMD_NONE, NULL, 2 },
		{ "python|--version", PYCMD_NONE, NULL, 2 },
		{ "python|--help|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|--help-all|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-Z|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-J|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-:|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|-+|x.py", PYCMD_NONE, NULL, 3 },
		{ "python|--unbuffered|x.py", PYCMD_NONE, NULL, 3 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		check(&TABLE[i], false);
}

static void options_that_matter_to_the_hook_are_noted(void **state)
{
	static const struct {
		const char *line;
		bool isolated, unfrozen;
	} TABLE[] = {
		{ "python|x.py|-I", false, false },
		{ "python|-uI|x.py", true, false },
		{ "python|-E|x.py", true, false },
		{ "python|-S|-m|x", true, false },
		{ "python|-W|-I|x.py", false, false },
		{ "python|-X|frozen_modules=off|x.py", false, true },
		{ "python|-BXfrozen_modules=off|-Xdev|x.py", false, true },
		{ "python|-X|frozen_modules=on|x.py", false, false },
		{ "python|-I|--check-hash-based-pycs|never|x.py", true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		struct words w = split(TABLE[i].line);
		struct pycmd c;

		pycmd_parse(w.argv, w.argc, &c);
		if (c.isolated != TABLE[i].isolated ||
		    c.unfrozen != TABLE[i].unfrozen)
			fail_msg("%s", TABLE[i].line);
		free(w.text);
	}
}

static void an_empty_command_line_runs_nothing(void **state)
{
	struct pycmd c;

	(void)state;
	pycmd_parse(NULL, 0, &c);
	assert_int_equal(c.kind, PYCMD_NONE);
	assert_int_equal(c.args_at, 0);
}

static void assert_tool(const char *line, bool tool)
{
	struct words w = split(line);
	struct pycmd c;

	pycmd_parse(w.argv, w.argc, &c);
	if (c.tool != tool)
		fail_msg("%s: tool %d", line, c.tool);
	free(w.text);
}

static void tools_are_known(void **state)
{
	static const char *const TABLE[] = {
		"py|-m|torch.distributed.run|x.py",
		"py|-m|torch.distributed.launch|x.py",
		"py|-m|torch.distributed.launcher.api",
		"py|-m|torch.distributed.elastic.multiprocessing",
		"py|-m|accelerate|launch|x.py",
		"py|-m|accelerate.commands.launch|x.py",
		"py|-m|deepspeed|x.py",
		"py|-u|-m|deepspeed.launcher.launch|x.py",
		"py|-m|horovod.runner|x.py",
		"py|-m|horovod.run",
		"py|-m|intel_extension_for_pytorch.cpu.launch|x.py",
		"py|-m|pip|install|x", "py|-m|pip.__main__",
		"py|-m|venv|v", "py|-m|ensurepip", "py|-m|virtualenv|v",
		"py|-m|debugpy|--listen|1|x.py", "py|-m|debugpy.adapter",
		"py|-m|pydevd", "py|-m|conda|run|x", "py|-m|compileall|.",
		"py|-Im|azure.cli|login", "py|-m|json.tool",
		"py|-m|tensorboard.main", "py|-m|http.server",
		"py|/env/bin/torchrun|x.py", "py|torchrun|x.py",
		"py|/env/bin/accelerate|launch|x.py",
		"py|/env/bin/accelerate-launch|x.py",
		"py|/env/bin/deepspeed|x.py", "py|/env/bin/horovodrun|x",
		"py|/env/bin/pip|install", "py|/env/bin/pip3",
		"py|/env/bin/pip3.11", "py|/opt/conda/bin/conda|run|x",
		"py|/opt/conda/bin/conda-env", "py|/opt/conda/bin/mamba",
		"py|/env/bin/virtualenv|v", "py|/env/bin/poetry|run|x",
		"py|/env/bin/pipenv|run|x", "py|/env/bin/debugpy",
		"py|/env/bin/debugpy-adapter", "py|/env/bin/ray|start",
		"py|/env/bin/tensorboard|--logdir|x",
		"py|/env/lib/python3.9/site-packages/debugpy/adapter|--port",
		"py|/env/debugpy/adapter/__main__.py",
		"py|debugpy/launcher|1|--|x.py",
		"py|/env/site-packages/debugpy|--connect|1|x.py",
		"py|/x/debugpy/__main__.py",
		"py|/x/debugpy/_vendored/pydevd/pydevd.py|--file|x.py",
		"py|/x/pydevd.py|--file|x.py",
		"py|/env/site-packages/torch/distributed/run.py|x.py",
		"py|torch/distributed/launch.py|x.py",
		"py|/env/site-packages/ray/_private/workers/default_worker.py",
		"py|/env/dist-packages/ray/dashboard/dashboard.py",
		"py|azureml-setup/job_prep.py",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		assert_tool(TABLE[i], true);
}

/* The names of tools in other people's paths and files. */
static void steps_are_no_tools(void **state)
{
	static const char *const TABLE[] = {
		"py|train.py", "py|-m|pkg.train", "py|-m|torch.distributed",
		"py|-m|torch.distributed.runner", "py|-m|pipeline",
		"py|-m|deepspeed_train", "py|-m|accelerated",
		"py|-m|my.pip", "py|-m|cProfile|x.py", "py|-m|mpi4py|x.py",
		"py|torchrun.py", "py|conda.py", "py|pip.py", "py|pip3.py",
		"py|accelerate.py", "py|deepspeed.py", "py|wandb.py",
		"py|run.py", "py|launch.py", "py|distributed/run.py",
		"py|/home/conda/train.py", "py|/opt/conda-envs/a/train.py",
		"py|/home/debugpy/train.py", "py|/w/debugpy-tests/train.py",
		"py|/w/accelerate-demo/train.py", "py|/w/mamba-2/train.py",
		"py|/w/pip3.11/train.py", "py|/w/torchrun/train.py",
		"py|/w/ray/train.py", "py|/w/torch/distributed/run.py/x.py",
		"py|/w/mydebugpy/adapter/x.py", "py|/w/debugpy/adapters/x.py",
		"py|/w/azureml-setup2/x.py", "py|/env/bin/my-train",
		"py|/env/bin/torchrun2", "py|x.py|torchrun",
		"py|-c|import pip", "py", "py|-V",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		assert_tool(TABLE[i], false);
}

#define RUNNER "azureml-setup/context_manager_injector.py"
#define INJECT "-i|ProjectPythonPath:context_managers.ProjectPythonPath|" \
	       "-i|RunHistory:context_managers.RunHistory"

static void azures_runner_yields_its_script(void **state)
{
	static const struct row TABLE[] = {
		{ "py|" RUNNER "|" INJECT "|train.py|--a|b.py", PYCMD_SCRIPT,
		  "train.py", 7 },
		{ "py|-u|/mnt/" RUNNER "|" INJECT "|src/train.py",
		  PYCMD_SCRIPT, "src/train.py", 8 },
		{ "py|" RUNNER "|train.py", PYCMD_SCRIPT, "train.py", 3 },
		{ "py|" RUNNER "|" INJECT "|python_train.py", PYCMD_SCRIPT,
		  "python_train.py", 7 },
	};
	static const struct row LAUNCHERS[] = {
		/* a shell command: it starts a process of its own */
		{ "py|" RUNNER "|" INJECT "|python train.py", PYCMD_SCRIPT,
		  RUNNER, 2 },
		{ "py|" RUNNER "|" INJECT "|python train.py --x y",
		  PYCMD_SCRIPT, RUNNER, 2 },
		{ "py|azureml-setup/run_script.py|python|" RUNNER "|" INJECT
		  "|train.py", PYCMD_SCRIPT, "azureml-setup/run_script.py",
		  2 },
		{ "py|" RUNNER "|/env/bin/python3.8|train.py", PYCMD_SCRIPT,
		  RUNNER, 2 },
		{ "py|" RUNNER "|" INJECT, PYCMD_SCRIPT, RUNNER, 2 },
		{ "py|" RUNNER "|.py", PYCMD_SCRIPT, RUNNER, 2 },
		/* the script is a tool */
		{ "py|" RUNNER "|torch/distributed/launch.py|train.py",
		  PYCMD_SCRIPT, "torch/distributed/launch.py", 3 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++)
		check(&TABLE[i], false);
	for (size_t i = 0; i < LENGTH(LAUNCHERS); i++)
		check(&LAUNCHERS[i], true);
	/* somebody's own file of that name */
	assert_tool("py|context_manager_injector.py|train.py", false);
}

static void globs_match_path_base_name_or_module(void **state)
{
	static const struct {
		const char *line, *pattern;
		bool matches;
	} TABLE[] = {
		{ "py|src/train.py", "train.py", true },
		{ "py|src/train.py", "src/train.py", true },
		{ "py|src/train.py", "*train*", true },
		{ "py|src/train.py", "src/*", true },
		{ "py|/a/b/train.py", "/a/*.py", true },
		{ "py|src/train.py", "tr[ae]in.p?", true },
		{ "py|src/train.py", "rain.py", false },
		{ "py|src/train.py", "src", false },
		{ "py|src/train.py", "", false },
		{ "py|src/train.py", "Train.py", false },
		{ "py|-m|pkg.train", "pkg.train", true },
		{ "py|-m|pkg.train", "pkg.*", true },
		{ "py|-m|pkg.train", "train", false },
		{ "py|-m|pkg/train", "train", false },
		{ "py|-c|train.py", "*", false },
		{ "py|-", "*", false },
		{ "py", "*", false },
		{ "py|torchrun|x.py", "*run", true },
		{ "py|" RUNNER "|train.py", "train.py", true },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		struct words w = split(TABLE[i].line);
		struct pycmd c;

		pycmd_parse(w.argv, w.argc, &c);
		if (pycmd_matches(&c, TABLE[i].pattern) != TABLE[i].matches)
			fail_msg("%s, %s", TABLE[i].line, TABLE[i].pattern);
		free(w.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_read_as_python_does),
		cmocka_unit_test(options_that_matter_to_the_hook_are_noted),
		cmocka_unit_test(an_empty_command_line_runs_nothing),
		cmocka_unit_test(tools_are_known),
		cmocka_unit_test(steps_are_no_tools),
		cmocka_unit_test(azures_runner_yields_its_script),
		cmocka_unit_test(globs_match_path_base_name_or_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
