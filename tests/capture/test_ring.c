// SPDX-License-Identifier: Apache-2.0
/*
 * The flight recorder's ring, without a kernel to record: its bounds, what readers see of it, from which threads, and what
 * is left of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/base/alloc.h"
#include "format/base/log.h"
#include "tests/capture/ring_feed.h"

#define MIB (1u << 20)

static struct cap_ring *make(uint64_t bytes, uint64_t ns, const char *in)
{
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = bytes, .ns = ns, .dir = in };
	struct cap_ring *r;
	struct err err = { 0 };

	if (cap_ring__new(&r, &o, &err))
		fail_msg("%s", err.msg);
	return r;
}

static struct cap_ring_stats stats(struct cap_ring *r)
{
	struct cap_ring_stats st;

	cap_ring__stats(r, &st);
	return st;
}

static struct fmt_source *reader(struct cap_ring *r, uint64_t from)
{
	struct fmt_source *s;

	assert_int_equal(cap_ring__read(&s, r, from, NULL), 0);
	return s;
}

/* Programs that the recorder starts inherit nothing of the ring. */
static void test_not_inherited(void **state)
{
	struct cap_ring *r = make(64 * MIB, 0, NULL);
	char link[64], to[64];
	unsigned n = 0;
	struct feed f;

	(void)state;
	feed__begin(&f, r);
	feed__keyframe(&f);
	feed__events(&f, 100, 50);
	for (int fd = 0; fd < 256; fd++) {
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, to, sizeof(to) - 1);
		if (len < 0)
			continue;
		to[len] = 0;
		if (!strstr(to, "memfd:spoor-ring"))
			continue;
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		n++;
	}
	assert_true(n >= 2);
	feed__done(&f);
	cap_ring__free(r);
}

/* What is read is what was given, over several segments, until the recording ends. */
static void test_follow(void **state)
{
	struct cap_ring *r = make(64 * MIB, 0, NULL);
	struct fmt_source *s;
	struct seen seen;
	struct feed f;

	(void)state;
	feed__begin(&f, r);
	feed__keyframe(&f);
	feed__events(&f, 1000, 50);
	s = reader(r, 0);
	seen = feed__read(s);
	assert_int_equal(seen.code, FMT_SOURCE_WAIT);
	assert_int_equal(seen.events, 1000);
	assert_int_equal(s->ops->wait(s, 0), 1);
	for (unsigned k = 0; k < 4; k++) {
		feed__events(&f, 30000, 50);
		feed__keyframe(&f);
	}
	assert_true(stats(r).segments > 2);
	assert_int_equal(s->ops->wait(s, 0), 0);
	seen = feed__read(s);
	assert_int_equal(seen.code, FMT_SOURCE_WAIT);
	assert_int_equal(seen.events, 120000);
	assert_int_equal(seen.drops, 0);
	assert_false(seen.gap);
	assert_int_equal(seen.last_num, 121000);
	feed__done(&f);
	assert_int_equal(feed__read(s).code, 1);
	fmt_source__close(s);
	/* and from its beginning, when all is over */
	s = reader(r, 0);
	seen = feed__read(s);
	assert_int_equal(seen.events, 121000);
	assert_int_equal(seen.code, 1);
	fmt_source__close(s);
	cap_ring__free(r);
}

/* Reading from a time on begins at the last keyframe before it. */
static void test_from(void **state)
{
	struct cap_ring *r = make(64 * MIB, 0, NULL);
	struct fmt_source *s;
	struct seen seen;
	struct feed f;

	(void)state;
	feed__begin(&f, r);
	for (unsigned k = 0; k < 10; k++) {
		feed__keyframe(&f);
		feed__events(&f, 1000, 10);	/* a second each; all in one segment, as it is small */
	}
	assert_int_equal(stats(r).segments, 1);
	s = reader(r, FEED_T0 + 5500000000u);
	seen = feed__read(s);
	assert_int_equal(seen.first_num, 5001);
	assert_int_equal(seen.events, 5000);
	fmt_source__close(s);
	feed__done(&f);
	cap_ring__free(r);
}

/* All that is ever written counts, the segment in work too; the oldest goes. */
static void test_bytes(void **state)
{
	struct cap_ring *r = make(4 * MIB, 0, NULL);
	struct cap_ring_stats st;
	struct feed f;

	(void)state;
	feed__begin(&f, r);
	for (unsigned k = 0; k < 60; k++) {
		feed__keyframe(&f);
		for (unsigned i = 0; i < 4; i++) {
			feed__events(&f, 1000, 100);
			assert_true(stats(r).bytes <= 4 * MIB);
		}
	}
	st = stats(r);
	assert_true(st.evicted_segments > 10);
	assert_true(st.bytes > 3 * MIB);
	assert_int_equal(st.lost_events, 0);
	assert_true(st.t_oldest > FEED_T0);
	assert_int_equal(st.t_newest, f.ts - f.step);
	feed__done(&f);
	cap_ring__free(r);
}

/* No keyframe comes: the segment in work alone would be more than the ring. It is given up, not the bound. */
static void test_one_segment_too_large(void **state)
{
	struct cap_ring *r = make(4 * MIB, 0, NULL);
	struct cap_ring_stats st;
	struct fmt_source *s;
	struct seen seen;
	struct feed f;
	unsigned asked = 0;

	(void)state;
	log__set_level(LOG_ERROR_);
	feed__begin(&f, r);
	feed__keyframe(&f);
	s = reader(r, 0);
	for (unsigned k = 0; k < 100; k++) {
		feed__events(&f, 1000, 100);
		assert_true(stats(r).bytes <= 4 * MIB);
		if (f.t->keyframe_now) {
			asked++;
			feed__keyframe(&f);
			assert_false(f.t->keyframe_now);
		}
	}
	st = stats(r);
	assert_true(asked >= 1);
	assert_true(st.failures >= 1);
	assert_true(st.lost_events >= 1000);
	/* a reader is told */
	seen = feed__read(s);
	assert_true(seen.lost >= 1000);
	assert_int_equal(seen.events + seen.lost, 100000);
	assert_false(seen.gap);
	fmt_source__close(s);
	feed__done(&f);
	cap_ring__free(r);
	log__set_level(LOG_WARN_);
}

static void test_time(void **state)
{
	struct cap_ring *r = make(64 * MIB, 10000000000u, NULL);
	struct cap_ring_stats st;
	struct feed f;

	(void)state;
	feed__begin(&f, r);
	assert_int_equal(f.t->keyframe_ns, 1000000000u);
	for (unsigned k = 0; k < 60; k++) {
		feed__keyframe(&f);
		feed__events(&f, 1000, 5);
	}
	st = stats(r);
	assert_true(st.segments >= 9 && st.segments <= 13);
	assert_true(st.t_newest - st.t_oldest >= 9999000000u);
	assert_true(st.t_newest - st.t_oldest <= 12000000000u);
	feed__done(&f);
	cap_ring__free(r);
}

/* A reader that does not keep up says what it has missed; what it has open does not stay in memory. */
static void test_slow_reader(void **state)
{
	struct cap_ring *r = make(4 * MIB, 0, NULL);
	struct fmt_source *s;
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	struct seen seen;
	struct feed f;
	uint64_t before = 0;

	(void)state;
	feed__begin(&f, r);
	feed__keyframe(&f);
	feed__events(&f, 1000, 100);
	s = reader(r, 0);
	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
	assert_true(info.keyframe && info.segment);
	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
	before += b->n;
	for (unsigned k = 0; k < 60; k++) {
		feed__events(&f, 4000, 100);
		feed__keyframe(&f);
	}
	seen = feed__read(s);
	assert_int_equal(seen.code, FMT_SOURCE_WAIT);
	assert_int_equal(seen.drops, 1);
	assert_true(seen.lost > 100000);
	assert_int_equal(before + seen.events + seen.lost, 241000);
	assert_int_equal(s->lost, seen.lost);
	assert_false(seen.gap);
	assert_int_equal(stats(r).overruns, 1);
	assert_int_equal(stats(r).overrun_events, seen.lost);
	fmt_source__close(s);
	feed__done(&f);
	cap_ring__free(r);
}

/* --- threads ------------------------------------------------------------------------------------------- */

struct reading_thread {
	struct cap_ring *r;
	struct seen seen;
	pthread_t id;
	unsigned waits;
};

static void *read_all(void *arg)
{
	struct reading_thread *t = arg;
	struct fmt_source *s;
	int code = cap_ring__read(&s, t->r, 0, NULL);

	if (code) {
		t->seen.code = code;
		return NULL;
	}
	do {
		struct seen more = feed__read(s);

		t->seen.events += more.events;
		t->seen.lost += more.lost;
		t->seen.gap |= more.gap;
		t->seen.code = more.code;
		if (more.code == FMT_SOURCE_WAIT && s->ops->wait(s, 10000))
			t->waits++;	/* nothing for ten seconds: that is wrong */
	} while (t->seen.code == FMT_SOURCE_WAIT && !t->waits);
	fmt_source__close(s);
	return NULL;
}

static void test_threads(void **state)
{
	struct cap_ring *r = make(4 * MIB, 0, NULL);
	struct reading_thread t[4];
	struct feed f;

	(void)state;
	feed__begin(&f, r);
	feed__keyframe(&f);
	for (unsigned k = 0; k < 4; k++) {
		t[k] = (struct reading_thread){ .r = r };
		assert_int_equal(pthread_create(&t[k].id, NULL, read_all, &t[k]), 0);
	}
	for (unsigned k = 0; k < 100; k++) {
		feed__events(&f, 1000, 100);
		feed__upto(&f);
		if (k % 3 == 0)
			feed__keyframe(&f);
	}
	feed__done(&f);
	for (unsigned k = 0; k < 4; k++) {
		pthread_join(t[k].id, NULL);
		assert_int_equal(t[k].seen.code, 1);
		assert_int_equal(t[k].waits, 0);
		assert_false(t[k].seen.gap);
		/* each has all of it, or knows what it has not: from where it began, which may be later */
		assert_true(t[k].seen.events + t[k].seen.lost <= 100000);
		assert_true(t[k].seen.events > 0);
	}
	cap_ring__free(r);
}

/* --- a directory ------------------------------------------------------------------------------------------ */

static void record(struct cap_ring *r, unsigned segments)
{
	struct feed f;

	feed__begin(&f, r);
	for (unsigned k = 0; k < segments; k++) {
		feed__keyframe(&f);
		feed__events(&f, 2000, 100);
	}
	feed__done(&f);
}

/* What the file tool makes of a ring's files: segments that follow each other are one recording, others are not. */
static struct seen merged(const char *in, const char *files, unsigned *ret_machines)
{
	char command[1024], path[256];
	struct fmt_source *s;

	snprintf(path, sizeof(path), "%s/all.spoor", in);
	snprintf(command, sizeof(command), "cd %s && spoor-trace merge %s -w all.spoor --force >/dev/null", in, files);
	assert_int_equal(system(command), 0);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	*ret_machines = s->n_more + 1;
	assert_string_equal(s->meta.part_of, "");
	fmt_source__close(s);
	return feed__read_file(path);
}

static void test_merged(void **state)
{
	const char *in = feed__folder("merged");
	struct cap_ring *r = make(16 * MIB, 0, in);
	unsigned machines;
	struct seen seen;

	(void)state;
	record(r, 9);
	assert_true(stats(r).segments >= 4);
	cap_ring__free(r);
	seen = merged(in, "$(ls -r ring-*.spoor)", &machines);	/* in whatever order */
	assert_int_equal(seen.code, 1);
	assert_int_equal(machines, 1);
	assert_int_equal(seen.events, 18000);
	assert_int_equal(seen.of_100, 6000);
	assert_int_equal(seen.last_num, 18000);
	/* nobody knows what was in the second */
	seen = merged(in, "$(ls ring-*.spoor | sed 2d)", &machines);
	assert_int_equal(seen.code, 1);
	assert_int_equal(machines, 2);
	assert_true(seen.events < 18000);
}

static void test_taken_up(void **state)
{
	const char *in = feed__folder("ring");
	struct cap_ring *r = make(4 * MIB, 0, in);
	struct cap_ring_stats st;
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = 4 * MIB, .dir = in };
	struct cap_ring *second;
	struct err err = { 0 };
	struct seen seen;
	struct feed f;
	char path[256];
	unsigned n, old;

	(void)state;
	record(r, 8);
	n = feed__files(in, ".spoor");
	assert_int_equal(n, stats(r).segments);
	assert_true(n >= 4);
	/* one directory, one recorder */
	assert_true(cap_ring__new(&second, &o, &err) < 0);
	assert_non_null(strstr(err.msg, "another recorder"));
	cap_ring__free(r);
	/* each is a trace that any tool reads */
	snprintf(path, sizeof(path), "%s/ring-0000000000000001.spoor", in);
	seen = feed__read_file(path);
	assert_int_equal(seen.code, 1);
	assert_int_equal(seen.first_num, 1);
	assert_true(seen.events >= 2000);
	/* cut off within a chunk, as by a crash; and one in which nothing is */
	snprintf(path, sizeof(path), "%s/ring-%016u.spoor", in, n);
	assert_int_equal(truncate(path, 150000), 0);
	snprintf(path, sizeof(path), "%s/ring-%016u.spoor", in, n + 1);
	fclose(fopen(path, "w"));
	r = make(4 * MIB, 0, in);
	st = stats(r);
	assert_int_equal(st.old_segments, n);
	assert_true(st.bytes > MIB && st.bytes <= 4 * MIB);
	old = n;
	feed__begin(&f, r);
	for (unsigned k = 0; k < 40; k++) {
		feed__keyframe(&f);
		feed__events(&f, 2000, 100);
		st = stats(r);
		assert_true(st.bytes <= 4 * MIB);
		assert_true(st.old_segments <= old);	/* they go first */
		assert_true(!st.old_segments || st.t_oldest == FEED_T0);
		old = (unsigned)st.old_segments;
	}
	assert_int_equal(old, 0);
	assert_int_equal(feed__files(in, ".spoor"), stats(r).segments);
	feed__done(&f);
	cap_ring__free(r);
}

/* Wherever a crash cuts the file: what was whole before is read, the rest is said, and a new run takes it up. */
static void test_cut_at_every_byte(void **state)
{
	const char *in = feed__folder("cuts");
	struct cap_ring *r = make(4 * MIB, 0, in);
	char path[256], cut[256];
	uint8_t *whole;
	struct stat st;
	struct feed f;
	uint64_t last = 0;
	FILE *file;

	(void)state;
	feed__begin(&f, r);
	feed__keyframe(&f);
	for (unsigned k = 0; k < 3; k++)
		feed__events(&f, 10, 4);
	feed__done(&f);
	cap_ring__free(r);
	snprintf(path, sizeof(path), "%s/ring-0000000000000001.spoor", in);
	assert_int_equal(stat(path, &st), 0);
	whole = malloc((size_t)st.st_size);
	file = fopen(path, "r");
	assert_int_equal(fread(whole, 1, (size_t)st.st_size, file), st.st_size);
	fclose(file);
	snprintf(cut, sizeof(cut), "%s/cut", feed__dir());
	/* every byte of the chunks with rows; the long schema before them here and there */
	for (off_t n = st.st_size; n > 0; n -= n > st.st_size - 1800 ? 1 : 61) {
		struct fmt_source *s;
		struct seen seen = { 0 };

		file = fopen(cut, "w");
		fwrite(whole, 1, (size_t)n, file);
		fclose(file);
		if (fmt_source__open(&s, cut, NULL) == 0) {
			seen = feed__read(s);
			fmt_source__close(s);
		}
		assert_true(seen.events % 10 == 0);
		assert_true(n == st.st_size || seen.events <= last);
		last = seen.events;
	}
	assert_int_equal(last, 0);
	free(whole);
}

/* A full disk: the recording goes on, the ring is what there is room for, and what is lost is said. */
static void test_full_disk(void **state)
{
	const char *in = feed__small("full", "size=6m");
	struct cap_ring *r;
	struct cap_ring_stats st;
	struct fmt_source *s;
	struct seen seen;
	struct feed f;

	(void)state;
	if (!in)
		skip();
	log__set_level(LOG_ERROR_);
	r = make(64 * MIB, 0, in);
	feed__begin(&f, r);
	for (unsigned k = 0; k < 60; k++) {
		feed__keyframe(&f);
		feed__events(&f, 2000, 100);
		/* it tries again at most once a second: here at once */
		if (stats(r).failures)
			break;
	}
	st = stats(r);
	assert_int_equal(st.failures, 1);
	assert_true(st.lost_events >= 2000);
	/* the oldest have made room for what comes next */
	assert_true(st.evicted_segments > 0);
	for (unsigned k = 0; k < 300 && !f.t->keyframe_now; k++) {
		usleep(10000);
		feed__upto(&f);
	}
	assert_true(f.t->keyframe_now);
	feed__keyframe(&f);
	feed__events(&f, 500, 100);
	assert_int_equal(stats(r).failures, 1);
	s = reader(r, 0);
	seen = feed__read(s);
	assert_true(seen.events >= 500);
	assert_true(seen.lost >= 2000);
	assert_false(seen.gap);
	fmt_source__close(s);
	feed__done(&f);
	cap_ring__free(r);
	log__set_level(LOG_WARN_);
}

static void test_read_only(void **state)
{
	const char *in = feed__small("readonly", "ro,size=1m");
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = 8 * MIB, .dir = in };
	struct cap_ring *r;
	struct err err = { 0 };

	(void)state;
	if (!in)
		skip();
	assert_int_equal(cap_ring__new(&r, &o, &err), -EROFS);
	assert_string_equal(err.msg, "cannot write to the ring's directory: Read-only file system");
	assert_string_equal(err.file, in);
}

static void test_wrong(void **state)
{
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = MIB };
	struct cap_ring *r;
	struct fmt_source *s;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cap_ring__new(&r, &o, &err), -FMT_E_VALUE);
	assert_string_equal(err.msg, "a ring needs at least 4.0 MiB");
	o.bytes = 8 * MIB;
	o.dir = "/nowhere/at/all";
	err = (struct err){ 0 };
	assert_true(cap_ring__new(&r, &o, &err) < 0);
	assert_string_equal(err.file, "/nowhere/at/all");
	r = make(4 * MIB, 0, NULL);
	assert_true(cap_ring__read(&s, r, 0, NULL) < 0);	/* nothing has been recorded */
	cap_ring__free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_inherited), cmocka_unit_test(test_follow), cmocka_unit_test(test_from), cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_one_segment_too_large), cmocka_unit_test(test_time),
		cmocka_unit_test(test_slow_reader), cmocka_unit_test(test_threads),
		cmocka_unit_test(test_taken_up), cmocka_unit_test(test_merged),
		cmocka_unit_test(test_cut_at_every_byte),
		cmocka_unit_test(test_full_disk), cmocka_unit_test(test_read_only), cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, feed__setup, feed__teardown);
}
