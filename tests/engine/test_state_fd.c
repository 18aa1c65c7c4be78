// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

enum { P = 10 };		/* the process that all of this happens in */

static struct eng_fd *fd_of(struct world *w, int64_t num)
{
	return eng_fdtable__get(eng_state__proc(w->st, P)->fds, num);
}

static const char *name_of(struct world *w, int64_t num)
{
	struct eng_fd *fd = fd_of(w, num);

	return fd ? fd->name->s : "no such descriptor";
}

static void chdir_to(struct world *w, const char *path)
{
	ev(w, EV_chdir, P, P, 0);
	s(w, P_chdir_path, path);
	go(w);
}

static void open_at(struct world *w, int64_t dirfd, const char *name, int64_t fd)
{
	ev(w, EV_openat, P, P, fd);
	i(w, P_openat_dirfd, dirfd);
	s(w, P_openat_name, name);
	i(w, P_openat_flags, FDF_RDONLY);
	go(w);
}

static void names_are_absolute(void **state)
{
	struct world *w = world__new();

	(void)state;
	chdir_to(w, "/srv/www");
	open_at(w, -100, "../log/./x.log", 3);
	assert_string_equal(name_of(w, 3), "/srv/log/x.log");
	assert_string_equal(fd_of(w, 3)->nameraw->s, "../log/./x.log");
	open_at(w, 7, "a", 4);			/* a directory that is not known */
	assert_string_equal(name_of(w, 4), "<UNKNOWN>a");
	open_file(w, P, P, "/usr/lib", 5, FDF_RDONLY | FDF_DIRECTORY);
	assert_int_equal(fd_of(w, 5)->type, FDT_DIRECTORY);
	open_at(w, 5, "../bin/sh", 6);
	assert_string_equal(name_of(w, 6), "/usr/bin/sh");
	open_at(w, -100, "/../../etc/passwd/", 8);
	assert_string_equal(name_of(w, 8), "/etc/passwd");
	/* The directory's own number may be what is given out. */
	open_at(w, 5, "x", 5);
	assert_string_equal(name_of(w, 5), "/usr/lib/x");
	world__free(w);
}

static void what_the_kernel_resolved_counts(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_openat, P, P, 3);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, "/tmp/link");
	i(w, P_openat_flags, FDF_RDONLY | FDF_UPPER_LAYER);
	i(w, P_openat_dev, 0x803);
	i(w, P_openat_ino, 77);
	s(w, P_openat_path, "/etc/shadow");
	go(w);
	assert_string_equal(name_of(w, 3), "/etc/shadow");
	assert_string_equal(fd_of(w, 3)->nameraw->s, "/tmp/link");
	assert_int_equal(fd_of(w, 3)->dev, 0x803);
	assert_int_equal(fd_of(w, 3)->ino, 77);
	assert_int_equal(fd_of(w, 3)->flags, FDF_RDONLY | FDF_UPPER_LAYER);
	assert_ptr_equal(w->ctx.fd, fd_of(w, 3));
	assert_int_equal(w->ctx.fd_name_id, fmt_ev__str_id(&w->row, P_openat_path));
	assert_true(w->ctx.fd_name_changed);
	world__free(w);
}

static void all_ways_to_open_a_file(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_open, P, P, 3);
	s(w, P_open_name, "/a");
	i(w, P_open_flags, FDF_RDONLY);
	go(w);
	ev(w, EV_creat, P, P, 4);
	s(w, P_creat_name, "/b");
	i(w, P_creat_creat_flags, 1);
	go(w);
	assert_int_equal(fd_of(w, 4)->flags, FDF_UPPER_LAYER);
	ev(w, EV_openat2, P, P, 5);
	i(w, P_openat2_dirfd, -100);
	s(w, P_openat2_name, "/c");
	go(w);
	ev(w, EV_open_by_handle_at, P, P, 6);
	s(w, P_open_by_handle_at_path, "/d");
	go(w);
	ev(w, EV_uring_openat, P, P, 7);
	i(w, P_uring_openat_fd, -100);
	s(w, P_uring_openat_name, "/e");
	go(w);
	assert_int_equal(w->ctx.fd_num, 7);
	ev(w, EV_open_by_handle_at, P, P, 8);
	go(w);
	assert_string_equal(name_of(w, 3), "/a");
	assert_string_equal(name_of(w, 4), "/b");
	assert_string_equal(name_of(w, 5), "/c");
	assert_string_equal(name_of(w, 6), "/d");
	assert_string_equal(name_of(w, 7), "/e");
	assert_string_equal(name_of(w, 8), "<NA>");
	world__free(w);
}

static void a_failed_open_opens_nothing(void **state)
{
	struct world *w = world__new();

	(void)state;
	open_file(w, P, P, "/etc/shadow", -13, FDF_RDONLY);
	assert_null(w->ctx.fd);
	assert_true(w->ctx.has_fd_num);
	assert_int_equal(w->ctx.fd_num, -1);
	assert_int_equal(eng_fdtable__count(w->ctx.proc->fds), 0);
	world__free(w);
}

static void use_and_close(struct world *w, int64_t fd, const char *name)
{
	ev(w, EV_read, P, P, 1);
	i(w, P_read_fd, fd);
	go(w);
	assert_string_equal(w->ctx.fd->name->s, name);
	ev(w, EV_close, P, P, 0);
	i(w, P_close_fd, fd);
	go(w);
	assert_string_equal(w->ctx.fd->name->s, name);	/* rules see what is closed */
	leave(w);
	assert_null(fd_of(w, fd));
}

static void copies_live_on_their_own(void **state)
{
	struct world *w = world__new();
	uint32_t slot;

	(void)state;
	open_file(w, P, P, "/a", 3, FDF_RDONLY | FDF_CLOEXEC);
	slot = fd_of(w, 3)->slot;
	ev(w, EV_dup, P, P, 4);
	i(w, P_dup_oldfd, 3);
	go(w);
	assert_int_equal(w->ctx.fd_num, 4);
	assert_int_not_equal(fd_of(w, 4)->slot, slot);
	assert_int_equal(fd_of(w, 4)->flags, FDF_RDONLY);
	ev(w, EV_dup2, P, P, 5);
	i(w, P_dup2_oldfd, 4);
	i(w, P_dup2_newfd, 5);
	go(w);
	ev(w, EV_dup3, P, P, 6);
	i(w, P_dup3_oldfd, 4);
	i(w, P_dup3_newfd, 6);
	i(w, P_dup3_flags, FDF_CLOEXEC);
	go(w);
	assert_int_equal(fd_of(w, 6)->flags, FDF_RDONLY | FDF_CLOEXEC);
	for (int64_t cmd = 0; cmd < 2; cmd++) {
		ev(w, EV_fcntl, P, P, 7 + cmd);
		i(w, P_fcntl_fd, 3);
		i(w, P_fcntl_cmd, cmd ? 26 : 1);	/* F_DUPFD_CLOEXEC, F_DUPFD */
		i(w, P_fcntl_arg, 7);
		go(w);
		assert_int_equal(w->ctx.fd_num, 7 + cmd);
		assert_int_equal(fd_of(w, 7 + cmd)->flags & FDF_CLOEXEC, cmd ? FDF_CLOEXEC : 0);
	}
	for (int64_t n = 3; n < 9; n++)
		use_and_close(w, n, "/a");
	/* A copy of what is not known, and onto what is open. */
	open_file(w, P, P, "/b", 3, FDF_RDONLY);
	ev(w, EV_dup2, P, P, 3);
	i(w, P_dup2_oldfd, 99);
	i(w, P_dup2_newfd, 3);
	go(w);
	assert_int_equal(fd_of(w, 3)->type, FDT_UNKNOWN);
	/* Onto itself. */
	open_file(w, P, P, "/b", 3, FDF_RDONLY);
	ev(w, EV_dup2, P, P, 3);
	i(w, P_dup2_oldfd, 3);
	i(w, P_dup2_newfd, 3);
	go(w);
	assert_string_equal(name_of(w, 3), "/b");
	world__free(w);
}

static void exec_closes_what_asks_for_it(void **state)
{
	struct world *w = world__new();

	(void)state;
	open_file(w, P, P, "/keep", 3, FDF_RDONLY);
	open_file(w, P, P, "/close", 4, FDF_RDONLY | FDF_CLOEXEC);
	open_file(w, P, P, "/late", 5, FDF_RDONLY);
	ev(w, EV_fcntl, P, P, 0);
	i(w, P_fcntl_fd, 5);
	i(w, P_fcntl_cmd, 3);			/* F_SETFD */
	i(w, P_fcntl_arg, 1);
	go(w);
	open_file(w, P, P, "/range", 200, FDF_RDONLY);
	ev(w, EV_close_range, P, P, 0);
	i(w, P_close_range_first, 100);
	i(w, P_close_range_last, UINT32_MAX);
	i(w, P_close_range_flags, 4);		/* CLOSE_RANGE_CLOEXEC */
	go(w);
	assert_non_null(fd_of(w, 200));
	exec_as(w, P, "sh", "/bin/sh", "", 0);
	assert_non_null(fd_of(w, 3));
	assert_null(fd_of(w, 4));
	assert_null(fd_of(w, 5));
	assert_null(fd_of(w, 200));
	world__free(w);
}

static void ranges_are_closed(void **state)
{
	struct world *w = world__new();
	struct eng_proc *c;

	(void)state;
	for (int64_t n = 3; n < 40; n++)
		open_file(w, P, P, "/x", n, FDF_RDONLY);
	task_new(w, P, P, 20, 20, 1 /* CLONE_FILES */, "c");
	c = eng_state__proc(w->st, 20);
	ev(w, EV_close_range, P, P, 0);
	i(w, P_close_range_first, 10);
	i(w, P_close_range_last, 19);
	go(w);
	assert_int_equal(eng_fdtable__count(c->fds), 27);	/* the table is the same */
	ev(w, EV_close_range, P, P, 0);
	i(w, P_close_range_first, 3);
	i(w, P_close_range_last, 0xffffffff);
	i(w, P_close_range_flags, 2);		/* CLOSE_RANGE_UNSHARE */
	go(w);
	assert_int_equal(eng_fdtable__count(c->fds), 27);
	assert_int_equal(eng_fdtable__count(eng_state__proc(w->st, P)->fds), 0);
	world__free(w);
}

static void pipes(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_pipe2, P, P, 0);
	i(w, P_pipe2_fd1, 3);
	i(w, P_pipe2_fd2, 4);
	i(w, P_pipe2_ino, 555);
	i(w, P_pipe2_flags, FDF_CLOEXEC);
	go(w);
	assert_int_equal(w->ctx.fd_num, 4);
	for (int64_t n = 3; n < 5; n++) {
		assert_int_equal(fd_of(w, n)->type, FDT_FIFO);
		assert_int_equal(fd_of(w, n)->ino, 555);
		assert_int_equal(fd_of(w, n)->flags, FDF_CLOEXEC);
		assert_string_equal(name_of(w, n), "");
	}
	ev(w, EV_pipe, P, P, -24);
	go(w);
	assert_null(w->ctx.fd);
	world__free(w);
}

static void descriptors_without_a_file(void **state)
{
	static const struct {
		uint16_t event;
		uint8_t type;
		const char *name;
	} cases[] = {
		{ EV_eventfd2, FDT_EVENT, "" },
		{ EV_epoll_create1, FDT_EVENTPOLL, "" },
		{ EV_inotify_init1, FDT_INOTIFY, "" },
		{ EV_timerfd_create, FDT_TIMERFD, "" },
		{ EV_signalfd4, FDT_SIGNALFD, "" },
		{ EV_userfaultfd, FDT_USERFAULTFD, "" },
		{ EV_io_uring_setup, FDT_IO_URING, "" },
		{ EV_perf_event_open, FDT_UNSUPPORTED, "[perf_event]" },
	};
	struct world *w = world__new();

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		ev(w, cases[k].event, P, P, 10);
		go(w);
		assert_int_equal(w->ctx.fd_num, 10);
		assert_int_equal(w->ctx.fd->type, cases[k].type);
		assert_string_equal(w->ctx.fd->name->s, cases[k].name);
	}
	ev(w, EV_memfd_create, P, P, 11);
	s(w, P_memfd_create_name, "payload");
	i(w, P_memfd_create_flags, 1);
	go(w);
	assert_int_equal(w->ctx.fd->type, FDT_MEMFD);
	assert_int_equal(w->ctx.fd->flags, FDF_CLOEXEC);
	assert_string_equal(name_of(w, 11), "payload");
	ev(w, EV_bpf, P, P, 12);
	i(w, P_bpf_cmd, 5);			/* BPF_PROG_LOAD */
	go(w);
	assert_int_equal(w->ctx.fd->type, FDT_BPF);
	ev(w, EV_bpf, P, P, 0);
	i(w, P_bpf_cmd, 1);			/* BPF_MAP_LOOKUP_ELEM: 0 is no descriptor */
	go(w);
	assert_null(fd_of(w, 0));
	world__free(w);
}

static void descriptors_of_processes(void **state)
{
	struct world *w = world__new();

	(void)state;
	open_file(w, 20, 20, "/secret", 5, FDF_RDONLY);
	ev(w, EV_pidfd_open, P, P, 3);
	i(w, P_pidfd_open_pid, 20);
	go(w);
	assert_int_equal(fd_of(w, 3)->type, FDT_PIDFD);
	assert_string_equal(name_of(w, 3), "/proc/20");
	ev(w, EV_pidfd_getfd, P, P, 4);
	i(w, P_pidfd_getfd_pid_fd, 3);
	i(w, P_pidfd_getfd_target_fd, 5);
	go(w);
	assert_string_equal(name_of(w, 4), "/secret");
	assert_int_equal(fd_of(w, 4)->flags & FDF_CLOEXEC, FDF_CLOEXEC);
	ev(w, EV_pidfd_getfd, P, P, 5);
	i(w, P_pidfd_getfd_pid_fd, 3);
	i(w, P_pidfd_getfd_target_fd, 77);
	go(w);
	assert_int_equal(fd_of(w, 5)->type, FDT_UNKNOWN);
	world__free(w);
}

static void descriptors_that_come_in_messages(void **state)
{
	/* u16 count; s64 number, s16 */
	static const char fds[] = "\2\0" "\x21\0\0\0\0\0\0\0\0\0" "\x22\0\0\0\0\0\0\0\0\0";
	struct world *w = world__new();

	(void)state;
	for (uint32_t n = 0; n < sizeof(fds); n++) {	/* also cut short anywhere */
		ev(w, EV_recvmsg, P, P, 1);
		i(w, P_recvmsg_fd, 3);
		fmt_batch__str(w->b, P_recvmsg_scm_fds, fds, n, n);
		go(w);
		assert_int_equal(eng_fdtable__count(w->ctx.proc->fds),
				 n < 12 ? 0 : n < 22 ? 1 : 2);
	}
	assert_int_equal(fd_of(w, 0x21)->type, FDT_UNKNOWN);
	assert_non_null(fd_of(w, 0x22));
	world__free(w);
}

static void closing_what_is_not_known_is_harmless(void **state)
{
	struct world *w = world__new();

	(void)state;
	for (int64_t n = -2; n < 2; n++) {
		ev(w, EV_close, P, P, n < 0 ? -9 : 0);
		i(w, P_close_fd, n);
		go(w);
		assert_null(w->ctx.fd);
		assert_int_equal(w->ctx.fd_num, n);
	}
	open_file(w, P, P, "/a", 3, FDF_RDONLY);
	ev(w, EV_close, P, P, -4);		/* interrupted: as if it had not been called */
	i(w, P_close_fd, 3);
	go(w);
	leave(w);
	assert_non_null(fd_of(w, 3));
	world__free(w);
}

static void directories_are_followed(void **state)
{
	struct world *w = world__new();

	(void)state;
	chdir_to(w, "/");
	assert_string_equal(w->ctx.proc->cwd->s, "/");
	chdir_to(w, "usr/lib/");
	assert_string_equal(w->ctx.proc->cwd->s, "/usr/lib/");
	open_file(w, P, P, "/var/log", 3, FDF_RDONLY | FDF_DIRECTORY);
	ev(w, EV_fchdir, P, P, 0);
	i(w, P_fchdir_fd, 3);
	go(w);
	assert_string_equal(w->ctx.proc->cwd->s, "/var/log/");
	ev(w, EV_chdir, P, P, 0);
	s(w, P_chdir_path, "link");
	s(w, P_chdir_cwd, "/srv/target");
	go(w);
	assert_string_equal(w->ctx.proc->cwd->s, "/srv/target/");
	ev(w, EV_chdir, P, P, -2);
	s(w, P_chdir_path, "/nowhere");
	go(w);
	assert_string_equal(w->ctx.proc->cwd->s, "/srv/target/");
	ev(w, EV_getcwd, P, P, 6);
	s(w, P_getcwd_path, "/real");
	go(w);
	assert_string_equal(w->ctx.proc->cwd->s, "/real/");
	ev(w, EV_chroot, P, P, 0);
	s(w, P_chroot_path, "jail");
	go(w);
	assert_string_equal(w->ctx.proc->root->s, "/real/jail");
	world__free(w);
}

static void epochs_of_descriptors(void **state)
{
	struct world *w = world__new();
	uint64_t e;
	uint32_t slot;

	(void)state;
	open_file(w, P, P, "/a", 3, FDF_RDONLY);
	e = fd_of(w, 3)->epoch;
	slot = fd_of(w, 3)->slot;
	ev(w, EV_read, P, P, 1);
	i(w, P_read_fd, 3);
	go(w);
	assert_int_equal(fd_of(w, 3)->epoch, e);
	open_file(w, P, P, "/b", 3, FDF_RDONLY);	/* its closing was not seen */
	assert_int_not_equal(fd_of(w, 3)->epoch, e);
	e = fd_of(w, 3)->epoch;
	ev(w, EV_close, P, P, 0);
	i(w, P_close_fd, 3);
	go(w);
	open_file(w, P, P, "/c", 4, FDF_RDONLY);
	assert_int_equal(fd_of(w, 4)->slot, slot);	/* used again, with another epoch */
	assert_int_not_equal(fd_of(w, 4)->epoch, e);
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_absolute),
		cmocka_unit_test(what_the_kernel_resolved_counts),
		cmocka_unit_test(all_ways_to_open_a_file),
		cmocka_unit_test(a_failed_open_opens_nothing),
		cmocka_unit_test(copies_live_on_their_own),
		cmocka_unit_test(exec_closes_what_asks_for_it),
		cmocka_unit_test(ranges_are_closed),
		cmocka_unit_test(pipes),
		cmocka_unit_test(descriptors_without_a_file),
		cmocka_unit_test(descriptors_of_processes),
		cmocka_unit_test(descriptors_that_come_in_messages),
		cmocka_unit_test(closing_what_is_not_known_is_harmless),
		cmocka_unit_test(directories_are_followed),
		cmocka_unit_test(epochs_of_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
