// SPDX-License-Identifier: Apache-2.0
/* Batches built event by event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/base/err.h"
#include "tests/format/rows.h"

static void begin(struct fmt_batch *b, uint16_t type, uint64_t ts, uint32_t tid, int64_t res)
{
	assert_true(fmt_batch__begin(b, type, ts, 5, tid, tid / 10, 1, res) >= 0);
}

/* A parameter that some events lack, before and after its first value. */
static void missing_is_missing(void **state)
{
	struct fmt_batch *b;
	struct fmt_str bytes;
	uint64_t v;

	(void)state;
	fmt_batch__new(&b);
	for (uint32_t k = 0; k < 300; k++) {
		begin(b, EV_read, 1000 + k, 7, k);
		if (k % 3 == 2)
			fmt_batch__int(b, P_read_fd, k);
		if (k % 5 == 4)
			fmt_batch__bytes(b, P_read_data, "abcdef", k % 7, 6);
		fmt_batch__end(b);
		begin(b, EV_openat, 1000 + k, 8, -2);
		if (k % 4 == 3)
			fmt_batch__str(b, P_openat_name, "/x", 2, 2);
		fmt_batch__end(b);
	}
	assert_int_equal(b->n, 600);
	assert_int_equal(b->n_threads, 2);
	assert_int_equal(b->n_types, 2);
	for (uint32_t k = 0; k < 300; k++) {
		struct fmt_ev r = fmt_batch__ev(b, 2 * k), o = fmt_batch__ev(b, 2 * k + 1);

		assert_int_equal(fmt_ev__num(&r), 1 + 2 * k);
		v = 99999;
		assert_int_equal(fmt_ev__int(&r, P_read_fd, &v), k % 3 == 2);
		assert_int_equal(v, k % 3 == 2 ? k : 99999);
		assert_false(fmt_ev__int(&r, P_read_size, &v));
		assert_true(fmt_ev__int(&r, P_read_res, &v) && v == k);	/* the result is a parameter too */
		assert_int_equal(fmt_ev__bytes(&r, P_read_data, &bytes), k % 5 == 4);
		if (k % 5 == 4)
			assert_int_equal(bytes.len, k % 7);
		assert_int_equal(fmt_ev__str(&o, P_openat_name) != NULL, k % 4 == 3);
		assert_null(fmt_ev__str(&o, P_openat_path));
		assert_int_equal(fmt_ev__tid(&o), 8);
		assert_int_equal(fmt_ev__res(&o), -2);
	}
	fmt_batch__free(b);
}

static void equal_strings_are_one(void **state)
{
	struct fmt_batch *b;
	struct fmt_ev x, y, z;

	(void)state;
	fmt_batch__new(&b);
	for (unsigned k = 0; k < 3; k++) {
		begin(b, EV_openat, k, 1, 0);
		fmt_batch__str(b, P_openat_name, "/etc/passwd", 11, k == 2 ? 5000 : 11);
		fmt_batch__end(b);
	}
	x = fmt_batch__ev(b, 0);
	y = fmt_batch__ev(b, 1);
	z = fmt_batch__ev(b, 2);
	assert_int_equal(fmt_ev__str_id(&x, P_openat_name), fmt_ev__str_id(&y, P_openat_name));
	assert_int_not_equal(fmt_ev__str_id(&x, P_openat_name), fmt_ev__str_id(&z, P_openat_name));	/* cut */
	assert_int_equal(fmt_ev__str(&z, P_openat_name)->full_len, 5000);
	fmt_batch__free(b);
}

/* A length that no string has is cut to one that readers take. */
static void true_lengths_are_bounded(void **state)
{
	struct fmt_batch *b;
	struct fmt_str s;
	struct fmt_ev ev;

	(void)state;
	fmt_batch__new(&b);
	begin(b, EV_openat, 1, 1, 0);
	fmt_batch__str(b, P_openat_name, "/x", 2, UINT32_MAX);
	fmt_batch__end(b);
	begin(b, EV_read, 2, 1, 0);
	fmt_batch__bytes(b, P_read_data, "y", 1, UINT32_MAX);
	fmt_batch__end(b);
	ev = fmt_batch__ev(b, 0);
	assert_int_equal(fmt_ev__str(&ev, P_openat_name)->full_len, UINT32_MAX - FMT_MAX_STR);
	ev = fmt_batch__ev(b, 1);
	assert_true(fmt_ev__bytes(&ev, P_read_data, &s));
	assert_int_equal(s.full_len, UINT32_MAX - FMT_MAX_STR);
	fmt_batch__free(b);
}

static void limits(void **state)
{
	static char big[FMT_MAX_STR + 100];
	struct fmt_batch *b;
	struct fmt_ev ev;
	struct fmt_str s;

	(void)state;
	fmt_batch__new(&b);
	assert_int_equal(fmt_batch__begin(b, FMT_MAX_EVENTS - 1, 1, 0, 1, 1, 0, 0), -FMT_E_UNKNOWN);
	memset(big, 'x', sizeof(big));
	begin(b, EV_write, 1, 1, 0);
	fmt_batch__bytes(b, P_write_data, big, sizeof(big), 1u << 30);
	fmt_batch__end(b);
	begin(b, EV_openat, 1, 1, 0);
	fmt_batch__str(b, P_openat_name, big, sizeof(big), sizeof(big));
	fmt_batch__end(b);
	ev = fmt_batch__ev(b, 0);
	assert_true(fmt_ev__bytes(&ev, P_write_data, &s));
	assert_int_equal(s.len, FMT_MAX_STR);
	assert_int_equal(s.full_len, 1u << 30);
	ev = fmt_batch__ev(b, 1);
	assert_int_equal(fmt_ev__str(&ev, P_openat_name)->len, FMT_MAX_STR);
	assert_int_equal(fmt_ev__str(&ev, P_openat_name)->full_len, sizeof(big));
	assert_false(fmt_batch__full(b));
	for (unsigned k = 0; k < 2; k++) {
		begin(b, EV_write, 1, 1, 0);
		fmt_batch__bytes(b, P_write_data, big, FMT_MAX_STR, FMT_MAX_STR);
		fmt_batch__end(b);
	}
	assert_true(fmt_batch__full(b));

	fmt_batch__reset(b, 100);
	assert_int_equal(b->n, 0);
	for (uint32_t k = 0; k < FMT_BATCH_MAX_EVENTS; k++) {
		begin(b, EV_close, k, k, 0);
		fmt_batch__end(b);
	}
	assert_true(fmt_batch__full(b));
	assert_int_equal(b->n_threads, FMT_BATCH_MAX_EVENTS);
	assert_int_equal(fmt_batch__begin(b, EV_close, 1, 0, 1, 1, 0, 0), -FMT_E_LIMIT);
	fmt_batch__free(b);
}

/* An event that is begun and not ended leaves nothing. */
static void abandoned(void **state)
{
	struct fmt_batch *b;
	struct fmt_ev ev;
	uint64_t v;

	(void)state;
	fmt_batch__new(&b);
	begin(b, EV_openat, 1, 1, 0);
	fmt_batch__int(b, P_openat_flags, 77);
	begin(b, EV_openat, 2, 1, 0);
	fmt_batch__int(b, P_openat_mode, 5);
	fmt_batch__end(b);
	assert_int_equal(b->n, 1);
	ev = fmt_batch__ev(b, 0);
	assert_false(fmt_ev__int(&ev, P_openat_flags, &v));
	assert_true(fmt_ev__int(&ev, P_openat_mode, &v) && v == 5);
	fmt_batch__free(b);
}

/* Copies are equal, and a batch that is filled again forgets what it held. */
static void copy_and_reuse(void **state)
{
	struct fmt_batch *a, *b;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	for (uint64_t seed = 1; seed < 12; seed++) {
		fmt_batch__reset(a, seed);
		fmt_batch__reset(b, seed);
		rows__random(a, seed, 700, 1 + (unsigned)seed * 3);
		for (uint32_t k = 0; k < a->n; k++) {
			struct fmt_ev ev = fmt_batch__ev(a, k);

			assert_int_equal(fmt_batch__copy(b, &ev), k);
		}
		rows__assert_all_equal(a, b);
	}
	fmt_batch__free(a);
	fmt_batch__free(b);
	fmt_batch__free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missing_is_missing), cmocka_unit_test(equal_strings_are_one), cmocka_unit_test(true_lengths_are_bounded),
		cmocka_unit_test(limits), cmocka_unit_test(abandoned), cmocka_unit_test(copy_and_reuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
