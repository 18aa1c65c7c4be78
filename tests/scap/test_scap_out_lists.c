// SPDX-License-Identifier: Apache-2.0
/* The .scap writer: lists, sections, gzip, what the state fills in, what captures do not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/scap/scap_written.h"

/* --- lists ------------------------------------------------------------------------------------ */

static void thread_row(struct fmt_batch *b, uint32_t tid, uint32_t pid, uint64_t table)
{
	fmt_batch__begin(b, EV_state_thread, T0, 0, tid, pid, 0, 0);
	fmt_batch__int(b, P_state_thread_vtid, tid + 1000);
	put_str(b, P_state_thread_comm, "web", 3);
	if (table)
		fmt_batch__int(b, P_state_thread_fdtable, table);
	if (tid == pid) {
		fmt_batch__int(b, P_state_thread_ptid, 1);
		fmt_batch__int(b, P_state_thread_euid, 33);
		put_str(b, P_state_thread_exepath, "/bin/web", 8);
		put_str(b, P_state_thread_args, "-c\0x", 5);
		put_str(b, P_state_thread_cgroups, "=/docker/x", 11);
	}
	fmt_batch__end(b);
}

static void fd_row(struct fmt_batch *b, uint32_t pid, uint64_t table, uint64_t fd, unsigned type, const char *name)
{
	fmt_batch__begin(b, EV_state_fd, T0, 0, pid, pid, 0, 0);
	fmt_batch__int(b, P_state_fd_fd, fd);
	fmt_batch__int(b, P_state_fd_type, type);
	fmt_batch__int(b, P_state_fd_ino, 900 + fd);
	fmt_batch__int(b, P_state_fd_fdtable, table);
	put_str(b, P_state_fd_name, name, strlen(name));
	if (type == 3 || type == 5) {
		fmt_batch__str(b, P_state_fd_tuple, (char *)TUPLE4, 13, 13);
		fmt_batch__int(b, P_state_fd_l4, 2);
	}
	fmt_batch__end(b);
}

static const struct { unsigned type; const char *name; } descriptors[] = {
	{ 1, "/etc/hosts" }, { 2, "/etc" }, { 3, "" }, { 5, "" }, { 7, "pipe:[1]" }, { 8, "/run/log" }, { 9, "[eventfd]" },
	{ 12, "[eventpoll]" }, { 15, "" }, { 17, "[bpf]" }, { 20, "memfd" }, { 21, "[pidfd]" },
};
#define N_DESCRIPTORS (sizeof(descriptors) / sizeof(*descriptors))

static void list_rows(struct fmt_batch *b)
{
	fmt_batch__begin(b, EV_state_user, T0, 0, 0, 0, 0, 0);
	fmt_batch__int(b, P_state_user_uid, 33);
	fmt_batch__int(b, P_state_user_gid, 34);
	put_str(b, P_state_user_name, "www", 3);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_user, T0, 0, 0, 0, 0, 0);
	fmt_batch__int(b, P_state_user_uid, 0);
	put_str(b, P_state_user_name, "boss", 4);
	put_str(b, P_state_user_container_id, "0123456789ab", 12);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_group, T0, 0, 0, 0, 0, 0);
	fmt_batch__int(b, P_state_group_gid, 34);
	put_str(b, P_state_group_name, "www", 3);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_iface, T0, 0, 0, 0, 0, 0);
	put_str(b, P_state_iface_name, "eth0", 4);
	fmt_batch__str(b, P_state_iface_addr, "\2\xac\x11\0\2\0\0", 7, 7);
	fmt_batch__int(b, P_state_iface_prefix, 20);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_mount, T0, 0, 0, 0, 0, 0);
	fmt_batch__int(b, P_state_mount_id, 1);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_container, T0, 0, 0, 0, 0, 0);
	put_str(b, P_state_container_id, "0123456789ab", 12);
	put_str(b, P_state_container_name, "we\"b", 4);
	put_str(b, P_state_container_runtime, "podman", 6);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_state_container, T0, 0, 0, 0, 0, 0);
	put_str(b, P_state_container_id, "ba9876543210", 12);	/* the document does not say it: readers look there */
	put_str(b, P_state_container_json, "{\"container\":{\"name\":\"db\"}}", 27);
	fmt_batch__end(b);
	thread_row(b, 100, 100, 0);
	thread_row(b, 101, 100, 0);
	thread_row(b, 200, 200, 200);
	thread_row(b, 300, 300, 200);
	fmt_batch__begin(b, EV_state_thread, T0, 0, 400, 400, 0, 0);
	fmt_batch__int(b, P_state_thread_dead, true);
	fmt_batch__end(b);
	for (unsigned i = 0; i < N_DESCRIPTORS; i++)
		fd_row(b, 100, 0, i, descriptors[i].type, descriptors[i].name);
	fd_row(b, 200, 200, 7, 1, "/shared");
	fd_row(b, 999, 0, 1, 1, "/of/nobody");
}

static void check_thread(const struct fmt_ev *ev, uint32_t tid, uint32_t pid)
{
	assert_int_equal(fmt_ev__tid(ev), tid);
	assert_int_equal(fmt_ev__pid(ev), pid);
	assert_int_equal(num_of(ev, P_state_thread_vtid), tid + 1000);
	assert_int_equal(num_of(ev, P_state_thread_ptid), 1);
	assert_true(is_str(ev, P_state_thread_exepath, "/bin/web", 8));	/* other threads: from their main one */
	assert_true(is_str(ev, P_state_thread_args, "-c\0x", 5));
	assert_true(is_str(ev, P_state_thread_cgroups, "=/docker/x", 11));
	assert_int_equal(num_of(ev, P_state_thread_flags), tid == pid ? 0 : 0x2001);	/* else readers see no descriptors */
	if (tid == pid)
		assert_int_equal(num_of(ev, P_state_thread_uid), 33);
}

static void check_fd(const struct fmt_ev *ev, uint32_t pid, uint64_t fd, unsigned type, const char *name)
{
	assert_int_equal(ev->type, EV_state_fd);
	assert_int_equal(fmt_ev__pid(ev), pid);
	assert_int_equal(num_of(ev, P_state_fd_fd), fd);
	assert_int_equal(num_of(ev, P_state_fd_type), type);
	assert_int_equal(num_of(ev, P_state_fd_ino), 900 + fd);
	if (type == 3)
		assert_true(is_str(ev, P_state_fd_tuple, (const char *)TUPLE4, 13));
	else if (type == 5)	/* one address only, the second of ours */
		assert_true(is_str(ev, P_state_fd_tuple, "\2\0\0\0\0\0\0\12\0\0\2\xbb\1", 13));
	else
		assert_true(is_str(ev, P_state_fd_name, name, strlen(name)));
}

static void check_lists(const struct fmt_batch *b)
{
	static const uint32_t threads[][2] = { { 100, 100 }, { 101, 100 }, { 200, 200 }, { 300, 300 } };
	struct fmt_ev ev = fmt_batch__ev(b, 0);
	uint32_t row = 3;

	assert_int_equal(b->n, 3 + 5 + N_DESCRIPTORS + 2);
	assert_int_equal(ev.type, EV_state_iface);
	assert_int_equal(num_of(&ev, P_state_iface_prefix), 20);
	assert_true(is_str(&ev, P_state_iface_addr, "\2\xac\x11\0\2\0\0", 7));
	ev = fmt_batch__ev(b, 1);
	assert_true(is_str(&ev, P_state_user_name, "www", 3));
	assert_int_equal(num_of(&ev, P_state_user_gid), 34);
	ev = fmt_batch__ev(b, 2);
	assert_true(is_str(&ev, P_state_group_name, "www", 3));
	for (unsigned i = 0; i < 4; i++) {
		ev = fmt_batch__ev(b, row++);
		check_thread(&ev, threads[i][0], threads[i][1]);
	}
	ev = fmt_batch__ev(b, row++);
	assert_int_equal(num_of(&ev, P_state_thread_dead), true);
	for (unsigned i = 0; i < N_DESCRIPTORS; i++) {
		ev = fmt_batch__ev(b, row++);
		check_fd(&ev, 100, i, descriptors[i].type, descriptors[i].name);
	}
	ev = fmt_batch__ev(b, row++);
	check_fd(&ev, 200, 7, 1, "/shared");
	ev = fmt_batch__ev(b, row++);
	check_fd(&ev, 300, 7, 1, "/shared");
}

static void lists(void **state)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	struct fmt_ev ev;

	(void)state;
	capture__begin(&c);
	capture__section(&c, "web-7");
	list_rows(c.b);
	capture__put(&c, true);
	put_close(c.b, T0 - 9);
	capture__put(&c, false);
	list_rows(c.b);		/* a later keyframe adds nothing */
	capture__put(&c, true);
	put_close(c.b, T0);
	capture__put(&c, false);
	capture__reopen(&c);
	assert_string_equal(c.s->meta.hostname, "web-7");
	assert_int_equal(c.s->meta.boot_ns, T0 - 5);
	assert_int_equal(c.s->meta.n_cpus, 2);
	check_lists(capture__next(&c, &info));
	b = capture__next(&c, &info);
	assert_int_equal(b->n, 5);
	ev = fmt_batch__ev(b, 2);
	assert_true(is_str(&ev, P_container_id, "ba9876543210", 12));
	assert_true(is_str(&ev, P_container_name, "db", 2));
	ev = fmt_batch__ev(b, 0);
	assert_int_equal(ev.type, EV_useradded);
	assert_true(is_str(&ev, P_useradded_container_id, "0123456789ab", 12));
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(ev.type, EV_container);
	assert_int_equal(fmt_ev__ts(&ev), T0 - 9);	/* not after the first event */
	assert_true(is_str(&ev, P_container_name, "we\"b", 4));
	assert_true(is_str(&ev, P_container_runtime, "podman", 6));
	assert_int_equal(c.st.made, 3);
	assert_int_equal(c.st.left_out, 2);
	assert_int_equal(c.st.by_type[EV_state_mount], 1);
	assert_int_equal(c.st.by_type[EV_state_fd], 1);	/* nobody's */
	fmt_source__close(c.s);
}

static void sections(void **state)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	unsigned started = 0, events = 0;

	(void)state;
	capture__begin(&c);
	for (unsigned i = 0; i < 3; i++) {
		capture__section(&c, "web-7");
		thread_row(c.b, 100 + i, 100 + i, 0);
		capture__put(&c, true);
		if (i == 1)
			continue;	/* one without events */
		put_close(c.b, T0 + i);
		capture__put(&c, false);
	}
	capture__reopen(&c);
	while ((b = capture__next(&c, &info))) {
		started += info.new_section;
		events += info.keyframe ? 0 : b->n;
	}
	assert_int_equal(events, 2);
	assert_int_equal(started, 1);	/* the second and third have no event between them */
	fmt_source__close(c.s);
}

static void gzipped(void **state)
{
	struct scap_writer_opts o = { .sz = sizeof(o), .gzip = true };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	unsigned events = 0;

	(void)state;
	capture__begin_with(&c, &o);
	capture__section(&c, "web-7");
	for (unsigned i = 0; i < 30000; i++) {	/* more than is given on at once */
		put_close(c.b, T0 + i);
		if (i % 1000 == 999)
			capture__put(&c, false);
	}
	capture__reopen(&c);
	assert_true(c.st.bytes < 400000);
	while ((b = capture__next(&c, &info)))
		events += b->n;
	assert_int_equal(events, 30000);
	fmt_source__close(c.s);
}

/* --- what is not in the event ----------------------------------------------------------------- */

static bool fill_in(void *arg, const struct fmt_ev *ev, unsigned param, uint64_t *ret_num, struct fmt_str *ret_str)
{
	(void)arg;
	assert_int_equal(ev->type, EV_clone);
	if (param == P_clone_exe)
		*ret_str = (struct fmt_str){ "bash", 4, 4 };
	else if (param == P_clone_ptid)
		*ret_num = 77;
	else
		return false;
	return true;
}

static void filled(void **state)
{
	struct scap_writer_opts o = { .sz = sizeof(o), .fill = fill_in };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	struct fmt_ev ev;
	uint64_t v;

	(void)state;
	capture__begin_with(&c, &o);
	capture__section(&c, "web-7");
	fmt_batch__begin(c.b, EV_clone, T0, 0, TID, TID, 0, 0);
	fmt_batch__int(c.b, P_clone_flags, 5);
	fmt_batch__end(c.b);
	fmt_batch__begin(c.b, EV_read, T0, 0, TID, TID, 0, FMT_NO_RES);
	fmt_batch__end(c.b);
	capture__put(&c, false);
	capture__reopen(&c);
	capture__next(&c, &info);
	b = capture__next(&c, &info);
	assert_int_equal(b->n, 2);
	ev = fmt_batch__ev(b, 0);
	assert_true(is_str(&ev, P_clone_exe, "bash", 4));
	assert_int_equal(num_of(&ev, P_clone_ptid), 77);
	assert_int_equal(num_of(&ev, P_clone_flags), 5);
	assert_int_equal(num_of(&ev, P_clone_fdlimit), 0);		/* readers insist on a number */
	assert_false(fmt_ev__int(&ev, P_clone_vtid, &v));	/* here they do not */
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(ev.type, EV_read);
	assert_true(fmt_ev__res(&ev) == FMT_NO_RES);
	fmt_source__close(c.s);
}

/* What came into an event late is there only if what came before is: readers rely on it. */
static void completed(void **state)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	struct fmt_ev ev;
	uint64_t v;

	(void)state;
	capture__begin(&c);
	capture__section(&c, "web-7");
	fmt_batch__begin(c.b, EV_openat, T0, 0, TID, TID, 0, 3);
	put_str(c.b, P_openat_name, "/a", 2);
	fmt_batch__end(c.b);
	fmt_batch__begin(c.b, EV_openat, T0, 0, TID, TID, 0, 3);
	fmt_batch__int(c.b, P_openat_ino, 7);
	fmt_batch__end(c.b);
	fmt_batch__begin(c.b, EV_execve, T0, 0, TID, TID, 0, 0);
	fmt_batch__int(c.b, P_execve_cap_permitted, 7);
	fmt_batch__end(c.b);
	fmt_batch__begin(c.b, EV_procexit, T0, 0, TID, TID, 0, 0);
	fmt_batch__int(c.b, P_procexit_reaper_tid, TID);	/* no thread inherits from itself */
	fmt_batch__end(c.b);
	capture__put(&c, false);
	capture__reopen(&c);
	assert_int_equal(c.st.malformed, 1);
	capture__next(&c, &info);
	b = capture__next(&c, &info);
	ev = fmt_batch__ev(b, 0);
	assert_int_equal(num_of(&ev, P_openat_dirfd), 0);
	assert_int_equal(num_of(&ev, P_openat_flags), 0);
	assert_false(fmt_ev__int(&ev, P_openat_dev, &v));
	assert_false(fmt_ev__int(&ev, P_openat_ino, &v));
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(num_of(&ev, P_openat_dirfd), 0);
	assert_int_equal(num_of(&ev, P_openat_dev), 0);
	assert_int_equal(num_of(&ev, P_openat_ino), 7);
	ev = fmt_batch__ev(b, 2);
	assert_int_equal(num_of(&ev, P_execve_vm_size), 0);
	assert_int_equal(num_of(&ev, P_execve_cap_inheritable), 0);
	assert_int_equal(num_of(&ev, P_execve_cap_permitted), 7);
	assert_false(fmt_ev__int(&ev, P_execve_exe_ino, &v));
	ev = fmt_batch__ev(b, 3);
	assert_int_equal(num_of(&ev, P_procexit_reaper_tid), 0);
	fmt_source__close(c.s);
}

/* --- what captures do not show ------------------------------------------------------------------- */

static void births_and_context(void **state)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	struct fmt_ev ev;

	(void)state;
	capture__begin(&c);
	capture__section(&c, "web-7");
	fmt_batch__begin(c.b, EV_clone3, T0, 0, 500, 400, 1, 0);
	fmt_batch__int(c.b, P_clone3_pid, 400);
	fmt_batch__int(c.b, P_clone3_ptid, 1);
	fmt_batch__int(c.b, P_clone3_flags, 0x2000);
	fmt_batch__int(c.b, P_clone3_vtid, 5);
	fmt_batch__int(c.b, P_clone3_vpid, 4);
	put_str(c.b, P_clone3_comm, "web", 3);
	fmt_batch__end(c.b);
	ev = fmt_batch__ev(c.b, 0);
	assert_int_equal(scap_writer__birth(c.w, &ev, 444, NULL), 0);
	assert_int_equal(scap_writer__birth(c.w, &ev, 0xffffffff, NULL), 0);	/* no thread has that */
	fmt_batch__reset(c.b, 1);
	put_close(c.b, T0);
	c.b->context = true;
	put_close(c.b, T0);
	capture__put(&c, false);
	capture__reopen(&c);
	assert_int_equal(c.st.events, 1);
	capture__next(&c, &info);
	b = capture__next(&c, &info);
	assert_int_equal(b->n, 4);
	ev = fmt_batch__ev(b, 2);
	assert_false(fmt_ev__is_context(&ev));
	ev = fmt_batch__ev(b, 3);
	assert_true(fmt_ev__is_context(&ev));
	ev = fmt_batch__ev(b, 0);
	assert_int_equal(ev.type, EV_task_new);
	assert_int_equal(fmt_ev__tid(&ev), 444);
	assert_int_equal(num_of(&ev, P_task_new_tid), 500);
	assert_int_equal(num_of(&ev, P_task_new_pid), 400);
	assert_int_equal(num_of(&ev, P_task_new_ptid), 1);
	assert_int_equal(num_of(&ev, P_task_new_flags), 0x2000);
	assert_int_equal(num_of(&ev, P_task_new_vtid), 5);
	assert_int_equal(num_of(&ev, P_task_new_vpid), 4);
	assert_true(is_str(&ev, P_task_new_comm, "web", 3));
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(fmt_ev__tid(&ev), 400);	/* of a thread: its process */
	fmt_source__close(c.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),
		cmocka_unit_test(sections),
		cmocka_unit_test(gzipped),
		cmocka_unit_test(filled),
		cmocka_unit_test(completed),
		cmocka_unit_test(births_and_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
