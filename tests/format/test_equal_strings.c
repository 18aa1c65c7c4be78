// SPDX-License-Identifier: Apache-2.0
/* a dictionary with equal strings, as no writer makes it, is read like any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/format/refit.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

static void add_open(struct fmt_batch *b, const char *name)
{
	fmt_batch__begin(b, EV_openat, TRACE_CREATED + b->n, 0, 7, 7, 0, 3);
	fmt_batch__str(b, P_openat_name, name, (uint32_t)strlen(name), (uint32_t)strlen(name));
	fmt_batch__end(b);
}

/* Three opens, of which the last two name the same file by different entries. */
static void make(const char *path)
{
	struct fmt_writer_opts o = { .sz = sizeof(o), .raw = true };
	struct fmt_writer *w;
	struct fmt_batch *b;
	struct fmt_meta m;
	uint8_t *bytes, *at;
	size_t n;

	tracefile__meta(&m);
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__open(&w, path, true, &m, &o, NULL), 0);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	add_open(b, "/etc/hosts");
	add_open(b, "/etc/shadow");
	add_open(b, "/etc/shadox");
	assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	fmt_batch__free(b);
	bytes = tracefile__bytes(path, &n);
	at = memmem(bytes, n, "/etc/shadox", 11);
	assert_non_null(at);
	at[10] = 'w';
	refit(bytes, n);
	tracefile__write(path, bytes, n);
	free(bytes);
}

/* Read the one batch of events; the source is to be closed. */
static const struct fmt_batch *events_of(const char *path, struct fmt_source **s)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;

	assert_int_equal(fmt_source__open(s, path, NULL), 0);
	assert_int_equal(fmt_source__next(*s, &b, &info, NULL), 0);
	assert_int_equal(fmt_source__next(*s, &b, &info, NULL), 0);
	return b;
}

static void expect_names(const struct fmt_batch *b)
{
	static const char *const names[] = { "/etc/hosts", "/etc/shadow", "/etc/shadow" };

	assert_int_equal(b->n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		assert_string_equal(fmt_ev__str(&ev, P_openat_name)->p, names[i]);
	}
}

static void equal_strings(void **state)
{
	const char *path = tracefile__path("equal.spoor"), *again = tracefile__path("again.spoor");
	struct fmt_writer *w;
	struct fmt_source *s;
	const struct fmt_batch *b;
	struct fmt_batch *copy, *none;

	(void)state;
	make(path);
	b = events_of(path, &s);
	expect_names(b);
	assert_int_equal(b->dict.n, 3);
	/* copied row by row they become one; written as they are they can be read again */
	fmt_batch__new(&copy);
	fmt_batch__new(&none);
	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		fmt_batch__copy(copy, &ev);
	}
	expect_names(copy);
	assert_int_equal(copy->dict.n, 2);
	w = tracefile__writer(again);
	assert_int_equal(fmt_writer__batch(w, none, true, NULL), 0);
	assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	fmt_source__close(s);
	expect_names(events_of(again, &s));
	fmt_source__close(s);
	fmt_batch__free(copy);
	fmt_batch__free(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(equal_strings) };

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
