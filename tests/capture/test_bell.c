// SPDX-License-Identifier: Apache-2.0
/*
 * The bell, with the kernel's own programs: it can be polled once a record has come, and only if somebody asked. Needs root.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/driver/driver.h"

#define LONG_MS 60000			/* a machine that is held up; nothing is measured */

static void take_all(struct cap_driver *d)
{
	unsigned cpu;

	cap_rings__begin(d, true);
	while (cap_rings__next(d, &cpu))
		;
	cap_rings__end(d);
}

/* A process that makes calls until it is ended, or this one has. */
static pid_t start_caller(void)
{
	pid_t pid = fork();

	if (!pid)
		for (prctl(PR_SET_PDEATHSIG, SIGKILL);; usleep(1000))
			getppid();
	return pid;
}

static void test_bell(void **state)
{
	const struct cap_driver_opts o = { .sz = sizeof(o) };
	struct cap_driver *d = NULL;
	struct err err = { 0 };
	struct pollfd p = { .events = POLLIN };
	pid_t caller;
	int code;

	(void)state;
	code = cap_driver__open(&d, &o, &err);
	if (code) {
		print_message("no BPF here: %s\n", err.msg);
		skip();
	}
	p.fd = cap_rings__bell(d);
	assert_true(p.fd >= 0);
	assert_int_equal(cap_driver__attach(d, &err), 0);
	cap_driver__record(d);
	caller = start_caller();
	assert_true(caller > 0);
	for (int ms = 0; cap_rings__empty(d) && ms < LONG_MS; ms++)
		usleep(1000);
	assert_false(cap_rings__empty(d));	/* something has come, but nobody has asked */
	assert_int_equal(poll(&p, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		cap_rings__ask(d);
		assert_int_equal(poll(&p, 1, LONG_MS), 1);
		take_all(d);
		cap_rings__hear(d);
	}
	kill(caller, SIGKILL);
	waitpid(caller, NULL, 0);
	cap_driver__close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_bell) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
