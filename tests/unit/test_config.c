/* Settings: where they come from, which values they take, what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cidr.h"
#include "config.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))
#define WORDS_MAX 8

static const char *const VARIABLES[] = {
	"PITSTOP_HOLD", "PITSTOP_TIMEOUT", "PITSTOP_MAX_HOLD",
	"PITSTOP_PAUSE_LIMIT", "PITSTOP_STALL", "PITSTOP_PORT",
	"PITSTOP_HTTP_PORT",
	"PITSTOP_LATE_ATTACH", "PITSTOP_ARGS", "PITSTOP_ADOPT",
	"PITSTOP_REPORT", "PITSTOP_ADVERTISE",
	"PITSTOP_VNET", "PITSTOP_ALLOW", "PITSTOP_MATCH", "PITSTOP_DEBUGPY",
	"PITSTOP_TOKEN", "PITSTOP_RANKS",
};

static struct config c;
static char told[1024];
static int told_times;

static void tell(void *ctx, const char *sentence)
{
	assert_ptr_equal(ctx, &c);
	told_times++;
	snprintf(told, sizeof(told), "%s", sentence);
}

static int fresh(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(VARIABLES); i++)
		unsetenv(VARIABLES[i]);
	config_defaults(&c);
	told_times = 0;
	*told = '\0';
	return 0;
}

/* config_flags over words cut at blanks; *rest is what follows. */
static int flags(const char *line, char *rest)
{
	static char words[256];
	char *argv[WORDS_MAX + 1] = { words }, *save = NULL;
	int argc = 1, at = 1, rc;

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok_r(words, " ", &save); w;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	rc = config_flags(&c, argc, argv, &at, tell, &c);
	*rest = '\0';
	for (; at < argc; at++)
		sprintf(rest + strlen(rest), "%s ", argv[at]);
	return rc;
}

static void every_setting_has_a_default(void **state)
{
	(void)state;
	assert_int_equal(c.hold, HOLD_OFF);
	assert_int_equal(c.timeout, 300);
	assert_int_equal(c.max_hold, 86400);
	assert_int_equal(c.pause_limit, 0);
	assert_int_equal(c.stall, 0);
	assert_int_equal(c.port, 5678);
	assert_int_equal(c.http_port, 5679);
	assert_true(c.late_attach);
	assert_false(c.keep_args);
	assert_true(c.adopt);
	assert_int_equal(c.report, REPORT_AUTO);
	assert_string_equal(c.advertise, "");
	assert_string_equal(c.vnet, "");
	assert_string_equal(c.allow, CIDR_DEFAULT);
	assert_string_equal(c.match, "");
	assert_string_equal(c.ranks, "");
	assert_string_equal(c.debugpy, "");
	assert_string_equal(c.token, "");
}

static void the_environment_sets_all(void **state)
{
	(void)state;
	setenv("PITSTOP_HOLD", "step", 1);
	setenv("PITSTOP_TIMEOUT", "7", 1);
	setenv("PITSTOP_MAX_HOLD", "8", 1);
	setenv("PITSTOP_PAUSE_LIMIT", "10", 1);
	setenv("PITSTOP_STALL", "30m", 1);
	setenv("PITSTOP_PORT", "9", 1);
	setenv("PITSTOP_LATE_ATTACH", "off", 1);
	setenv("PITSTOP_ARGS", "keep", 1);
	setenv("PITSTOP_ADOPT", "off", 1);
	setenv("PITSTOP_REPORT", "Never", 1);
	setenv("PITSTOP_ADVERTISE", "10.1.2.3", 1);
	setenv("PITSTOP_VNET", "10.1.0.0/16", 1);
	setenv("PITSTOP_ALLOW", "none", 1);
	setenv("PITSTOP_MATCH", "*/train.py", 1);
	setenv("PITSTOP_RANKS", "0,3,8-11", 1);
	setenv("PITSTOP_DEBUGPY", "/opt/debugpy", 1);
	setenv("PITSTOP_TOKEN", "none", 1);
	assert_int_equal(config_environment(&c, tell, &c), 0);
	assert_int_equal(c.hold, HOLD_STEP);
	assert_int_equal(c.timeout, 7);
	assert_int_equal(c.max_hold, 8);
	assert_int_equal(c.pause_limit, 10);
	assert_int_equal(c.stall, 1800);
	assert_int_equal(c.port, 9);
	assert_false(c.late_attach);
	assert_true(c.keep_args);
	assert_false(c.adopt);
	assert_int_equal(c.report, REPORT_NEVER);
	assert_string_equal(c.advertise, "10.1.2.3");
	assert_string_equal(c.vnet, "10.1.0.0/16");
	assert_string_equal(c.allow, "none");
	assert_string_equal(c.match, "*/train.py");
	assert_string_equal(c.ranks, "0,3,8-11");
	assert_string_equal(c.debugpy, "/opt/debugpy");
	assert_string_equal(c.token, "none");
	assert_int_equal(told_times, 0);
}

static void an_empty_variable_is_unset(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(VARIABLES); i++)
		setenv(VARIABLES[i], "", 1);
	assert_int_equal(config_environment(&c, tell, &c), 0);
	every_setting_has_a_default(NULL);
}

static void bad_values_are_told_and_change_nothing(void **state)
{
	static const struct {
		const char *variable, *value, *sentence;
	} TABLE[] = {
		{ "PITSTOP_HOLD", "start", "PITSTOP_HOLD is 'start', allowed "
		  "is off, step, crash or both; it stays off" },
		{ "PITSTOP_TIMEOUT", "0", "PITSTOP_TIMEOUT is '0', allowed is "
		  "1 to 604800 seconds, also as 90s, 10m or 2h; it stays 300" },
		{ "PITSTOP_TIMEOUT", "604801", NULL },
		{ "PITSTOP_TIMEOUT", "-1", NULL },
		{ "PITSTOP_TIMEOUT", "5min", NULL },
		{ "PITSTOP_TIMEOUT", "169h", NULL },
		{ "PITSTOP_TIMEOUT", "1.5", NULL },
		{ "PITSTOP_TIMEOUT", "99999999999999999999", NULL },
		{ "PITSTOP_MAX_HOLD", "604801", NULL },
		{ "PITSTOP_MAX_HOLD", "off", NULL },
		{ "PITSTOP_PAUSE_LIMIT", "never", "PITSTOP_PAUSE_LIMIT is "
		  "'never', allowed is off, or 1 to 604800 seconds, also as "
		  "90s, 10m or 2h; it stays off" },
		{ "PITSTOP_STALL", "soon", "PITSTOP_STALL is 'soon', allowed "
		  "is off, or 1 to 604800 seconds, also as 90s, 10m or 2h; it "
		  "stays off" },
		{ "PITSTOP_PORT", "65536", "PITSTOP_PORT is '65536', allowed "
		  "is a whole number from 1 to 65535; it stays 5678" },
		{ "PITSTOP_PORT", "0", NULL },
		{ "PITSTOP_HTTP_PORT", "65536", "PITSTOP_HTTP_PORT is '65536', "
		  "allowed is off, or a whole number from 1 to 65535; it stays "
		  "5679" },
		{ "PITSTOP_RANKS", "0,-1", "PITSTOP_RANKS is '0,-1', allowed "
		  "is ranks like 0,3,8-11; it is ignored" },
		{ "PITSTOP_RANKS", "3-1", NULL },
		{ "PITSTOP_RANKS", "all", NULL },
		{ "PITSTOP_LATE_ATTACH", "maybe", "PITSTOP_LATE_ATTACH is "
		  "'maybe', allowed is on or off; it stays on" },
		{ "PITSTOP_ARGS", "drop", "PITSTOP_ARGS is 'drop', allowed is "
		  "consume or keep; it stays consume" },
		{ "PITSTOP_REPORT", "on", "PITSTOP_REPORT is 'on', allowed is "
		  "auto, always, abnormal or never; it stays auto" },
		{ "PITSTOP_ADVERTISE", "myhost", "PITSTOP_ADVERTISE is "
		  "'myhost', allowed is an IPv4 or IPv6 address; it is "
		  "ignored" },
		{ "PITSTOP_VNET", "10.3.0.5/16", "PITSTOP_VNET is "
		  "'10.3.0.5/16': 10.3.0.5/16 has bits set behind its prefix; "
		  "write 10.3.0.0/16; it is ignored" },
		{ "PITSTOP_VNET", "10.3.0.0/16, all", "PITSTOP_VNET is "
		  "'10.3.0.0/16, all': 'all' is no range like 10.3.0.0/16, "
		  "nor an address; it is ignored" },
		{ "PITSTOP_VNET", "10.3.0.0/16,none", "PITSTOP_VNET is "
		  "'10.3.0.0/16,none', allowed is up to 64 ranges like "
		  "10.3.0.0/16,10.4.0.7; it is ignored" },
		{ "PITSTOP_ALLOW", "all", NULL },
		{ "PITSTOP_MATCH", "a\nb", NULL },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		fresh(NULL);
		setenv(TABLE[i].variable, TABLE[i].value, 1);
		assert_int_equal(config_environment(&c, tell, &c), 1);
		assert_int_equal(told_times, 1);
		assert_memory_equal(told, TABLE[i].variable,
				    strlen(TABLE[i].variable));
		if (TABLE[i].sentence)
			assert_string_equal(told, TABLE[i].sentence);
		every_setting_has_a_default(NULL);
	}
}

static void a_bad_token_is_not_repeated(void **state)
{
	char secret[301];

	(void)state;
	memset(secret, 'q', sizeof(secret) - 1);
	secret[sizeof(secret) - 1] = '\0';
	setenv("PITSTOP_TOKEN", secret, 1);
	assert_int_equal(config_environment(&c, tell, &c), 1);
	assert_null(strstr(told, "qq"));
	assert_string_equal(c.token, "");
}

static void long_values_are_told_in_part(void **state)
{
	static char text[100000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	setenv("PITSTOP_TIMEOUT", text, 1);
	setenv("PITSTOP_MATCH", text, 1);
	assert_int_equal(config_environment(&c, tell, &c), 2);
	assert_in_range(strlen(told), 1, 400);
}

static void flags_are_read_up_to_the_command(void **state)
{
	static const struct {
		const char *line, *rest;
		int rc;
	} TABLE[] = {
		{ "", "", 0 },
		{ "python x.py", "python x.py ", 0 },
		{ "--hold python --hold=off", "python --hold=off ", 0 },
		{ "--hold -- --port 1", "--port 1 ", 0 },
		{ "-- -- x", "-- x ", 0 },
		{ "--timeout 5 --port=6 x", "x ", 0 },
		{ "--late-attach off", "off ", 0 },  /* the command */
		{ "--holding x", "--holding x ", -1 },
		{ "--hold --help", "--help ", -1 },
		{ "-x", "-x ", -1 },
		{ "-", "- ", -1 },
		{ "--=x y", "--=x y ", -1 },
		{ "--token secret x", "--token secret x ", -1 },
		{ "--timeout x --port y z", "z ", 2 },
		{ "--timeout", "", 1 },
		{ "--timeout -- x", "x ", 1 },
		{ "--timeout --hold x", "x ", 1 },
		{ "--match --hold -- x", "x ", 1 },
		{ "--timeout -1 x", "x ", 1 },
		{ "--timeout=", "", 1 },
		{ "--match= x", "x ", 0 },
		{ "--hold= x", "x ", 1 },
	};
	char rest[256];

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		fresh(NULL);
		assert_int_equal(flags(TABLE[i].line, rest), TABLE[i].rc);
		assert_string_equal(rest, TABLE[i].rest);
	}
}

static void a_flag_without_its_value_is_told(void **state)
{
	char rest[64];

	(void)state;
	assert_int_equal(flags("--timeout --hold -- x", rest), 1);
	assert_int_equal(c.hold, HOLD_STEP);
	assert_string_equal(told, "--timeout wants a value: 1 to 604800 "
			    "seconds, also as 90s, 10m or 2h; it stays 300");
	flags("--advertise", rest);
	assert_string_equal(told, "--advertise wants a value: an IPv4 or IPv6 "
			    "address; it is ignored");
}

static void an_unknown_flag_has_a_nearest_one(void **state)
{
	(void)state;
	assert_string_equal(config_nearest_flag("--timout"), "--timeout");
	assert_string_equal(config_nearest_flag("--max_hold"), "--max-hold");
	assert_string_equal(config_nearest_flag("--rank"), "--ranks");
	assert_string_equal(config_nearest_flag("--late"), "--late-attach");
	assert_null(config_nearest_flag("--la"));
	assert_null(config_nearest_flag("--tokens"));
	assert_null(config_nearest_flag("--"));
	assert_null(config_nearest_flag("-t"));
	assert_null(config_nearest_flag("-"));
}

static void unknown_variables_are_told_by_name(void **state)
{
	static const char *const OURS[] = { "PITSTOP_OWN", NULL };
	char long_name[200] = "PITSTOP_";

	(void)state;
	clearenv();
	memset(long_name + strlen(long_name), 'x', 180);
	setenv("PITSTOP_PORT", "1", 1);
	setenv("PITSTOP_OWN", "1", 1);
	setenv("PITSTOP_EMPTY", "", 1);
	setenv("PITSTOPS", "1", 1);
	setenv("PITSTOP_SERVICE_HOST", "10.0.0.1", 1);
	setenv("PITSTOP_PORT_5678_TCP", "tcp://10.0.0.1:5678", 1);
	config_unknown_variables(OURS, NULL, tell, &c);
	assert_int_equal(told_times, 0);
	setenv("PITSTOP_TOKNE", "secret", 1);
	config_unknown_variables(OURS, NULL, tell, &c);
	assert_string_equal(told, "PITSTOP_TOKNE: unknown; did you mean "
			    "PITSTOP_TOKEN?");
	unsetenv("PITSTOP_TOKNE");
	setenv("PITSTOP_", "1", 1);
	setenv(long_name, "1", 1);
	config_unknown_variables(OURS, NULL, tell, &c);
	assert_int_equal(told_times, 3);
	assert_in_range(strlen(told), 64, 200);
	clearenv();
}

static void a_variable_that_was_meant_is_told_alone(void **state)
{
	static const char *const OURS[] = { NULL };

	(void)state;
	clearenv();
	setenv("PITSTOP_TOKNE", "secret", 1);
	setenv("PITSTOP_HELP", "1", 1);
	config_unknown_variables(OURS, "PITSTOP_HOLD", tell, &c);
	assert_int_equal(told_times, 0);
	setenv("PITSTOP_HODL", "step", 1);
	config_unknown_variables(OURS, "PITSTOP_HOLD", tell, &c);
	assert_int_equal(told_times, 1);
	assert_string_equal(told, "PITSTOP_HODL: unknown; did you mean "
			    "PITSTOP_HOLD?");
	clearenv();
}

static void a_flag_wins_over_its_variable(void **state)
{
	char rest[64];

	(void)state;
	setenv("PITSTOP_TIMEOUT", "7", 1);
	setenv("PITSTOP_PORT", "8", 1);
	config_environment(&c, tell, &c);
	assert_int_equal(flags("--timeout 9 --port x y", rest), 1);
	assert_int_equal(c.timeout, 9);
	assert_int_equal(c.port, 8);  /* not the default: the flag was bad */
	assert_string_equal(told, "--port is 'x', allowed is a whole number "
			    "from 1 to 65535; it stays 8");
}

static void what_set_a_setting_is_known(void **state)
{
	char rest[64];

	(void)state;
	setenv("PITSTOP_ALLOW", "none", 1);
	setenv("PITSTOP_PORT", "8", 1);
	config_environment(&c, tell, &c);
	flags("--allow 10.0.0.0/8 --port x y", rest);
	assert_string_equal(config_said(&c, "PITSTOP_ALLOW"), "--allow");
	assert_string_equal(config_said(&c, "PITSTOP_PORT"), "PITSTOP_PORT");
	assert_string_equal(config_said(&c, "PITSTOP_TOKEN"), "PITSTOP_TOKEN");
	assert_string_equal(config_said(&c, "PITSTOP_NO"), "PITSTOP_NO");
}

static void off_is_the_number_that_means_none(void **state)
{
	char rest[64];

	(void)state;
	assert_int_equal(flags("--pause-limit 60", rest), 0);
	assert_int_equal(c.pause_limit, 60);
	assert_int_equal(flags("--pause-limit OFF", rest), 0);
	assert_int_equal(c.pause_limit, 0);
	assert_int_equal(flags("--http-port=off", rest), 0);
	assert_int_equal(c.http_port, 0);
	assert_int_equal(config_export(&c), 0);
	assert_null(getenv("PITSTOP_PAUSE_LIMIT"));
	assert_string_equal(getenv("PITSTOP_HTTP_PORT"), "off");
}

static void times_have_units_and_are_exported_in_seconds(void **state)
{
	char rest[64];

	(void)state;
	setenv("PITSTOP_TIMEOUT", "10m", 1);
	assert_int_equal(config_environment(&c, tell, &c), 0);
	assert_int_equal(flags("--max-hold 2h --pause-limit=90s", rest), 0);
	assert_int_equal(c.timeout, 600);
	assert_int_equal(c.max_hold, 7200);
	assert_int_equal(c.pause_limit, 90);
	assert_int_equal(config_export(&c), 0);
	assert_string_equal(getenv("PITSTOP_TIMEOUT"), "600");
	assert_string_equal(getenv("PITSTOP_MAX_HOLD"), "7200");
	assert_string_equal(getenv("PITSTOP_PAUSE_LIMIT"), "90");
}

static void words_are_read_in_many_spellings(void **state)
{
	static const struct {
		const char *flag;
		bool late;
	} TABLE[] = {
		{ "--late-attach=on", true }, { "--late-attach=off", false },
		{ "--late-attach=yes", true }, { "--late-attach=no", false },
		{ "--late-attach=True", true },
		{ "--late-attach=FALSE", false },
		{ "--late-attach=1", true }, { "--late-attach=0", false },
		{ "--late-attach", true },
	};
	char rest[64];

	(void)state;
	for (size_t i = 0; i < LENGTH(TABLE); i++) {
		c.late_attach = !TABLE[i].late;
		assert_int_equal(flags(TABLE[i].flag, rest), 0);
		assert_int_equal(c.late_attach, TABLE[i].late);
	}
}

static void a_hold_can_be_spelt_as_a_switch(void **state)
{
	static const char *const OFF[] = { "off", "no", "False", "0" };
	static const char *const STEP[] = { "step", "on", "yes", "TRUE", "1" };

	(void)state;
	for (size_t i = 0; i < LENGTH(STEP); i++) {
		c.hold = HOLD_OFF;
		assert_true(config_set(&c, "PITSTOP_HOLD", "it", STEP[i], tell,
				       &c));
		assert_int_equal(c.hold, HOLD_STEP);
	}
	for (size_t i = 0; i < LENGTH(OFF); i++) {
		c.hold = HOLD_STEP;
		assert_true(config_set(&c, "PITSTOP_HOLD", "it", OFF[i], tell,
				       &c));
		assert_int_equal(c.hold, HOLD_OFF);
	}
}

static void a_hold_can_be_asked_for_at_a_crash(void **state)
{
	char rest[64];

	(void)state;
	flags("--hold=crash", rest);
	assert_int_equal(c.hold, HOLD_CRASH);
	flags("--hold=Both", rest);
	assert_int_equal(c.hold, HOLD_STEP | HOLD_CRASH);
	assert_int_equal(config_export(&c), 0);
	assert_string_equal(getenv("PITSTOP_HOLD"), "both");
	flags("--hold crash", rest);
	assert_string_equal(told, "'crash' is taken for the command; did you "
			    "mean --hold=crash?");
}

static void a_word_behind_a_flag_that_stands_alone_is_told(void **state)
{
	char rest[64];

	(void)state;
	assert_int_equal(flags("--hold step -- x", rest), 0);
	assert_string_equal(rest, "step -- x ");
	assert_string_equal(told, "'step' is taken for the command; did you "
			    "mean --hold=step?");
	flags("--late-attach off x", rest);
	assert_int_equal(told_times, 2);
	flags("--hold python step", rest);
	flags("--hold=off step", rest);
	flags("--late-attach true", rest);
	assert_int_equal(told_times, 2);
}

static void one_can_be_set_by_its_name(void **state)
{
	(void)state;
	assert_true(config_set(&c, "PITSTOP_TIMEOUT", "it", "20", tell, &c));
	assert_int_equal(c.timeout, 20);
	assert_false(config_set(&c, "PITSTOP_TIMEOUT", "it", "x", tell, &c));
	assert_int_equal(c.timeout, 20);
	assert_string_equal(told, "it is 'x', allowed is 1 to 604800 seconds, "
			    "also as 90s, 10m or 2h; it stays 20");
	assert_false(config_set(&c, "PITSTOP_NO", "it", "1", tell, &c));
}

/* What is exported is read back as the same. */
static void an_export_is_read_as_it_was(void **state)
{
	struct config before;
	char rest[64];

	(void)state;
	flags("--hold --timeout 9 --late-attach=0 --args keep", rest);
	flags("--allow 10.0.0.0/8 --match *.py --port 7", rest);
	c.by_flag = 0;   /* that is not exported */
	before = c;
	assert_int_equal(config_export(&c), 0);
	assert_string_equal(getenv("PITSTOP_HOLD"), "step");
	assert_string_equal(getenv("PITSTOP_LATE_ATTACH"), "off");
	assert_string_equal(getenv("PITSTOP_ARGS"), "keep");
	config_defaults(&c);
	assert_int_equal(config_environment(&c, tell, &c), 0);
	assert_memory_equal(&c, &before, sizeof(c));
}

static void an_export_sets_no_default_and_mends_what_was_bad(void **state)
{
	(void)state;
	setenv("PITSTOP_TIMEOUT", "soon", 1);
	setenv("PITSTOP_PORT", "5678", 1);
	setenv("PITSTOP_TOKEN", "secret", 1);
	config_environment(&c, tell, &c);
	config_export(&c);
	assert_string_equal(getenv("PITSTOP_TIMEOUT"), "300");
	assert_string_equal(getenv("PITSTOP_PORT"), "5678");
	assert_string_equal(getenv("PITSTOP_TOKEN"), "secret");
	assert_null(getenv("PITSTOP_HOLD"));
	assert_null(getenv("PITSTOP_ALLOW"));
}

static void a_token_is_never_exported(void **state)
{
	(void)state;
	snprintf(c.token, sizeof(c.token), "secret");
	assert_int_equal(config_export(&c), 0);
	assert_null(getenv("PITSTOP_TOKEN"));
}

static void help_names_every_variable(void **state)
{
	static char text[16384];
	FILE *f = tmpfile();
	size_t len;

	(void)state;
	assert_non_null(f);
	config_help(fileno(f));
	rewind(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	for (size_t i = 0; i < LENGTH(VARIABLES); i++)
		assert_non_null(strstr(text, VARIABLES[i]));
	assert_null(strstr(text, "--token"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh)
	const struct CMUnitTest tests[] = {
		TEST(every_setting_has_a_default),
		TEST(the_environment_sets_all),
		TEST(an_empty_variable_is_unset),
		TEST(bad_values_are_told_and_change_nothing),
		TEST(a_bad_token_is_not_repeated),
		TEST(long_values_are_told_in_part),
		TEST(flags_are_read_up_to_the_command),
		TEST(a_flag_without_its_value_is_told),
		TEST(an_unknown_flag_has_a_nearest_one),
		TEST(unknown_variables_are_told_by_name),
		TEST(a_variable_that_was_meant_is_told_alone),
		TEST(a_flag_wins_over_its_variable),
		TEST(what_set_a_setting_is_known),
		TEST(off_is_the_number_that_means_none),
		TEST(times_have_units_and_are_exported_in_seconds),
		TEST(words_are_read_in_many_spellings),
		TEST(a_hold_can_be_spelt_as_a_switch),
		TEST(a_hold_can_be_asked_for_at_a_crash),
		TEST(a_word_behind_a_flag_that_stands_alone_is_told),
		TEST(one_can_be_set_by_its_name),
		TEST(an_export_is_read_as_it_was),
		TEST(an_export_sets_no_default_and_mends_what_was_bad),
		TEST(a_token_is_never_exported),
		TEST(help_names_every_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
