// SPDX-License-Identifier: Apache-2.0
/* One column: every predictor gives back what was put in; the description survives; nonsense is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/base/err.h"
#include "format/codec/column.h"
#include "format/codec/column_choose.h"
#include "tests/format/rows.h"

#define MAX_ROWS 2000u

static uint64_t v[MAX_ROWS], want[MAX_ROWS], ref[MAX_ROWS], got[MAX_ROWS + 64], z[MAX_ROWS], work[COL_LAST_SLOTS];
static uint64_t null[MAX_ROWS / 64 + 1];

static void fill(struct rng *r, unsigned habit, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		ref[k] = habit & 1 ? rng__below(r, 50) : rng__next(r);
		switch (habit % 7) {
		case 0:
			v[k] = rng__next(r);
			break;
		case 1:
			v[k] = 0x1234567890u;
			break;
		case 2:
			v[k] = ref[k] + rng__below(r, 3) - 1;
			break;
		case 3:
			v[k] = k * 4096ull;
			break;
		case 4:
			v[k] = ref[k] < 80 ? ref[k] : 80;
			break;
		case 5:
			v[k] = (uint64_t)-1 - rng__below(r, 2);
			break;
		default:
			v[k] = rng__below(r, 256) << rng__below(r, 57);
		}
	}
}

/* Encode v, decode, compare; the description goes through bytes. */
static void round_trip(unsigned pred, unsigned flags, uint32_t n, bool with_null, uint64_t base)
{
	struct col_desc d = { .id = 3, .pred = (uint8_t)pred, .base = base, .flags = (uint8_t)flags,
			      .ref = pred__needs_ref(pred) ? 0 : COL_REF_NONE }, back;
	struct buf data = { 0 }, dir = { 0 };
	struct cursor c;

	memcpy(want, v, sizeof(want));
	col__encode(&d, v, n, with_null ? null : NULL, ref, work, z, &data);
	assert_int_equal(data.len, col_desc__size(&d, n));
	col_desc__put(&dir, &d);
	c = cursor__of(dir.p, dir.len);
	assert_int_equal(col_desc__get(&c, 1, &back), 0);
	assert_int_equal(cursor__left(&c), 0);
	assert_memory_equal(&back, &d, sizeof(d));
	col__decode(&back, data.p, n, ref, work, got);
	for (uint32_t k = 0; k < n; k++) {
		bool missing = with_null && null[k / 64] >> (k % 64) & 1;

		assert_int_equal(got[k], v[k]);		/* what the encoder says the decoder gets */
		if (!missing)
			assert_int_equal(got[k], want[k]);
	}
	if (with_null && n)
		assert_memory_equal(col__nulls(&back, data.p, n), null, (n + 7) / 8);
	else
		assert_null(col__nulls(&back, data.p, n));
	buf__done(&data);
	buf__done(&dir);
}

/* */
static void every_predictor(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 7, 8, 63, 64, 65, 511, 512, 513, 1500, MAX_ROWS };
	struct rng r = { 77 };

	(void)state;
	for (unsigned pred = 0; pred < PRED__N; pred++) {
		for (unsigned habit = 0; habit < 14; habit++) {
			for (unsigned s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
				uint32_t n = sizes[s];

				fill(&r, habit, n);
				for (uint32_t k = 0; k < n && (pred == PRED_NEXT || pred == PRED_SAME); k++)
					v[k] >>= 2;	/* what these cannot say does not occur */
				memset(null, 0, sizeof(null));
				for (uint32_t k = 0; k < n; k++)
					null[k / 64] |= (uint64_t)!rng__below(&r, 4) << (k % 64);
				round_trip(pred, 0, n, false, habit & 4 ? v[0] : 0);
				round_trip(pred, 0, n, true, pred == PRED_CAP ? 80 : 0);
				round_trip(pred, COL_CLASSES, n, false, habit & 4 ? v[0] : 0);
				round_trip(pred, COL_CLASSES, n, true, pred == PRED_CAP ? 80 : 0);
			}
		}
	}
}

/* Each number has one class, and class and rest give it back; the classes follow each other without gaps. */
static void classes(void **state)
{
	uint64_t next = 0;

	(void)state;
	for (unsigned c = 0; c < 252; c++) {
		unsigned rest = col_class__rest(c);
		uint64_t start = col_class__start(c), last = start + (((uint64_t)1 << rest) - 1);

		assert_int_equal(start, next);
		assert_int_equal(col_class__of(start), c);
		assert_int_equal(col_class__of(last), c);
		next = last + 1;
	}
	assert_int_equal(next, 0);	/* all of them: 2^64 */
}

/* Rests that end too early go on with zeros, whatever the classes say. */
static void missing_rests(void **state)
{
	struct col_desc d = { .ref = COL_REF_NONE, .flags = COL_CLASSES, .rest = 1 };
	uint8_t data[257];

	(void)state;
	for (unsigned k = 0; k < 256; k++)
		data[k] = (uint8_t)k;
	data[256] = 0xff;
	col__decode(&d, data, 256, NULL, work, got);
	for (unsigned k = 0; k < 8; k++)
		assert_int_equal(got[k], k);
	for (unsigned k = 8; k < 12; k++)	/* a bit each */
		assert_int_equal(got[k], col_class__start(k) + 1);
	assert_int_equal(got[12], col_class__start(12) + 3);
	assert_int_equal(got[13], col_class__start(13) + 3);
	for (unsigned k = 14; k < 256; k++)
		assert_int_equal(got[k], col_class__start(k));
}

/* Noise of all magnitudes is better off with classes, few values that come again are not. */
static void classes_chosen(void **state)
{
	static uint64_t many[8192];
	static const uint32_t starts[] = { 0, 4096 };
	struct col_desc d = { .ref = COL_REF_NONE };
	struct col_choice noise = { 0 }, few = { 0 };
	struct rng r = { 9 };
	struct chooser c;

	(void)state;
	assert_int_equal(chooser__init(&c, 3), 0);
	for (uint32_t k = 0; k < 8192; k++)
		many[k] = rng__next(&r) >> (46 + rng__below(&r, k < 4096 ? 6 : 12));
	assert_true(chooser__classes(&c, &noise, &d, many, 8192, starts, 2));
	for (uint32_t k = 0; k < 8192; k++)
		many[k] = 900 + rng__below(&r, 2) * 1000;
	assert_false(chooser__classes(&c, &few, &d, many, 8192, starts, 2));
	assert_true(chooser__classes(&c, &noise, &d, many, 8192, starts, 2));	/* remembered */
	assert_false(chooser__classes(&c, &few, &d, many, 100, starts, 2));
	chooser__done(&c);
}

static void constants_take_no_data(void **state)
{
	struct col_desc d = { .ref = COL_REF_NONE };
	struct buf data = { 0 };

	(void)state;
	for (uint32_t k = 0; k < 100; k++)
		v[k] = 0xaa00bb;
	col__encode(&d, v, 100, NULL, NULL, work, z, &data);
	assert_int_equal(data.len, 0);
	assert_int_equal(d.width, 3);
	assert_int_equal(d.mask, 0);
	/* one byte varies: one plane */
	v[5] = 0xaa01bb;
	col__encode(&d, v, 100, NULL, NULL, work, z, &data);
	assert_int_equal(data.len, 100);
	assert_int_equal(d.mask, 2);
	buf__done(&data);
}

/* Every description that get accepts is safe to decode; here are those it must not accept. */
static void refused(void **state)
{
	static const struct { uint8_t bytes[8]; int code; } bad[] = {
		{ { 0, 0, PRED__N, 0xff, 0, 0, 0, 0 }, -FMT_E_VERSION },	/* a predictor of the future */
		{ { 0, 0, PRED_NONE, 0xff, 0x80, 0, 0, 0 }, -FMT_E_VERSION },	/* a flag of the future */
		{ { 0, 0, PRED_NONE, 0xff, 0, 9, 0, 0 }, -FMT_E_CORRUPT },	/* nine bytes wide */
		{ { 0, 0, PRED_NONE, 0xff, 0, 1, 2, 0 }, -FMT_E_CORRUPT },	/* a plane beyond the width */
		{ { 0, 0, PRED_NONE, 0, 0, 1, 1, 0 }, -FMT_E_CORRUPT },		/* a reference without need */
		{ { 0, 0, PRED_COL, 1, 0, 1, 1, 0 }, -FMT_E_CORRUPT },		/* a reference to itself */
		{ { 0, 0, PRED_COL, 0xff, 0, 1, 1, 0 }, -FMT_E_CORRUPT },	/* no reference where one must be */
		{ { 0, 0, PRED_NONE, 0xff, 0, 2, 0, 0 }, -FMT_E_CORRUPT },	/* ends before its constants */
		{ { 0, 0, PRED_NONE, 0xff, COL_CLASSES, 1, 1, 0 }, -FMT_E_CORRUPT },	/* classes and planes */
	};

	(void)state;
	for (unsigned k = 0; k < sizeof(bad) / sizeof(*bad); k++) {
		struct cursor c = cursor__of(bad[k].bytes, sizeof(bad[k].bytes));
		struct col_desc d;

		assert_int_equal(col_desc__get(&c, 1, &d), bad[k].code);
	}
}

/* The chooser finds the obvious. */
static void chosen(void **state)
{
	struct col_ref refs[1] = { { .v = ref, .index = 0, .id = 9, .as_value = true, .as_key = true, .as_cap = true } };
	unsigned all = (1u << PRED__N) - 1;
	struct rng r = { 5 };
	struct chooser c;

	(void)state;
	assert_int_equal(chooser__init(&c, 3), 0);
	for (unsigned pred = PRED_PREV; pred < PRED__N; pred++) {
		struct col_choice memo = { 0 };
		struct col_desc d = { 0 };
		uint64_t top = 10;

		for (uint32_t k = 0; k < MAX_ROWS; k++) {
			ref[k] = rng__next(&r) >> 20;
			switch (pred) {
			case PRED_PREV:
				v[k] = (k ? v[k - 1] : 1u << 30) + rng__below(&r, 3);
				break;
			case PRED_COL:
				v[k] = ref[k] + rng__below(&r, 3) * 16;
				break;
			case PRED_LAST:
				ref[k] = rng__below(&r, 100);
				v[k] = ref[k] * 0x9e3779b97f4a7c15u;
				break;
			case PRED_NEXT:
				ref[k] = 0;
				v[k] = rng__below(&r, 3) ? ++top : 1 + rng__below(&r, top);
				break;
			case PRED_CAP:
				ref[k] = rng__below(&r, 160);
				v[k] = ref[k] < 80 ? ref[k] : 80;
				break;
			default:
				v[k] = rng__below(&r, 3) ? ref[k] : 0;
			}
		}
		chooser__choose(&c, &memo, &d, all, v, MAX_ROWS, NULL, refs, 1, 10);
		assert_int_equal(d.pred, pred);
	}
	chooser__done(&c);
}

/* What PRED_SAME cannot say is not said with it. */
static void same_cannot(void **state)
{
	struct col_ref refs[1] = { { .v = ref, .index = 0, .as_value = true } };
	struct col_choice memo = { .made = true, .pred = PRED_SAME, .rows = 100, .due = UINT64_MAX };
	struct col_desc d = { 0 };
	struct chooser c;

	(void)state;
	assert_int_equal(chooser__init(&c, 3), 0);
	for (uint32_t k = 0; k < 100; k++)
		v[k] = ref[k] = k;
	v[50] = COL_SAME_CANNOT;
	chooser__choose(&c, &memo, &d, 1u << PRED_SAME | 1, v, 100, NULL, refs, 1, 0);
	assert_int_equal(d.pred, PRED_NONE);
	assert_int_equal(d.ref, COL_REF_NONE);
	round_trip(d.pred, 0, 100, false, d.base);
	chooser__done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_predictor), cmocka_unit_test(classes), cmocka_unit_test(missing_rests),
		cmocka_unit_test(classes_chosen), cmocka_unit_test(constants_take_no_data),
		cmocka_unit_test(refused), cmocka_unit_test(chosen), cmocka_unit_test(same_cannot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
