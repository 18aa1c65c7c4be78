// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever has happened: what a keyframe says is the state, and it stays that as things go on.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define MAX_TASKS 64

enum { CL_FILES = 1, CL_NEWPID = 0x40, CL_PARENT = 0x100, CL_THREAD = 0x2000 };

/* --- things that happen at random ------------------------------------------------------------- */

struct task {
	int64_t tid, pid;
};

struct happenings {
	struct world *w;
	struct eng_state *twin;		/* sees the same from some point on; NULL: none yet */
	struct task tasks[MAX_TASKS];
	int n;
	uint32_t seed;
};

static uint32_t rnd(struct happenings *h, uint32_t n)
{
	h->seed = h->seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(h->seed >> 8) * n >> 24);
}

static const char *pick_text(struct happenings *h)
{
	static const char *const texts[] = {
		"/etc/passwd", "a/../b", "", "/", "/tmp/x y", "../..", "/proc/self/fd/3",
		"\xff\xfe", "sh", "/very/long/path/to/somewhere/that/nobody/looks/at", ".",
		"<NA>", "/dev/null",
	};

	return texts[rnd(h, sizeof(texts) / sizeof(*texts))];
}

static void both(struct happenings *h)
{
	struct eng_ctx ctx;

	go(h->w);
	leave(h->w);
	if (!h->twin)
		return;
	eng_state__enter(h->twin, &h->w->row, &ctx);
	eng_state__leave(h->twin, &ctx);
}

static struct task pick(struct happenings *h)
{
	return h->tasks[rnd(h, (uint32_t)h->n)];
}

/* Low numbers, so that they are used again. */
static int64_t free_pid(struct happenings *h)
{
	for (;;) {
		int64_t pid = 2 + rnd(h, 2 * MAX_TASKS);
		int k = 0;

		while (k < h->n && h->tasks[k].tid != pid)
			k++;
		if (k == h->n)
			return pid;
	}
}

static void birth(struct happenings *h)
{
	static const uint32_t kinds[] = { 0, CL_FILES, CL_PARENT, CL_NEWPID, CL_THREAD | CL_FILES };
	uint32_t flags = kinds[rnd(h, 5)];
	struct task from = pick(h), to = { .tid = free_pid(h) };
	bool own_ns = flags & CL_NEWPID;

	if (h->n == MAX_TASKS)
		return;
	to.pid = flags & CL_THREAD ? from.pid : to.tid;
	ev(h->w, EV_task_new, from.tid, from.pid, 0);
	i(h->w, P_task_new_tid, to.tid);
	i(h->w, P_task_new_pid, to.pid);
	i(h->w, P_task_new_ptid, from.tid);
	i(h->w, P_task_new_flags, flags);
	s(h->w, P_task_new_comm, "task");
	i(h->w, P_task_new_vtid, own_ns ? 1 : to.tid);
	i(h->w, P_task_new_vpid, own_ns ? 1 : to.pid);
	i(h->w, P_task_new_start, (int64_t)h->w->ts);
	both(h);
	h->tasks[h->n++] = to;
}

static void end(struct happenings *h)
{
	uint32_t k = rnd(h, (uint32_t)h->n);
	struct task t = h->tasks[k];

	if (h->n < 3 || t.tid == 1)
		return;
	ev(h->w, EV_procexit, t.tid, t.pid, 0);
	i(h->w, P_procexit_status, rnd(h, 256));
	i(h->w, P_procexit_reaper_tid, rnd(h, 3) ? 1 : pick(h).tid);
	both(h);
	h->tasks[k] = h->tasks[--h->n];
}

static void drop_others(struct happenings *h, struct task of)
{
	for (int k = 0; k < h->n; k++)
		if (h->tasks[k].pid == of.pid && h->tasks[k].tid != of.tid)
			h->tasks[k--] = h->tasks[--h->n];
}

/* A thread that is not the leader takes the leader's number first. */
static void exec(struct happenings *h)
{
	static const char *const cgroups[] = {
		"cpu=/\0memory=/\0", "cpu=/docker/" ID "\0memory=/\0", "cpu=/c1\0memory=/c1\0", "",
	};
	static const uint32_t n_cgroups[] = { 16, 4 + 8 + 64 + 1 + 10, 18, 0 };
	struct task t = pick(h);
	uint32_t c = rnd(h, 4);

	if (t.tid != t.pid) {
		ev(h->w, EV_exec, t.pid, t.pid, 0);
		i(h->w, P_exec_old_tid, t.tid);
		both(h);
		drop_others(h, (struct task){ t.pid, t.pid });
		for (int k = 0; k < h->n; k++)
			if (h->tasks[k].tid == t.pid)
				goto known;
		h->tasks[h->n++] = (struct task){ t.pid, t.pid };
known:
		t.tid = t.pid;
	} else {
		drop_others(h, t);
	}
	ev(h->w, EV_execve, t.tid, t.pid, 0);
	s(h->w, P_execve_exe, pick_text(h));
	list(h->w, P_execve_args, "-a\0b c\0");
	s(h->w, P_execve_comm, rnd(h, 2) ? "prog" : "other");
	s(h->w, P_execve_trusted_exepath, pick_text(h));
	list(h->w, P_execve_env, "A=1\0B=\0");
	fmt_batch__str(h->w->b, P_execve_cgroups, cgroups[c], n_cgroups[c], n_cgroups[c]);
	i(h->w, P_execve_uid, rnd(h, 3) * 1000);
	i(h->w, P_execve_tty, rnd(h, 2));
	i(h->w, P_execve_loginuid, rnd(h, 2) ? 0xffffffff : 1000);
	both(h);
}

static void descriptors(struct happenings *h)
{
	struct task t = pick(h);
	int64_t fd = rnd(h, 12), other = rnd(h, 12);

	switch (rnd(h, 9)) {
	case 0:
	case 1:
		ev(h->w, EV_openat, t.tid, t.pid, fd);
		i(h->w, P_openat_dirfd, rnd(h, 2) ? -100 : other);
		s(h->w, P_openat_name, pick_text(h));
		i(h->w, P_openat_flags, rnd(h, 2) * FDF_CLOEXEC | rnd(h, 2) * FDF_DIRECTORY | 1);
		i(h->w, P_openat_dev, rnd(h, 5));
		i(h->w, P_openat_ino, rnd(h, 1000));
		if (rnd(h, 2))
			s(h->w, P_openat_path, pick_text(h));
		break;
	case 2:
		ev(h->w, EV_close, t.tid, t.pid, 0);
		i(h->w, P_close_fd, fd);
		break;
	case 3:
		ev(h->w, EV_dup3, t.tid, t.pid, other);
		i(h->w, P_dup3_oldfd, fd);
		i(h->w, P_dup3_newfd, other);
		i(h->w, P_dup3_flags, rnd(h, 2) * FDF_CLOEXEC);
		break;
	case 4:
		ev(h->w, EV_pipe2, t.tid, t.pid, 0);
		i(h->w, P_pipe2_fd1, fd);
		i(h->w, P_pipe2_fd2, other);
		i(h->w, P_pipe2_ino, rnd(h, 1000));
		break;
	case 5:
		ev(h->w, EV_close_range, t.tid, t.pid, 0);
		i(h->w, P_close_range_first, fd);
		i(h->w, P_close_range_last, other);
		i(h->w, P_close_range_flags, rnd(h, 4) * 2);
		break;
	case 6:
		ev(h->w, EV_memfd_create, t.tid, t.pid, fd);
		s(h->w, P_memfd_create_name, pick_text(h));
		break;
	case 7:
		ev(h->w, EV_pidfd_open, t.tid, t.pid, fd);
		i(h->w, P_pidfd_open_pid, pick(h).pid);
		break;
	default:
		ev(h->w, EV_eventfd2, t.tid, t.pid, fd);
		i(h->w, P_eventfd2_flags, rnd(h, 2) * FDF_CLOEXEC);
	}
	both(h);
}

static void sockets(struct happenings *h)
{
	static const char *const ips[] = {
		"10.0.0.1", "127.0.0.1", "0.0.0.0", "::1", "::ffff:10.0.0.2", "::", "2001:db8::5",
	};
	struct task t = pick(h);
	int64_t fd = rnd(h, 12);
	bool six = rnd(h, 2);
	const char *a = ips[six ? 3 + rnd(h, 4) : rnd(h, 3)], *b = ips[six ? 3 + rnd(h, 4) :
								       rnd(h, 3)];
	uint16_t p = (uint16_t)rnd(h, 4), q = (uint16_t)rnd(h, 4);

	switch (rnd(h, 6)) {
	case 0:
		ev(h->w, EV_socket, t.tid, t.pid, fd);
		i(h->w, P_socket_domain, rnd(h, 3) ? six ? 10 : 2 : 1);
		i(h->w, P_socket_type, 1 + rnd(h, 3));
		i(h->w, P_socket_proto, rnd(h, 2));
		break;
	case 1:
		ev(h->w, EV_connect, t.tid, t.pid, rnd(h, 2) ? 0 : -115);
		i(h->w, P_connect_fd, fd);
		if (rnd(h, 4))
			tuple(h->w, P_connect_tuple, a, p, b, q);
		else
			unix_tuple(h->w, P_connect_tuple, p, q, pick_text(h));
		break;
	case 2:
		ev(h->w, EV_accept4, t.tid, t.pid, fd);
		tuple(h->w, P_accept4_tuple, a, p, b, q);
		break;
	case 3:
		ev(h->w, EV_bind, t.tid, t.pid, 0);
		i(h->w, P_bind_fd, fd);
		addr(h->w, P_bind_addr, a, p);
		break;
	case 4:
		ev(h->w, EV_sendto, t.tid, t.pid, 5);
		i(h->w, P_sendto_fd, fd);
		tuple(h->w, P_sendto_tuple, a, p, b, q);
		break;
	default:
		ev(h->w, EV_recvfrom, t.tid, t.pid, 5);
		i(h->w, P_recvfrom_fd, fd);
		tuple(h->w, P_recvfrom_tuple, a, p, b, q);
	}
	both(h);
}

static void changes(struct happenings *h)
{
	struct task t = pick(h);

	switch (rnd(h, 8)) {
	case 0:
		ev(h->w, EV_chdir, t.tid, t.pid, 0);
		s(h->w, P_chdir_path, pick_text(h));
		break;
	case 1:
		ev(h->w, EV_setresuid, t.tid, t.pid, 0);
		i(h->w, P_setresuid_ruid, rnd(h, 3) * 500);
		i(h->w, P_setresuid_euid, rnd(h, 2) ? 0xffffffff : 77);
		break;
	case 2:
		ev(h->w, EV_setsid, t.tid, t.pid, t.pid);
		break;
	case 3:
		ev(h->w, EV_setpgid, t.tid, t.pid, 0);
		i(h->w, P_setpgid_pid, rnd(h, 2) ? 0 : pick(h).pid);
		i(h->w, P_setpgid_pgid, rnd(h, 2) ? 0 : pick(h).pid);
		break;
	case 4:
		ev(h->w, EV_prctl, t.tid, t.pid, 0);
		i(h->w, P_prctl_option, 15);	/* PR_SET_NAME */
		s(h->w, P_prctl_arg2_str, rnd(h, 2) ? "renamed" : "prog");
		break;
	case 5:
		ev(h->w, EV_chroot, t.tid, t.pid, 0);
		s(h->w, P_chroot_path, pick_text(h));
		break;
	case 6:
		ev(h->w, EV_cgroup_attach, 1, 1, 0);
		i(h->w, P_cgroup_attach_tid, t.tid);
		i(h->w, P_cgroup_attach_pid, t.pid);
		i(h->w, P_cgroup_attach_id, rnd(h, 100));
		s(h->w, P_cgroup_attach_path, rnd(h, 2) ? "/" : "/docker/" ID);
		s(h->w, P_cgroup_attach_subsys, rnd(h, 2) ? "cpu" : "memory");
		break;
	default:
		ev(h->w, EV_capset, t.tid, t.pid, 0);
		i(h->w, P_capset_cap_effective, rnd(h, 3));
	}
	both(h);
}

static void surroundings(struct happenings *h)
{
	const char *id = rnd(h, 2) ? "3ad7b26ded6d" : "c1";

	switch (rnd(h, 4)) {
	case 0:
		ev(h->w, EV_container, 0, 0, 0);
		s(h->w, P_container_id, id);
		s(h->w, P_container_name, rnd(h, 2) ? "web" : "db");
		if (rnd(h, 2))
			s(h->w, P_container_cgroup, rnd(h, 2) ? "/c1" : "/docker");
		break;
	case 1:
		ev(h->w, EV_container_end, 0, 0, 0);
		s(h->w, P_container_end_id, id);
		break;
	case 2:
		ev(h->w, rnd(h, 3) ? EV_useradded : EV_userdeleted, 0, 0, 0);
		i(h->w, P_useradded_uid, rnd(h, 3) * 500);
		i(h->w, P_useradded_gid, 5);
		s(h->w, P_useradded_name, "joe");
		s(h->w, P_useradded_home, "/home/joe");
		s(h->w, P_useradded_shell, "/bin/sh");
		s(h->w, P_useradded_container_id, rnd(h, 2) ? "" : id);
		break;
	default:
		/* A thread that nothing was known of. */
		ev(h->w, EV_getpid, 500 + rnd(h, 5), 500 + rnd(h, 2), 0);
	}
	both(h);
}

static void happen(struct happenings *h)
{
	uint32_t dice = rnd(h, 100);

	if (dice < 15)
		birth(h);
	else if (dice < 25)
		end(h);
	else if (dice < 35)
		exec(h);
	else if (dice < 65)
		descriptors(h);
	else if (dice < 82)
		sockets(h);
	else if (dice < 94)
		changes(h);
	else
		surroundings(h);
}

static struct happenings *begin(uint32_t seed)
{
	struct happenings *h = xcalloc(1, sizeof(*h));

	h->w = world__new();
	h->seed = seed;
	h->tasks[h->n++] = (struct task){ 1, 1 };
	exec_as(h->w, 1, "init", "/sbin/init", "", 0);
	leave(h->w);
	return h;
}

static void finish(struct happenings *h)
{
	eng_state__free(h->twin);
	world__free(h->w);
	free(h);
}

/* --- the properties --------------------------------------------------------------------------- */

static void show_difference(const char *a, const char *b)
{
	while (*a && *a == *b) {
		const char *x = strchrnul(a, '\n'), *y = strchrnul(b, '\n');

		if (x - a != y - b || memcmp(a, b, (size_t)(x - a)))
			break;
		a = *x ? x + 1 : x;
		b = *y ? y + 1 : y;
	}
	fail_msg("%.*s\nis\n%.*s", (int)(strchrnul(a, '\n') - a), a, (int)(strchrnul(b, '\n') - b),
		 b);
}

static void assert_same(struct eng_state *a, struct eng_state *b, uint32_t seed, int step)
{
	char *x = dump(a), *y = dump(b);

	if (strcmp(x, y)) {
		print_error("seed %u, step %d\n", seed, step);
		show_difference(x, y);
	}
	free(x);
	free(y);
}

static void a_copy_is_the_same_and_stays_so(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 60; seed++) {
		struct happenings *h = begin(seed);

		for (int n = 0; n < 600; n++) {
			happen(h);
			if (rnd(h, 150))
				continue;
			eng_state__free(h->twin);
			h->twin = copy_of(h->w->st, h->w->ts);
			assert_same(h->w->st, h->twin, seed, n);
		}
		if (h->twin)
			assert_same(h->w->st, h->twin, seed, 600);
		finish(h);
	}
}

/* --- a keyframe on top of what it says -------------------------------------------------------- */

/* Slots and epochs of all there is, as text. */
static void note_fd(struct eng_fd *fd, void *arg)
{
	buf__printf(arg, " fd %lld: %u %llu", (long long)fd->num, fd->slot,
		    (unsigned long long)fd->epoch);
}

static void note_proc(struct eng_proc *p, void *arg)
{
	buf__printf(arg, "process %lld: %u %llu", (long long)p->pid, p->slot,
		    (unsigned long long)p->epoch);
	for (const struct eng_thread *t = p->threads; t; t = t->next)
		buf__printf(arg, " thread %lld: %u %llu", (long long)t->tid, t->slot,
			    (unsigned long long)t->epoch);
	eng_fdtable__each(p->fds, note_fd, arg);
	buf__puts(arg, "\n");
}

static char *notes(struct eng_state *st)
{
	struct buf b = { 0 };

	eng_state__each_proc(st, note_proc, &b);
	buf__u8(&b, 0);
	return (char *)b.p;
}

static int apply_to(void *arg, struct fmt_batch **b)
{
	for (uint32_t k = 0; k < (*b)->n; k++) {
		struct fmt_ev row = fmt_batch__ev(*b, k);
		struct eng_ctx ctx;

		eng_state__enter(arg, &row, &ctx);
		eng_state__leave(arg, &ctx);
	}
	fmt_batch__reset(*b, 1);
	return 0;
}

static void what_is_known_changes_nothing(void **state)
{
	struct fmt_batch *b;

	(void)state;
	fmt_batch__new(&b);
	for (uint32_t seed = 100; seed < 130; seed++) {
		struct happenings *h = begin(seed);
		char *x, *y, *before, *after;

		for (int n = 0; n < 500; n++)
			happen(h);
		x = dump(h->w->st);
		before = notes(h->w->st);
		assert_int_equal(eng_state__save(h->w->st, h->w->ts, b, apply_to, h->w->st), 0);
		apply_to(h->w->st, &b);
		y = dump(h->w->st);
		after = notes(h->w->st);
		if (strcmp(x, y))
			show_difference(x, y);
		if (strcmp(before, after))
			show_difference(before, after);
		free(x);
		free(y);
		free(before);
		free(after);
		finish(h);
	}
	fmt_batch__free(b);
}

static int refuse(void *arg, struct fmt_batch **b)
{
	(void)b;
	++*(int *)arg;
	return -5;
}

static void a_refused_batch_ends_the_saving(void **state)
{
	struct world *w = world__new();
	int asked = 0;

	(void)state;
	for (int64_t k = 1; k <= 70000; k++) {
		ev(w, EV_getpid, k, k, k);
		go(w);
	}
	leave(w);
	fmt_batch__reset(w->b, 1);
	assert_int_equal(eng_state__save(w->st, T0, w->b, refuse, &asked), -5);
	assert_int_equal(asked, 1);
	world__free(w);
}

static void one_row(struct world *w, int64_t pid, uint32_t table)
{
	ev(w, EV_state_thread, pid, pid, 0);
	i(w, P_state_thread_ptid, 1);
	i(w, P_state_thread_fdtable, table);
	s(w, P_state_thread_comm, "c");
	s(w, P_state_thread_exe, "/bin/c");
	s(w, P_state_thread_cwd, "/home");
	w->ts -= 1000000;		/* rows of one keyframe have one time */
	go(w);
}

static void rows_of_a_keyframe(void **state)
{
	struct world *w = world__new();
	struct eng_proc *a, *b;

	(void)state;
	one_row(w, 20, 7);
	one_row(w, 21, 7);
	one_row(w, 22, 8);
	a = eng_state__proc(w->st, 20);
	b = eng_state__proc(w->st, 21);
	assert_ptr_equal(a->fds, b->fds);
	assert_ptr_not_equal(a->fds, eng_state__proc(w->st, 22)->fds);
	assert_string_equal(a->cwd->s, "/home/");
	assert_int_equal(a->ptid, 1);
	assert_null(a->parent);
	one_row(w, 1, 9);
	assert_ptr_equal(a->parent, eng_state__proc(w->st, 1));
	ev(w, EV_state_fd, 20, 20, 0);
	i(w, P_state_fd_fd, 3);
	i(w, P_state_fd_type, FDT_IPV4);
	i(w, P_state_fd_role, FDR_CLIENT);
	i(w, P_state_fd_l4, L4_TCP);
	tuple(w, P_state_fd_tuple, "10.0.0.1", 1000, "10.0.0.2", 80);
	go(w);
	assert_string_equal(eng_fdtable__get(b->fds, 3)->name->s, "10.0.0.1:1000->10.0.0.2:80");
	ev(w, EV_state_fd, 99, 99, 0);		/* of a process that no row brought */
	i(w, P_state_fd_fd, 3);
	go(w);
	assert_null(eng_state__proc(w->st, 99));
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_the_same_and_stays_so),
		cmocka_unit_test(what_is_known_changes_nothing),
		cmocka_unit_test(a_refused_batch_ends_the_saving),
		cmocka_unit_test(rows_of_a_keyframe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
