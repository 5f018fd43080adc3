/* What files and variables say of a machine, from their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "machine.h"

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* A Docker container without a namespace of groups; systemd's both. */
#define GROUPS "12:cpu,cpuacct:/docker/0a1b\n9:memory:/docker/0a1b\n" \
	"3:cpuset:/set\n1:name=systemd:/docker/0a1b\n0::/system.slice/a:b\n"

static void a_group_is_found(void **state)
{
	static const struct {
		const char *text, *controller, *path;
	} CASES[] = {
		{ GROUPS, "memory", "/docker/0a1b" },
		{ GROUPS, "cpu", "/docker/0a1b" },
		{ GROUPS, "cpuacct", "/docker/0a1b" },
		{ GROUPS, "cpuset", "/set" },
		{ GROUPS, "", "/system.slice/a:b" },
		{ "0::/", "", "/" },
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		assert_true(machine_cgroup(CASES[i].text, CASES[i].controller,
					   path, sizeof(path)));
		assert_string_equal(path, CASES[i].path);
	}
}

static void a_group_that_is_not_there_is_not_found(void **state)
{
	static const char *const BAD[] = {
		"", "\n", ":", "0:", "0::", "x::/a", "9:memory", "memory:/a",
		"9:memor:/a\n9:memoryx:/b\n9:x,y:/memory",
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < LENGTH(BAD); i++)
		assert_false(machine_cgroup(BAD[i], "memory", path,
					    sizeof(path)));
	assert_false(machine_cgroup(GROUPS, "memory", path, 12));
	assert_true(machine_cgroup(GROUPS, "memory", path, 13));
}

static void limits_are_numbers_or_none(void **state)
{
	static const struct {
		const char *text;
		double bytes, cpus;
	} CASES[] = {
		{ "268435456\n", 268435456, 0 },
		{ "max\n", 0, 0 },
		{ "9223372036854771712\n", 0, 0 },  /* version 1: none */
		{ "-1\n", 0, 0 },
		{ "", 0, 0 },
		{ "max 100000\n", 0, 0 },
		{ "-1\n100000\n", 0, 0 },
		{ "150000 100000\n", 150000, 1.5 },
		{ "50000\n100000\n", 50000, 0.5 },
		{ "50000 0\n", 50000, 0 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		assert_true(machine_memory_limit(CASES[i].text) ==
			    CASES[i].bytes);
		assert_true(machine_cpu_limit(CASES[i].text) ==
			    CASES[i].cpus);
	}
}

static void a_value_stands_behind_its_name(void **state)
{
	static const struct {
		const char *text, *name, *value;
	} CASES[] = {
		{ "NAME=\"Debian\"\nPRETTY_NAME=\"Debian 12\"\nID=debian\n",
		  "PRETTY_NAME=", "Debian 12" },
		{ "PRETTY_NAME=Alpine", "PRETTY_NAME=", "Alpine" },
		{ "Model: \t\t Tesla V100-PCIE-16GB\nIRQ: 3\n", "Model:",
		  "Tesla V100-PCIE-16GB" },
		{ "PRETTY_NAME=\"\"\n", "PRETTY_NAME=", NULL },
		{ "XModel: a\n Model: b", "Model:", NULL },
		{ "", "Model:", NULL },
		{ "Model: a name without end ...............................",
		  "Model:", "a name without end ............" },
	};
	char value[32];
	bool found;

	(void)state;
	for (size_t i = 0; i < LENGTH(CASES); i++) {
		found = machine_value(CASES[i].text, CASES[i].name, value,
				      sizeof(value));
		assert_int_equal(found, CASES[i].value != NULL);
		if (found)
			assert_string_equal(value, CASES[i].value);
	}
}

static void memory_is_in_bytes(void **state)
{
	(void)state;
	assert_true(machine_memory("MemTotal:       24684096 kB\n"
				   "MemFree: 1 kB\n") == 24684096.0 * 1024);
	assert_true(machine_memory("MemFree: 1 kB\n") == 0);
}

static void of_the_context_only_what_is_named_is_taken(void **state)
{
	struct machine_context c;

	(void)state;
	machine_context("{\"cluster_name\":\"gpu\",\"node_id\":"
			"{\"EnvironmentVariable\":\"POD_NAME\"},\"vm_id\":null,"
			"\"vm_size\":\"STANDARD_NC6\",\"vm_priority\":null}",
			&c);
	assert_string_equal(c.cluster, "gpu");
	assert_string_equal(c.vm_size, "STANDARD_NC6");
	assert_string_equal(c.priority, "");
	machine_context("{\"vm_size\":7,\"cluster_name\":[\"a\"]", &c);
	assert_string_equal(c.cluster, "");
	assert_string_equal(c.vm_size, "");
}

int main(void)
{
	static const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(a_group_is_found),
		cmocka_unit_test(a_group_that_is_not_there_is_not_found),
		cmocka_unit_test(limits_are_numbers_or_none),
		cmocka_unit_test(a_value_stands_behind_its_name),
		cmocka_unit_test(memory_is_in_bytes),
		cmocka_unit_test(of_the_context_only_what_is_named_is_taken),
	};

	return cmocka_run_group_tests_name("machine", TESTS, NULL, NULL);
}
