// SPDX-License-Identifier: Apache-2.0
/* The .scap writer: bytes, every type of event there and back, hostile input, a full disk. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/scap_out/scap_plan.h"
#include "tests/scap/scap_written.h"

static const uint8_t FDLIST[] = { 1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
static const char JSON[] = "{\"container\":{\"id\":\"0123456789ab\",\"full_id\":\"0123456789abcdef\",\"name\":\"web\","
			   "\"image\":\"nginx\",\"type\":7}}";

/* --- every byte of a small one ---------------------------------------------------------------- */

static void hex(struct buf *b, const char *s)
{
	unsigned byte;

	for (; *s; s++)
		if (*s != ' ' && sscanf(s++, "%2x", &byte) == 1)
			buf__u8(b, (uint8_t)byte);
}

static void same(struct buf *b, unsigned n, uint8_t byte)
{
	while (n--)
		buf__u8(b, byte);
}

/* Written by hand from the layouts of the blocks. */
static void expected(struct buf *b)
{
	hex(b, "0a0d0d0a 1c000000 4d3c2b1a 0100 0200 ffffffffffffffff 1c000000");
	hex(b, "01020000 c0000000 02000000 0010000000000000 0000400000000000 686f");	/* machine "ho" */
	same(b, 126, 0);
	hex(b, "fbff2936fe9c9717");		/* boot */
	same(b, 24, 0);
	hex(b, "c0000000");
	hex(b, "19020000 0c000000 0c000000");	/* no interfaces */
	hex(b, "20020000 0c000000 0c000000");	/* no users */
	hex(b, "15020000 d8000000 ca000000");	/* one process: of 202 bytes */
	hex(b, "6400000000000000 6400000000000000");	/* tid, pid */
	same(b, 24, 0xff);			/* ptid, sid, vpgid: not known */
	hex(b, "0200 7368 0000 0000 0000 0000");	/* comm, exe, exepath, args, cwd */
	same(b, 8, 0xff);			/* fdlimit */
	hex(b, "00000000 ffffffff ffffffff");	/* flags, uid, gid */
	same(b, 28, 0);				/* memory, page faults */
	hex(b, "0000");				/* env */
	same(b, 16, 0xff);			/* vtid, vpid */
	hex(b, "0000 0000");			/* cgroups, root */
	same(b, 12, 0);				/* pid namespace's start, tty */
	hex(b, "ffffffff 01");			/* loginuid; the executable is writable */
	same(b, 24, 0);				/* capabilities */
	hex(b, "00");				/* not of the upper layer */
	same(b, 24, 0);				/* inode and its times */
	hex(b, "00 01");			/* no memfd; of the lower layer */
	same(b, 8, 0xff);			/* pgid */
	hex(b, "0000 d8000000");
	/* openat: cpu, time, tid, length, code, 7 parameters */
	hex(b, "16020000 64000000 0300 00002a36fe9c9717 6400000000000000 54000000 3301 07000000");
	hex(b, "0800 0800 0800 0400 0400 0400 0800");
	hex(b, "0500000000000000 9cffffffffffffff 2f6574632f2e7000 01000000 00000000 09000000 0700000000000000");
	hex(b, "0000 64000000");
}

static void bytes(void **state)
{
	struct buf want = { 0 };
	uint8_t got[1024];
	struct capture c;
	ssize_t n;

	(void)state;
	capture__begin(&c);
	capture__section(&c, "ho");
	fmt_batch__begin(c.b, EV_state_thread, T0, 0, TID, TID, 0, 0);
	fmt_batch__str(c.b, P_state_thread_comm, "sh", 2, 2);
	fmt_batch__int(c.b, P_state_thread_exe_flags, 9);
	fmt_batch__end(c.b);
	capture__put(&c, true);
	fmt_batch__begin(c.b, EV_openat, T0, 77, TID, TID, 3, 5);
	fmt_batch__int(c.b, P_openat_dirfd, (uint64_t)-100);
	fmt_batch__str(c.b, P_openat_name, "/etc/.p", 7, 7);
	fmt_batch__int(c.b, P_openat_flags, 1);
	fmt_batch__int(c.b, P_openat_mode, 0);
	fmt_batch__int(c.b, P_openat_dev, 9);
	fmt_batch__int(c.b, P_openat_ino, 7);
	fmt_batch__end(c.b);
	capture__put(&c, false);
	capture__finish(&c);
	n = read(c.fd, got, sizeof(got));
	expected(&want);
	for (size_t i = 0; i < want.len && i < (size_t)n; i++)
		if (got[i] != want.p[i])
			fail_msg("byte %zu is %02x, not %02x", i, got[i], want.p[i]);
	assert_int_equal(n, want.len);
	buf__done(&want);
	close(c.fd);
}

/* --- every type of event ---------------------------------------------------------------------- */

/* Without a counterpart in captures: all operations of io_uring, and these. */
static const uint16_t no_counterpart[] = {
	EV_task_new, EV_exec, EV_cgroup_attach, EV_cgroup_mkdir, EV_cgroup_rmdir, EV_noise, EV_dns,
	EV_trigger, EV_action,
};

static bool has_counterpart(const struct fmt_event_info *info)
{
	for (size_t i = 0; i < sizeof(no_counterpart) / sizeof(*no_counterpart); i++)
		if (no_counterpart[i] == info->id)
			return false;
	return !(info->flags & (EF_URING | EF_KEYFRAME));
}

static void make_param(struct fmt_batch *b, const struct fmt_event_info *info, unsigned i)
{
	char text[16];
	uint32_t n = (uint32_t)snprintf(text, sizeof(text), "%u.%u", info->id, i);

	switch (info->params[i].type) {
	case PT_SOCKADDR: fmt_batch__str(b, i, (char *)ADDR4, 7, 7); break;
	case PT_SOCKTUPLE: fmt_batch__str(b, i, (char *)TUPLE4, 13, 13); break;
	case PT_FDLIST: fmt_batch__str(b, i, (char *)FDLIST, 12, 12); break;
	case PT_STRLIST: fmt_batch__str(b, i, "a\0bc", 5, 5); break;
	case PT_BYTES: fmt_batch__bytes(b, i, "\0\1x", 3, 3); break;
	default:
		if (info->id == EV_container && i == P_container_json)
			fmt_batch__str(b, i, JSON, sizeof(JSON) - 1, sizeof(JSON) - 1);
		else if (info->params[i].group == GROUP_sockopt_levels)
			fmt_batch__int(b, i, 1);	/* numbers are values of this level's options only */
		else if (info->params[i].group == GROUP_drop_reason)
			fmt_batch__int(b, i, 2);
		else if (info->id == EV_syscall && i == P_syscall_nr)
			fmt_batch__int(b, i, 60000);
		else if (fmt_ptype_store(info->params[i].type) == STORE_STR)
			fmt_batch__str(b, i, text, n, n);
		else
			fmt_batch__int(b, i, (info->id + 3 * i) & 0x7f);
	}
}

static void make_event(struct fmt_batch *b, const struct fmt_event_info *info, uint64_t ts)
{
	bool call = info->flags & (EF_SYSCALL | EF_URING);

	fmt_batch__begin(b, info->id, ts, call ? 5 : 0, TID, TID, 3, call ? 9 : 0);
	for (unsigned i = 0; i < info->n_params; i++)
		if (info->params[i].src != SRC_RET)
			make_param(b, info, i);
	fmt_batch__end(b);
}

static void check_param(const struct fmt_ev *a, const struct fmt_ev *b, unsigned i)
{
	const struct fmt_str *s = fmt_ev__str(a, i), *t = fmt_ev__str(b, i);
	struct fmt_str x, y;
	uint64_t v, w;
	bool equal;

	switch (fmt_ptype_store(a->info->params[i].type)) {
	case STORE_INT:
		equal = fmt_ev__int(a, i, &v) && fmt_ev__int(b, i, &w) && v == w;
		break;
	case STORE_STR:
		equal = s && t && s->len == t->len && !memcmp(s->p, t->p, s->len);
		break;
	default:
		equal = fmt_ev__bytes(a, i, &x) && fmt_ev__bytes(b, i, &y) && x.len == y.len && !memcmp(x.p, y.p, x.len);
	}
	if (!equal)
		fail_msg("%s.%s has not survived", a->info->name, a->info->params[i].name);
}

/* b is what became of a. */
static void check_event(const struct fmt_ev *a, const struct fmt_ev *b)
{
	const struct scap_plan *plan = scap_plan(a->type);

	if (a->type != b->type)
		fail_msg("%s has become %s", a->info->name, b->info->name);
	assert_int_equal(fmt_ev__ts(a), fmt_ev__ts(b));
	assert_int_equal(fmt_ev__cpu(b), 3);
	if (a->type != EV_container && a->type != EV_container_end)
		assert_int_equal(fmt_ev__tid(b), TID);
	if (a->type == EV_container)
		check_param(a, b, P_container_json);
	if (a->type == EV_container_end)
		check_param(a, b, P_container_end_id);
	for (unsigned i = 0; plan && i < plan->n; i++)
		if (plan->p[i].param >= 0)
			check_param(a, b, (unsigned)plan->p[i].param);
	if (!plan && a->info->flags & EF_SYSCALL)
		assert_true(fmt_ev__res(b) == FMT_NO_RES);
}

/* Alerts, losses and audit entries have another form in captures, from which they do not come back. */
static bool comes_back(unsigned type)
{
	return type != EV_alert && type != EV_drop && type != EV_k8s_audit;
}

static void check_other_form(const struct fmt_ev *b, unsigned type)
{
	if (type == EV_k8s_audit) {
		assert_int_equal(b->type, EV_pluginevent);
		assert_string_equal(fmt_ev__str(b, P_pluginevent_event_data)->p, "651.0");
		return;
	}
	assert_int_equal(b->type, EV_notification);
	if (type == EV_alert)
		assert_string_equal(fmt_ev__str(b, P_notification_id)->p, "650.0");
	else
		assert_string_equal(fmt_ev__str(b, P_notification_desc)->p, "9 events lost on cpu 12: no_memory");
}

static void every_type(void **state)
{
	struct fmt_batch *made;
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	uint32_t row = 0, written = 0;

	(void)state;
	capture__begin(&c);
	capture__section(&c, "web-7");
	fmt_batch__new(&made);
	fmt_batch__reset(made, 1);
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++)
		if (fmt_event(id) && !(fmt_event(id)->flags & EF_KEYFRAME))
			make_event(made, fmt_event(id), T0 + id);
	for (uint32_t i = 0; i < made->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(made, i);

		fmt_batch__copy(c.b, &ev);
	}
	capture__put(&c, false);
	capture__reopen(&c);
	assert_true(capture__next(&c, &info) && info.keyframe);
	b = capture__next(&c, &info);
	assert_non_null(b);
	for (uint32_t i = 0; i < made->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(made, i), back;

		if (c.st.by_type[ev.type] != !has_counterpart(ev.info))
			fail_msg("%s: has a capture a place for it, or not?", ev.info->name);
		if (!has_counterpart(ev.info))
			continue;
		written++;
		if (ev.type == EV_syscall)	/* a call without a name: readers pass over it */
			continue;
		if (row >= b->n)
			fail_msg("%s is missing", ev.info->name);
		back = fmt_batch__ev(b, row++);
		if (comes_back(ev.type))
			check_event(&ev, &back);
		else
			check_other_form(&back, ev.type);
	}
	assert_int_equal(row, b->n);
	assert_int_equal(c.st.events, written);
	assert_int_equal(c.s->skipped_unknown, 1);
	assert_int_equal(c.st.cut + c.st.malformed, 0);
	assert_null(capture__next(&c, &info));
	fmt_source__close(c.s);
	fmt_batch__free(made);
}

/* --- hostile input ---------------------------------------------------------------------------- */

static uint64_t random_state = 88172645463325252ull;

static uint64_t rnd(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

static char junk[200000];

static uint32_t some_length(void)
{
	static const uint32_t special[] = { 0, 1, 2, 7, 13, 18, 4096, 4097, 65535, 65536, sizeof(junk) };

	return rnd(4) ? (uint32_t)rnd(40) : special[rnd(sizeof(special) / sizeof(*special))];
}

static void hostile_row(struct fmt_batch *b, const struct fmt_event_info *info, uint64_t ts)
{
	fmt_batch__begin(b, info->id, ts, rnd(9), (uint32_t)rnd(5), (uint32_t)rnd(5), (uint16_t)rnd(65536),
			 rnd(8) ? (int64_t)rnd(9) : FMT_NO_RES);
	for (unsigned i = 0; i < info->n_params; i++) {
		uint32_t n = some_length(), from = (uint32_t)rnd(sizeof(junk) - n + 1);

		if (info->params[i].src == SRC_RET || !rnd(5))
			continue;
		switch (fmt_ptype_store(info->params[i].type)) {
		case STORE_INT: fmt_batch__int(b, i, rnd(3) ? rnd(30) : UINT64_MAX - rnd(3)); break;
		case STORE_STR: fmt_batch__str(b, i, junk + from, n, n); break;
		case STORE_BYTES: fmt_batch__bytes(b, i, junk + from, n, n); break;
		}
	}
	fmt_batch__end(b);
}

/* Whatever the rows hold, the capture is whole: no reader of it finds a defect, and no event is missing. */
static void hostile(void **state)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct capture c;
	uint64_t events = 0, calls_only_by_number = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = rnd(9) ? (char)rnd(256) : (char)rnd(11);
	capture__begin(&c);
	for (unsigned part = 0; part < 6; part++) {
		if (part % 3 == 0)
			capture__section(&c, junk[0] ? "x" : "y");
		for (unsigned i = 0; i < 150; i++) {
			const struct fmt_event_info *info_of = fmt_event((unsigned)rnd(FMT_MAX_EVENTS));

			if (!info_of || (part % 3 == 0) != !!(info_of->flags & EF_KEYFRAME))
				continue;
			calls_only_by_number += info_of->id == EV_syscall;
			hostile_row(c.b, info_of, T0 + part);
		}
		capture__put(&c, part % 3 == 0);
	}
	capture__reopen(&c);
	while ((b = capture__next(&c, &info)))
		events += info.keyframe ? 0 : b->n;
	assert_int_equal(events + c.s->skipped_unknown, c.st.events);
	assert_true(c.s->skipped_unknown <= calls_only_by_number);
	assert_true(c.st.cut && c.st.malformed);
	fmt_source__close(c.s);
}

/* Too much for an event: what is in front stays whole, texts of a list stay whole, numbers behind are all there. */
static void cut(void **state)
{
	static char args[100000];
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	const struct fmt_str *s;
	struct capture c;
	struct fmt_ev ev;

	(void)state;
	memset(args, 'a', sizeof(args));
	for (size_t i = 999; i < sizeof(args); i += 1000)
		args[i] = 0;
	capture__begin(&c);
	capture__section(&c, "web-7");
	fmt_batch__begin(c.b, EV_execve, T0, 0, TID, TID, 0, 0);
	put_str(c.b, P_execve_exe, "/bin/a\0b", 8);
	put_str(c.b, P_execve_args, args, sizeof(args));
	put_str(c.b, P_execve_env, args, sizeof(args));
	fmt_batch__int(c.b, P_execve_gid, 5);
	put_str(c.b, P_execve_filename, "/bin/a", 6);
	fmt_batch__end(c.b);
	capture__put(&c, false);
	capture__reopen(&c);
	assert_int_equal(c.st.cut, 3);
	capture__next(&c, &info);
	b = capture__next(&c, &info);
	ev = fmt_batch__ev(b, 0);
	assert_true(is_str(&ev, P_execve_exe, "/bin/a", 6));
	s = fmt_ev__str(&ev, P_execve_args);
	assert_int_equal(s->len, 64000);
	assert_int_equal(s->p[s->len - 1], 0);
	assert_int_equal(num_of(&ev, P_execve_gid), 5);
	assert_true(is_str(&ev, P_execve_filename, "/bin/a", 6));
	fmt_source__close(c.s);
}

static void full_disk(void **state)
{
	struct scap_writer_opts o = { .sz = sizeof(o) };
	struct fmt_meta meta = { .n_cpus = 1 };
	struct scap_writer *w;
	struct err err = { 0 };
	int fd = open("/dev/full", O_WRONLY);

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(scap_writer__open(&w, fd, "full.scap", &o, &err), 0);
	assert_int_equal(scap_writer__section(w, &meta, &err), 0);
	assert_int_equal(scap_writer__close(w, true, NULL, &err), -ENOSPC);
	assert_string_equal(err.file, "full.scap");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(every_type),
		cmocka_unit_test(hostile),
		cmocka_unit_test(cut),
		cmocka_unit_test(full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
