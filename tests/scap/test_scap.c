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

#define T0 1700000000000000000ull

static void block(struct buf *f, uint32_t type, const struct buf *body)
{
	uint32_t total = ((uint32_t)body->len + 8 + 3) / 4 * 4 + 4;

	buf__le32(f, type);
	buf__le32(f, total);
	buf__add(f, body->p, body->len);
	while ((f->len + 4) % 4)
		buf__u8(f, 0);
	buf__le32(f, total);
}

static void s16(struct buf *b, const char *s, size_t n)
{
	buf__le16(b, (uint16_t)n);
	buf__add(b, s, n);
}

static void head(struct buf *f)
{
	struct buf b = { 0 };

	buf__le32(&b, 0x1a2b3c4d);
	buf__le16(&b, 1);
	buf__le16(&b, 2);
	buf__le64(&b, UINT64_MAX);
	block(f, 0x0a0d0d0a, &b);
	b.len = 0;
	buf__le32(&b, 2);
	buf__le64(&b, 1024);
	buf__le64(&b, 32768);
	buf__add(&b, "web-7\0", 6);
	for (int i = 6; i < 128; i++)
		buf__u8(&b, 0);
	for (int i = 0; i < 4; i++)
		buf__le64(&b, i ? 0 : T0 - 5);
	block(f, 0x201, &b);
	buf__done(&b);
}

/* One process, version 9, with all of its tail. */
static void process(struct buf *f)
{
	struct buf e = { 0 }, b = { 0 };

	buf__le64(&e, 100);
	buf__le64(&e, 100);
	buf__le64(&e, 1);
	buf__le64(&e, 90);	/* sid */
	buf__le64(&e, 91);	/* vpgid */
	s16(&e, "bash", 4);
	s16(&e, "-bash", 5);
	s16(&e, "/bin/bash", 9);
	s16(&e, "-c\0ls\0", 6);
	s16(&e, "/root", 5);
	buf__le64(&e, 1024);
	buf__le32(&e, 0);
	buf__le32(&e, 1000);
	buf__le32(&e, 1001);
	for (int i = 0; i < 3; i++)
		buf__le32(&e, 7);
	buf__le64(&e, 8);
	buf__le64(&e, 9);
	s16(&e, "A=1\0", 4);
	buf__le64(&e, 3);	/* vtid */
	buf__le64(&e, 4);	/* vpid */
	s16(&e, "cpu=/docker/x\0", 14);
	s16(&e, "/", 1);
	buf__le64(&e, 77);	/* pid namespace */
	buf__le32(&e, 34816);	/* tty */
	buf__le32(&e, 1000);	/* loginuid */
	buf__u8(&e, 1);
	for (int i = 0; i < 3; i++)
		buf__le64(&e, 16 + (unsigned)i);
	buf__u8(&e, 1);
	for (int i = 0; i < 3; i++)
		buf__le64(&e, 500 + (unsigned)i);
	buf__u8(&e, 0);
	buf__u8(&e, 0);
	buf__le64(&e, 92);	/* pgid */
	buf__le32(&b, (uint32_t)e.len + 4);
	buf__add(&b, e.p, e.len);
	block(f, 0x215, &b);
	buf__done(&e);
	buf__done(&b);
}

static void fds(struct buf *f)
{
	struct buf e = { 0 }, b = { 0 };

	buf__le64(&b, 100);
	buf__le64(&e, 3);
	buf__le64(&e, 4242);
	buf__u8(&e, 16);
	buf__le32(&e, 3);
	s16(&e, "/etc/hosts", 10);
	buf__le32(&e, 0xfe00);
	buf__le32(&b, (uint32_t)e.len + 4);
	buf__add(&b, e.p, e.len);
	e.len = 0;
	buf__le64(&e, 4);
	buf__le64(&e, 4243);
	buf__u8(&e, 3);
	buf__add(&e, "\x0a\0\0\1", 4);
	buf__add(&e, "\x0a\0\0\2", 4);
	buf__le16(&e, 40000);
	buf__le16(&e, 443);
	buf__u8(&e, 2);
	buf__le32(&b, (uint32_t)e.len + 4);
	buf__add(&b, e.p, e.len);
	block(f, 0x218, &b);
	buf__done(&e);
	buf__done(&b);
}

/* An event; params are "length, bytes" pairs up to a negative length. v1: without their number. */
static void event(struct buf *f, bool v1, uint16_t code, uint64_t ts, uint64_t tid, ...)
{
	struct buf b = { 0 }, lens = { 0 }, data = { 0 };
	unsigned n = 0;
	va_list ap;
	int len;

	va_start(ap, tid);
	while ((len = va_arg(ap, int)) >= 0) {
		buf__le16(&lens, (uint16_t)len);
		buf__add(&data, va_arg(ap, const void *), (size_t)len);
		n++;
	}
	va_end(ap);
	buf__le16(&b, 1);
	buf__le64(&b, ts);
	buf__le64(&b, tid);
	buf__le32(&b, (uint32_t)((v1 ? 22 : 26) + lens.len + data.len));
	buf__le16(&b, code);
	if (!v1)
		buf__le32(&b, n);
	buf__add(&b, lens.p, lens.len);
	buf__add(&b, data.p, data.len);
	block(f, v1 ? 0x204 : 0x216, &b);
	buf__done(&b);
	buf__done(&lens);
	buf__done(&data);
}

static const uint64_t fd3 = 3, fd5 = 5, res10 = 10, enoent = (uint64_t)-2;
static const uint32_t rdonly = 1, mode0 = 0, dev = 0xfe00, size80 = 80;
static const uint64_t ino = 941, at_fdcwd = (uint64_t)-100;

static struct buf whole(void)
{
	struct buf f = { 0 };

	head(&f);
	process(&f);
	fds(&f);
	/* the newest form */
	event(&f, false, 307, T0, 100ull, 8, &fd5, 8, &at_fdcwd, 12, "/etc/shadow", 4, &rdonly, 4, &mode0, 4, &dev, 8, &ino, -1);
	/* the oldest form: arguments on the enter event, payload on the exit event */
	event(&f, true, 6, T0 + 1000, 100ull, 8, &fd3, 4, &size80, -1);
	event(&f, true, 7, T0 + 3500, 100ull, 8, &res10, 10, "0123456789", -1);
	event(&f, true, 2, T0 + 4000, 100ull, -1);
	event(&f, true, 3, T0 + 4100, 100ull, 8, &enoent, 6, "/nope", 4, &rdonly, 4, &mode0, -1);
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

/* Read to the end; count events and errors, and keep the first error. */
static unsigned drain(const struct buf *f, unsigned *errors, struct err *first)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };
	struct fmt_source *s = open_bytes(f, &err);
	unsigned events = 0;
	int r;

	*errors = 0;
	if (!s) {
		*first = err;
		*errors = 1;
		return 0;
	}
	for (;;) {
		struct err e = { 0 };

		r = fmt_source__next(s, &b, &info, &e);
		if (r == 1)
			break;
		if (r < 0 && !(*errors)++)
			*first = e;
		if (!r && !info.keyframe)
			events += b->n;
	}
	fmt_source__close(s);
	return events;
}

/* Cut anywhere: what is whole is read, and exactly one error says that something is missing. */
static void truncated(void **state)
{
	struct buf f = whole();
	unsigned errors, events, last = 0;
	struct err e;

	(void)state;
	for (size_t n = 1; n < f.len; n++) {
		struct buf cut = { f.p, n, n };

		events = drain(&cut, &errors, &e);
		assert_true(events >= last && events <= 3);
		last = events;
		assert_true(errors <= 1);
		if (errors)
			assert_int_equal(e.code, -FMT_E_TRUNCATED);
		if (errors)
			assert_true(e.has_offset && e.offset <= n);
	}
	assert_int_equal(drain(&f, &errors, &e), 3);
	assert_int_equal(errors, 0);
	buf__done(&f);
}

/* A block with a wrong length in the middle costs itself, not what comes after it. */
static void resync(void **state)
{
	struct buf f = { 0 };
	unsigned errors;
	struct err e;
	size_t at;

	(void)state;
	head(&f);
	at = f.len;
	event(&f, false, 5, T0, 100ull, 8, &res10, 8, &fd3, -1);
	f.p[at + 4] = 0xff;
	f.p[at + 7] = 0xff;
	event(&f, false, 5, T0 + 1, 100ull, 8, &res10, 8, &fd3, -1);
	assert_int_equal(drain(&f, &errors, &e), 1);
	assert_int_equal(errors, 1);
	assert_int_equal(e.code, -FMT_E_CORRUPT);
	assert_int_equal(e.offset, at);
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
	unsigned errors;
	struct err e;

	(void)state;
	head(&f);
	while (f.len < (40u << 20))
		buf__add(&f, fake, sizeof(fake));
	event(&f, false, 5, T0 + 1, 100ull, 8, &res10, 8, &fd3, -1);
	assert_int_equal(drain(&f, &errors, &e), 1);
	assert_int_equal(errors, 1);
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
