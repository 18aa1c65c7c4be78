// SPDX-License-Identifier: Apache-2.0
/* Which containers namespaces are of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/snapshot/inside.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define SHOWN "3ad7b26ded6d"

static void by_cgroup(void **state)
{
	static const struct { const char *text, *id; } cases[] = {
		{ NULL, NULL },
		{ "", NULL },
		{ "0::/", NULL },
		{ "0::/system.slice/ssh.service\n", NULL },
		{ "0::/docker/" ID "\n", SHOWN },
		{ "0::/docker/" ID, SHOWN },
		{ "12:pids:/\n9:name=systemd:/docker/" ID "\n0::/\n", SHOWN },
		{ "0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope\n", SHOWN },
		/* not lines of this kind */
		{ "/docker/" ID "\n", NULL },
		{ "0:\n:/docker/" ID, NULL },
		{ ":::\n\n:", NULL },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char id[65];

		assert_int_equal(cap_inside__container(cases[i].text, id), cases[i].id != NULL);
		if (cases[i].id)
			assert_string_equal(id, cases[i].id);
	}
}

static void the_first_has_it(void **state)
{
	struct cap_inside in = { 0 };

	(void)state;
	assert_null(cap_inside__of(&in, 0xffff888100000000));
	cap_inside__add(&in, 0, "none");
	cap_inside__add(&in, 0xffff888100000000, "a");
	cap_inside__add(&in, 0xffff888100000000, "b");
	cap_inside__add(&in, 0xffff888100000100, "b");
	assert_null(cap_inside__of(&in, 0));
	assert_string_equal(cap_inside__of(&in, 0xffff888100000000), "a");
	assert_string_equal(cap_inside__of(&in, 0xffff888100000100), "b");
	cap_inside__done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_cgroup),
		cmocka_unit_test(the_first_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
