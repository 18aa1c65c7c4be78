// SPDX-License-Identifier: Apache-2.0
/* Batches to sections and back: everything survives, what is not asked for is absent, nonsense is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/codec/events_codec.h"
#include "tests/format/rows.h"

/* A batch as encoded, with what is needed to decode it. */
struct encoded {
	struct chunk_build build;
	struct stored_section sections[LIMIT_SECTIONS];
};

static struct events_encoder *enc;
static struct events_decoder *dec;
static struct schema_map *map;

static int setup(void **state)
{
	struct buf raw = { 0 };

	(void)state;
	schema__encode(&raw);
	assert_int_equal(schema_map__new(&map, raw.p, raw.len, NULL), 0);
	buf__done(&raw);
	assert_int_equal(events_encoder__new(&enc, 3), 0);
	assert_int_equal(events_decoder__new(&dec), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	events_encoder__free(enc);
	events_decoder__free(dec);
	schema_map__free(map);
	return 0;
}

static struct encoded *encode_with(struct events_encoder *e, const struct fmt_batch *b)
{
	struct encoded *x = calloc(1, sizeof(*x));
	struct events_encode_stats st = { 0 };
	size_t at = 0;

	assert_int_equal(chunk_build__init(&x->build, 3), 0);
	events_encoder__encode(e, b, false, &x->build, &st);
	for (uint32_t k = 0; k < x->build.n_sections; k++) {
		section_entry__unpack(&x->sections[k].entry, x->build.table.p + k * SECTION_ENTRY_SIZE);
		x->sections[k].p = x->build.body.p + at;
		at += x->sections[k].entry.stored_size;
	}
	assert_int_equal(at, x->build.body.len);
	assert_int_equal(at, st.base + st.dict + st.columns + st.payload);
	return x;
}

static void encoded_free(struct encoded *x)
{
	chunk_build__done(&x->build);
	free(x);
}

static int decode(const struct encoded *x, const struct fmt_want *want, uint64_t first_num, uint32_t n,
		  struct fmt_batch *into, uint64_t *skipped)
{
	struct stored_section s[LIMIT_SECTIONS];

	for (uint32_t k = 0; k < x->build.n_sections; k++) {
		s[k] = x->sections[k];
		if (!events_decoder__needs(&s[k].entry, map, want))
			s[k].p = NULL;
	}
	return events_decoder__decode(dec, map, want, s, x->build.n_sections, first_num, n, into, skipped, NULL);
}

/* */
static void round_trip(void **state)
{
	static const struct { uint32_t n; unsigned types; } shapes[] = {
		{ 0, 1 }, { 1, 1 }, { 2, 2 }, { 63, 5 }, { 64, 1 }, { 65, 60 }, { 1000, 3 }, { 3000, 40 }, { 20000, 6 },
	};
	const struct fmt_want all = { 0 };
	struct fmt_batch *a, *b;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	for (uint64_t seed = 1; seed < 40; seed++) {
		unsigned shape = seed % (sizeof(shapes) / sizeof(*shapes));
		struct encoded *x;
		uint64_t skipped = 0;

		fmt_batch__reset(a, seed * 1000);
		rows__random(a, seed, shapes[shape].n, shapes[shape].types);
		x = encode_with(enc, a);
		assert_int_equal(decode(x, &all, seed * 1000, a->n, b, &skipped), 0);
		assert_int_equal(skipped, 0);
		rows__assert_all_equal(a, b);
		encoded_free(x);
	}
	fmt_batch__free(a);
	fmt_batch__free(b);
}

/* The same batches give the same bytes, and so does what was read back. */
static void deterministic(void **state)
{
	const struct fmt_want all = { 0 };
	struct events_encoder *e[3];
	struct fmt_batch *a, *b;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	for (unsigned k = 0; k < 3; k++)
		assert_int_equal(events_encoder__new(&e[k], 3), 0);
	for (uint64_t seed = 1; seed < 12; seed++) {
		struct encoded *x[3];
		uint64_t skipped = 0;

		fmt_batch__reset(a, 1);
		rows__random(a, seed, 900, 12);
		x[0] = encode_with(e[0], a);
		x[1] = encode_with(e[1], a);
		assert_int_equal(decode(x[0], &all, 1, a->n, b, &skipped), 0);
		x[2] = encode_with(e[2], b);
		for (unsigned k = 1; k < 3; k++) {
			assert_int_equal(x[k]->build.body.len, x[0]->build.body.len);
			assert_memory_equal(x[k]->build.body.p, x[0]->build.body.p, x[0]->build.body.len);
		}
		for (unsigned k = 0; k < 3; k++)
			encoded_free(x[k]);
	}
	for (unsigned k = 0; k < 3; k++)
		events_encoder__free(e[k]);
	fmt_batch__free(a);
	fmt_batch__free(b);
}

/* What a decoder leaves as it is must not be what the chunk before had there. */
static void columns_that_are_left_out_leave_nothing_behind(void **state)
{
	struct fmt_want all = { 0 }, no_cpu = { .no_cpu = true };
	struct encoded *with, *without;
	struct fmt_batch *a, *b, *c;
	uint64_t skipped = 0, some = 0;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	fmt_batch__new(&c);
	rows__plausible(a, 1, 3000);
	rows__plausible(b, 1, 4000);
	memset(b->dur, 0, b->n * sizeof(*b->dur));
	with = encode_with(enc, a);
	without = encode_with(enc, b);
	for (unsigned turn = 0; turn < 6; turn++) {
		const struct fmt_batch *was = turn % 3 ? b : a;

		assert_int_equal(decode(turn % 3 ? without : with, turn & 1 ? &no_cpu : &all, 1, was->n, c, &skipped), 0);
		for (uint32_t k = 0; k < c->n; k++) {
			assert_int_equal(c->dur[k], was->dur[k]);
			assert_int_equal(c->ts[k], was->ts[k]);
			assert_true(turn & 1 || c->cpu[k] == was->cpu[k]);
			some |= c->dur[k];
		}
	}
	assert_true(some);
	encoded_free(with);
	encoded_free(without);
	fmt_batch__free(a);
	fmt_batch__free(b);
	fmt_batch__free(c);
}

static void want_types_and_params(void **state)
{
	struct fmt_want want = { .by_type = true, .no_payload = true };
	uint64_t params[FMT_MAX_EVENTS] = { 0 }, skipped = 0, v;
	struct fmt_batch *a, *b;
	struct encoded *x;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	rows__plausible(a, 1, 5000);
	x = encode_with(enc, a);

	/* nothing but rows: one section is enough */
	assert_int_equal(decode(x, &want, 1, a->n, b, &skipped), 0);
	assert_int_equal(b->n, a->n);
	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k);

		assert_int_equal(fmt_ev__ts(&ev), a->ts[k]);
		assert_int_equal(fmt_ev__res(&ev), a->res[k]);
		for (unsigned p = 1; p < ev.info->n_params; p++)
			assert_false(ev.cols->col[p].present);
	}
	/* one type, one parameter */
	want.types[EV_openat / 8] |= 1 << EV_openat % 8;
	params[EV_openat] = (uint64_t)1 << P_openat_name;
	want.params = params;
	assert_int_equal(decode(x, &want, 1, a->n, b, &skipped), 0);
	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k), was = fmt_batch__ev(a, k);

		if (ev.type == EV_openat)
			assert_string_equal(fmt_ev__str(&ev, P_openat_name)->p, fmt_ev__str(&was, P_openat_name)->p);
		else if (ev.type == EV_read)
			assert_false(fmt_ev__int(&ev, P_read_fd, &v));
	}
	/* all but the payload */
	want = (struct fmt_want){ .no_payload = true };
	assert_int_equal(decode(x, &want, 1, a->n, b, &skipped), 0);
	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k);
		struct fmt_str bytes;

		if (ev.type != EV_read)
			continue;
		assert_true(fmt_ev__int(&ev, P_read_fd, &v));
		assert_false(fmt_ev__bytes(&ev, P_read_data, &bytes));
	}
	encoded_free(x);
	fmt_batch__free(a);
	fmt_batch__free(b);
}

/* Events and parameters that this version does not know are left out, the others are whole. */
static void unknown_events(void **state)
{
	const struct fmt_want all = { 0 };
	uint64_t skipped = 0, known = 0, v;
	struct fmt_batch *a, *b;
	struct encoded *x;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	rows__plausible(a, 3, 4000);
	x = encode_with(enc, a);
	map->event[EV_read] = MAP_NONE;
	*schema_map__param(map, EV_openat, P_openat_flags) = MAP_NO_PARAM;
	assert_int_equal(decode(x, &all, 1, a->n, b, &skipped), 0);
	map->event[EV_read] = EV_read;
	*schema_map__param(map, EV_openat, P_openat_flags) = P_openat_flags;
	for (uint32_t k = 0; k < a->n; k++) {
		struct fmt_ev was = fmt_batch__ev(a, k), ev;

		if (was.type == EV_read)
			continue;
		ev = fmt_batch__ev(b, (uint32_t)known++);
		assert_int_equal(ev.type, was.type);
		assert_int_equal(fmt_ev__ts(&ev), fmt_ev__ts(&was));
		assert_int_equal(fmt_ev__tid(&ev), fmt_ev__tid(&was));
		if (ev.type == EV_openat) {
			assert_false(fmt_ev__int(&ev, P_openat_flags, &v));
			assert_string_equal(fmt_ev__str(&ev, P_openat_name)->p, fmt_ev__str(&was, P_openat_name)->p);
		}
	}
	assert_int_equal(known, b->n);
	assert_int_equal(skipped, a->n - known);
	encoded_free(x);
	fmt_batch__free(a);
	fmt_batch__free(b);
}

/*
 * Bytes of the raw sections changed at random: decoding fails or gives a batch in which nothing is out of
 * bounds (the sanitizers see to that).
 */
static void hostile_sections(void **state)
{
	const struct fmt_want all = { 0 };
	struct fmt_batch *a, *b;
	struct encoded *x;
	struct rng r = { 99 };
	unsigned good = 0, refused = 0;

	(void)state;
	fmt_batch__new(&a);
	fmt_batch__new(&b);
	rows__random(a, 5, 300, 10);
	x = encode_with(enc, a);
	for (unsigned round = 0; round < 4000; round++) {
		struct stored_section s[LIMIT_SECTIONS];
		uint32_t victim = (uint32_t)rng__below(&r, x->build.n_sections);
		uint64_t skipped = 0;
		const uint8_t *raw;
		uint8_t *copy;
		int code;

		memcpy(s, x->sections, sizeof(s));
		assert_int_equal(events_decoder__section(dec, &s[victim], &raw, NULL), 0);
		copy = malloc(s[victim].entry.raw_size);
		memcpy(copy, raw, s[victim].entry.raw_size);
		for (unsigned flips = 1 + (unsigned)rng__below(&r, 3); flips; flips--) {
			/* mostly in the directory, which is in front */
			uint64_t size = s[victim].entry.raw_size;
			uint64_t at = rng__below(&r, rng__below(&r, 4) && size > 200 ? 200 : size);

			copy[at] = (uint8_t)rng__next(&r);
		}
		s[victim].p = copy;
		s[victim].entry.codec = CODEC_RAW;
		s[victim].entry.stored_size = s[victim].entry.raw_size;
		trace_hash(s[victim].entry.hash, copy, s[victim].entry.raw_size);
		code = events_decoder__decode(dec, map, &all, s, x->build.n_sections, 1, a->n, b, &skipped, NULL);
		if (code == 0) {
			good++;
			rows__walk(b);
		} else {
			refused++;
			assert_true(code == -FMT_E_CORRUPT || code == -FMT_E_LIMIT || code == -FMT_E_VERSION);
			assert_int_equal(b->n, 0);
		}
		free(copy);
	}
	assert_true(good > 100 && refused > 100);
	encoded_free(x);
	fmt_batch__free(a);
	fmt_batch__free(b);
}

static void schema_round_trip(void **state)
{
	(void)state;
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *info = fmt_event(id);

		assert_int_equal(map->event[id], info ? id : MAP_NONE);
		for (unsigned p = 0; info && p < info->n_params; p++)
			assert_int_equal(*schema_map__param(map, id, p), p);
	}
	assert_int_equal(map->n_unknown_events, 0);
	assert_int_equal(map->n_unknown_params, 0);
}

static void hostile_schema(void **state)
{
	struct buf raw = { 0 };
	struct rng r = { 3 };
	unsigned good = 0;

	(void)state;
	schema__encode(&raw);
	for (unsigned round = 0; round < 300; round++) {
		struct schema_map *m;
		size_t at = rng__below(&r, raw.len);
		uint8_t was = raw.p[at];

		raw.p[at] = (uint8_t)rng__next(&r);
		if (schema_map__new(&m, raw.p, raw.len - (round & 1 ? rng__below(&r, raw.len) : 0), NULL) == 0) {
			for (unsigned id = 0; id < LIMIT_FILE_TYPES; id++)
				assert_true(m->event[id] == MAP_NONE || fmt_event(m->event[id]));
			schema_map__free(m);
			good++;
		}
		raw.p[at] = was;
	}
	assert_true(good > 10 && good < 290);
	buf__done(&raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip), cmocka_unit_test(deterministic), cmocka_unit_test(want_types_and_params),
		cmocka_unit_test(columns_that_are_left_out_leave_nothing_behind),
		cmocka_unit_test(unknown_events), cmocka_unit_test(hostile_sections),
		cmocka_unit_test(schema_round_trip), cmocka_unit_test(hostile_schema),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
