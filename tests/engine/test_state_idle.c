// SPDX-License-Identifier: Apache-2.0
/* Events of which it is told beforehand that they change nothing change nothing; and those that do are not among them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

enum { SET_NAME = 15, NOFILE = 7, CL_NEWPID = 0x40, CL_THREAD = 0x2000 };

/* Apply the event that has been begun; what was said of it beforehand. */
static bool changes(struct world *w)
{
	char *before = dump(w->st), *after;
	bool said;

	fmt_batch__end(w->b);
	w->row = fmt_batch__ev(w->b, w->b->n - 1);
	said = eng_state__changes(w->st, &w->row);
	eng_state__enter(w->st, &w->row, &w->ctx);
	eng_state__leave(w->st, &w->ctx);
	after = dump(w->st);
	if (!said)
		assert_string_equal(before, after);
	free(before);
	free(after);
	return said;
}

static struct world *with_a_child(void)
{
	struct world *w = world__new();

	exec_as(w, 10, "bash", "/usr/bin/bash", "", 0);
	task_new(w, 10, 10, 20, 20, 0, "bash");
	leave(w);
	return w;
}

static void clones(void **state)
{
	struct world *w = with_a_child();

	(void)state;
	ev(w, EV_clone, 10, 10, 20);
	assert_false(changes(w));
	ev(w, EV_clone, 10, 10, -11);
	assert_false(changes(w));
	ev(w, EV_clone3, 20, 20, 0);
	i(w, P_clone3_flags, 0);
	assert_false(changes(w));
	ev(w, EV_fork, 20, 20, 0);
	s(w, P_fork_cgroups, "cpu=/docker/0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123");
	assert_true(changes(w));
	/* nothing was known of it */
	ev(w, EV_clone, 30, 30, 0);
	i(w, P_clone_ptid, 10);
	assert_true(changes(w));
	/* of another program's capture, where the creator tells */
	ev(w, EV_clone, 10, 10, 40);
	s(w, P_clone_exe, "bash");
	assert_true(changes(w));
	assert_non_null(eng_state__proc(w->st, 40));
	world__free(w);
}

static void names(void **state)
{
	struct world *w = with_a_child();

	(void)state;
	ev(w, EV_prctl, 20, 20, 0);
	i(w, P_prctl_option, SET_NAME + 1);
	s(w, P_prctl_arg2_str, "other");
	assert_false(changes(w));
	ev(w, EV_prctl, 20, 20, -14);
	i(w, P_prctl_option, SET_NAME);
	s(w, P_prctl_arg2_str, "other");
	assert_false(changes(w));
	for (unsigned k = 0; k < 2; k++) {
		ev(w, EV_prctl, 20, 20, 0);
		i(w, P_prctl_option, SET_NAME);
		s(w, P_prctl_arg2_str, "sixteen-and-more");
		assert_int_equal(changes(w), !k);
	}
	assert_string_equal(eng_state__proc(w->st, 20)->comm->s, "sixteen-and-mor");
	ev(w, EV_prctl, 77, 77, 0);
	i(w, P_prctl_option, SET_NAME);
	s(w, P_prctl_arg2_str, "new");
	assert_true(changes(w));
	world__free(w);
}

static void limits_and_execs(void **state)
{
	struct world *w = with_a_child();

	(void)state;
	ev(w, EV_prlimit, 20, 20, 0);
	i(w, P_prlimit_pid, 0);
	i(w, P_prlimit_resource, NOFILE);
	i(w, P_prlimit_newcur, -1);
	assert_false(changes(w));
	ev(w, EV_prlimit, 20, 20, 0);
	i(w, P_prlimit_pid, 0);
	i(w, P_prlimit_resource, NOFILE);
	i(w, P_prlimit_newcur, 99);
	assert_true(changes(w));
	assert_int_equal(eng_state__proc(w->st, 20)->fdlimit, 99);
	ev(w, EV_setrlimit, 20, 20, 0);
	i(w, P_setrlimit_resource, NOFILE - 1);
	i(w, P_setrlimit_cur, 5);
	assert_false(changes(w));
	ev(w, EV_execve, 20, 20, -2);
	s(w, P_execve_filename, "/bin/none");
	assert_false(changes(w));
	ev(w, EV_execve, 20, 20, 0);
	s(w, P_execve_exe, "ls");
	assert_true(changes(w));
	world__free(w);
}

static uint32_t below(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(*seed >> 4) * n >> 28);
}

/* A life of a few threads at random; each kind of event is met both as one that changes something and as one that does not. */
static void at_random(void **state)
{
	static const uint16_t kinds[] = { EV_clone, EV_clone3, EV_fork, EV_vfork, EV_prctl, EV_prlimit, EV_execve };
	static const char *const texts[] = { "a", "bash", "a-name-longer-than-fits" };
	unsigned said[2][sizeof(kinds) / sizeof(*kinds)] = { 0 };
	struct world *w = with_a_child();
	uint32_t seed = 7;

	(void)state;
	for (unsigned n = 0; n < 3000; n++) {
		uint32_t tid = 10 + below(&seed, 12), pid = below(&seed, 3) ? tid : 10, k = below(&seed, 7), what = below(&seed, 10);

		if (what == 0) {
			task_new(w, tid, pid, 10 + below(&seed, 12), pid, CL_THREAD, texts[below(&seed, 3)]);
			continue;
		}
		if (what == 1) {
			exit_thread(w, tid, pid, 10);
			continue;
		}
		ev(w, EV_getpid, tid, pid, pid);	/* whoever it is, it is known */
		go(w);
		ev(w, kinds[k], tid, pid, (int64_t)below(&seed, 3) * 11 - 11);
		if (k < 4 && !below(&seed, 3))
			i(w, P_clone_flags, below(&seed, 2) ? CL_NEWPID : CL_THREAD);
		if (k < 4 && !below(&seed, 5))
			s(w, P_clone_exe, "bash");
		if (kinds[k] == EV_prctl) {
			i(w, P_prctl_option, SET_NAME);
			s(w, P_prctl_arg2_str, texts[below(&seed, 3)]);
		} else if (kinds[k] == EV_prlimit) {
			i(w, P_prlimit_resource, NOFILE - below(&seed, 2));
			i(w, P_prlimit_newcur, (int64_t)below(&seed, 3) - 1);
		}
		said[changes(w)][k]++;
	}
	for (unsigned k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		assert_true(said[0][k]);
		assert_true(said[1][k]);
	}
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clones), cmocka_unit_test(names), cmocka_unit_test(limits_and_execs), cmocka_unit_test(at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
