// SPDX-License-Identifier: Apache-2.0
/* Writers that share encoders: each trace has what was written to it, whoever else writes meanwhile. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "format/file/encoders.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

#define FILES 4u
#define CHUNKS 6u
#define ROWS 700u

/* What chunk k of file f holds: each file of its own kind. */
static void make(struct fmt_batch *b, unsigned f, unsigned k)
{
	uint64_t seed = f * 1000 + k + 1;

	fmt_batch__reset(b, k * ROWS + 1);
	if (f % 2)
		rows__random(b, seed, ROWS, 20);
	else
		rows__plausible(b, seed, ROWS);
}

static struct fmt_writer *begin(const char *path, struct fmt_encoders *e, bool raw)
{
	struct fmt_writer_opts o = { .sz = sizeof(o), .encoders = e, .raw = raw };
	struct fmt_writer *w;
	struct fmt_batch *b;
	struct fmt_meta m;

	tracefile__meta(&m);
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__open(&w, path, true, &m, &o, NULL), 0);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	fmt_batch__free(b);
	return w;
}

static void put(struct fmt_writer *w, unsigned f, unsigned k)
{
	struct fmt_batch *b;

	fmt_batch__new(&b);
	make(b, f, k);
	assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	fmt_batch__free(b);
}

static void check(const char *path, unsigned f)
{
	const struct fmt_batch *got;
	struct fmt_batch_info info;
	struct fmt_source *s;
	struct fmt_batch *b;
	unsigned k = 0;

	fmt_batch__new(&b);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	while (fmt_source__next(s, &got, &info, NULL) == 0) {
		if (info.keyframe)
			continue;
		make(b, f, k++);
		rows__assert_all_equal(b, got);
	}
	assert_int_equal(k, CHUNKS);
	fmt_source__close(s);
	fmt_batch__free(b);
}

/* One chunk of each in turn; one of them does not compress, and the next has nothing of that. */
static void in_turn(void **state)
{
	struct fmt_encoders *e;
	struct fmt_writer *w[FILES];
	const char *path[FILES];

	(void)state;
	assert_int_equal(fmt_encoders__new(&e, 0), 0);
	for (unsigned round = 0; round < 2; round++) {
		struct fmt_writer_stats st[FILES];

		for (unsigned f = 0; f < FILES; f++) {
			char name[32];

			snprintf(name, sizeof(name), "turn-%u-%u.spoor", round, f);
			path[f] = tracefile__path(name);
			w[f] = begin(path[f], e, f == 1);
		}
		for (unsigned k = 0; k < CHUNKS; k++)
			for (unsigned f = 0; f < FILES; f++)
				put(w[f], f, k);
		for (unsigned f = 0; f < FILES; f++) {
			fmt_writer__stats(w[f], &st[f]);
			assert_int_equal(fmt_writer__close(w[f], NULL), 0);
			check(path[f], f);
		}
		assert_true(st[1].bytes > st[1].raw_bytes);
		assert_true(st[3].bytes < st[3].raw_bytes);
		fmt_encoders__shrink(e);
		fmt_encoders__shrink(e);
	}
	fmt_encoders__free(e);
}

/* Who comes later begins with what others have found out: the same chunks are not larger for it than behind each other in one file. */
static void what_was_found_out(void **state)
{
	const char *path = tracefile__path("again.spoor");
	struct fmt_writer_stats first, then;
	struct fmt_encoders *e;
	struct fmt_writer *w;

	(void)state;
	assert_int_equal(fmt_encoders__new(&e, 0), 0);
	w = begin(path, e, false);
	for (unsigned k = 0; k < CHUNKS; k++)
		put(w, 0, k);
	fmt_writer__stats(w, &first);
	fmt_writer__close(w, NULL);
	fmt_encoders__shrink(e);
	w = begin(path, e, false);
	for (unsigned k = 0; k < CHUNKS; k++)
		put(w, 0, k);
	fmt_writer__stats(w, &then);
	fmt_writer__close(w, NULL);
	assert_true(then.column_bytes <= first.column_bytes + first.column_bytes / 50);
	check(path, 0);
	fmt_encoders__free(e);
}

struct thread {
	pthread_t id;
	struct fmt_encoders *e;
	const char *path;
	unsigned f;
};

static void *write_one(void *arg)
{
	struct thread *t = arg;
	struct fmt_writer *w = begin(t->path, t->e, false);

	for (unsigned k = 0; k < CHUNKS; k++)
		put(w, t->f, k);
	fmt_writer__close(w, NULL);
	fmt_encoders__shrink(t->e);
	return NULL;
}

static void at_once(void **state)
{
	struct thread t[FILES];
	struct fmt_encoders *e;

	(void)state;
	assert_int_equal(fmt_encoders__new(&e, 1), 0);
	for (unsigned f = 0; f < FILES; f++) {
		char name[32];

		snprintf(name, sizeof(name), "once-%u.spoor", f);
		t[f] = (struct thread){ .e = e, .path = tracefile__path(name), .f = f };
		assert_int_equal(pthread_create(&t[f].id, NULL, write_one, &t[f]), 0);
	}
	for (unsigned f = 0; f < FILES; f++)
		pthread_join(t[f].id, NULL);
	for (unsigned f = 0; f < FILES; f++)
		check(t[f].path, f);
	fmt_encoders__free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_turn), cmocka_unit_test(what_was_found_out), cmocka_unit_test(at_once),
	};

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
