// SPDX-License-Identifier: Apache-2.0
/*
 * Damage: whatever is done to a trace, what is whole is read, each fault is told once, nothing crashes; verify
 * sees every changed byte; recover saves what is readable and says what is not.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/base/alloc.h"
#include "tests/format/refit.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

#define MAX_CHUNKS 64u

/* Every byte, or with a sanitizer, which is slow, every so many. */
#ifdef __SANITIZE_ADDRESS__
#define STEP 7u
#else
#define STEP 1u
#endif

/* Where the chunks of a whole trace lie. */
struct layout {
	size_t size;
	unsigned n;
	struct { size_t at, end; uint16_t kind; uint32_t n_events; } c[MAX_CHUNKS];
};

static struct layout layout_of(const uint8_t *p, size_t n)
{
	struct layout l = { .size = n };
	size_t at = PREAMBLE_SIZE;

	while (at < n) {
		struct chunk_header h;
		const char *why;
		size_t need;

		assert_true(l.n < MAX_CHUNKS);
		assert_int_equal(chunk_header__unpack(&h, p + at, n - at, &need, &why), 0);
		l.c[l.n].at = at;
		l.c[l.n].end = at + h.length;
		l.c[l.n].kind = h.kind;
		l.c[l.n++].n_events = h.n_events;
		at += h.length;
	}
	assert_int_equal(at, n);
	return l;
}

/* Events in chunks that end at or before `end`. */
static uint64_t events_before(const struct layout *l, size_t end)
{
	uint64_t n = 0;

	for (unsigned k = 0; k < l->n && l->c[k].end <= end; k++)
		n += l->c[k].kind == CHUNK_EVENTS ? l->c[k].n_events : 0;
	return n;
}

/* Chunk that holds byte `at`; UINT_MAX: the preamble. */
static unsigned chunk_at(const struct layout *l, size_t at)
{
	for (unsigned k = 0; k < l->n; k++)
		if (at >= l->c[k].at && at < l->c[k].end)
			return k;
	return UINT32_MAX;
}

/* The random reader of a cut trace has the whole chunks, and can read them. */
static void check_reader(const char *path, uint64_t events)
{
	struct fmt_reader *r;
	struct fmt_batch *b;
	uint64_t n = 0;

	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	assert_false(fmt_reader__complete(r));
	fmt_batch__new(&b);
	for (uint32_t k = 0; k < fmt_reader__n_chunks(r); k++) {
		struct fmt_summary s;

		assert_int_equal(fmt_reader__summary(r, k, &s, NULL), 0);
		assert_int_equal(fmt_reader__read(r, k, b, NULL), 0);
		n += s.kind == CHUNK_EVENTS ? b->n : 0;
	}
	assert_int_equal(n, events);
	fmt_batch__free(b);
	fmt_reader__close(r);
}

/* */
static void cut_at_every_byte(void **state)
{
	const char *path = tracefile__path("cut.spoor");
	struct layout l;
	uint8_t *p;
	size_t n;

	(void)state;
	tracefile__make(path, 1, 3, 12);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	for (size_t cut = n; cut-- > 0;) {
		struct read_all r;

		if (cut % STEP || (chunk_at(&l, cut) == 1 && cut > l.c[1].at + 300 && cut % 37))
			continue;	/* not all of the long list of events */
		assert_int_equal(truncate(path, (off_t)cut), 0);
		r = tracefile__read(path);
		if (!cut) {
			assert_int_equal(r.open_code, -FMT_E_FORMAT);
			continue;
		}
		if (cut < PREAMBLE_SIZE) {
			assert_int_equal(r.open_code, -FMT_E_TRUNCATED);
			continue;
		}
		assert_int_equal(r.open_code, 0);
		assert_int_equal(r.errors, 1);
		assert_int_equal(r.truncated, 1);
		assert_int_equal(r.events, events_before(&l, cut));
		if (cut % 8 == 0)
			check_reader(path, r.events);
	}
	free(p);
}

static void flip(const char *path, size_t at, uint8_t x)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t b;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &b, 1, (off_t)at), 1);
	b ^= x;
	assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
	close(fd);
}

/* One byte changed: verify says so, and all chunks but the one that holds it are read. */
static void flip_every_byte(void **state)
{
	const char *path = tracefile__path("flip.spoor");
	struct fmt_verified seen;
	struct layout l;
	uint8_t *p;
	size_t n;

	(void)state;
	tracefile__make(path, 1, 3, 12);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	assert_int_equal(fmt_trace__verify(path, &seen, NULL), 0);
	assert_int_equal(seen.chunks, l.n);
	for (size_t at = 0; at < n; at++) {
		unsigned hit = chunk_at(&l, at);
		uint64_t lost = hit < l.n && l.c[hit].kind == CHUNK_EVENTS ? l.c[hit].n_events : 0;
		struct err err = { 0 };
		struct read_all r;

		if (at % STEP || (hit == 1 && at > l.c[1].at + 300 && at % 37))
			continue;	/* not all of the long list of events */
		flip(path, at, (uint8_t)(1 << at % 8));
		assert_true(fmt_trace__verify(path, &seen, &err) < 0);
		assert_true(err.msg[0]);
		r = tracefile__read(path);
		flip(path, at, (uint8_t)(1 << at % 8));
		if (at < 12) {		/* the magic and the version */
			assert_true(r.open_code == -FMT_E_FORMAT || r.open_code == -FMT_E_VERSION || r.errors);
			continue;
		}
		if (r.open_code)
			fail_msg("byte %zu: %s", at, r.first.msg);
		assert_true(r.events == 36 || r.events == 36 - lost);
		/* what is not decompressed or not needed is not noticed here: INDEX, hashes of sections */
		if (r.events != 36)
			assert_true(r.errors > 0 && r.errors <= 2 && !r.other_error);
	}
	free(p);
}

/* */
static void random_damage(void **state)
{
	const char *path = tracefile__path("big.spoor");
	struct rng r = { 2024 };
	struct layout l;
	uint8_t *p, *q;
	size_t n;

	(void)state;
	tracefile__make(path, 3, 4, 2500);
	p = tracefile__bytes(path, &n);
	q = xmalloc(n);
	l = layout_of(p, n);
	for (unsigned round = 0; round < 150 / STEP; round++) {
		size_t first = n, size = n, from, to, len;
		struct read_all got;

		memcpy(q, p, n);
		switch (round % 5) {
		case 0:		/* cut */
			size = first = PREAMBLE_SIZE + rng__below(&r, n - PREAMBLE_SIZE);
			break;
		case 1:		/* bits */
			for (unsigned k = 1 + (unsigned)rng__below(&r, 20); k; k--) {
				size_t at = PREAMBLE_SIZE + rng__below(&r, n - PREAMBLE_SIZE);

				q[at] ^= (uint8_t)(1 << rng__below(&r, 8));
				first = at < first ? at : first;
			}
			break;
		case 2:		/* a block of zeros */
			first = PREAMBLE_SIZE + rng__below(&r, n - PREAMBLE_SIZE);
			len = rng__below(&r, n - first) % 70000;
			memset(q + first, 0, len);
			break;
		case 3:		/* a piece removed */
			first = PREAMBLE_SIZE + rng__below(&r, n - PREAMBLE_SIZE);
			len = rng__below(&r, n - first);
			memmove(q + first, q + first + len, n - first - len);
			size = n - len;
			break;
		default:	/* a piece copied over another */
			from = rng__below(&r, n);
			to = first = PREAMBLE_SIZE + rng__below(&r, n - PREAMBLE_SIZE);
			len = rng__below(&r, n - (from > to ? from : to));
			memmove(q + to, q + from, len);
		}
		tracefile__write(path, q, size);
		got = tracefile__read(path);
		assert_int_equal(got.open_code, 0);
		assert_true(got.events >= events_before(&l, first));
		assert_false(got.other_error);
	}
	free(p);
	free(q);
}

static void write_and_read(const char *path, const uint8_t *p, size_t n, struct read_all *r)
{
	tracefile__write(path, p, n);
	*r = tracefile__read(path);
	assert_int_equal(r->open_code, 0);
}

/* */
static void chain(void **state)
{
	const char *path = tracefile__path("chain.spoor"), *other = tracefile__path("other.spoor");
	struct layout l;
	struct read_all r;
	struct fmt_verified seen;
	struct err err = { 0 };
	uint8_t *p, *q;
	size_t n, len;

	(void)state;
	tracefile__make(path, 1, 4, 100);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	q = xmalloc(2 * n);

	/* a chunk is taken out: told once, the rest is read */
	len = l.c[4].end - l.c[4].at;
	memcpy(q, p, l.c[4].at);
	memcpy(q + l.c[4].at, p + l.c[4].end, n - l.c[4].end);
	write_and_read(path, q, n - len, &r);
	assert_int_equal(r.corrupt, 1);
	assert_int_equal(r.events, 300);
	assert_non_null(strstr(r.first.msg, "chunk 5 does not follow what stands before it (chunk 4 should)"));
	assert_int_equal(r.first.offset, l.c[4].at);

	/* two chunks change places */
	memcpy(q, p, n);
	memcpy(q + l.c[4].at, p + l.c[5].at, l.c[5].end - l.c[5].at);
	memcpy(q + l.c[4].at + (l.c[5].end - l.c[5].at), p + l.c[4].at, len);
	write_and_read(path, q, n, &r);
	assert_int_equal(r.corrupt, 3);
	assert_int_equal(r.events, 400);

	/* a chunk of another trace in between */
	tracefile__write(other, p, n);
	memcpy(q, p, l.c[5].at);
	memcpy(q + l.c[5].at, p + l.c[4].at, len);
	memset(q + l.c[5].at + 8, 7, 16);
	refit__check(q + l.c[5].at, CHUNK_HEADER_SIZE);
	memcpy(q + l.c[5].at + len, p + l.c[5].at, n - l.c[5].at);
	write_and_read(path, q, n + len, &r);
	assert_int_equal(r.corrupt, 1);
	assert_int_equal(r.events, 400);
	assert_non_null(strstr(r.first.msg, "it belongs to another trace"));

	/* something behind the end */
	memcpy(q, p, n);
	memcpy(q + n, "more", 4);
	write_and_read(path, q, n + 4, &r);
	assert_int_equal(r.corrupt, 1);
	assert_int_equal(r.events, 400);
	assert_true(fmt_trace__verify(path, &seen, &err) == -FMT_E_CORRUPT);
	assert_non_null(strstr(err.msg, "more bytes follow the end"));

	/* all hashes made to fit, but the chunk is another one: only a signature could tell */
	memcpy(q, p, n);
	q[l.c[4].at + 56] ^= 0;
	refit(q, n);
	assert_memory_equal(p, q, n);
	free(p);
	free(q);
}

/* A program that writes a chunk header into a file that is recorded does not get it read. */
static void planted_header(void **state)
{
	const char *path = tracefile__path("planted.spoor");
	uint8_t fake[CHUNK_HEADER_SIZE];
	struct chunk_header h = { .uuid = "guessed", .kind = CHUNK_EVENTS, .length = CHUNK_HEADER_SIZE, .seq = 3 };
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_batch *b;
	struct read_all r;
	struct layout l;
	uint8_t *p;
	size_t n;

	(void)state;
	chunk_header__pack(&h, fake);
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	for (unsigned k = 0; k < 3; k++) {
		fmt_batch__reset(b, 1 + k);
		fmt_batch__begin(b, EV_write, 100, 0, 1, 1, 0, sizeof(fake));
		fmt_batch__bytes(b, P_write_data, fake, sizeof(fake), sizeof(fake));
		fmt_batch__end(b);
		assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	}
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	assert_non_null(memmem(p + l.c[4].at + 1, l.c[4].end - l.c[4].at, chunk_magic, 8));
	p[l.c[4].at] ^= 1;
	write_and_read(path, p, n, &r);
	assert_int_equal(r.events, 2);
	assert_int_equal(r.corrupt, 1);
	fmt_batch__free(b);
	free(p);
}

static uint64_t lost_in(const char *path)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	uint64_t lost;

	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	while (fmt_source__next(s, &b, &info, NULL) == 0)
		;
	lost = s->lost;
	fmt_source__close(s);
	return lost;
}

/* Recover `in` and expect a whole trace of `events` events in which `lost` are said to be lost. */
static void expect_recovered(const char *in, int code, uint64_t events, uint64_t lost)
{
	const char *out = tracefile__path("recovered.spoor");
	struct fmt_recover_stats st;
	struct read_all r;
	struct fmt_verified seen;
	struct err err = { 0 };

	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(fmt_trace__recover(in, fd, out, &st, &err), code);
	assert_int_equal(st.events, events);
	if (fmt_trace__verify(out, &seen, &err) < 0)
		fail_msg("%s", err.msg);
	r = tracefile__read(out);
	assert_int_equal(r.open_code, 0);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, events + (lost != 0));	/* the loss is an event */
	assert_int_equal(lost_in(out), lost);
}

/* */
static void recovering(void **state)
{
	const char *path = tracefile__path("torn.spoor"), *out = tracefile__path("recovered.spoor");
	struct layout l;
	uint8_t *p, *q;
	size_t n, m;

	(void)state;
	tracefile__make(path, 2, 3, 100);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	/* 0 META 1 SCHEMA 2 KEYFRAME 3 4 5 EVENTS 6 KEYFRAME 7 8 9 EVENTS 10 INDEX 11 END */

	/* nothing wrong: the same bytes */
	expect_recovered(path, 0, 600, 0);
	q = tracefile__bytes(out, &m);
	assert_int_equal(n, m);
	assert_memory_equal(p, q, n);
	free(q);

	/* not closed: the same bytes again, the end is made anew */
	tracefile__write(path, p, l.c[10].at);
	expect_recovered(path, 0, 600, 0);
	q = tracefile__bytes(out, &m);
	assert_int_equal(n, m);
	assert_memory_equal(p, q, n);
	free(q);

	/* cut within a chunk: its header says how much that was */
	tracefile__write(path, p, l.c[8].at + 300);
	expect_recovered(path, 1, 400, 100);
	/* cut within a header: nobody knows */
	tracefile__write(path, p, l.c[8].at + 100);
	expect_recovered(path, 1, 400, 0);

	/* a chunk in the middle is damaged: the numbers tell how many are missing */
	tracefile__write(path, p, n);
	flip(path, l.c[4].at + 5, 1);
	expect_recovered(path, 1, 500, 100);
	tracefile__write(path, p, n);
	flip(path, l.c[4].end - 20, 1);
	expect_recovered(path, 1, 500, 100);
	tracefile__write(path, p, n);
	memset(p + l.c[4].at, 0, l.c[8].at - l.c[4].at);
	tracefile__write(path, p, n);
	expect_recovered(path, 1, 300, 300);
	free(p);

	/* what comes first: preamble, META, SCHEMA, keyframe */
	tracefile__make(path, 2, 3, 100);
	flip(path, 60, 1);
	expect_recovered(path, 1, 600, 0);
	for (unsigned k = 0; k < 3; k++) {
		tracefile__make(path, 2, 3, 100);
		flip(path, l.c[k].at + 40, 1);
		expect_recovered(path, 1, 600, 0);
	}
}

/* A whole trace with some bytes set and all hashes made to fit. */
struct edit { size_t at; uint64_t v; unsigned bytes; };

static struct read_all edited(const char *name, const uint8_t *p, size_t n, struct edit e)
{
	const char *path = tracefile__path(name);
	uint8_t *q = xmalloc(n);

	memcpy(q, p, n);
	memcpy(q + e.at, &e.v, e.bytes);
	refit(q, n);
	tracefile__write(path, q, n);
	free(q);
	return tracefile__read(path);
}

/* */
static void other_versions(void **state)
{
	const char *path = tracefile__path("version.spoor");
	struct layout l;
	struct read_all r;
	uint8_t *p;
	size_t n;

	(void)state;
	tracefile__make(path, 1, 3, 50);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	/* 0 META 1 SCHEMA 2 KEYFRAME 3 4 5 EVENTS 6 INDEX 7 END */

	r = edited("major.spoor", p, n, (struct edit){ 8, 2, 2 });
	assert_int_equal(r.open_code, -FMT_E_VERSION);
	assert_string_equal(r.first.msg, "trace of version 2.0; this spoor reads up to 1.x: use a newer spoor");
	r = edited("incompat.spoor", p, n, (struct edit){ 16, 0x80, 4 });
	assert_int_equal(r.open_code, -FMT_E_VERSION);
	r = edited("minor.spoor", p, n, (struct edit){ 10, 7, 2 });
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, 150);
	r = edited("compat.spoor", p, n, (struct edit){ 20, 0xff, 4 });
	assert_int_equal(r.errors, 0);
	/* an unknown kind of chunk is stepped over */
	r = edited("kind.spoor", p, n, (struct edit){ l.c[4].at + 24, 77, 2 });
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, 100);
	/* flags of a chunk: the low byte may be ignored, the high byte may not */
	r = edited("flag.spoor", p, n, (struct edit){ l.c[4].at + 26, 0x80, 2 });
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, 150);
	r = edited("badflag.spoor", p, n, (struct edit){ l.c[4].at + 26, 0x8000, 2 });
	assert_int_equal(r.errors, 1);
	assert_true(r.other_error && r.first.code == -FMT_E_VERSION);
	assert_int_equal(r.events, 100);
	/* an unknown codec of a section that is needed */
	{
		size_t table = l.c[4].at + CHUNK_HEADER_SIZE + refit__le(p + l.c[4].at + 88, 4);

		r = edited("codec.spoor", p, n, (struct edit){ table + 2, 9, 1 });
		assert_int_equal(r.first.code, -FMT_E_VERSION);
		assert_int_equal(r.events, 100);
		/* an unknown kind of section is not needed; here it takes the base away */
		r = edited("section.spoor", p, n, (struct edit){ table, 99, 2 });
		assert_int_equal(r.first.code, -FMT_E_CORRUPT);
		assert_non_null(strstr(r.first.msg, "no base section"));
	}
	free(p);
}

/* Sizes that a hostile file states do not make the reader take that much. */
static void hostile_sizes(void **state)
{
	const char *path = tracefile__path("sizes.spoor");
	struct layout l;
	struct read_all r;
	uint8_t *p;
	size_t n, table;

	(void)state;
	tracefile__make(path, 1, 3, 50);
	p = tracefile__bytes(path, &n);
	l = layout_of(p, n);
	table = l.c[4].at + CHUNK_HEADER_SIZE + refit__le(p + l.c[4].at + 88, 4);
	/* raw size over the limit; raw size that the frame does not have; more rows than there are */
	r = edited("raw.spoor", p, n, (struct edit){ table + 8, 0xffffffff, 4 });
	assert_int_equal(r.corrupt, 1);
	assert_int_equal(r.events, 100);
	r = edited("raw2.spoor", p, n, (struct edit){ table + 8, 64u << 20, 4 });
	assert_int_equal(r.corrupt, 1);
	r = edited("rows.spoor", p, n, (struct edit){ l.c[4].at + 56, 65536, 4 });
	assert_int_equal(r.corrupt, 1);
	assert_int_equal(r.events, 100);
	r = edited("rows2.spoor", p, n, (struct edit){ l.c[4].at + 56, 65537, 4 });
	assert_true(r.corrupt >= 1);
	/* a length that leads nowhere, to itself, or into the middle of something */
	for (unsigned k = 0; k < 64; k++) {
		r = edited("length.spoor", p, n, (struct edit){ l.c[4].at + 32, (uint64_t)1 << k, 8 });
		assert_int_equal(r.open_code, 0);
		assert_true(r.events >= 50);
	}
	free(p);
}

static void old_and_cut(void **state)
{
	const char *path = tracefile__path("old.spoor");
	struct timespec ts[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct read_all r;
	size_t n;
	uint8_t *p;

	(void)state;
	tracefile__make(path, 1, 1, 50);
	p = tracefile__bytes(path, &n);
	tracefile__write(path, p, n - 100);
	assert_int_equal(utimensat(AT_FDCWD, path, ts, 0), 0);
	r = tracefile__read(path);
	assert_int_equal(r.truncated, 1);
	assert_non_null(strstr(r.first.msg, "the recording was cut off"));
	assert_non_null(strstr(r.first.msg, "'spoor-trace recover "));
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_at_every_byte), cmocka_unit_test(flip_every_byte), cmocka_unit_test(random_damage),
		cmocka_unit_test(chain), cmocka_unit_test(planted_header), cmocka_unit_test(recovering),
		cmocka_unit_test(other_versions), cmocka_unit_test(hostile_sizes), cmocka_unit_test(old_and_cut),
	};

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
