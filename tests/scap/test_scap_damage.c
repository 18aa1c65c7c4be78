// SPDX-License-Identifier: Apache-2.0
/* Captures that are damaged or lie: what is whole is read, the first defect is named with its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <cmocka.h>

#include "tests/scap/scap_maker.h"

#define T0 MADE_T0

static const uint64_t ok = 0, fd3 = 3;

static void good_event(struct buf *f)
{
	made_event(f, 0, 5, T0 + 1, 100ull, 8, &ok, 8, &fd3, -1);
}

/* One defect in the block at `at`, and `events` events and `rows` rows of lists all the same. */
static void expect(const struct buf *f, size_t at, unsigned events, unsigned rows, const char *what)
{
	struct made_read r = made_drain(f);

	assert_int_equal(r.errors, 1);
	assert_int_equal(r.first.code, -FMT_E_CORRUPT);
	assert_true(r.first.has_offset);
	assert_int_equal(r.first.offset, at);
	if (!strstr(r.first.msg, what))
		fail_msg("'%s' does not say '%s'", r.first.msg, what);
	assert_int_equal(r.events, events);
	assert_int_equal(r.keyframe_rows, rows);
}

/* An entry that says how long it is costs itself; one of an old list costs the rest of the list. */
static void damaged_entries(void **state)
{
	(void)state;
	for (unsigned version = 8; version <= 9; version++) {
		struct buf f = { 0 }, list = { 0 };
		size_t at, second;

		made_head(&f);
		made_process(&list, version, 10);
		second = list.len + (version == 9 ? 4 : 0) + 5 * 8;
		made_process(&list, version, 11);
		made_process(&list, version, 12);
		memset(list.p + second, 0xff, 2);	/* the length of its name */
		at = f.len;
		made_block(&f, made_process_block(version), &list);
		good_event(&f);
		expect(&f, at, 1, version == 9 ? 2 : 1, "process list");
		buf__done(&f);
		buf__done(&list);
	}
}

/* Entries whose own length is nonsense. */
static void entry_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 3, 4, 0x7fffffff, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct buf f = { 0 }, list = { 0 };
		size_t at;

		made_head(&f);
		made_process(&list, 9, 10);
		buf__le32(&list, lengths[i]);
		made_process(&list, 9, 12);
		at = f.len;
		made_block(&f, made_process_block(9), &list);
		good_event(&f);
		expect(&f, at, 1, lengths[i] == 4 ? 2 : 1, "process list");
		buf__done(&f);
		buf__done(&list);
	}
}

static void put32(struct buf *f, size_t at, uint32_t v)
{
	memcpy(f->p + at, &v, 4);
}

/* Fields of an event that contradict each other; the events around it are read. */
static void damaged_events(void **state)
{
	static const struct { size_t at; uint32_t v; const char *what; } lies[] = {
		{ 8 + 2 + 16, 0, "says it is" },		/* its length */
		{ 8 + 2 + 16, 25, "says it is" },
		{ 8 + 2 + 16, 0x7fffffff, "says it is" },
		{ 8 + 2 + 22, 0x7fffffff, "claims" },		/* parameters */
		{ 8 + 2 + 22, 3, "parameters" },
		{ 8 + 2 + 26, 0xffff0008, "run past its end" },	/* lengths of two parameters */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		struct buf f = { 0 };
		size_t at;

		made_head(&f);
		good_event(&f);
		at = f.len;
		good_event(&f);
		put32(&f, at + lies[i].at, lies[i].v);
		good_event(&f);
		expect(&f, at, 2, 0, lies[i].what);
		buf__done(&f);
	}
}

/* A machine block that is too short, a block whose two lengths differ, bytes that are no block. */
static void damaged_blocks(void **state)
{
	struct buf f = { 0 }, body = { 0 };
	size_t at;

	(void)state;
	made_head(&f);
	at = f.len;
	buf__le32(&body, 2);
	made_block(&f, 0x201, &body);
	good_event(&f);
	expect(&f, at, 1, 0, "machine block");
	f.len = 0;
	made_head(&f);
	at = f.len;
	made_block(&f, 0x206, &body);
	put32(&f, f.len - 4, 4);
	good_event(&f);
	expect(&f, at, 1, 0, "two lengths differ");
	f.len = 0;
	made_head(&f);
	good_event(&f);
	at = f.len;
	buf__add(&f, "this is no block, but text that came between", 45);
	good_event(&f);
	expect(&f, at, 2, 0, "no block can begin");
	buf__done(&f);
	buf__done(&body);
}

/* Several defects: the first is told. */
static void first_of_many(void **state)
{
	struct buf f = { 0 };
	size_t at;

	(void)state;
	made_head(&f);
	good_event(&f);
	at = f.len;
	for (int i = 0; i < 50; i++) {
		size_t bad = f.len;

		good_event(&f);
		put32(&f, bad + 8 + 2 + 16, 1);
		good_event(&f);
	}
	expect(&f, at, 51, 0, "says it is 1 bytes");
	buf__done(&f);
}

/* A section of a later major version in the middle: what is before it is read. */
static void later_version(void **state)
{
	struct buf f = { 0 };
	struct made_read r;
	size_t at;

	(void)state;
	made_head(&f);
	good_event(&f);
	at = f.len;
	made_head(&f);
	f.p[at + 12] = 2;
	good_event(&f);
	r = made_drain(&f);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.errors, 1);
	assert_int_equal(r.first.code, -FMT_E_VERSION);
	assert_int_equal(r.first.offset, at);
	buf__done(&f);
}

/*
 * Entries of calls that never return, of ever new threads and each with as much as an event can hold: they must not add
 * up. The arguments are one byte repeated, as a packed file could have them for nothing.
 */
static void hostile_entries(void **state)
{
	struct buf f = { 0 };
	char *big = xcalloc(1, 60000);
	struct made_read r;
	struct rusage before, after;

	(void)state;
	made_head(&f);
	for (uint64_t tid = 1; tid <= 3000; tid++)
		made_event(&f, 0, 22, T0, tid, 8, &fd3, 60000, big, -1);	/* connect: address kept for its return */
	good_event(&f);
	getrusage(RUSAGE_SELF, &before);
	r = made_drain(&f);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(r.events, 1);
	assert_int_equal(r.errors, 0);
	assert_true(after.ru_maxrss - before.ru_maxrss < 120 << 10);	/* KiB; all of them are 180 MB */
	buf__done(&f);
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_entries), cmocka_unit_test(entry_lengths), cmocka_unit_test(damaged_events),
		cmocka_unit_test(damaged_blocks), cmocka_unit_test(first_of_many), cmocka_unit_test(later_version),
		cmocka_unit_test(hostile_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
