/* Where a cgroup's files are, as the kernel tells it in each of the ways in
 * which containers are set up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cgroup_path.h"

#define V1 "36 31 0:34 "
#define V1_END " rw,relatime shared:9 - cgroup cgroup rw,memory"
#define V2_END " ro,nosuid - cgroup2 cgroup rw,nsdelegate"

static void members(void **state)
{
	static const struct {
		const char *lines[4], *path;
		bool v1;
	} TABLE[] = {
		{ { "0::/user.slice/a b.scope\n" }, "/user.slice/a b.scope",
		  false },
		{ { "0::/\n" }, "/", false },
		{ { "9:name=systemd:/x\n", "4:cpu,memory:/docker/ab\n",
		    "0::/y\n" }, "/docker/ab", true },
		{ { "0::/y\n", "4:memory:/docker/ab\n", "3:pids:/z\n" },
		  "/docker/ab", true },
		{ { "5:memoryless:/a\n", "6:name=memory:/b\n" }, "", false },
		{ { "garbage\n", "\n", ":\n" }, "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		struct cgroup_path p = { .path = "" };

		for (int n = 0; n < 4 && TABLE[i].lines[n]; n++)
			cgroup_path_member(&p, TABLE[i].lines[n]);
		assert_string_equal(p.path, TABLE[i].path);
		assert_int_equal(p.v1, TABLE[i].v1);
	}
}

static void mounts(void **state)
{
	static const struct {
		bool v1;
		const char *path, *line, *directory;  /* NULL: not that one */
	} TABLE[] = {
		/* a machine's own */
		{ false, "/a.slice/b", "30 20 0:26 / /sys/fs/cgroup" V2_END,
		  "/sys/fs/cgroup/a.slice/b" },
		{ true, "/a", V1 "/ /sys/fs/cgroup/memory" V1_END "\n",
		  "/sys/fs/cgroup/memory/a" },
		/* a container with a namespace for it */
		{ false, "/", "30 20 0:26 / /sys/fs/cgroup" V2_END,
		  "/sys/fs/cgroup" },
		/* one without: it is mounted from there */
		{ true, "/docker/ab", V1 "/docker/ab /cg/memory" V1_END,
		  "/cg/memory" },
		{ true, "/docker/ab/c", V1 "/docker/ab /cg/memory" V1_END,
		  "/cg/memory/c" },
		{ true, "/docker/abc", V1 "/docker/ab /cg/memory" V1_END,
		  "/cg/memory" },
		/* the outer names of a namespace */
		{ false, "/", "30 20 0:26 /../x /sys/fs/cgroup" V2_END,
		  "/sys/fs/cgroup" },
		/* others */
		{ true, "/a", "30 20 0:26 / /sys/fs/cgroup" V2_END, NULL },
		{ false, "/a", V1 "/ /sys/fs/cgroup/memory" V1_END, NULL },
		{ true, "/a", V1 "/ /cg rw - cgroup cgroup rw,cpu", NULL },
		{ true, "/a", V1 "/ /cg rw - tmpfs cgroup rw,memory", NULL },
		{ true, "/a", "garbage", NULL },
		{ true, "/a", "a b - cgroup cgroup rw,memory", NULL },
		{ true, "", V1 "/ /sys/fs/cgroup/memory" V1_END, NULL },
	};
	char top[PATH_MAX], directory[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(TABLE) / sizeof(*TABLE); i++) {
		struct cgroup_path p = { .v1 = TABLE[i].v1 };
		bool found;

		strcpy(p.path, TABLE[i].path);
		found = cgroup_path_mount(&p, TABLE[i].line, top, directory);
		assert_int_equal(found, TABLE[i].directory != NULL);
		if (!found)
			continue;
		assert_string_equal(directory, TABLE[i].directory);
		assert_memory_equal(directory, top, strlen(top));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members),
		cmocka_unit_test(mounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
