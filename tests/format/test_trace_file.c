// SPDX-License-Identifier: Apache-2.0
/* Traces written and read: in order, through a pipe, by time, by summary, while they grow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/base/alloc.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

/* Chunk c of a trace that tracefile__make has made. */
static void expect_chunk(struct fmt_batch *b, unsigned c, uint32_t n)
{
	fmt_batch__reset(b, 1 + (uint64_t)c * n);
	rows__plausible(b, c, n);
}

static void in_order(void **state)
{
	const char *path = tracefile__path("in_order.spoor");
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_batch *want;
	struct fmt_source *s;
	unsigned seen = 0, keyframes = 0;
	int r;

	(void)state;
	tracefile__make(path, 3, 4, 500);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	assert_string_equal(s->meta.hostname, "host");
	assert_string_equal(s->meta.kernel, "6.1.0");
	assert_string_equal(s->meta.uuid, TRACE_UUID);
	assert_int_equal(s->meta.n_cpus, 2);
	assert_int_equal(s->meta.start_ns, TRACE_CREATED);
	fmt_batch__new(&want);
	while ((r = fmt_source__next(s, &b, &info, NULL)) == 0) {
		if (info.keyframe) {
			assert_int_equal(b->n, 2);
			assert_int_equal(seen, keyframes++ * 4);
			continue;
		}
		expect_chunk(want, seen++, 500);
		rows__assert_all_equal(want, b);
	}
	assert_int_equal(r, 1);
	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 1);	/* and stays at the end */
	assert_int_equal(seen, 12);
	assert_int_equal(keyframes, 3);
	fmt_source__close(s);
	fmt_batch__free(want);
}

static void random_batches(void **state)
{
	const char *path = tracefile__path("random.spoor");
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_writer_stats st;
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_batch *want;
	struct fmt_source *s;

	(void)state;
	fmt_batch__new(&want);
	assert_int_equal(fmt_writer__batch(w, want, true, NULL), 0);	/* an empty keyframe */
	for (uint64_t k = 0; k < 10; k++) {
		fmt_batch__reset(want, 1 + k * 1000);
		rows__random(want, k + 50, 1000, 30);
		assert_int_equal(fmt_writer__batch(w, want, false, NULL), 0);
	}
	fmt_writer__stats(w, &st);
	assert_int_equal(st.events, 10000);
	assert_int_equal(st.chunks, 13);
	assert_true(st.dict_bytes && st.payload_bytes && st.column_bytes);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
	assert_true(info.keyframe && b->n == 0);
	for (uint64_t k = 0; k < 10; k++) {
		assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
		fmt_batch__reset(want, 1 + k * 1000);
		rows__random(want, k + 50, 1000, 30);
		rows__assert_all_equal(want, b);
	}
	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 1);
	fmt_source__close(s);
	fmt_batch__free(want);
}

/* another recording begins; no reader may leave its keyframe out. */
static void anew(void **state)
{
	static const bool keyframe[] = { true, false, true, true, false }, is_anew[] = { false, false, true, false, false };
	const char *path = tracefile__path("anew.spoor");
	struct fmt_want want = { .no_keyframes = true };
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_batch_info info;
	struct fmt_batch *b;
	const struct fmt_batch *got;
	struct fmt_summary sum;
	struct fmt_reader *r;
	struct fmt_source *s;

	(void)state;
	fmt_batch__new(&b);
	for (size_t i = 0; i < 5; i++) {
		fmt_batch__reset(b, i < 2 ? 1 : 11);
		if (!keyframe[i])
			rows__plausible(b, i, 10);
		if (is_anew[i])
			fmt_writer__anew(w);
		assert_int_equal(fmt_writer__batch(w, b, keyframe[i], NULL), 0);
	}
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	fmt_source__want(s, &want);
	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(fmt_source__next(s, &got, &info, NULL), 0);
		assert_int_equal(info.keyframe, keyframe[i]);
		assert_int_equal(info.new_section, is_anew[i]);
		assert_int_equal(fmt_reader__summary(r, i, &sum, NULL), 0);
		assert_int_equal(sum.anew, is_anew[i]);
	}
	assert_int_equal(fmt_reader__keyframe_before(r, 4), 2);
	fmt_reader__close(r);
	fmt_source__close(s);
	fmt_batch__free(b);
}

static void put_close(struct fmt_batch *b, uint64_t ts, unsigned origin, bool context)
{
	b->origin = (uint8_t)origin;
	b->context = context;
	fmt_batch__begin(b, EV_close, ts, 1, 7, context ? 8 : 7, 0, 0);
	fmt_batch__int(b, P_close_fd, 3);
	fmt_batch__end(b);
}

/* several machines, and rows that are kept for the state only. */
static void whose(void **state)
{
	const char *path = tracefile__path("whose.spoor");
	struct fmt_meta meta, more[2] = { { .hostname = "second" }, { .hostname = "third", .boot_ns = 5 } };
	struct fmt_writer_opts o = { .sz = sizeof(o), .more = more, .n_more = 2, .context = true };
	struct fmt_batch_info info;
	struct fmt_summary sum;
	struct fmt_batch *b;
	const struct fmt_batch *got;
	struct fmt_reader *r;
	struct fmt_source *s;
	struct fmt_writer *w;
	uint8_t *bytes;
	size_t n;

	(void)state;
	tracefile__meta(&meta);
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__open(&w, path, true, &meta, &o, NULL), 0);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	for (unsigned k = 0; k < 12; k++)
		put_close(b, 10 + k, k % 3, k >= 6);
	assert_int_equal(b->n_threads, 6);
	assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);

	bytes = tracefile__bytes(path, &n);
	assert_int_equal(bytes[16], 1);		/* who does not know of it refuses the trace */
	free(bytes);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	assert_true(s->has_context);
	assert_int_equal(s->n_more, 2);
	assert_string_equal(fmt_source__origin(s, 0)->hostname, "host");
	assert_string_equal(fmt_source__origin(s, 1)->hostname, "second");
	assert_string_equal(fmt_source__origin(s, 2)->hostname, "third");
	assert_int_equal(fmt_source__origin(s, 2)->boot_ns, 5);
	assert_string_equal(fmt_source__origin(s, 3)->hostname, "");
	assert_int_equal(fmt_source__next(s, &got, &info, NULL), 0);
	assert_int_equal(fmt_source__next(s, &got, &info, NULL), 0);
	rows__assert_all_equal(b, got);
	for (uint32_t k = 0; k < got->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(got, k);

		assert_int_equal(fmt_ev__origin(&ev), k % 3);
		assert_int_equal(fmt_ev__is_context(&ev), k >= 6);
	}
	fmt_source__close(s);
	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	assert_int_equal(fmt_reader__summary(r, 1, &sum, NULL), 0);
	assert_int_equal(sum.n_events, 12);
	assert_int_equal(sum.n_types, 1);
	assert_int_equal(sum.types[0].n, 6);
	assert_int_equal(sum.n_pids, 1);
	assert_int_equal(sum.pids[0], 7);
	fmt_reader__close(r);
	fmt_batch__free(b);
}

/* Through a pipe, in pieces of a size that fits nothing. */
static void from_a_pipe(void **state)
{
	const char *path = tracefile__path("pipe.spoor");
	char *cmd = xasprintf("dd if='%s' bs=777 status=none", path);
	int saved = dup(STDIN_FILENO);
	struct read_all r;
	struct err err = { 0 };
	struct fmt_source *s;
	FILE *p;

	(void)state;
	tracefile__make(path, 2, 3, 3000);
	p = popen(cmd, "r");
	dup2(fileno(p), STDIN_FILENO);
	r = tracefile__read("-");
	dup2(saved, STDIN_FILENO);	/* nobody reads any more: dd ends, whatever was left unread */
	pclose(p);
	assert_int_equal(r.open_code, 0);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, 18000);
	/* a pipe cannot seek */
	p = popen(cmd, "r");
	dup2(fileno(p), STDIN_FILENO);
	assert_int_equal(fmt_source__open(&s, "-", NULL), 0);
	assert_int_equal(s->ops->seek(s, 0, &err), -FMT_E_UNSUPPORTED);
	fmt_source__close(s);
	dup2(saved, STDIN_FILENO);	/* nobody reads any more: dd ends */
	close(saved);
	pclose(p);
	free(cmd);
}

/* */
static void seeking(void **state)
{
	const char *path = tracefile__path("seek.spoor");
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;

	(void)state;
	tracefile__make(path, 5, 2, 100);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	for (unsigned segment = 5; segment-- > 0;) {
		uint64_t ts = TRACE_CREATED + segment * 2000000ull;

		assert_int_equal(s->ops->seek(s, ts + 100, NULL), 0);
		assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
		assert_true(info.keyframe);
		assert_int_equal(b->ts[0], ts);
		assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
		assert_int_equal(b->first_num, 1 + segment * 200);
	}
	/* before the beginning: the first keyframe */
	assert_int_equal(s->ops->seek(s, 5, NULL), 0);
	assert_int_equal(fmt_source__next(s, &b, &info, NULL), 0);
	assert_int_equal(b->ts[0], TRACE_CREATED);
	fmt_source__close(s);
}

static void without_keyframes(void **state)
{
	const char *path = tracefile__path("nokf.spoor");
	struct fmt_want want = { .no_keyframes = true };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	unsigned keyframes = 0, events = 0;

	(void)state;
	tracefile__make(path, 4, 2, 50);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	fmt_source__want(s, &want);
	while (fmt_source__next(s, &b, &info, NULL) == 0) {
		keyframes += info.keyframe;
		events += info.keyframe ? 0 : b->n;
	}
	assert_int_equal(keyframes, 1);
	assert_int_equal(events, 400);
	fmt_source__close(s);
}

static void add_at(struct fmt_batch *b, uint64_t ts)
{
	assert_true(fmt_batch__begin(b, EV_getpid, ts, 0, 7, 7, 0, 7) >= 0);
	fmt_batch__end(b);
}

/* What is later than asked for is left out, not what stands behind it and is not. */
static void until(void **state)
{
	static const uint64_t ms[][2] = { { 100, 200 }, { 1300, 1400 }, { 1500, 900 }, { 7000, 7100 }, { 950, 7200 } };
	const char *path = tracefile__path("until.spoor");
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_want want = { .until = TRACE_CREATED + 1000000000u };
	struct fmt_batch_info info;
	const struct fmt_batch *got;
	struct fmt_source *s;
	struct fmt_batch *b;

	(void)state;
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	for (unsigned k = 0; k < 5; k++) {
		fmt_batch__reset(b, 1 + 2 * k);
		add_at(b, TRACE_CREATED + ms[k][0] * 1000000u);
		add_at(b, TRACE_CREATED + ms[k][1] * 1000000u);
		assert_int_equal(fmt_batch__is_past(b, want.until), k == 1 || k == 3);
		assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	}
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	fmt_source__want(s, &want);
	assert_int_equal(fmt_source__next(s, &got, &info, NULL), 0);
	assert_true(info.keyframe);
	assert_int_equal(fmt_source__next(s, &got, &info, NULL), 0);
	assert_int_equal(got->first_num, 1);
	assert_int_equal(fmt_source__next(s, &got, &info, NULL), 0);
	assert_int_equal(got->first_num, 5);
	assert_int_equal(fmt_source__next(s, &got, &info, NULL), 1);	/* more than FMT_LATE_NS behind it */
	fmt_source__close(s);
	fmt_batch__free(b);
}

/* A keyframe in several parts is one keyframe. */
static void large_keyframe(void **state)
{
	const char *path = tracefile__path("large.spoor");
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_want want = { .no_keyframes = true };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_reader *rd;
	struct fmt_source *s;
	struct fmt_batch *x;
	unsigned n = 0;

	(void)state;
	fmt_batch__new(&x);
	for (unsigned k = 0; k < 2; k++) {
		for (unsigned part = 0; part < 3; part++)
			assert_int_equal(fmt_writer__batch(w, x, true, NULL), 0);
		fmt_batch__reset(x, 1 + k);
		rows__plausible(x, k, 1);
		assert_int_equal(fmt_writer__batch(w, x, false, NULL), 0);
		fmt_batch__reset(x, 0);
	}
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	fmt_source__want(s, &want);
	while (fmt_source__next(s, &b, &info, NULL) == 0)
		n += info.keyframe;
	assert_int_equal(n, 3);
	fmt_source__close(s);
	assert_int_equal(fmt_reader__open(&rd, path, NULL), 0);
	assert_int_equal(fmt_reader__n_chunks(rd), 8);
	assert_int_equal(fmt_reader__keyframe_before(rd, 3), 0);
	assert_int_equal(fmt_reader__keyframe_before(rd, 6), 4);
	fmt_reader__close(rd);
	fmt_batch__free(x);
}

/* */
static void random_access(void **state)
{
	const char *path = tracefile__path("access.spoor");
	struct fmt_batch *got, *want;
	struct fmt_summary sum;
	struct fmt_reader *r;

	(void)state;
	tracefile__make(path, 3, 4, 200);
	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	assert_true(fmt_reader__complete(r));
	assert_int_equal(fmt_reader__n_chunks(r), 15);
	assert_string_equal(fmt_reader__meta(r)->hostname, "host");
	fmt_batch__new(&got);
	fmt_batch__new(&want);
	for (uint32_t k = 15; k-- > 0;) {
		uint32_t types = 0;

		assert_int_equal(fmt_reader__summary(r, k, &sum, NULL), 0);
		if (k % 5 == 0) {
			assert_int_equal(sum.kind, CHUNK_KEYFRAME);
			assert_int_equal(sum.n_events, 2);
			continue;
		}
		expect_chunk(want, k / 5 * 4 + k % 5 - 1, 200);
		assert_int_equal(sum.kind, CHUNK_EVENTS);
		assert_int_equal(sum.n_events, 200);
		assert_int_equal(sum.first_num, want->first_num);
		assert_int_equal(sum.t_first, want->ts[0]);
		assert_int_equal(sum.t_last, want->ts[199]);
		for (uint32_t t = 0; t < sum.n_types; t++) {
			assert_int_equal(sum.types[t].n, want->by_type[sum.types[t].type]->n);
			types += sum.types[t].n;
		}
		assert_int_equal(types, 200);
		assert_true(sum.pids_complete && sum.containers_complete);
		assert_int_equal(sum.n_pids, 4);
		assert_int_equal(sum.pids[0], 1000);
		assert_int_equal(sum.pids[3], 1003);
		assert_int_equal(sum.n_containers, 1);
		assert_string_equal(sum.containers[0], (k % 5 - 1) & 1 ? "aabbccddeeff" : "001122334455");
		assert_int_equal(fmt_reader__read(r, k, got, NULL), 0);
		rows__assert_all_equal(want, got);
	}
	assert_int_equal(fmt_reader__keyframe_at(r, TRACE_CREATED + 4000000), 5);
	assert_int_equal(fmt_reader__keyframe_at(r, TRACE_CREATED + 3999999), 0);
	assert_int_equal(fmt_reader__keyframe_at(r, UINT64_MAX), 10);
	assert_int_equal(fmt_reader__keyframe_before(r, 9), 5);
	assert_true(fmt_reader__read(r, 15, got, NULL) < 0);
	fmt_reader__close(r);
	fmt_batch__free(got);
	fmt_batch__free(want);
}

/* Losses and alerts are in the headers, so that nothing has to be decompressed to count them. */
static void losses_and_alerts(void **state)
{
	const char *path = tracefile__path("lost.spoor");
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_batch_info info;
	const struct fmt_batch *got;
	struct fmt_summary sum;
	struct fmt_reader *r;
	struct fmt_source *s;
	struct fmt_batch *b;

	(void)state;
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	for (unsigned k = 0; k < 3; k++) {
		fmt_batch__begin(b, EV_drop, 100 + k, 0, 0, 0, 0, 0);
		fmt_batch__int(b, P_drop_n, 1000 + k);
		fmt_batch__end(b);
	}
	fmt_batch__begin(b, EV_alert, 105, 0, 0, 0, 0, 0);
	fmt_batch__end(b);
	assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	assert_int_equal(fmt_reader__summary(r, 1, &sum, NULL), 0);
	assert_int_equal(sum.n_lost, 3003);
	assert_int_equal(sum.n_alerts, 1);
	fmt_reader__close(r);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	while (fmt_source__next(s, &got, &info, NULL) == 0)
		;
	assert_int_equal(s->lost, 3003);
	fmt_source__close(s);
	fmt_batch__free(b);
}

/* A reader that looks at a file while it is written sees each chunk once it is whole. */
static void growing(void **state)
{
	const char *path = tracefile__path("growing.spoor");
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_reader *r;
	struct fmt_batch *b;
	struct read_all all;

	(void)state;
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	assert_false(fmt_reader__complete(r));
	assert_int_equal(fmt_reader__n_chunks(r), 1);
	for (unsigned k = 0; k < 3; k++) {
		assert_int_equal(fmt_reader__refresh(r, NULL), 0);
		fmt_batch__reset(b, 1 + 10 * k);
		rows__plausible(b, k, 10);
		assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
		assert_int_equal(fmt_reader__refresh(r, NULL), 1);
		assert_int_equal(fmt_reader__n_chunks(r), 2 + k);
	}
	all = tracefile__read(path);
	assert_int_equal(all.events, 30);
	assert_int_equal(all.errors, 1);
	assert_int_equal(all.truncated, 1);
	assert_non_null(strstr(all.first.msg, "may still be being written"));
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_reader__refresh(r, NULL), 0);
	assert_true(fmt_reader__complete(r));
	fmt_reader__close(r);
	fmt_batch__free(b);
}

/* The same input gives the same file, byte for byte. */
static void reproducible(void **state)
{
	const char *one = tracefile__path("one.spoor"), *two = tracefile__path("two.spoor");
	size_t n, m;
	uint8_t *p, *q;

	(void)state;
	tracefile__make(one, 2, 2, 300);
	tracefile__make(two, 2, 2, 300);
	p = tracefile__bytes(one, &n);
	q = tracefile__bytes(two, &m);
	assert_int_equal(n, m);
	assert_memory_equal(p, q, n);
	free(p);
	free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order), cmocka_unit_test(random_batches), cmocka_unit_test(anew), cmocka_unit_test(whose), cmocka_unit_test(from_a_pipe),
		cmocka_unit_test(seeking), cmocka_unit_test(without_keyframes), cmocka_unit_test(until), cmocka_unit_test(large_keyframe),
		cmocka_unit_test(random_access), cmocka_unit_test(losses_and_alerts), cmocka_unit_test(growing),
		cmocka_unit_test(reproducible),
	};

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
