// SPDX-License-Identifier: Apache-2.0
/* Databases that SQLite has written: values are found, and no damage leads outside. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/containers/sqlite.h"

#define ID "54822d13c7bd4e50db0828e52b54ff55e5dc9a6d19a1d8b6b9b6e8de3a9b1c11"

static char dir[] = "/tmp/spoor-test-XXXXXX";
static int root;

/* The file's name below root; skips the test where there is no Python with SQLite. */
static const char *made(const char *name, unsigned rows)
{
	char cmd[512];

	snprintf(cmd, sizeof(cmd), "python3 -c 'import sqlite3' 2>/dev/null");
	if (system(cmd))
		skip();
	snprintf(cmd, sizeof(cmd), "python3 %s/tests/capture/podman_db.py %s/%s " ID " %u",
		 getenv("SPOOR_SRC") ? getenv("SPOOR_SRC") : ".", dir, name, rows);
	assert_int_equal(system(cmd), 0);
	return name;
}

static int make(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	root = open(dir, O_PATH | O_DIRECTORY);
	return root < 0 ? -1 : 0;
}

static int clean(void **state)
{
	char cmd[64];

	(void)state;
	close(root);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

static void values_are_found(void **state)
{
	struct cap_sqlite s;
	struct buf out = { 0 };
	const char *name = made("many.sql", 600);
	char path[128];
	int fd;

	(void)state;
	assert_true(cap_sqlite__open(&s, root, name));
	assert_true(cap_sqlite__get(&s, "ContainerConfig", ID, 3, &out));
	assert_memory_equal(out.p, "{\"id\": \"" ID "\"", 8 + sizeof(ID));
	/* to its end, over several pages */
	assert_true(out.len > 4096);
	assert_memory_equal(out.p + out.len - 15, "\"after\": \"end\"}", 15);
	out.len = 0;
	assert_true(cap_sqlite__get(&s, "ContainerConfig", ID, 1, &out));
	assert_int_equal(out.len, 7);
	assert_memory_equal(out.p, "box-300", 7);
	out.len = 0;
	assert_false(cap_sqlite__get(&s, "ContainerConfig", ID, 2, &out));	/* NULL */
	assert_false(cap_sqlite__get(&s, "ContainerConfig", ID, 4, &out));	/* no such column */
	assert_false(cap_sqlite__get(&s, "ContainerConfig", "box-300", 3, &out));
	assert_false(cap_sqlite__get(&s, "Containers", ID, 3, &out));
	assert_false(cap_sqlite__get(&s, "sqlite_autoindex_ContainerConfig_1", ID, 0, &out));
	assert_int_equal(out.len, 0);
	/* a change begins while it is read; it is being changed; it has been */
	snprintf(path, sizeof(path), "%s/many.sql-journal", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	assert_false(cap_sqlite__get(&s, "ContainerConfig", ID, 3, &out));
	cap_sqlite__close(&s);
	assert_false(cap_sqlite__open(&s, root, name));
	unlink(path);
	assert_true(cap_sqlite__open(&s, root, name));
	snprintf(path, sizeof(path), "%s/many.sql", dir);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "\xff\xff\xff\xff", 4, 24), 4);
	close(fd);
	assert_false(cap_sqlite__get(&s, "ContainerConfig", ID, 3, &out));
	cap_sqlite__close(&s);
	buf__done(&out);
}

/* Each byte of a small one changed, and it cut anywhere: nothing is found, or something. */
static void no_damage_leads_outside(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0xff, 0x7f, 0x80, 0x05, 0x0d };
	struct cap_sqlite s;
	struct buf out = { 0 };
	char path[128];
	struct stat st;
	unsigned n_read = 0;
	int fd;

	(void)state;
	made("few.sql", 12);
	snprintf(path, sizeof(path), "%s/few.sql", dir);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0 && !fstat(fd, &st));
	for (off_t at = 0; at < st.st_size; at += at < 4096 ? 1 : 13) {
		uint8_t was, now = bytes[(size_t)at % sizeof(bytes)];

		assert_int_equal(pread(fd, &was, 1, at), 1);
		assert_int_equal(pwrite(fd, &now, 1, at), 1);
		out.len = 0;
		if (cap_sqlite__open(&s, root, "few.sql")) {
			n_read += cap_sqlite__get(&s, "ContainerConfig", ID, 3, &out);
			cap_sqlite__close(&s);
		}
		assert_int_equal(pwrite(fd, &was, 1, at), 1);
	}
	assert_true(n_read > 100);
	for (off_t n = st.st_size; n >= 0; n -= 509) {
		assert_int_equal(ftruncate(fd, n), 0);
		if (cap_sqlite__open(&s, root, "few.sql")) {
			cap_sqlite__get(&s, "ContainerConfig", ID, 3, &out);
			cap_sqlite__close(&s);
		}
	}
	close(fd);
	buf__done(&out);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* Two pages of 64 KiB: one names the other as its child thousands of times, that one the same row. */
static void nobody_is_made_to_look_for_ever(void **state)
{
	enum { PAGE = 65536, N = 16000 };
	static uint8_t db[2 * PAGE] = "SQLite format 3";
	struct buf out = { 0 };
	struct cap_sqlite s;
	char path[128];
	FILE *f;

	(void)state;
	put16(db + 16, 1);		/* 65536 */
	db[19] = 1;
	db[59] = 1;			/* UTF-8 */
	db[100] = 5;
	put16(db + 103, N);
	db[111] = 2;			/* the last child */
	db[PAGE - 1] = 2;
	db[PAGE] = 13;
	put16(db + PAGE + 3, N);
	for (unsigned i = 0; i < N; i++) {
		put16(db + 112 + 2 * i, PAGE - 4);
		put16(db + PAGE + 8 + 2 * i, PAGE - 8);	/* an empty row */
	}
	snprintf(path, sizeof(path), "%s/again.sql", dir);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(db, 1, sizeof(db), f), sizeof(db));
	fclose(f);
	assert_true(cap_sqlite__open(&s, root, "again.sql"));
	assert_false(cap_sqlite__get(&s, "ContainerConfig", ID, 3, &out));
	assert_in_range(s.budget, 8192 - 40, 8190);	/* some pages were read, not all that may be */
	assert_int_equal(s.cells, 0);
	cap_sqlite__close(&s);
	buf__done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_found),
		cmocka_unit_test(no_damage_leads_outside),
		cmocka_unit_test(nobody_is_made_to_look_for_ever),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
