// SPDX-License-Identifier: Apache-2.0
/*
 * Cgroup lists: hierarchies by number, named ones, several subsystems, the unified one, odd lines.
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
					    cmocka_unit_test(test_this_machine) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
