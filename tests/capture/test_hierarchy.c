// SPDX-License-Identifier: Apache-2.0
/*
 * Cgroup lists: hierarchies by number, named ones, several subsystems, the unified one, odd lines; and out of a cgroup namespace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/hierarchy.h"

static struct cap_hierarchies made(void)
{
	return (struct cap_hierarchies){
		.n = 4,
		.h = { { 1, "cpu,cpuacct" }, { 2, "memory" }, { 9, "systemd" }, { 0, "pids" } }
	};
}

static void check(const char *text, const char *want, size_t n)
{
	struct cap_hierarchies h = made();
	struct buf out = { 0 };

	cap_hierarchies__list(&h, text, &out);
	assert_int_equal(out.len, n);
	if (n)
		assert_memory_equal(out.p, want, n);
	buf__done(&out);
}
#define CHECK(text, want) check(text, want, sizeof(want) - 1)

static void test_list(void **state)
{
	(void)state;
	CHECK("9:name=systemd:/a\n2:memory:/b/c\n1:cpu,cpuacct:/d\n0::/e\n",
	      "systemd=/a\0memory=/b/c\0cpu=/d\0cpuacct=/d\0pids=/e\0");
	CHECK("2:memory:/with:colon\n", "memory=/with:colon\0");
	CHECK("2:memory:/no newline", "memory=/no newline\0");
	CHECK("", "");
	CHECK("\n\nnonsense\n2:half\n", "");
}

static void check_in(const char *root, const char *path, const char *want)
{
	struct cap_hierarchies h = made();
	struct buf out = { 0 };
	char text[256], all[256];

	cap_hierarchies__root(&h, 0, "/before");
	cap_hierarchies__root(&h, 0, root);
	assert_int_equal(h.n_roots, 1);
	snprintf(text, sizeof(text), "0::%s\n2:memory:/m\n", path);
	snprintf(all, sizeof(all), "pids=%s%cmemory=/m", want, 0);
	cap_hierarchies__list(&h, text, &out);
	assert_int_equal(out.len, strlen(want) + sizeof("pids=") + sizeof("memory=/m"));
	assert_memory_equal(out.p, all, out.len);
	buf__done(&out);
}

static void test_namespace(void **state)
{
	(void)state;
	check_in("/kubepods/pod1/own", "/", "/kubepods/pod1/own");
	check_in("/kubepods/pod1/own", "/init", "/kubepods/pod1/own/init");
	check_in("/kubepods/pod1/own", "/..", "/kubepods/pod1");
	check_in("/kubepods/pod1/own", "/../pause", "/kubepods/pod1/pause");
	check_in("/kubepods/pod1/own", "/../../pod2/it", "/kubepods/pod2/it");
	check_in("/kubepods/pod1/own", "/../../..", "/");
	check_in("/kubepods/pod1/own", "/../../../init.scope", "/init.scope");
	check_in("/kubepods/pod1/own", "/..a/b", "/kubepods/pod1/own/..a/b");
	check_in("/", "/a", "/a");
	check_in("/", "/", "/");
	/* where its root is not known what is left is the end, which names the container */
	check_in("/own", "/../../a", "/a");
	check_in("/", "/../../docker/it", "/docker/it");
	check_in("/", "/../..", "/");
}

static void test_this_machine(void **state)
{
	struct cap_hierarchies h;

	(void)state;
	cap_hierarchies__read(&h);
	assert_true(h.n > 0);
	assert_true(*cap_hierarchies__names(&h, 0));	/* there is always the unified one */
	assert_string_equal(cap_hierarchies__names(&h, 12345), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_list),
		cmocka_unit_test(test_namespace),
					    cmocka_unit_test(test_this_machine) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
