// SPDX-License-Identifier: Apache-2.0
/* The .scap reader on captures made by hand: values, the two-event model, damage. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <cmocka.h>

#include "format/scap/scap_source.h"
#include "tests/scap/scap_maker.h"

#define T0 MADE_T0

static const uint64_t fd3 = 3, fd5 = 5, res10 = 10, enoent = (uint64_t)-2;
static const uint32_t rdonly = 1, mode0 = 0, dev = 0xfe00, size80 = 80;
static const uint64_t ino = 941, at_fdcwd = (uint64_t)-100;

static struct buf whole(void)
{
	struct buf f = { 0 }, list = { 0 };

	made_head(&f);
	made_process(&list, 9, 100);
	made_block(&f, 0x215, &list);
	made_fds(&f, 2);
	/* the newest form */
	made_event(&f, 0, 307, T0, 100ull, 8, &fd5, 8, &at_fdcwd, 12, "/etc/shadow", 4, &rdonly, 4, &mode0, 4, &dev, 8, &ino, -1);
	/* the oldest form: arguments on the enter event, payload on the exit event */
	made_event(&f, MADE_V1, 6, T0 + 1000, 100ull, 8, &fd3, 4, &size80, -1);
	made_event(&f, MADE_V1, 7, T0 + 3500, 100ull, 8, &res10, 10, "0123456789", -1);
	made_event(&f, MADE_V1, 2, T0 + 4000, 100ull, -1);
	made_event(&f, MADE_V1, 3, T0 + 4100, 100ull, 8, &enoent, 6, "/nope", 4, &rdonly, 4, &mode0, -1);
	buf__done(&list);
	return f;
}

static struct fmt_source *open_bytes(const struct buf *f, struct err *err)
{
	struct fmt_source *s;
	int r = fmt_scap__open(&s, open("/dev/null", O_RDONLY), "made.scap", f->p, f->len, err);

	return r ? NULL : s;
}

static void check_keyframe(const struct fmt_batch *b)
{
	struct fmt_ev ev = fmt_batch__ev(b, 0);
	const struct fmt_str *args = fmt_ev__str(&ev, P_state_thread_args);
	uint64_t v;

	assert_int_equal(b->n, 3);
	assert_int_equal(ev.type, EV_state_thread);
	assert_int_equal(fmt_ev__ts(&ev), T0);
	assert_int_equal(fmt_ev__tid(&ev), 100);
	assert_string_equal(fmt_ev__str(&ev, P_state_thread_exepath)->p, "/bin/bash");
	assert_int_equal(args->len, 6);
	assert_memory_equal(args->p, "-c\0ls\0", 6);
	assert_true(fmt_ev__int(&ev, P_state_thread_tty, &v) && v == 34816);
	assert_true(fmt_ev__int(&ev, P_state_thread_pgid, &v) && v == 92);
	assert_true(fmt_ev__int(&ev, P_state_thread_exe_flags, &v) && v == 3);
	assert_true(fmt_ev__int(&ev, P_state_thread_exe_ino_mtime, &v) && v == 502);
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(ev.type, EV_state_fd);
	assert_string_equal(fmt_ev__str(&ev, P_state_fd_name)->p, "/etc/hosts");
	assert_true(fmt_ev__int(&ev, P_state_fd_dev, &v) && v == 0xfe00);
	ev = fmt_batch__ev(b, 2);
	assert_int_equal(fmt_ev__str(&ev, P_state_fd_tuple)->len, 13);
	assert_memory_equal(fmt_ev__str(&ev, P_state_fd_tuple)->p, "\2\x0a\0\0\1\x40\x9c\x0a\0\0\2\xbb\1", 13);
}

static void check_events(const struct fmt_batch *b)
{
	struct fmt_ev ev = fmt_batch__ev(b, 0);
	struct fmt_str data;
	uint64_t v;

	assert_int_equal(b->n, 3);
	assert_int_equal(ev.type, EV_openat);
	assert_int_equal(fmt_ev__num(&ev), 1);
	assert_int_equal(fmt_ev__res(&ev), 5);
	assert_int_equal(fmt_ev__pid(&ev), 100);
	assert_string_equal(fmt_ev__str(&ev, P_openat_name)->p, "/etc/shadow");
	assert_true(fmt_ev__int(&ev, P_openat_dirfd, &v) && (int64_t)v == -100);
	assert_true(fmt_ev__int(&ev, P_openat_ino, &v) && v == 941);
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(ev.type, EV_read);
	assert_int_equal(fmt_ev__dur(&ev), 2500);
	assert_true(fmt_ev__int(&ev, P_read_fd, &v) && v == 3);
	assert_true(fmt_ev__int(&ev, P_read_size, &v) && v == 80);
	assert_true(fmt_ev__bytes(&ev, P_read_data, &data));
	assert_int_equal(data.len, 10);
	assert_memory_equal(data.p, "0123456789", 10);
	ev = fmt_batch__ev(b, 2);
	assert_int_equal(ev.type, EV_open);
	assert_int_equal(fmt_ev__res(&ev), -2);
	assert_int_equal(fmt_ev__dur(&ev), 100);
	assert_false(fmt_ev__int(&ev, P_open_ino, &v));
}

static void check_whole(const struct buf *f)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };
	struct fmt_source *s = open_bytes(f, &err);

	assert_non_null(s);
	assert_string_equal(s->meta.hostname, "web-7");
	assert_int_equal(s->meta.boot_ns, T0 - 5);
	assert_int_equal(fmt_source__next(s, &b, &info, &err), 0);
	assert_true(info.keyframe);
	check_keyframe(b);
	assert_int_equal(fmt_source__next(s, &b, &info, &err), 0);
	assert_false(info.keyframe);
	check_events(b);
	assert_int_equal(fmt_source__next(s, &b, &info, &err), 1);
	fmt_source__close(s);
}

static void plain(void **state)
{
	struct buf f = whole();

	(void)state;
	assert_true(fmt_scap__probe(f.p, f.len));
	check_whole(&f);
	buf__done(&f);
}

static struct buf gzipped(const struct buf *f)
{
	struct buf z = { 0 };
	z_stream d = { 0 };

	buf__reserve(&z, 65536);
	assert_int_equal(deflateInit2(&d, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	d.next_in = f->p;
	d.avail_in = (uInt)f->len;
	d.next_out = z.p;
	d.avail_out = 65536;
	assert_int_equal(deflate(&d, Z_FINISH), Z_STREAM_END);
	z.len = 65536 - d.avail_out;
	deflateEnd(&d);
	return z;
}

static void gzip(void **state)
{
	struct buf f = whole(), z = gzipped(&f);

	(void)state;
	assert_true(fmt_scap__probe(z.p, z.len));
	check_whole(&z);
	buf__done(&f);
	buf__done(&z);
}

/* Cut anywhere: what is whole is read, and exactly one error says that something is missing. */
static void truncated(void **state)
{
	struct buf f = whole();
	unsigned last = 0;
	struct made_read r;

	(void)state;
	for (size_t n = 1; n < f.len; n++) {
		struct buf cut = { f.p, n, n };

		r = made_drain(&cut);
		assert_true(r.events >= last && r.events <= 3);
		last = r.events;
		assert_true(r.errors <= 1);
		if (r.errors)
			assert_int_equal(r.first.code, -FMT_E_TRUNCATED);
		if (r.errors)
			assert_true(r.first.has_offset && r.first.offset <= n);
	}
	r = made_drain(&f);
	assert_int_equal(r.events, 3);
	assert_int_equal(r.errors, 0);
	buf__done(&f);
}

/* A block with a wrong length in the middle costs itself, not what comes after it. */
static void resync(void **state)
{
	struct buf f = { 0 };
	struct made_read r;
	size_t at;

	(void)state;
	made_head(&f);
	at = f.len;
	made_event(&f, 0, 5, T0, 100ull, 8, &res10, 8, &fd3, -1);
	f.p[at + 4] = 0xff;
	f.p[at + 7] = 0xff;
	made_event(&f, 0, 5, T0 + 1, 100ull, 8, &res10, 8, &fd3, -1);
	r = made_drain(&f);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.errors, 1);
	assert_int_equal(r.first.code, -FMT_E_CORRUPT);
	assert_int_equal(r.first.offset, at);
	buf__done(&f);
}

/*
 * A header at every step that claims a very large block: looking that far ahead, again and again, must not
 * cost a copy of it each time: that would take longer than a test may run.
 */
static void far_looks(void **state)
{
	static const uint32_t fake[4] = { 0x216, (32u << 20) - 4 };	/* their ends do not agree */
	struct buf f = { 0 };
	struct made_read r;

	(void)state;
	made_head(&f);
	while (f.len < (40u << 20))
		buf__add(&f, fake, sizeof(fake));
	made_event(&f, 0, 5, T0 + 1, 100ull, 8, &res10, 8, &fd3, -1);
	r = made_drain(&f);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.errors, 1);
	buf__done(&f);
}

/* Two captures one behind the other: the second voids what the first said. */
static void sections(void **state)
{
	struct buf f = whole(), g = whole();
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };
	struct fmt_source *s;
	unsigned n = 0, keyframes = 0, sections_ = 0;

	(void)state;
	buf__add(&f, g.p, g.len);
	s = open_bytes(&f, &err);
	assert_non_null(s);
	while (!fmt_source__next(s, &b, &info, &err)) {
		keyframes += info.keyframe;
		sections_ += info.new_section;
		n += info.keyframe ? 0 : b->n;
	}
	assert_int_equal(n, 6);
	assert_int_equal(keyframes, 2);
	assert_int_equal(sections_, 1);
	assert_int_equal(err.code, 0);
	fmt_source__close(s);
	buf__done(&f);
	buf__done(&g);
}

static void refused(void **state)
{
	struct buf f = whole();
	struct err err = { 0 };

	(void)state;
	f.p[12] = 2;		/* major version */
	assert_null(open_bytes(&f, &err));
	assert_int_equal(err.code, -FMT_E_VERSION);
	assert_false(fmt_scap__probe("spoor", 5));
	buf__done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain), cmocka_unit_test(gzip), cmocka_unit_test(truncated),
		cmocka_unit_test(resync), cmocka_unit_test(far_looks),
		cmocka_unit_test(sections), cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
