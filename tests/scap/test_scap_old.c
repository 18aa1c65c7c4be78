// SPDX-License-Identifier: Apache-2.0
/* Captures of all ages: versions of the lists, events of containers, the two events of a call, large blocks. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/scap/scap_source.h"
#include "tests/scap/scap_maker.h"

#define T0 MADE_T0

static struct fmt_source *open_made(const struct buf *f)
{
	struct fmt_source *s = NULL;
	struct err err = { 0 };

	if (fmt_scap__open(&s, open("/dev/null", O_RDONLY), "made.scap", f->p, f->len, &err))
		fail_msg("%s", err.msg);
	return s;
}

static const struct fmt_batch *next_of(struct fmt_source *s, bool keyframe)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;

	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
	assert_int_equal(info.keyframe, keyframe);
	return b;
}

static void assert_str(const struct fmt_ev *ev, unsigned param, const char *want)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);

	if (!want) {
		assert_null(s);
		return;
	}
	assert_non_null(s);
	assert_string_equal(s->p, want);
}

static void assert_int(const struct fmt_ev *ev, unsigned param, uint64_t want)
{
	uint64_t v;

	assert_true(fmt_ev__int(ev, param, &v));
	assert_int_equal(v, want);
}

/* Each version has the fields of the one before and some more. */
static void process_lists(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 9; version++) {
		struct buf f = { 0 }, list = { 0 };
		struct fmt_source *s;
		struct fmt_ev ev;
		uint64_t v;

		made_head(&f);
		made_process(&list, version, 100);
		made_process(&list, version, 101);
		made_block(&f, made_process_block(version), &list);
		s = open_made(&f);
		assert_int_equal(next_of(s, true)->n, 2);
		fmt_source__close(s);
		s = open_made(&f);
		ev = fmt_batch__ev(next_of(s, true), 1);
		assert_int_equal(fmt_ev__tid(&ev), 101);
		assert_str(&ev, P_state_thread_comm, "bash");
		assert_str(&ev, P_state_thread_cwd, "/root");
		assert_int(&ev, P_state_thread_uid, 1000);
		assert_int(&ev, P_state_thread_gid, 1001);
		assert_int_equal(fmt_ev__int(&ev, P_state_thread_vm_rss, &v), version >= 2);
		assert_str(&ev, P_state_thread_env, version >= 3 ? "A=1" : NULL);
		assert_int_equal(fmt_ev__int(&ev, P_state_thread_vpid, &v), version >= 4);
		assert_str(&ev, P_state_thread_cgroups, version >= 4 ? "cpu=/docker/x" : NULL);
		assert_str(&ev, P_state_thread_root, version >= 5 ? "/" : NULL);
		assert_int_equal(fmt_ev__int(&ev, P_state_thread_sid, &v), version >= 6);
		assert_str(&ev, P_state_thread_exepath, version >= 7 ? "/bin/bash" : NULL);
		assert_int_equal(fmt_ev__int(&ev, P_state_thread_vpgid, &v), version >= 8);
		assert_int_equal(fmt_ev__int(&ev, P_state_thread_pgid, &v), version >= 9);
		fmt_source__close(s);
		buf__done(&f);
		buf__done(&list);
	}
}

/* Descriptors, users and interfaces: without and with a length in front of each entry. */
static void other_lists(void **state)
{
	(void)state;
	for (unsigned version = 1; version <= 2; version++) {
		struct buf f = { 0 }, e = { 0 }, b = { 0 };
		const struct fmt_batch *rows;
		struct fmt_source *s;
		struct fmt_ev ev;

		made_head(&f);
		made_fds(&f, version);
		for (int group = 0; group < 2; group++) {
			e.len = 0;
			buf__u8(&e, (uint8_t)group);
			buf__le32(&e, 42);
			if (!group)
				buf__le32(&e, 43);
			made_s16(&e, "web", 3);
			if (!group) {
				made_s16(&e, "/srv", 4);
				made_s16(&e, "/bin/sh", 7);
			}
			if (version >= 2)
				buf__le32(&b, (uint32_t)e.len + 4);
			buf__add(&b, e.p, e.len);
		}
		made_block(&f, version >= 2 ? 0x220 : 0x206, &b);
		b.len = e.len = 0;
		buf__le16(&e, 1);
		buf__le16(&e, 4);
		buf__add(&e, "\xc0\xa8\0\1\xff\xff\xff\0\xc0\xa8\0\xff", 12);
		buf__le64(&e, 1000);
		buf__add(&e, "eth0", 4);
		if (version >= 2)
			buf__le32(&b, (uint32_t)e.len);
		buf__add(&b, e.p, e.len);
		made_block(&f, version >= 2 ? 0x219 : 0x205, &b);
		s = open_made(&f);
		rows = next_of(s, true);
		assert_int_equal(rows->n, 5);
		ev = fmt_batch__ev(rows, 0);
		assert_str(&ev, P_state_fd_name, "/etc/hosts");
		ev = fmt_batch__ev(rows, 2);
		assert_int_equal(ev.type, EV_state_user);
		assert_int(&ev, P_state_user_uid, 42);
		assert_str(&ev, P_state_user_home, "/srv");
		ev = fmt_batch__ev(rows, 3);
		assert_int_equal(ev.type, EV_state_group);
		assert_str(&ev, P_state_group_name, "web");
		ev = fmt_batch__ev(rows, 4);
		assert_int_equal(ev.type, EV_state_iface);
		assert_str(&ev, P_state_iface_name, "eth0");
		assert_int(&ev, P_state_iface_prefix, 24);
		assert_int_equal(fmt_source__next(s, &rows, &(struct fmt_batch_info){ 0 }, NULL), 1);
		fmt_source__close(s);
		buf__done(&f);
		buf__done(&e);
		buf__done(&b);
	}
}

/* A list that is larger than a batch is given in several, and nothing of it is lost. */
static void long_list(void **state)
{
	(void)state;
	for (unsigned version = 8; version <= 9; version++) {
		struct buf f = { 0 }, list = { 0 };
		struct made_read r;

		made_head(&f);
		for (uint64_t pid = 1; pid <= 70000; pid++)
			made_process(&list, version, pid);
		made_block(&f, made_process_block(version), &list);
		made_event(&f, 0, 5, T0, 100ull, 8, "\0\0\0\0\0\0\0\0", 8, "\3\0\0\0\0\0\0\0", -1);
		r = made_drain(&f);
		assert_int_equal(r.errors, 0);
		assert_int_equal(r.keyframe_rows, 70000);
		assert_int_equal(r.events, 1);
		buf__done(&f);
		buf__done(&list);
	}
}

#define JSON "{\"container\":{\"id\":\"0123456789ab\",\"type\":0,\"name\":\"web\",\"image\":\"nginx:1\"}}"

/* Four generations of telling of a container, and of one that has ended. */
static void containers(void **state)
{
	static const uint32_t docker = 0, plugin = 3;
	struct buf f = { 0 };
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct fmt_ev ev;

	(void)state;
	made_head(&f);
	made_event(&f, MADE_V1, 228, T0, 0ull, 13, "0123456789ab", 4, &docker, 4, "web", 8, "nginx:1", -1);
	made_event(&f, MADE_V1, 272, T0, 0ull, (int)sizeof(JSON), JSON, -1);
	made_event(&f, MADE_LARGE, 324, T0, 0ull, (int)sizeof(JSON), JSON, -1);
	made_event(&f, MADE_LARGE, 402, T0, 0ull, 4, &plugin, 10, "container", (int)sizeof(JSON), JSON, -1);
	made_event(&f, MADE_LARGE | MADE_FLAGS, 402, T0, 0ull, 4, &plugin, 18, "container_removed", (int)sizeof(JSON), JSON, -1);
	s = open_made(&f);
	next_of(s, true);
	b = next_of(s, false);
	assert_int_equal(b->n, 5);
	for (uint32_t i = 0; i < 4; i++) {
		ev = fmt_batch__ev(b, i);
		assert_int_equal(ev.type, EV_container);
		assert_str(&ev, P_container_id, "0123456789ab");
		assert_str(&ev, P_container_name, "web");
		assert_str(&ev, P_container_image, "nginx:1");
		assert_str(&ev, P_container_runtime, "docker");
	}
	ev = fmt_batch__ev(b, 4);
	assert_int_equal(ev.type, EV_container_end);
	assert_str(&ev, P_container_end_id, "0123456789ab");
	fmt_source__close(s);
	buf__done(&f);
}

/* A return takes the arguments and the time of its thread's entry, and of no other. */
static void two_events(void **state)
{
	static const uint64_t fd3 = 3, fd4 = 4, ok = 0;
	struct buf f = { 0 };
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct fmt_ev ev;
	uint64_t v;

	(void)state;
	made_head(&f);
	made_event(&f, 0, 4, T0, 100ull, 8, &fd3, -1);
	made_event(&f, 0, 4, T0 + 10, 200ull, 8, &fd4, -1);
	made_event(&f, 0, 5, T0 + 50, 200ull, 8, &ok, -1);
	made_event(&f, 0, 5, T0 + 70, 100ull, 8, &ok, -1);
	made_event(&f, 0, 5, T0 + 90, 300ull, 8, &ok, -1);	/* its entry was before the capture */
	made_event(&f, 0, 4, T0 + 95, 300ull, 8, &fd3, -1);	/* its return is after it */
	s = open_made(&f);
	next_of(s, true);
	b = next_of(s, false);
	assert_int_equal(b->n, 3);
	ev = fmt_batch__ev(b, 0);
	assert_int_equal(fmt_ev__tid(&ev), 200);
	assert_int_equal(fmt_ev__dur(&ev), 40);
	assert_int(&ev, P_close_fd, 4);
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(fmt_ev__dur(&ev), 70);
	assert_int(&ev, P_close_fd, 3);
	ev = fmt_batch__ev(b, 2);
	assert_int_equal(fmt_ev__dur(&ev), 0);
	assert_int_equal(fmt_ev__res(&ev), 0);
	assert_true(!fmt_ev__int(&ev, P_close_fd, &v) || !v);	/* upstream's default where nothing is known */
	fmt_source__close(s);
	buf__done(&f);
}

/* Calls without an event of their own: by their number, whether or not the machine's own is there. */
static void generic_calls(void **state)
{
	static const uint16_t wait4 = 69, native_wait4 = 61, unknown = 999, arm_wait4 = 260;
	struct buf f = { 0 };
	const struct fmt_batch *b;
	struct fmt_source *s;

	(void)state;
	made_head(&f);
	made_event(&f, 0, 1, T0, 100ull, 2, &wait4, 2, &native_wait4, -1);
	made_event(&f, 0, 1, T0, 100ull, 2, &wait4, 2, &arm_wait4, -1);
	made_event(&f, MADE_V1, 1, T0, 100ull, 2, &wait4, -1);
	made_event(&f, 0, 1, T0, 100ull, 2, &unknown, 2, &native_wait4, -1);
	made_event(&f, 0, 1, T0, 100ull, 2, &unknown, 2, &unknown, -1);
	s = open_made(&f);
	next_of(s, true);
	b = next_of(s, false);
	assert_int_equal(b->n, 4);
	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		assert_int_equal(ev.type, EV_wait4);
		assert_int_equal(fmt_ev__res(&ev), FMT_NO_RES);
	}
	assert_int_equal(s->skipped_unknown, 1);
	fmt_source__close(s);
	buf__done(&f);
}

/* What a later version wrote is left out, counted, and no error. */
static void unknown_kinds(void **state)
{
	static const uint64_t ok = 0, fd3 = 3;
	struct buf f = { 0 }, body = { 0 };
	struct made_read r;

	(void)state;
	made_head(&f);
	buf__le64(&body, 1);
	made_block(&f, 0x300, &body);
	made_event(&f, 0, 5, T0, 100ull, 8, &ok, 8, &fd3, -1);
	made_event(&f, 0, 5000, T0, 100ull, 8, &ok, -1);
	made_block(&f, 0x301, &body);
	made_event(&f, MADE_FLAGS, 5, T0, 100ull, 8, &ok, 8, &fd3, -1);
	r = made_drain(&f);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, 2);
	assert_int_equal(r.sections, 0);
	assert_int_equal(r.unknown, 1);
	buf__done(&f);
	buf__done(&body);
}

/* What is kept of a payload of a large block is cut, and says how long it was. */
static void large_payload(void **state)
{
	static const uint32_t plugin = 7;
	char *big = xmalloc(3u << 20);
	struct buf f = { 0 };
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct fmt_ev ev;

	(void)state;
	memset(big, 'x', 3u << 20);
	made_head(&f);
	made_event(&f, MADE_LARGE, 402, T0, 0ull, 4, &plugin, 5, "note", 3 << 20, big, -1);
	made_event(&f, MADE_LARGE, 402, T0, 0ull, 4, &plugin, 10, "container", 3 << 20, big, -1);
	s = open_made(&f);
	next_of(s, true);
	b = next_of(s, false);
	ev = fmt_batch__ev(b, 0);
	assert_int_equal(ev.type, EV_asyncevent);
	assert_str(&ev, P_asyncevent_name, "note");
	fmt_source__close(s);
	assert_int_equal(made_drain(&f).events, 2);
	buf__done(&f);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process_lists), cmocka_unit_test(other_lists), cmocka_unit_test(long_list),
		cmocka_unit_test(containers), cmocka_unit_test(two_events), cmocka_unit_test(generic_calls),
		cmocka_unit_test(unknown_kinds), cmocka_unit_test(large_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
