// SPDX-License-Identifier: Apache-2.0
/* Who is inside of a container without belonging to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/world.h"

#define A "0123456789ab"
#define B "ba9876543210"
#define LONG(id) id id id id id "aaaa"
#define NEWNS 0x20
#define NEWPID 0x40
#define NEWNET 0x10

enum { HOST = 10, IN_A = 20, IN_B = 30 };

static void exec_in(struct world *w, int64_t pid, const char *cgroups, uint32_t n)
{
	ev(w, EV_execve, pid, pid, 0);
	s(w, P_execve_exe, "/bin/x");
	i(w, P_execve_ptid, 1);
	fmt_batch__str(w->b, P_execve_cgroups, cgroups, n, n);
	go(w);
}

static struct world *machine(void)
{
	static const char in_a[] = "cpu=/docker/" LONG(A), in_b[] = "cpu=/docker/" LONG(B), none[] = "cpu=/";
	struct world *w = world__new();

	exec_in(w, HOST, none, sizeof(none));
	exec_in(w, IN_A, in_a, sizeof(in_a));
	exec_in(w, IN_B, in_b, sizeof(in_b));
	return w;
}

static const char *inside(struct world *w, int64_t tid)
{
	const struct eng_thread *t = eng_state__thread(w->st, tid);
	const char *id = t ? eng_thread__inside(t) : NULL;

	return id ? id : "";
}

/* By a descriptor of a process. */
static void enter(struct world *w, int64_t tid, int64_t target, uint32_t kinds, int64_t res)
{
	ev(w, EV_setns, tid, tid, res);
	i(w, P_setns_fd, 3);
	i(w, P_setns_nstype, kinds);
	i(w, P_setns_target_pid, target);
	go(w);
	leave(w);
}

/* By a file, as the kernel and as the caller call it; kinds may be said besides. */
static void enter_file(struct world *w, int64_t tid, const char *path, const char *name, uint32_t kinds)
{
	ev(w, EV_openat, tid, tid, 3);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, name);
	s(w, P_openat_path, path);
	go(w);
	ev(w, EV_setns, tid, tid, 0);
	i(w, P_setns_fd, 3);
	i(w, P_setns_nstype, kinds);
	go(w);
	leave(w);
}

static void by_process(void **state)
{
	struct world *w = machine();

	(void)state;
	assert_string_equal(inside(w, HOST), "");
	enter(w, HOST, IN_A, NEWNS, -1);
	assert_string_equal(inside(w, HOST), "");	/* it was not let in */
	enter(w, HOST, IN_A, NEWNET, 0);
	assert_string_equal(inside(w, HOST), "");	/* a pod shares that */
	enter(w, HOST, IN_A, NEWNS | NEWNET, 0);
	assert_string_equal(inside(w, HOST), A);
	enter(w, HOST, IN_B, NEWNS, 0);
	assert_string_equal(inside(w, HOST), B);
	enter(w, HOST, HOST, NEWNS, 0);
	assert_string_equal(inside(w, HOST), "");
	assert_null(eng_state__thread(w->st, HOST)->proc->container);
	world__free(w);
}

static void by_file(void **state)
{
	struct world *w = machine();

	(void)state;
	enter_file(w, HOST, "mnt:[4026532345]", "/proc/20/ns/mnt", 0);
	assert_string_equal(inside(w, HOST), A);
	enter_file(w, HOST, "net:[4026532349]", "/proc/1/ns/net", 0);
	assert_string_equal(inside(w, HOST), A);
	enter_file(w, HOST, "mnt:[4026531841]", "/proc/1/ns/mnt", 0);
	assert_string_equal(inside(w, HOST), "");
	enter_file(w, HOST, "pid:[4026532346]", "/proc/20/task/20/ns/pid_for_children", NEWPID);
	assert_string_equal(inside(w, HOST), A);
	/* both have to be left */
	enter_file(w, HOST, "mnt:[4026532345]", "/proc/20/ns/mnt", NEWNS);
	enter_file(w, HOST, "pid:[4026531836]", "/proc/1/ns/pid", 0);
	assert_string_equal(inside(w, HOST), A);
	enter_file(w, HOST, "mnt:[4026531841]", "/proc/self/ns/mnt", 0);
	assert_string_equal(inside(w, HOST), "");
	/* what lies elsewhere says nothing of whose it is */
	enter_file(w, HOST, "mnt:[4026532345]", "/run/mnt", 0);
	assert_string_equal(inside(w, HOST), "");
	world__free(w);
}

static void children(void **state)
{
	struct world *w = machine();

	(void)state;
	task_new(w, HOST, HOST, 11, 11, 0, "before");
	enter(w, HOST, IN_A, NEWNS, 0);
	task_new(w, HOST, HOST, 12, 12, 0, "after");
	task_new(w, 12, 12, 13, 13, 0, "below");
	task_new(w, HOST, HOST, 14, HOST, 0x2000, "thread");
	enter(w, HOST, HOST, NEWNS, 0);
	task_new(w, HOST, HOST, 15, 15, 0, "left");
	task_new(w, HOST, HOST, 16, HOST, 0x2000, "left");
	assert_string_equal(inside(w, 11), "");
	assert_string_equal(inside(w, 12), A);
	assert_string_equal(inside(w, 13), A);
	assert_string_equal(inside(w, 14), A);
	assert_string_equal(inside(w, 15), "");
	assert_string_equal(inside(w, 16), "");
	/* its other program is there, too */
	exec_as(w, 12, "sh", "/bin/sh", "", 0);
	assert_string_equal(inside(w, 12), A);
	/* a thread that is not the first takes its number by an exec */
	ev(w, EV_exec, HOST, HOST, 0);
	i(w, P_exec_old_tid, 14);
	go(w);
	assert_string_equal(inside(w, HOST), A);
	world__free(w);
}

static void from_another_container(void **state)
{
	struct world *w = machine();

	(void)state;
	/* a sandbox's pid namespace, which a pod shares */
	enter(w, IN_B, IN_A, NEWPID, 0);
	assert_string_equal(inside(w, IN_B), "");
	enter(w, IN_B, IN_A, NEWNS, 0);
	assert_string_equal(inside(w, IN_B), A);
	assert_string_equal(eng_state__thread(w->st, IN_B)->proc->container->id, B);
	/* a runtime's helper on its way */
	enter(w, HOST, IN_A, NEWPID, 0);
	assert_string_equal(inside(w, HOST), A);
	ev(w, EV_cgroup_attach, 1, 1, 0);
	i(w, P_cgroup_attach_tid, HOST);
	i(w, P_cgroup_attach_pid, HOST);
	s(w, P_cgroup_attach_path, "/docker/" LONG(B));
	go(w);
	leave(w);
	assert_string_equal(inside(w, HOST), "");
	world__free(w);
}

static void kept_by_keyframes(void **state)
{
	struct world *w = machine();
	struct eng_state *copy;
	char *a, *b;

	(void)state;
	enter(w, HOST, IN_A, NEWNS | NEWPID, 0);
	task_new(w, HOST, HOST, 12, 12, 0, "after");
	leave(w);
	copy = copy_of(w->st, w->ts);
	assert_string_equal(eng_thread__inside(eng_state__thread(copy, HOST)), A);
	assert_string_equal(eng_thread__inside(eng_state__thread(copy, 12)), A);
	assert_null(eng_thread__inside(eng_state__thread(copy, IN_B)));
	a = dump(w->st);
	b = dump(copy);
	assert_string_equal(a, b);
	free(a);
	free(b);
	eng_state__free(copy);
	world__free(w);
}

/* Whoever was asked for has ended just before the call returned. */
static void of_one_that_has_ended(void **state)
{
	struct world *w = machine();

	(void)state;
	exit_thread(w, IN_A, IN_A, 0);
	leave(w);
	enter(w, HOST, IN_A, NEWNS, 0);
	assert_string_equal(inside(w, HOST), A);
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_process),
		cmocka_unit_test(by_file),
		cmocka_unit_test(children),
		cmocka_unit_test(from_another_container),
		cmocka_unit_test(kept_by_keyframes),
		cmocka_unit_test(of_one_that_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
