// SPDX-License-Identifier: Apache-2.0
/* What a path says of a file: is it the system's, does a secret lie there? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/model/kinds.h"

static void check(const char *path, unsigned want)
{
	if (ins_kind__of_path(path, strlen(path)) != want)
		fail_msg("%s is %u, not %u", path, ins_kind__of_path(path, strlen(path)), want);
}

static void of_paths(void **state)
{
	(void)state;
	check("", 0);
	check("/", 0);
	check("/tmp/x", 0);
	check("/usr/bin/ls", FILE_OF_SYSTEM);
	check("/usr", 0);
	check("/usrlocal/bin", 0);
	check("/etc/passwd", FILE_OF_SYSTEM);
	check("/etc/shadow", FILE_OF_SYSTEM | FILE_SECRET);
	check("/etc/shadow-", FILE_OF_SYSTEM | FILE_SECRET);
	check("/var/run/secrets/kubernetes.io/serviceaccount/token", FILE_SECRET);
	check("/home/alice/.ssh/id_ed25519", FILE_SECRET);
	check("/home/alice/.ssh/known_hosts", 0);
	check("/root/.aws/credentials", FILE_OF_SYSTEM | FILE_SECRET);
	check("/srv/app/.env", FILE_SECRET);
	check("/proc/1/environ", FILE_SECRET);
	check("/boot/vmlinuz", FILE_OF_SYSTEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(of_paths) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
