// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

enum { CL_FILES = 1, CL_NEWPID = 0x40, CL_PARENT = 0x100, CL_THREAD = 0x2000 };

static void a_thread_that_is_named_is_made_up(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_getpid, 12, 10, 10);
	go(w);
	assert_int_equal(w->ctx.thread->tid, 12);
	assert_int_equal(w->ctx.proc->pid, 10);
	assert_true(w->ctx.thread->guessed);
	assert_string_equal(w->ctx.thread->comm->s, "<NA>");
	assert_null(w->ctx.proc->parent);
	assert_false(w->ctx.has_fd_num);
	world__free(w);
}

static void a_child_has_what_its_parent_had(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p, *c;

	(void)state;
	exec_as(w, 10, "bash", "/usr/bin/bash", "-c\0ls -l\0", 9);
	open_file(w, 10, 10, "/etc/passwd", 3, FDF_RDONLY);
	task_new(w, 10, 10, 20, 20, 0, "bash");
	p = eng_state__proc(w->st, 10);
	c = eng_state__proc(w->st, 20);
	assert_ptr_equal(c->parent, p);
	assert_int_equal(c->ptid, 10);
	assert_int_equal(c->real_ptid, 10);
	assert_ptr_equal(c->image, p->image);
	assert_string_equal(eng_proc__cmdline(c)->s, "bash -c ls -l");
	assert_string_equal(eng_fdtable__get(c->fds, 3)->name->s, "/etc/passwd");
	assert_int_equal(c->threads->euid, 0);
	/* From here on they are apart. */
	exec_as(w, 20, "ls", "/usr/bin/ls", "-l\0", 3);
	assert_string_equal(eng_proc__cmdline(c)->s, "ls -l");
	assert_string_equal(eng_proc__cmdline(p)->s, "bash -c ls -l");
	assert_string_equal(c->image->exepath->s, "/usr/bin/ls");
	assert_non_null(eng_fdtable__get(c->fds, 3));
	ev(w, EV_close, 20, 20, 0);
	i(w, P_close_fd, 3);
	go(w);
	assert_string_equal(w->ctx.fd->name->s, "/etc/passwd");
	leave(w);
	assert_null(eng_fdtable__get(c->fds, 3));
	assert_non_null(eng_fdtable__get(p->fds, 3));
	world__free(w);
}

static void birth_told_again_changes_nothing(void **state)
{
	struct world *w = world__new();
	char *before, *after;

	(void)state;
	exec_as(w, 10, "bash", "/usr/bin/bash", "", 0);
	task_new(w, 10, 10, 20, 20, 0, "bash");
	leave(w);
	before = dump(w->st);
	ev(w, EV_clone, 20, 20, 0);
	i(w, P_clone_tid, 20);
	i(w, P_clone_pid, 20);
	i(w, P_clone_ptid, 10);
	s(w, P_clone_comm, "bash");
	i(w, P_clone_flags, 0);
	i(w, P_clone_vtid, 20);
	i(w, P_clone_vpid, 20);
	go(w);
	ev(w, EV_clone, 10, 10, 20);
	i(w, P_clone_flags, 0);
	go(w);
	leave(w);
	after = dump(w->st);
	assert_string_equal(before, after);
	free(before);
	free(after);
	world__free(w);
}

/* A child's first return that comes before anything else is known of it. */
static void birth_told_by_the_child_alone(void **state)
{
	struct world *w = world__new();
	struct eng_proc *c;

	(void)state;
	exec_as(w, 10, "bash", "/usr/bin/bash", "x\0", 2);
	ev(w, EV_clone, 20, 20, 0);
	i(w, P_clone_tid, 20);
	i(w, P_clone_pid, 20);
	i(w, P_clone_ptid, 10);
	i(w, P_clone_flags, CL_NEWPID);
	i(w, P_clone_vtid, 1);
	i(w, P_clone_vpid, 1);
	go(w);
	c = w->ctx.proc;
	assert_int_equal(c->pid, 20);
	assert_int_equal(c->vpid, 1);
	assert_int_equal(c->parent->pid, 10);
	assert_string_equal(eng_proc__cmdline(c)->s, "bash x");
	world__free(w);
}

/*
 * Imported files have no task_new: the creator's return stands for it, but not across namespaces.
 */
static void birth_told_by_an_imported_creator(void **state)
{
	struct world *w = world__new();

	(void)state;
	for (int inner = 0; inner < 2; inner++) {
		ev(w, EV_fork, 10, 10, 20 + inner);
		s(w, P_fork_exe, "bash");
		s(w, P_fork_comm, "bash");
		list(w, P_fork_args, "-l\0");
		i(w, P_fork_pid, 10);
		i(w, P_fork_ptid, 5);
		i(w, P_fork_flags, inner ? 0x20000000 : 0);
		i(w, P_fork_uid, 7);
		i(w, P_fork_gid, 8);
		i(w, P_fork_vtid, 10);
		i(w, P_fork_vpid, 10);
		go(w);
	}
	assert_non_null(eng_state__proc(w->st, 20));
	assert_null(eng_state__proc(w->st, 21));
	assert_int_equal(eng_state__proc(w->st, 20)->threads->euid, 7);
	assert_string_equal(eng_proc__cmdline(eng_state__proc(w->st, 20))->s, "bash -l");
	assert_string_equal(eng_proc__cmdline(eng_state__proc(w->st, 10))->s, "bash -l");
	assert_int_equal(eng_state__proc(w->st, 10)->ptid, 5);
	world__free(w);
}

static void threads_share_all_but_their_own(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p;

	(void)state;
	exec_as(w, 10, "java", "/usr/bin/java", "", 0);
	task_new(w, 10, 10, 11, 10, CL_THREAD | CL_FILES, "java");
	p = eng_state__proc(w->st, 10);
	assert_int_equal(p->n_threads, 2);
	ev(w, EV_prctl, 11, 10, 0);
	i(w, P_prctl_option, 15);
	s(w, P_prctl_arg2_str, "a-very-long-name-for-a-worker");
	go(w);
	assert_string_equal(w->ctx.thread->comm->s, "a-very-long-nam");
	assert_string_equal(p->comm->s, "java");
	assert_string_equal(eng_thread__cmdline(w->ctx.thread)->s, "a-very-long-nam");
	ev(w, EV_setuid, 11, 10, 0);
	i(w, P_setuid_uid, 1000);
	go(w);
	assert_int_equal(w->ctx.thread->euid, 1000);
	assert_int_equal(eng_state__thread(w->st, 10)->euid, 0);
	open_file(w, 11, 10, "/tmp/x", 4, FDF_WRONLY);
	assert_string_equal(eng_fdtable__get(p->fds, 4)->name->s, "/tmp/x");
	exit_thread(w, 11, 10, 0);
	assert_int_equal(p->n_threads, 1);
	assert_null(eng_state__thread(w->st, 11));
	world__free(w);
}

static void tables_are_shared_with_clone_files_until_exec(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p, *c;

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	task_new(w, 10, 10, 20, 20, CL_FILES, "a");
	p = eng_state__proc(w->st, 10);
	c = eng_state__proc(w->st, 20);
	open_file(w, 20, 20, "/tmp/x", 4, FDF_WRONLY | FDF_CLOEXEC);
	open_file(w, 20, 20, "/tmp/y", 5, FDF_WRONLY);
	assert_non_null(eng_fdtable__get(p->fds, 4));
	exec_as(w, 20, "b", "/bin/b", "", 0);
	assert_null(eng_fdtable__get(c->fds, 4));
	assert_non_null(eng_fdtable__get(c->fds, 5));
	assert_non_null(eng_fdtable__get(p->fds, 4));
	world__free(w);
}

static void children_go_to_the_reaper(void **state)
{
	struct world *w = world__new();
	struct eng_proc *c;

	(void)state;
	exec_as(w, 1, "init", "/sbin/init", "", 0);
	task_new(w, 1, 1, 10, 10, 0, "sh");
	task_new(w, 10, 10, 20, 20, 0, "daemon");
	c = eng_state__proc(w->st, 20);
	exit_thread(w, 10, 10, 1);
	assert_null(eng_state__proc(w->st, 10));
	assert_int_equal(c->parent->pid, 1);
	assert_int_equal(c->ptid, 1);
	assert_int_equal(c->real_ptid, 10);
	world__free(w);
}

static void the_dead_are_kept_for_their_children(void **state)
{
	struct world *w = world__new();
	struct eng_proc *c;

	(void)state;
	exec_as(w, 9, "grandparent", "/bin/g", "", 0);
	task_new(w, 9, 9, 10, 10, 0, "parent");
	task_new(w, 10, 10, 20, 20, 0, "child");
	c = eng_state__proc(w->st, 20);
	exit_thread(w, 10, 10, 0);
	exit_thread(w, 9, 9, 0);
	assert_true(c->parent->dead);
	assert_string_equal(c->parent->comm->s, "parent");
	assert_string_equal(c->parent->parent->comm->s, "grandparent");
	assert_null(eng_state__thread(w->st, 10));
	exit_thread(w, 20, 20, 0);
	assert_null(eng_state__proc(w->st, 20));
	assert_null(eng_state__proc(w->st, 10));
	assert_null(eng_state__proc(w->st, 9));
	world__free(w);
}

static void a_main_thread_may_end_first(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p;

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	task_new(w, 10, 10, 11, 10, CL_THREAD, "worker");
	task_new(w, 10, 10, 20, 20, 0, "child");
	exit_thread(w, 10, 10, 11);
	p = eng_state__proc(w->st, 10);
	assert_false(p->dead);
	assert_int_equal(eng_state__proc(w->st, 20)->ptid, 11);
	assert_ptr_equal(eng_state__proc(w->st, 20)->parent, p);
	exit_thread(w, 11, 10, 0);
	assert_true(eng_state__proc(w->st, 10)->dead);
	world__free(w);
}

static void exec_by_another_thread_makes_it_the_leader(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p;

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	task_new(w, 10, 10, 11, 10, CL_THREAD, "worker");
	ev(w, EV_setuid, 11, 10, 0);
	i(w, P_setuid_uid, 33);
	go(w);
	exit_thread(w, 10, 10, 11);
	ev(w, EV_exec, 10, 10, 0);
	i(w, P_exec_old_tid, 11);
	go(w);
	ev(w, EV_execve, 10, 10, 0);
	s(w, P_execve_exe, "b");
	s(w, P_execve_comm, "b");
	go(w);
	p = w->ctx.proc;
	assert_int_equal(p->n_threads, 1);
	assert_int_equal(p->threads->tid, 10);
	assert_int_equal(p->threads->euid, 33);
	assert_string_equal(p->comm->s, "b");
	assert_null(eng_state__thread(w->st, 11));
	world__free(w);
}

static void exec_ends_the_other_threads(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	task_new(w, 10, 10, 11, 10, CL_THREAD, "w1");
	task_new(w, 10, 10, 12, 10, CL_THREAD, "w2");
	exec_as(w, 10, "b", "/bin/b", "", 0);
	assert_int_equal(w->ctx.proc->n_threads, 1);
	assert_null(eng_state__thread(w->st, 12));
	world__free(w);
}

static void a_failed_exec_changes_nothing(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	ev(w, EV_execve, 10, 10, -2);
	s(w, P_execve_exe, "b");
	s(w, P_execve_comm, "b");
	go(w);
	assert_string_equal(w->ctx.proc->comm->s, "a");
	assert_string_equal(w->ctx.proc->image->exepath->s, "/bin/a");
	world__free(w);
}

static void a_number_used_again_is_another_process(void **state)
{
	struct world *w = world__new();
	uint64_t epoch;

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	task_new(w, 10, 10, 20, 20, 0, "old");
	epoch = eng_state__proc(w->st, 20)->epoch;
	open_file(w, 20, 20, "/tmp/x", 4, FDF_WRONLY);
	w->ts += 60000000000u;
	task_new(w, 10, 10, 20, 20, 0, "new");
	assert_string_equal(eng_state__proc(w->st, 20)->comm->s, "new");
	assert_null(eng_fdtable__get(eng_state__proc(w->st, 20)->fds, 4));
	assert_int_not_equal(eng_state__proc(w->st, 20)->epoch, epoch);
	/* The same number in another thread group: its end was missed. */
	ev(w, EV_getpid, 20, 777, 777);
	go(w);
	assert_int_equal(w->ctx.proc->pid, 777);
	assert_null(eng_state__proc(w->st, 20));
	world__free(w);
}

static void parents_that_come_late_are_found(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_state_thread, 20, 20, 0);
	i(w, P_state_thread_ptid, 10);
	s(w, P_state_thread_comm, "child");
	go(w);
	assert_null(eng_state__proc(w->st, 20)->parent);
	ev(w, EV_state_thread, 10, 10, 0);
	s(w, P_state_thread_comm, "parent");
	go(w);
	assert_string_equal(eng_state__proc(w->st, 20)->parent->comm->s, "parent");
	world__free(w);
}

/* A trace may say anything. */
static void there_are_no_cycles(void **state)
{
	struct world *w = world__new();

	(void)state;
	for (int pid = 1; pid <= 3; pid++) {
		ev(w, EV_state_thread, pid, pid, 0);
		i(w, P_state_thread_ptid, pid % 3 + 1);
		go(w);
	}
	for (int pid = 1; pid <= 3; pid++) {
		const struct eng_proc *p = eng_state__proc(w->st, pid);
		int depth = 0;

		for (; p && depth < 10; p = p->parent)
			depth++;
		assert_true(depth < 10);
	}
	ev(w, EV_state_thread, 4, 4, 0);
	i(w, P_state_thread_ptid, 4);
	go(w);
	assert_null(eng_state__proc(w->st, 4)->parent);
	/* A "new process" with the number of its own creator's. */
	task_new(w, 5, 4, 4, 4, 0, "odd");
	assert_non_null(eng_state__thread(w->st, 4));
	world__free(w);
}

static void epochs_tell_of_changes(void **state)
{
	struct world *w = world__new();
	struct eng_proc *p, *c;
	uint64_t pe, ce, te;

	(void)state;
	exec_as(w, 10, "a", "/bin/a", "", 0);
	task_new(w, 10, 10, 20, 20, 0, "c");
	p = eng_state__proc(w->st, 10);
	c = eng_state__proc(w->st, 20);
	pe = p->epoch;
	ce = c->epoch;
	te = c->threads->epoch;
	ev(w, EV_read, 20, 20, 5);
	i(w, P_read_fd, 0);
	go(w);
	open_file(w, 20, 20, "/tmp/x", 4, FDF_WRONLY);
	assert_int_equal(c->epoch, ce);
	assert_int_equal(c->threads->epoch, te);
	ev(w, EV_setuid, 20, 20, 0);
	i(w, P_setuid_uid, 5);
	go(w);
	assert_int_not_equal(c->threads->epoch, te);
	exec_as(w, 10, "b", "/bin/b", "", 0);
	assert_int_not_equal(p->epoch, pe);
	assert_int_not_equal(c->epoch, ce);
	ce = c->epoch;
	exit_thread(w, 10, 10, 0);
	ev(w, EV_chdir, 20, 20, 0);
	s(w, P_chdir_path, "/tmp");
	go(w);
	assert_int_not_equal(c->epoch, ce);
	world__free(w);
}

#ifdef __SANITIZE_ADDRESS__
#define LIVES 100000			/* which takes ten times as long */
#else
#define LIVES 1000000
#endif

/* Memory is bounded by what is alive. */
static void a_million_short_lives(void **state)
{
	struct world *w = world__new();
	uint32_t most = 0;

	(void)state;
	exec_as(w, 1, "init", "/sbin/init", "", 0);
	for (int64_t k = 0; k < LIVES; k++) {
		int64_t pid = 100 + k % 30000;

		task_new(w, 1, 1, pid, pid, 0, "short");
		if (eng_state__proc(w->st, pid)->slot > most)
			most = eng_state__proc(w->st, pid)->slot;
		exit_thread(w, pid, pid, 1);
	}
	assert_true(most < 4);
	assert_null(eng_state__proc(w->st, 100));
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_is_named_is_made_up),
		cmocka_unit_test(a_child_has_what_its_parent_had),
		cmocka_unit_test(birth_told_again_changes_nothing),
		cmocka_unit_test(birth_told_by_the_child_alone),
		cmocka_unit_test(birth_told_by_an_imported_creator),
		cmocka_unit_test(threads_share_all_but_their_own),
		cmocka_unit_test(tables_are_shared_with_clone_files_until_exec),
		cmocka_unit_test(children_go_to_the_reaper),
		cmocka_unit_test(the_dead_are_kept_for_their_children),
		cmocka_unit_test(a_main_thread_may_end_first),
		cmocka_unit_test(exec_by_another_thread_makes_it_the_leader),
		cmocka_unit_test(exec_ends_the_other_threads),
		cmocka_unit_test(a_failed_exec_changes_nothing),
		cmocka_unit_test(a_number_used_again_is_another_process),
		cmocka_unit_test(parents_that_come_late_are_found),
		cmocka_unit_test(there_are_no_cycles),
		cmocka_unit_test(epochs_tell_of_changes),
		cmocka_unit_test(a_million_short_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
