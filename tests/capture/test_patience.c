// SPDX-License-Identifier: Apache-2.0
/* What never ends holds nobody up. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/containers/patience.h"

#define LONG_MS 30000u			/* for what ends: the machine may be busy */

struct work {
	int wait;			/* until something can be read here; -1: not at all */
	int *calls, *drops;
};

static void work(void *arg)
{
	struct work *w = arg;
	char c;

	__atomic_add_fetch(w->calls, 1, __ATOMIC_SEQ_CST);
	if (w->wait >= 0 && read(w->wait, &c, 1) < 0)
		abort();
}

static void drop(void *arg)
{
	struct work *w = arg;

	__atomic_add_fetch(w->drops, 1, __ATOMIC_SEQ_CST);
	free(w);
}

static struct work *new_work(int wait, int *calls, int *drops)
{
	struct work *w = malloc(sizeof(*w));

	*w = (struct work){ wait, calls, drops };
	return w;
}

static bool until(const int *n, int want)
{
	for (unsigned k = 0; k < 6000 && __atomic_load_n(n, __ATOMIC_SEQ_CST) < want; k++)
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	return *n == want;
}

static void ends(void **state)
{
	int calls = 0, drops = 0;
	struct work *w = new_work(-1, &calls, &drops);

	(void)state;
	assert_true(cap_patience__do("a", LONG_MS, work, drop, w));
	assert_int_equal(calls, 1);
	assert_int_equal(drops, 0);	/* it is the caller's again */
	free(w);
}

static void see_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
}

static void keep(void *arg)
{
	(void)arg;
}

/* A call that the thread's filter refuses is told by SIGSYS, and kills the process where that is blocked. */
static void has_one_signal(void **state)
{
	static sigset_t mask;

	(void)state;
	assert_true(cap_patience__do("a", LONG_MS, see_mask, keep, &mask));
	assert_int_equal(sigismember(&mask, SIGTERM), 1);
	assert_int_equal(sigismember(&mask, SIGSYS), 0);
}

static void does_not_end(void **state)
{
	int calls = 0, drops = 0, fds[2];
	struct work *w;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_false(cap_patience__do("a", 1, work, drop, new_work(fds[0], &calls, &drops)));
	/* not asked again, and others are */
	assert_false(cap_patience__do("a", LONG_MS, work, drop, new_work(-1, &calls, &drops)));
	assert_true(until(&drops, 1));
	w = new_work(-1, &calls, &drops);
	assert_true(cap_patience__do("b", LONG_MS, work, drop, w));
	free(w);
	assert_true(until(&calls, 2));
	/* it answers after all */
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_true(until(&drops, 2));
	w = new_work(-1, &calls, &drops);
	assert_true(cap_patience__do("a", LONG_MS, work, drop, w));
	assert_int_equal(calls, 3);
	free(w);
	close(fds[0]);
	close(fds[1]);
}

static void many(void **state)
{
	int calls = 0, drops = 0, fds[2], begun = 0;
	char key[16];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	for (int k = 0; k < 140; k++) {
		snprintf(key, sizeof(key), "%d", k);
		assert_false(cap_patience__do(key, 1, work, drop, new_work(fds[0], &calls, &drops)));
	}
	begun = 128;			/* the others have been refused, and dropped at once */
	assert_true(until(&drops, 140 - begun));
	assert_true(until(&calls, begun));
	for (int k = 0; k < begun; k++)
		assert_int_equal(write(fds[1], "", 1), 1);
	assert_true(until(&drops, 140));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(has_one_signal),
		cmocka_unit_test(does_not_end),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
