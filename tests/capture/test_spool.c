// SPDX-License-Identifier: Apache-2.0
/*
 * The queue on disk: order, confirming, bounds; cut at every byte, damaged at every byte, taken up again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/outputs/out_spool.h"

static char dir[64];

static void empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

static int setup(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/spool.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	empty_dir();
	return rmdir(dir);
}

static struct out_spool *opened(uint64_t max)
{
	struct out_spool *s = NULL;
	struct err err = { 0 };

	if (out_spool__open(&s, dir, max, false, &err))
		fail_msg("%s", err.msg);
	return s;
}

/* Record i: a length of its own, and bytes that show which it is. */
static size_t record(unsigned i, char text[512])
{
	size_t n = 20 + i * 37 % 400;

	memset(text, 'a' + (int)(i % 26), n);
	snprintf(text, 16, "record %06u", i);
	text[14] = '.';
	return n;
}

static void append(struct out_spool *s, unsigned i)
{
	char text[512];
	size_t n = record(i, text);

	assert_int_equal(out_spool__append(s, text, n), 0);
}

/* Read one: its number, checked in every byte; -1: none. */
static int read_one(struct out_spool *s)
{
	struct buf b = { 0 };
	char text[512];
	int i = -1;

	if (out_spool__read(s, &b)) {
		buf__u8(&b, 0);
		assert_int_equal(sscanf((char *)b.p, "record %d", &i), 1);
		assert_int_equal(record((unsigned)i, text), b.len - 1);
		assert_memory_equal(text, b.p, b.len - 1);
	}
	buf__done(&b);
	return i;
}

static void test_order(void **state)
{
	struct out_spool *s = opened(1 << 20);

	(void)state;
	assert_int_equal(read_one(s), -1);
	for (unsigned i = 0; i < 100; i++)
		append(s, i);
	assert_int_equal(out_spool__waiting(s), 100);
	for (int i = 0; i < 10; i++)
		assert_int_equal(read_one(s), i);
	assert_int_equal(out_spool__unread(s), 90);
	out_spool__confirm(s, 4);
	assert_int_equal(out_spool__waiting(s), 96);
	out_spool__rewind(s);
	assert_int_equal(read_one(s), 4);
	out_spool__close(s);

	s = opened(1 << 20);
	assert_int_equal(out_spool__waiting(s), 96);
	for (int i = 4; i < 100; i++)
		assert_int_equal(read_one(s), i);
	assert_int_equal(read_one(s), -1);
	append(s, 100);
	assert_int_equal(read_one(s), 100);
	out_spool__confirm(s, 1000);
	assert_int_equal(out_spool__waiting(s), 0);
	out_spool__close(s);

	s = opened(1 << 20);
	assert_int_equal(read_one(s), -1);
	assert_int_equal(out_spool__damaged(s), 0);
	out_spool__close(s);
}

/* The bound holds, what is confirmed makes room again, for as long as one likes. */
static void test_bound(void **state)
{
	struct out_spool *s = opened(128 << 10);
	unsigned in = 0, out = 0;
	char text[512];
	int rc;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		size_t n = record(in, text);

		rc = out_spool__append(s, text, n);
		assert_true(out_spool__bytes(s) <= 128 << 10);
		if (rc == 0) {
			in++;
			continue;
		}
		assert_int_equal(rc, -ENOSPC);
		for (int i = 0; i < 300; i++) {
			assert_int_equal(read_one(s), (int)out++);
			out_spool__confirm(s, 1);
		}
	}
	assert_true(out > 600);
	out_spool__close(s);
	s = opened(128 << 10);
	assert_int_equal(out_spool__waiting(s), in - out);
	while (out < in)
		assert_int_equal(read_one(s), (int)out++);
	assert_int_equal(read_one(s), -1);
	out_spool__confirm(s, in);
	/* All confirmed: the next record makes a new segment and the old one goes. */
	append(s, in);
	assert_int_equal(read_one(s), (int)in);
	out_spool__close(s);
}

static void test_lock(void **state)
{
	struct out_spool *s = opened(1 << 20), *second = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(out_spool__open(&second, dir, 1 << 20, false, &err), -EBUSY);
	assert_string_equal(err.file, dir);
	out_spool__close(s);
	s = opened(1 << 20);
	out_spool__close(s);
	assert_true(out_spool__open(&second, "/proc/no/such", 1 << 20, false, &err) < 0);
}

/* --- Crashes ----------------------------------------------------------------------------------------- */

#define N 12
static uint8_t bytes[16384];
static size_t n_bytes, ends[N + 1];	/* where the records end */

/* One segment of N records, and where each of them ends. */
static void make_segment(const char *name)
{
	struct out_spool *s = opened(1 << 20);
	char path[128];
	int fd;

	ends[0] = 16;
	for (unsigned i = 0; i < N; i++) {
		append(s, i);
		ends[i + 1] = out_spool__bytes(s);
	}
	out_spool__close(s);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	n_bytes = (size_t)read(fd, bytes, sizeof(bytes));
	assert_int_equal(n_bytes, ends[N]);
	close(fd);
}

static void put_segment(const char *name, size_t n)
{
	char path[128];
	int fd;

	empty_dir();
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
}

#define FIRST "0000000000000001.spool"

static void test_cut_anywhere(void **state)
{
	(void)state;
	make_segment(FIRST);
	for (size_t cut = 0; cut <= n_bytes; cut++) {
		struct out_spool *s;
		unsigned whole = 0;

		while (whole < N && ends[whole + 1] <= cut)
			whole++;
		put_segment(FIRST, cut);
		s = opened(1 << 20);
		assert_int_equal(out_spool__waiting(s), whole);
		append(s, 500);		/* life goes on */
		for (unsigned i = 0; i < whole; i++)
			assert_int_equal(read_one(s), (int)i);
		assert_int_equal(read_one(s), 500);
		assert_int_equal(read_one(s), -1);
		assert_int_equal(out_spool__damaged(s), 0);
		out_spool__confirm(s, whole + 1);
		out_spool__close(s);
		s = opened(1 << 20);
		assert_int_equal(read_one(s), -1);
		out_spool__close(s);
	}
}

/* One byte wrong, anywhere behind the head of the segment: the record that it is in is lost, no other. */
static void test_damage_anywhere(void **state)
{
	(void)state;
	make_segment(FIRST);
	for (size_t at = 16; at < n_bytes; at++) {
		struct out_spool *s;
		unsigned hit = 0;

		while (ends[hit + 1] <= at)
			hit++;
		bytes[at] ^= 0x41;
		put_segment(FIRST, n_bytes);
		bytes[at] ^= 0x41;
		s = opened(1 << 20);
		for (unsigned i = 0; i < N; i++)
			if (i != hit)
				assert_int_equal(read_one(s), (int)i);
		assert_int_equal(read_one(s), -1);
		if (hit + 1 < N)
			assert_true(out_spool__damaged(s) > 0);
		out_spool__close(s);
	}
}

/* Without its cursor everything comes again; with a wrong one nothing is lost. */
static void test_cursor(void **state)
{
	char path[128];

	(void)state;
	for (size_t at = 0; at <= 64; at++) {
		struct out_spool *s = opened(1 << 20);
		uint8_t b;
		int fd, first;

		for (unsigned i = 0; i < 5; i++)
			append(s, i);
		for (unsigned i = 0; i < 2; i++)
			read_one(s);
		out_spool__confirm(s, 1);
		out_spool__confirm(s, 1);
		out_spool__close(s);
		snprintf(path, sizeof(path), "%s/cursor", dir);
		fd = open(path, O_RDWR);
		if (at == 64) {
			assert_int_equal(ftruncate(fd, 0), 0);
		} else if (pread(fd, &b, 1, (off_t)at) == 1) {
			b ^= 0xff;
			assert_int_equal(pwrite(fd, &b, 1, (off_t)at), 1);
		}
		close(fd);
		s = opened(1 << 20);
		first = read_one(s);
		assert_in_range(first, 0, 2);
		if (at == 64)
			assert_int_equal(first, 0);
		for (int i = first + 1; i < 5; i++)
			assert_int_equal(read_one(s), i);
		assert_int_equal(read_one(s), -1);
		out_spool__close(s);
		empty_dir();
	}
}

/* Files that are none of ours stay, and do no harm. */
static void test_strangers(void **state)
{
	char path[128];
	struct out_spool *s;
	int fd;

	(void)state;
	make_segment(FIRST);
	snprintf(path, sizeof(path), "%s/README", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(path, sizeof(path), "%s/0000000000000007.spool", dir);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	s = opened(1 << 20);
	assert_int_equal(out_spool__waiting(s), N);
	append(s, N);
	for (int i = 0; i <= N; i++)
		assert_int_equal(read_one(s), i);
	out_spool__close(s);
	snprintf(path, sizeof(path), "%s/README", dir);
	assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cursor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
