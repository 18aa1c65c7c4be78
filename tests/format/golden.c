// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/codec/meta_codec.h"
#include "format/codec/summary_codec.h"
#include "format/codec/table.h"
#include "format/file/trace_out.h"
#include "tests/format/golden.h"
#include "tests/format/refit.h"
#include "tests/format/tracefile.h"

static void put_batch(struct trace_out *o, struct chunk_build *cb, struct events_encoder *e,
		      const struct fmt_batch *b, uint16_t kind, const char *container)
{
	struct chunk_header h = { .kind = kind, .first_num = b->first_num, .n_events = b->n };
	struct events_encode_stats st = { 0 };
	struct summary_totals t;

	summary__totals(b, &t);
	h.t_first = b->n ? t.t_first : TRACE_CREATED;
	h.t_last = b->n ? t.t_last : TRACE_CREATED;
	chunk_build__reset(cb);
	summary__encode(b, &container, container != NULL, true, &cb->summary);
	events_encoder__encode(e, b, false, cb, &st);
	assert_int_equal(trace_out__chunk(o, cb, &h, NULL), 0);
}

static void put_meta(struct trace_out *o, struct chunk_build *cb, bool hostile)
{
	struct chunk_header h = { .kind = CHUNK_META, .t_first = TRACE_CREATED, .t_last = TRACE_CREATED };
	struct fmt_meta m = { .hostname = "web1", .tool = "spoor", .n_cpus = 2, .start_ns = TRACE_CREATED };
	struct buf raw = { 0 };

	if (hostile) {
		strcpy(m.hostname, "\x1b[31mred\x1b]0;title\a");
		strcpy(m.command, "sh\r\x1b[2J\xc2\x9b" "1m \"quoted\"");
	}

	meta__encode(&m, &raw);
	chunk_build__reset(cb);
	chunk_build__section(cb, SECTION_META, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	assert_int_equal(trace_out__chunk(o, cb, &h, NULL), 0);
	buf__done(&raw);
}

static void fill(struct fmt_batch *b)
{
	fmt_batch__begin(b, EV_openat, TRACE_CREATED + 5000, 1200, 42, 41, 1, 3);
	fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
	fmt_batch__str(b, P_openat_name, "/etc/shadow", 11, 11);
	fmt_batch__int(b, P_openat_flags, 1);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_read, TRACE_CREATED + 6500, 800, 42, 41, 1, 900);
	fmt_batch__int(b, P_read_fd, 3);
	fmt_batch__int(b, P_read_size, 4096);
	fmt_batch__bytes(b, P_read_data, "root:*", 6, 900);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_read, TRACE_CREATED + 7400, 500, 42, 41, 1, 0);
	fmt_batch__int(b, P_read_fd, 3);
	fmt_batch__int(b, P_read_size, 4096);
	fmt_batch__bytes(b, P_read_data, "", 0, 0);
	fmt_batch__end(b);
}

static void make(struct buf *out, bool hostile)
{
	struct preamble p = { .major = TRACE_MAJOR, .minor = TRACE_MINOR, .created = TRACE_CREATED };
	const char *path = tracefile__path("minimal");
	uint8_t packed[PREAMBLE_SIZE], *bytes;
	struct events_encoder *e;
	struct chunk_build cb;
	struct fmt_batch *b;
	struct trace_out o;
	size_t n;

	assert_true(uuid__parse(TRACE_UUID, p.uuid));
	preamble__pack(&p, packed);
	trace_out__init(&o, trace_out__open_path(path, true, FSYNC_NONE, NULL), path, FSYNC_NONE);
	assert_int_equal(chunk_build__init(&cb, 3), 0);
	assert_int_equal(events_encoder__new(&e, 3), 0);
	cb.raw = true;
	fmt_batch__new(&b);
	assert_int_equal(trace_out__preamble(&o, p.uuid, packed, sizeof(packed), NULL), 0);
	put_meta(&o, &cb, hostile);
	put_batch(&o, &cb, e, b, CHUNK_KEYFRAME, NULL);
	fill(b);
	put_batch(&o, &cb, e, b, CHUNK_EVENTS, hostile ? "\x1b[7m2a9c81d0e4" : "3f2a9c81d0e4");
	assert_int_equal(trace_out__close(&o, &cb, NULL), 0);
	bytes = tracefile__bytes(path, &n);
	buf__add(out, bytes, n);
	free(bytes);
	fmt_batch__free(b);
	events_encoder__free(e);
	chunk_build__done(&cb);
}

void golden__minimal(struct buf *out)
{
	make(out, false);
}

void golden__hostile(struct buf *out)
{
	make(out, true);
}

size_t golden__chunk(const struct buf *f, enum golden_chunk c)
{
	size_t at = PREAMBLE_SIZE;

	for (unsigned k = 0; k < (unsigned)c; k++)
		at += (size_t)refit__le(f->p + at + 32, 8);
	return at;
}

size_t golden__chunk_end(const struct buf *f, enum golden_chunk c)
{
	size_t at = golden__chunk(f, c);

	return at + (size_t)refit__le(f->p + at + 32, 8);
}

static size_t find_section(const struct buf *f, enum golden_chunk c, enum section_kind kind, bool body)
{
	size_t at = golden__chunk(f, c), sum = (size_t)refit__le(f->p + at + 88, 4);
	size_t n = (size_t)refit__le(f->p + at + 92, 4), table = at + CHUNK_HEADER_SIZE + sum;
	size_t section = table + n * SECTION_ENTRY_SIZE;

	for (size_t k = 0; k < n; k++) {
		size_t e = table + k * SECTION_ENTRY_SIZE;

		if (refit__le(f->p + e, 2) == kind)
			return body ? section : e;
		section += (size_t)refit__le(f->p + e + 12, 4);
	}
	fail_msg("no such section");
	return 0;
}

size_t golden__entry(const struct buf *f, enum golden_chunk c, enum section_kind kind)
{
	return find_section(f, c, kind, false);
}

size_t golden__section(const struct buf *f, enum golden_chunk c, enum section_kind kind)
{
	return find_section(f, c, kind, true);
}

/* --- Defects ------------------------------------------------------------------------------------ */

static void set(struct buf *f, size_t at, uint64_t v, unsigned bytes)
{
	assert_true(at + bytes <= f->len);
	memcpy(f->p + at, &v, bytes);
}

/* Where a column's description begins: the table'th table of a section, its column with that id. */
static size_t column(const struct buf *f, enum section_kind kind, unsigned table, unsigned id)
{
	size_t at = golden__section(f, GOLDEN_EVENTS, kind);
	struct table *t = calloc(1, sizeof(*t));
	struct table_reader tr;
	size_t found = 0;

	assert_true(table_reader__init(&tr, f->p + at, f->len - at));
	for (unsigned k = 0; k <= table; k++) {
		const uint8_t *before = tr.dir.p;

		assert_int_equal(table_reader__next(&tr, 1, t), 1);
		if (k < table)
			continue;
		/* descriptions are of the size that packing them gives */
		before = tr.dir.p;
		for (unsigned c = t->n_cols; c-- > 0;) {
			struct buf d = { 0 };

			col_desc__put(&d, &t->col[c]);
			before -= d.len;
			buf__done(&d);
			if (t->col[c].id == id)
				found = (size_t)(before - f->p);
		}
	}
	free(t);
	assert_true(found);
	return found;
}

static void empty(struct buf *f) { f->len = 0; }
static void magic(struct buf *f) { f->p[0] = 'X'; }

static void text_mode(struct buf *f)
{
	memmove(f->p + 5, f->p + 6, f->len - 6);	/* CR LF becomes LF */
	f->len--;
}

static void preamble_cut(struct buf *f) { f->len = 40; }
static void preamble_check(struct buf *f) { f->p[60] ^= 1; }

static void preamble_uuid(struct buf *f) { f->p[40] ^= 1; }

static void version_major(struct buf *f)
{
	set(f, 8, 2, 2);
	refit(f->p, f->len);
}

static void version_flag(struct buf *f)
{
	set(f, 16, 1u << 31, 4);
	refit(f->p, f->len);
}

static void header_magic(struct buf *f) { f->p[golden__chunk(f, GOLDEN_EVENTS)] ^= 1; }
static void header_check(struct buf *f) { f->p[golden__chunk(f, GOLDEN_EVENTS) + 170] ^= 1; }
static void header_uuid(struct buf *f)
{
	size_t at = golden__chunk(f, GOLDEN_EVENTS);

	f->p[at + 8] ^= 1;
	refit__check(f->p + at, CHUNK_HEADER_SIZE);
}

static void header_size(struct buf *f)
{
	size_t at = golden__chunk(f, GOLDEN_EVENTS);

	set(f, at + 28, 100, 4);
	refit__check(f->p + at, CHUNK_HEADER_SIZE);
}

static void length_over_limit(struct buf *f)
{
	size_t at = golden__chunk(f, GOLDEN_EVENTS);

	set(f, at + 32, LIMIT_CHUNK + 1u, 8);
	refit__check(f->p + at, CHUNK_HEADER_SIZE);
}

static void events_over_limit(struct buf *f)
{
	set(f, golden__chunk(f, GOLDEN_EVENTS) + 56, LIMIT_ROWS + 1u, 4);
	refit(f->p, f->len);
}

static void sections_do_not_add_up(struct buf *f)
{
	set(f, golden__entry(f, GOLDEN_EVENTS, SECTION_PAYLOAD) + 12, 1, 4);
	refit(f->p, f->len);
}

static void summary_hash(struct buf *f) { f->p[golden__chunk(f, GOLDEN_EVENTS) + CHUNK_HEADER_SIZE + 7] ^= 1; }
static void section_hash(struct buf *f) { f->p[golden__section(f, GOLDEN_EVENTS, SECTION_DICT) + 20] ^= 1; }

static void cut_in_header(struct buf *f) { f->len = golden__chunk(f, GOLDEN_EVENTS) + 30; }
static void cut_in_section(struct buf *f) { f->len = golden__chunk_end(f, GOLDEN_EVENTS) - 3; }
static void cut_between_chunks(struct buf *f) { f->len = golden__chunk(f, GOLDEN_INDEX); }

static void bytes_after_end(struct buf *f) { buf__puts(f, "tail"); }

static void chunk_missing(struct buf *f)
{
	size_t from = golden__chunk(f, GOLDEN_KEYFRAME), to = golden__chunk(f, GOLDEN_EVENTS);

	memmove(f->p + from, f->p + to, f->len - to);
	f->len -= to - from;
}

static void chunk_flag(struct buf *f)
{
	set(f, golden__chunk(f, GOLDEN_EVENTS) + 26, 0x0100, 2);
	refit(f->p, f->len);
}

static void section_codec(struct buf *f)
{
	set(f, golden__entry(f, GOLDEN_EVENTS, SECTION_BASE) + 2, 2, 1);
	refit(f->p, f->len);
}

static void section_flag(struct buf *f)
{
	set(f, golden__entry(f, GOLDEN_EVENTS, SECTION_DICT) + 3, SECTION_PREFIX, 1);
	refit(f->p, f->len);
}

static void section_raw_size(struct buf *f)
{
	set(f, golden__entry(f, GOLDEN_EVENTS, SECTION_BASE) + 8, LIMIT_SECTION_RAW + 1u, 4);
	refit(f->p, f->len);
}

static void base_missing(struct buf *f)
{
	set(f, golden__entry(f, GOLDEN_EVENTS, SECTION_BASE), 99, 2);
	refit(f->p, f->len);
}

static void rows_do_not_fit(struct buf *f)
{
	set(f, golden__chunk(f, GOLDEN_EVENTS) + 56, 4, 4);
	refit(f->p, f->len);
}

/* Base of the constant column: the description's varint, zigzag. */
static void set_base(struct buf *f, enum section_kind kind, unsigned table, unsigned id, uint8_t zigzag)
{
	set(f, column(f, kind, table, id) + 7, zigzag, 1);
	refit(f->p, f->len);
}

static void thread_out_of_range(struct buf *f) { set_base(f, SECTION_BASE, BASE_ROWS, BCOL_THREAD, 2); }
static void string_out_of_range(struct buf *f) { set_base(f, SECTION_COLUMNS, 0, P_openat_name, 4); }
static void payload_out_of_range(struct buf *f)
{
	/* descriptions of the parameter: true size, kept size, start; the last one found is the first */
	size_t at = column(f, SECTION_COLUMNS, 1, P_read_data);
	struct cursor c = cursor__of(f->p + at, f->len - at);
	struct col_desc d;

	assert_int_equal(col_desc__get(&c, 1, &d), 0);
	assert_int_equal(d.part, COL_FULL);
	set(f, (size_t)(c.p - f->p) + 7, 14, 1);	/* CAP's base: seven bytes kept of the six that there are */
	refit(f->p, f->len);
}

static void predictor_unknown(struct buf *f)
{
	set(f, column(f, SECTION_COLUMNS, 0, P_openat_flags) + 2, PRED__N, 1);
	refit(f->p, f->len);
}

static void reference_forward(struct buf *f)
{
	size_t at = column(f, SECTION_COLUMNS, 0, P_openat_flags);

	set(f, at + 2, PRED_COL, 1);
	set(f, at + 3, 9, 1);
	refit(f->p, f->len);
}

static void index_lies(struct buf *f)
{
	size_t at = golden__section(f, GOLDEN_INDEX, SECTION_INDEX);

	f->p[f->len - END_SIZE - 1] ^= 1;
	(void)at;
	refit(f->p, f->len);
}

static void end_lies(struct buf *f)
{
	set(f, f->len - END_BODY_SIZE, 64, 8);
	refit(f->p, f->len);
}

const struct golden_defect golden_defects[] = {
	{ "empty", empty }, { "magic", magic }, { "text_mode", text_mode }, { "preamble_cut", preamble_cut },
	{ "preamble_check", preamble_check }, { "preamble_uuid", preamble_uuid }, { "version_major", version_major },
	{ "version_flag", version_flag }, { "header_magic", header_magic }, { "header_check", header_check },
	{ "header_uuid", header_uuid }, { "header_size", header_size }, { "length_over_limit", length_over_limit },
	{ "events_over_limit", events_over_limit }, { "sections_do_not_add_up", sections_do_not_add_up },
	{ "summary_hash", summary_hash }, { "section_hash", section_hash }, { "cut_in_header", cut_in_header },
	{ "cut_in_section", cut_in_section }, { "cut_between_chunks", cut_between_chunks },
	{ "bytes_after_end", bytes_after_end }, { "chunk_missing", chunk_missing }, { "chunk_flag", chunk_flag },
	{ "section_codec", section_codec }, { "section_flag", section_flag }, { "section_raw_size", section_raw_size },
	{ "base_missing", base_missing }, { "rows_do_not_fit", rows_do_not_fit },
	{ "thread_out_of_range", thread_out_of_range }, { "string_out_of_range", string_out_of_range },
	{ "payload_out_of_range", payload_out_of_range }, { "predictor_unknown", predictor_unknown },
	{ "reference_forward", reference_forward }, { "index_lies", index_lies }, { "end_lies", end_lies },
	{ NULL, NULL },
};
