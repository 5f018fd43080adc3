/* What stands in the way of debugging, judged by the facts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bsd/string.h>

#include "cidr.h"
#include "config.h"
#include "preflight.h"

static struct config config;
static struct preflight p;
static const char *looked_for;
static enum preflight_level level;
static char said[2048];

static int fresh(void **state)
{
	(void)state;
	config_defaults(&config);
	memset(&p, 0, sizeof(p));
	p.config = &config;
	p.wanted_port = p.port = 5678;
	p.way = WAY_PREFIX;
	p.host_why = "route";
	strlcpy(p.host, "10.3.0.5", sizeof(p.host));
	strlcpy(p.exe, "/bin/python", sizeof(p.exe));
	strlcpy(p.python, "3.11.7", sizeof(p.python));
	strlcpy(p.debugpy, "1.8.22", sizeof(p.debugpy));
	return 0;
}

static void on_found(void *ctx, const char *check, enum preflight_level l,
		     const char *text, const char *remedy)
{
	(void)ctx;
	assert_true(l == PREFLIGHT_OK || *remedy);
	if (strcmp(check, looked_for) != 0)
		return;
	level = l;
	snprintf(said, sizeof(said), "%s; %s", text, remedy);
}

static void judge(const char *check, enum preflight_level wanted,
		  const char *words)
{
	looked_for = check;
	*said = '\0';
	preflight_judge(&p, on_found, NULL);
	if (level != wanted || !strstr(said, words))
		fail_msg("%s: %d, %s", check, level, said);
}

static void the_command_is_to_start_through_pitstop(void **state)
{
	(void)state;
	p.way = WAY_NONE;
	judge("way in", PREFLIGHT_WARNING, "none; put 'pitstop run --'");
	p.way = WAY_INSIDE;
	judge("way in", PREFLIGHT_OK, "under a pitstop run");
	p.isolated = true;
	judge("way in", PREFLIGHT_PROBLEM, "-I, -E and -S");
}

static void debugpy_has_to_suit_the_python(void **state)
{
	static const struct {
		const char *python, *debugpy;
		enum preflight_level level;
		const char *words;
	} TABLE[] = {
		{ "", "", PREFLIGHT_PROBLEM, "no answer" },
		{ "2.7.18", "", PREFLIGHT_PROBLEM, "3.6 or newer" },
		{ "3.11.7", "", PREFLIGHT_PROBLEM, "PITSTOP_DEBUGPY" },
		{ "3.6.15", "1.5.1", PREFLIGHT_OK, "1.5.1" },
		{ "3.6.15", "1.6.0", PREFLIGHT_PROBLEM, "install debugpy 1.5.1" },
		{ "3.7.16", "1.7.0", PREFLIGHT_OK, "1.7.0" },
		{ "3.7.16", "1.8.22", PREFLIGHT_PROBLEM, "1.7.0" },
		{ "3.8.1", "1.8.22", PREFLIGHT_OK, "" },
		{ "3.11.7", "1.6.3", PREFLIGHT_WARNING, "1.6.4" },
		{ "3.11.7", "1.6.4", PREFLIGHT_OK, "" },
		{ "3.11.7", "?", PREFLIGHT_OK, "" },
		{ "3.13.1", "1.6.3", PREFLIGHT_OK, "" },
	};

	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		fresh(state);
		strlcpy(p.python, TABLE[i].python, sizeof(p.python));
		strlcpy(p.debugpy, TABLE[i].debugpy, sizeof(p.debugpy));
		judge("debugger", TABLE[i].level, TABLE[i].words);
	}
}

static void frozen_modules_matter_where_nobody_sees_to_them(void **state)
{
	(void)state;
	judge("frozen modules", PREFLIGHT_OK, "kept from");
	config.adopt = false;
	judge("frozen modules", PREFLIGHT_WARNING,
	      "PYDEVD_DISABLE_FILE_VALIDATION=1");
	p.unchecked = true;
	judge("frozen modules", PREFLIGHT_OK, "");
	strlcpy(p.debugpy, "1.5.1", sizeof(p.debugpy));
	judge("frozen modules", PREFLIGHT_WARNING, "frozen_modules=off");
	p.unfrozen = true;
	judge("frozen modules", PREFLIGHT_OK, "off");
	strlcpy(p.python, "3.10.1", sizeof(p.python));
	judge("frozen modules", PREFLIGHT_OK, "none before");
}

static void a_taken_port_has_an_owner(void **state)
{
	(void)state;
	judge("port", PREFLIGHT_OK, "5678 is free");
	p.port = 5680;
	judge("port", PREFLIGHT_WARNING, "cannot be seen");
	p.taken_by = 41;
	strlcpy(p.taken_name, "nginx", sizeof(p.taken_name));
	judge("port", PREFLIGHT_WARNING, "nginx (pid 41); 5680 is used");
	p.port = 0;
	p.last_port = 5693;
	p.port_error = -EADDRINUSE;
	judge("port", PREFLIGHT_PROBLEM, "5678 to 5693");
	p.port_error = -EACCES;
	judge("port", PREFLIGHT_PROBLEM, "cannot listen");
}

static void the_address_has_to_be_reached(void **state)
{
	(void)state;
	judge("address", PREFLIGHT_OK, "10.3.0.5 (route)");
	p.bridged = true;
	judge("address", PREFLIGHT_WARNING, "container's own");
	p.doubtful = true;
	judge("address", PREFLIGHT_WARNING, "ssh -L");
}

static void the_allow_list_has_to_let_the_vnet_in(void **state)
{
	static const struct {
		const char *allow, *vnet, *subnet;
		enum preflight_level level;
	} TABLE[] = {
		{ CIDR_DEFAULT, "", "10.3.0.0/24", PREFLIGHT_OK },
		{ "10.3.0.7", "", "10.3.0.0/24", PREFLIGHT_OK },
		{ "192.168.7.0/24", "", "10.3.0.0/24", PREFLIGHT_WARNING },
		{ "192.168.7.0/24", "", "", PREFLIGHT_OK },
		{ "10.3.0.0/24", "10.4.0.0/16", "10.3.0.0/24",
		  PREFLIGHT_WARNING },
		{ "none", "", "", PREFLIGHT_PROBLEM },
	};

	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		fresh(state);
		strlcpy(config.allow, TABLE[i].allow, sizeof(config.allow));
		strlcpy(config.vnet, TABLE[i].vnet, sizeof(config.vnet));
		strlcpy(p.subnet, TABLE[i].subnet, sizeof(p.subnet));
		judge("allow-list", TABLE[i].level, "");
	}
}

static void outputs_are_recognized_with_care(void **state)
{
	static const struct {
		const char *args[3];
		const char *path;   /* NULL: none */
	} TABLE[] = {
		{ { "--output_dir", "/x/y" }, "/x/y" },
		{ { "--output-path=out/a" }, "/wd/out/a" },
		{ { "--output_train", "./a" }, "/wd/./a" },
		{ { "--output_path", "/x/model.pt" }, "/x" },
		{ { "--log_dir", "logs" }, "/wd/logs" },
		{ { "--output_model", "org/model" }, NULL },
		{ { "--output_format", "json" }, NULL },
		{ { "--output_dir", "s3://x/y" }, NULL },
		{ { "--output_size", "128" }, NULL },
		{ { "--output_dir", "--epochs" }, NULL },
		{ { "--model_dir", "/x" }, NULL },
		{ { "--output_dir" }, NULL },
	};
	struct output found[OUTPUTS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		size_t argc = TABLE[i].args[1] ? 2 : 1;
		size_t n = outputs_find(TABLE[i].args, argc, "/wd", found);

		if (n != (TABLE[i].path != NULL) ||
		    (n && strcmp(found[0].path, TABLE[i].path) != 0))
			fail_msg("%s: %s", TABLE[i].args[0],
				 n ? found[0].path : "none");
	}
}

static void no_secret_is_told(void **state)
{
	struct buf b = { 0 };

	(void)state;
	p.outputs_len = 1;
	p.outputs[0].state = OUTPUT_PARENT;
	strlcpy(p.outputs[0].option, "--output_dir", 64);
	strlcpy(p.outputs[0].path, "/x/AccountKey=hidden12345;\033[2J", 64);
	preflight_log(&b, &p);
	assert_true(buf_add(&b, "", 1));
	assert_non_null(strstr(b.data, "check output: --output_dir /x/"));
	assert_null(strstr(b.data, "hidden12345"));
	assert_null(strchr(b.data, '\033'));
	buf_free(&b);
}

static void what_the_hold_has_told_is_wrong_too(void **state)
{
	struct buf b = { 0 };

	(void)state;
	p.hold = p.doubtful = true;
	config.hold = HOLD_STEP;
	strlcpy(config.allow, "none", sizeof(config.allow));
	preflight_log(&b, &p);
	assert_true(buf_add(&b, "", 1));
	assert_ptr_equal(strstr(b.data, "pitstop: started by "), b.data);
	assert_null(strstr(b.data, "nothing wrong"));
	buf_free(&b);
	p.doubtful = false;
	config_defaults(&config);
	preflight_log(&b, &p);
	assert_true(buf_add(&b, "", 1));
	assert_non_null(strstr(b.data, "nothing wrong"));
	buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_command_is_to_start_through_pitstop,
				       fresh),
		cmocka_unit_test(debugpy_has_to_suit_the_python),
		cmocka_unit_test_setup(
			frozen_modules_matter_where_nobody_sees_to_them, fresh),
		cmocka_unit_test_setup(a_taken_port_has_an_owner, fresh),
		cmocka_unit_test_setup(the_address_has_to_be_reached, fresh),
		cmocka_unit_test(the_allow_list_has_to_let_the_vnet_in),
		cmocka_unit_test_setup(outputs_are_recognized_with_care, fresh),
		cmocka_unit_test_setup(no_secret_is_told, fresh),
		cmocka_unit_test_setup(what_the_hold_has_told_is_wrong_too,
				       fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
