// SPDX-License-Identifier: Apache-2.0
/* What the driver may leave out when containers are asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/record/scope.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"

static void ask(struct cap_scope *s, const char *id, const char *runtime)
{
	unsigned i = s->n_containers++;

	s->containers[i] = id;
	snprintf(s->ids[i], sizeof(s->ids[i]), "%s", id);
	s->runtimes[i] = runtime;
}

/* Does the last component of this path begin like one of those names? */
static bool kept(const struct cap_scope *s, const char *path)
{
	char names[CAP_MAX_CGROUPS][CAP_CGROUP_NAME];
	unsigned n = cap_scope__cgroups(s, names);
	const char *last = strrchr(path, '/') + 1;

	for (unsigned i = 0; i < n; i++)
		if (!strncmp(last, names[i], strlen(names[i])))
			return true;
	return !n;
}

static void cgroups_of_runtimes(void **state)
{
	static const struct { const char *id, *runtime, *path; } cases[] = {
		{ ID, "docker", "/docker/" ID },
		{ ID, "docker", "/system.slice/docker-" ID ".scope" },
		{ ID, "containerd", "/kubepods/burstable/pod1/" ID },
		{ ID, "containerd", "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" ID ".scope" },
		{ ID, "containerd", "/system.slice/nerdctl-" ID ".scope" },
		{ ID, "storage", "/machine.slice/libpod-" ID ".scope" },
		{ ID, "storage", "/system.slice/web.service/libpod-payload-" ID },
		{ ID, "storage", "/kubepods.slice/kubepods-pod1.slice/crio-" ID ".scope" },
		{ ID, "runc", "/libpod_parent/libpod-" ID },
		{ "web", "runc", "/web" },
		{ "web", "runc", "/user.slice/runc-web.scope" },
		{ "web", "lxc", "/lxc.payload.web" },
		{ "web", "lxc", "/lxc/web" },
		/* everything has to be looked at */
		{ "build-box", "systemd-nspawn", "/machine.slice/machine-build\\x2dbox.scope" },
		{ ID, NULL, "/" },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct cap_scope s = { 0 };

		ask(&s, cases[k].id, cases[k].runtime);
		if (!kept(&s, cases[k].path))
			fail_msg("%s of %s is left out", cases[k].path, cases[k].runtime);
	}
}

static void several(void **state)
{
	struct cap_scope s = { 0 };

	(void)state;
	for (unsigned i = 0; i < CAP_MAX_SCOPE; i++)
		ask(&s, i % 2 ? ID : "web", i % 2 ? "storage" : "lxc");
	assert_true(kept(&s, "/lxc.payload.web"));
	assert_true(kept(&s, "/machine.slice/libpod-" ID ".scope"));
	assert_false(kept(&s, "/system.slice/ssh.service"));
	s.runtimes[3] = NULL;		/* one that nobody knows yet */
	assert_true(kept(&s, "/system.slice/ssh.service"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cgroups_of_runtimes),
		cmocka_unit_test(several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
