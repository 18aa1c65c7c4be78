// SPDX-License-Identifier: Apache-2.0
/*
 * What limits the files that triggers make: how many, how large, how old, how much disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/base/log.h"
#include "tests/capture/keep_bed.h"

static void touch(const struct bed *b, const char *name, const char *more, time_t when)
{
	char path[600];
	struct timespec t[2] = { { .tv_sec = when }, { .tv_sec = when } };
	int fd;

	snprintf(path, sizeof(path), "%s/%s%s", b->dir, name, more);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	futimens(fd, t);
	close(fd);
}

static void test_rate(void **state)
{
	struct bed b;
	struct cap_trigger t = { .time = FEED_T0 + SEC, .rule = "R", .before_ns = SEC };
	struct err err = { 0 };

	(void)state;
	bed__begin(&b, "rate", (struct cap_keep_opts){ .rate_files = 2, .rate_ns = 3600ull * SEC });
	bed__seconds(&b, 3);
	for (unsigned k = 0; k < 2; k++) {
		free(bed__fire(&b, t));
		bed__settle(&b);
	}
	assert_int_equal(cap_keep__trigger(b.k, &t, NULL, NULL, &err), -EDQUOT);
	assert_string_equal(err.msg, "this container and rule have had their 2 files for now");
	t.rule = "S";
	free(bed__fire(&b, t));
	bed__settle(&b);
	assert_int_equal(bed__stats(&b).refused_rate, 1);
	assert_int_equal(feed__files(b.dir, ".spoor"), 3);
	bed__end(&b);
}

/* The oldest go, but for those that are marked; others' files are nobody's business. */
static void test_limits(void **state)
{
	struct bed b;
	struct cap_trigger t = { .time = FEED_T0 + SEC, .before_ns = SEC };
	char rule[8], *name[6];
	struct cap_keep_stats st;

	(void)state;
	bed__begin(&b, "limits", (struct cap_keep_opts){ .max_files = 3 });
	touch(&b, "not-ours.spoor", "", 1000);
	bed__seconds(&b, 3);
	for (unsigned k = 0; k < 5; k++) {
		snprintf(rule, sizeof(rule), "R%u", k);
		t.rule = rule;
		name[k] = bed__fire(&b, t);
		bed__settle(&b);
		touch(&b, name[k], "", 1600000000 + k);
		if (k == 0)
			touch(&b, name[k], ".keep", 1600000000);
	}
	st = bed__stats(&b);
	assert_int_equal(st.complete, 5);
	assert_int_equal(st.deleted_files, 2);
	assert_int_equal(access(bed__path(&b, name[0]), F_OK), 0);
	assert_int_equal(access(bed__path(&b, name[1]), F_OK), -1);
	assert_int_equal(access(bed__path(&b, name[2]), F_OK), -1);
	assert_int_equal(access(bed__path(&b, name[4]), F_OK), 0);
	assert_int_equal(access(bed__path(&b, "not-ours.spoor"), F_OK), 0);
	/* all are marked: the next one is refused, and said */
	touch(&b, name[3], ".keep", 1600000000);
	touch(&b, name[4], ".keep", 1600000000);
	t.rule = "R5";
	name[5] = bed__fire(&b, t);
	bed__settle(&b);
	assert_int_equal(bed__stats(&b).refused_space, 1);
	assert_int_equal(access(bed__path(&b, name[5]), F_OK), -1);
	for (unsigned k = 0; k < 6; k++)
		free(name[k]);
	bed__end(&b);
}

static void test_age(void **state)
{
	struct bed b;
	char *name;

	(void)state;
	bed__begin(&b, "age", (struct cap_keep_opts){ .max_age_ns = 3600ull * SEC });
	bed__seconds(&b, 3);
	touch(&b, "h--c--old--1", ".spoor", FEED_T0 / SEC - 4000);
	touch(&b, "h--c--young--1", ".spoor", FEED_T0 / SEC - 3000);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + SEC, .rule = "R", .before_ns = SEC });
	bed__settle(&b);
	assert_int_equal(access(bed__path(&b, "h--c--old--1.spoor"), F_OK), -1);
	assert_int_equal(access(bed__path(&b, "h--c--young--1.spoor"), F_OK), 0);
	free(name);
	bed__end(&b);
}

/* One file may not be larger than that; it ends in order. */
static void test_file_bytes(void **state)
{
	struct bed b;
	char *name;
	struct stat st;

	(void)state;
	bed__begin(&b, "bytes", (struct cap_keep_opts){ .max_file_bytes = 100000 });
	bed__seconds(&b, 3);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + SEC, .rule = "R", .before_ns = SEC, .after_ns = 3600ull * SEC });
	for (unsigned k = 0; k < 100 && !bed__stats(&b).complete; k++) {
		bed__seconds(&b, 4);
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
	bed__settle(&b);
	assert_int_equal(bed__stats(&b).short_ended, 1);
	assert_int_equal(stat(bed__path(&b, name), &st), 0);
	assert_true(st.st_size >= 100000);
	assert_int_equal(feed__read_file(bed__path(&b, name)).code, 1);
	free(name);
	bed__end(&b);
}

/* While a file grows, older ones go for it; when there are none, it ends: the folder does not grow beyond its limit. */
static void test_folder_bytes(void **state)
{
	struct bed b;
	char *name, old[600], *filling = calloc(1, MIB);
	struct stat st;
	FILE *f;

	(void)state;
	bed__begin(&b, "folder-bytes", (struct cap_keep_opts){ .max_bytes = 2 * MIB });
	bed__seconds(&b, 3);
	snprintf(old, sizeof(old), "%s/h--c--old--1.spoor", b.dir);
	f = fopen(old, "w");
	assert_int_equal(fwrite(filling, 1, MIB, f), MIB);
	fclose(f);
	free(filling);
	touch(&b, "h--c--old--1", ".spoor", 1600000000);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + SEC, .rule = "R", .before_ns = SEC, .after_ns = 3600ull * SEC });
	for (unsigned k = 0; k < 2000 && !bed__stats(&b).complete; k++) {
		feed__keyframe(&b.f);
		feed__events(&b.f, 500, 200);
		feed__upto(&b.f);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	bed__settle(&b);
	assert_int_equal(bed__stats(&b).deleted_files, 1);
	assert_int_equal(access(old, F_OK), -1);
	assert_int_equal(bed__stats(&b).short_ended, 1);
	assert_int_equal(stat(bed__path(&b, name), &st), 0);
	assert_true(st.st_size > MIB && st.st_size <= 2 * MIB);
	assert_int_equal(feed__read_file(bed__path(&b, name)).code, 1);
	free(name);
	bed__end(&b);
}

/* A full disk: what was written stays a trace that can be read, nothing else suffers; with min_free it ends in order. */
static void test_full_disk(void **state)
{
	const char *in = feed__small("full", "size=3m");
	struct bed b;
	struct cap_trigger t = { .rule = "R", .after_ns = 3600ull * SEC };
	struct seen seen;
	char *name, part[CAP_KEEP_NAME + 8];

	(void)state;
	if (!in)
		skip();
	bed__begin(&b, "full", (struct cap_keep_opts){ 0 });
	feed__keyframe(&b.f);
	t.time = FEED_T0;
	name = bed__fire(&b, t);
	for (unsigned k = 0; k < 1000 && !bed__stats(&b).failed; k++) {
		feed__events(&b.f, 500, 500);
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	bed__settle(&b);
	assert_int_equal(bed__stats(&b).failed, 1);
	snprintf(part, sizeof(part), "%s.part", name);
	assert_int_equal(access(bed__path(&b, name), F_OK), -1);
	seen = feed__read_file(bed__path(&b, part));
	assert_int_equal(seen.code, 1);		/* behind the word that it was cut off */
	assert_true(seen.events > 500);
	assert_int_equal(unlink(bed__path(&b, part)), 0);
	free(name);
	/* with room kept free */
	cap_keep__free(b.k);
	bed__keep(&b, (struct cap_keep_opts){ .min_free = MIB });
	feed__keyframe(&b.f);		/* where the file begins */
	t.time = b.f.ts;
	name = bed__fire(&b, t);
	for (unsigned k = 0; k < 1000 && !bed__stats(&b).complete; k++) {
		feed__events(&b.f, 40, 500);
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	bed__settle(&b);
	assert_int_equal(bed__stats(&b).short_ended, 1);
	assert_int_equal(feed__read_file(bed__path(&b, name)).code, 1);
	assert_int_equal(bed__stats(&b).failed, 0);
	free(name);
	bed__end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate), cmocka_unit_test(test_limits), cmocka_unit_test(test_age),
		cmocka_unit_test(test_file_bytes), cmocka_unit_test(test_folder_bytes),
		cmocka_unit_test(test_full_disk),
	};

	log__set_level(LOG_ERROR_);	/* what is refused or recovered is warned of */
	return cmocka_run_group_tests(tests, feed__setup, feed__teardown);
}
