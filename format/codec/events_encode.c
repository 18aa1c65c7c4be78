// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/codec/column_choose.h"
#include "format/codec/events_codec.h"
#include "format/codec/table.h"

/* Event types with fewer numbers than this share a section. */
#define OWN_SECTION 4096u
#define MAX_REFS TABLE_MAX_COLS

#define PREDS_NUMBER (1u << PRED_NONE | 1u << PRED_PREV | 1u << PRED_COL | 1u << PRED_LAST | 1u << PRED_SAME)
#define PREDS_PLAIN (1u << PRED_NONE | 1u << PRED_PREV)
#define PREDS_STRING (1u << PRED_NONE | 1u << PRED_NEXT | 1u << PRED_LAST | 1u << PRED_COL | 1u << PRED_SAME)

struct events_encoder {
	struct chooser choose;
	/* choices for the columns of each type: result, then 2 per parameter */
	struct col_choice *types[FMT_MAX_EVENTS];
	struct col_choice base[BCOL__N];
	struct clock clock;
	struct table_writer tables;
	struct buf raw, payload, strings;
	uint64_t *z;
	/* columns of the table in work, LIMIT_ROWS numbers each; reused */
	uint64_t *col[TABLE_MAX_COLS + 1];
	uint64_t null[LIMIT_ROWS / 64 + 1];
	struct col_ref refs[MAX_REFS];
	unsigned n_refs;
	uint8_t next_index;		/* of the next column in its table */
	/* rows by thread, then by time; and the same for each type: rows[start[type index]] ... */
	uint32_t *order, *rows, *tmp;
	uint32_t start[FMT_MAX_EVENTS + 1];
	uint16_t type_index[FMT_MAX_EVENTS];
	/* dictionary ids of the file */
	uint32_t *new_id, *old_id;
	size_t cap_ids;
	uint32_t n_strings;
};

int events_encoder__new(struct events_encoder **ret, int level)
{
	struct events_encoder *e = xcalloc(1, sizeof(*e));
	int r = chooser__init(&e->choose, level);

	if (r < 0) {
		free(e);
		return r;
	}
	e->z = xmalloc(LIMIT_ROWS * sizeof(*e->z));
	e->clock.thread = xmalloc(LIMIT_ROWS * sizeof(*e->clock.thread));
	e->order = xmalloc(LIMIT_ROWS * sizeof(*e->order));
	e->rows = xmalloc(LIMIT_ROWS * sizeof(*e->rows));
	e->tmp = xmalloc((LIMIT_ROWS + 1) * sizeof(*e->tmp));
	*ret = e;
	return 0;
}

void events_encoder__free(struct events_encoder *e)
{
	if (!e)
		return;
	chooser__done(&e->choose);
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		free(e->types[t]);
	for (unsigned c = 0; c <= TABLE_MAX_COLS; c++)
		free(e->col[c]);
	table_writer__done(&e->tables);
	buf__done(&e->raw);
	buf__done(&e->payload);
	buf__done(&e->strings);
	free(e->z);
	free(e->clock.thread);
	free(e->order);
	free(e->rows);
	free(e->tmp);
	free(e->new_id);
	free(e->old_id);
	free(e);
}

void events_encoder__take_over(struct events_encoder *e, struct events_encoder *from)
{
	memcpy(e->types, from->types, sizeof(e->types));
	memset(from->types, 0, sizeof(from->types));
	memcpy(e->base, from->base, sizeof(e->base));
	e->choose.events = from->choose.events;
}

static uint64_t *column_memory(struct events_encoder *e, unsigned k)
{
	if (!e->col[k])
		e->col[k] = xmalloc(LIMIT_ROWS * sizeof(*e->col[k]));
	return e->col[k];
}

/* rows sorted by thread, those of a thread in order; then split by type. */
static void sort_rows(struct events_encoder *e, const struct fmt_batch *b)
{
	uint32_t at = 0;

	memset(e->tmp, 0, (b->n_threads + 1) * sizeof(*e->tmp));
	for (uint32_t k = 0; k < b->n; k++)
		e->tmp[b->thread[k] + 1]++;
	for (uint32_t t = 0; t < b->n_threads; t++)
		e->tmp[t + 1] += e->tmp[t];
	for (uint32_t k = 0; k < b->n; k++)
		e->order[e->tmp[b->thread[k]]++] = k;
	for (uint32_t t = 0; t < b->n_types; t++) {
		e->type_index[b->types[t]] = (uint16_t)t;
		e->tmp[t] = e->start[t] = at;
		at += b->by_type[b->types[t]]->n;
	}
	e->start[b->n_types] = at;
	for (uint32_t k = 0; k < b->n; k++) {
		uint32_t row = e->order[k];

		e->rows[e->tmp[e->type_index[b->type[row]]]++] = row;
	}
}

/* Choose, encode and describe one column; it can be referred to afterwards if as says so. */
static void put_column(struct events_encoder *e, struct col_choice *memo, unsigned id, unsigned part,
		       unsigned preds, uint64_t *v, uint32_t n, const uint64_t *null,
		       struct col_ref as, uint64_t next_base)
{
	struct col_desc d = { .id = (uint8_t)id, .part = (uint8_t)part };
	const uint64_t *ref = NULL;

	chooser__choose(&e->choose, memo, &d, preds, v, n, null, e->refs, e->n_refs, next_base);
	for (unsigned r = 0; r < e->n_refs && d.ref != COL_REF_NONE; r++)
		if (e->refs[r].index == d.ref)
			ref = e->refs[r].v;
	col__encode(&d, v, n, null, ref, e->choose.work, e->z, &e->tables.data);
	table_writer__col(&e->tables, &d);
	as.v = v;
	as.id = (uint8_t)id;
	as.part = (uint8_t)part;
	as.index = e->next_index++;
	e->refs[e->n_refs++] = as;
}

static struct col_choice *choices_of(struct events_encoder *e, uint16_t type)
{
	if (!e->types[type])
		e->types[type] = xcalloc(1 + 2 * fmt_events[type].n_params, sizeof(**e->types));
	return e->types[type];
}

static void begin_table(struct events_encoder *e, uint32_t id, uint32_t rows)
{
	table_writer__begin(&e->tables, id, rows);
	e->n_refs = 0;
	e->next_index = 0;
}

static void encode_threads(struct events_encoder *e, const struct fmt_batch *b)
{
	uint64_t *tid = column_memory(e, 0), *pid = column_memory(e, 1);
	uint64_t *origin = column_memory(e, 2), *context = column_memory(e, 3);
	bool origins = false, contexts = false;

	for (uint32_t k = 0; k < b->n_threads; k++) {
		tid[k] = b->threads[k].tid;
		pid[k] = b->threads[k].pid;
		origin[k] = b->threads[k].origin;
		context[k] = b->threads[k].context;
		origins |= origin[k] != 0;
		contexts |= context[k] != 0;
	}
	begin_table(e, BASE_THREADS, b->n_threads);
	put_column(e, &e->base[BCOL_TID], BCOL_TID, COL_VALUE, PREDS_PLAIN, tid, b->n_threads, NULL,
		   (struct col_ref){ .as_value = true }, 0);
	put_column(e, &e->base[BCOL_PID], BCOL_PID, COL_VALUE, PREDS_PLAIN | 1u << PRED_COL, pid,
		   b->n_threads, NULL, (struct col_ref){ 0 }, 0);
	if (origins)
		put_column(e, &e->base[BCOL_ORIGIN], BCOL_ORIGIN, COL_VALUE, PREDS_PLAIN, origin, b->n_threads, NULL,
			   (struct col_ref){ 0 }, 0);
	if (contexts)
		put_column(e, &e->base[BCOL_CONTEXT], BCOL_CONTEXT, COL_VALUE, PREDS_PLAIN, context, b->n_threads, NULL,
			   (struct col_ref){ 0 }, 0);
}

static unsigned bit_length(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* A column in type order without predictor; where it goes on with another type it may get other statistics. */
static void put_by_type(struct events_encoder *e, const struct fmt_batch *b, unsigned id, uint64_t *v)
{
	struct col_desc d = { .id = (uint8_t)id, .ref = COL_REF_NONE };
	size_t at = e->tables.data.len, end;

	if (chooser__classes(&e->choose, &e->base[id], &d, v, b->n, e->start, b->n_types))
		d.flags = COL_CLASSES;
	col__encode(&d, v, b->n, NULL, NULL, NULL, e->z, &e->tables.data);
	table_writer__col(&e->tables, &d);
	end = e->tables.data.len - d.rest;
	for (; at < end; at += b->n)
		for (uint32_t t = 1; t < b->n_types; t++)
			table_writer__cut(&e->tables, at + e->start[t]);
}

static void encode_durations(struct events_encoder *e, const struct fmt_batch *b, uint64_t *v)
{
	for (uint32_t k = 0; k < b->n; k++)
		v[k] = b->dur[e->rows[k]];
	put_by_type(e, b, BCOL_DUR, v);
}

/*
 * Times as differences to the row before, or to what the clock expects: whichever takes fewer bits. Durations
 * make the second better; files imported without them take the first.
 */
static void encode_times(struct events_encoder *e, const struct fmt_batch *b, uint64_t *v)
{
	struct col_desc first = { .id = BCOL_TIME, .ref = COL_REF_NONE, .base = b->n ? b->ts[0] : 0 };
	uint64_t *late = column_memory(e, 1), step_bits = 0, late_bits = 0;

	table_writer__col(&e->tables, &first);
	if (!b->n)
		return;
	e->clock.prev = first.base;
	memset(e->clock.thread, 0, b->n_threads * sizeof(*e->clock.thread));
	memset(e->clock.cpu, 0, sizeof(e->clock.cpu));
	for (uint32_t k = 0; k < b->n; k++) {
		uint64_t ts = b->ts[k];

		late[k] = ts - clock__expect(&e->clock, b->thread[k], b->cpu[k], b->dur[k]);
		late_bits += bit_length(col__zigzag(late[k]));
		step_bits += bit_length(col__zigzag(ts - e->clock.prev));
		clock__set(&e->clock, b->thread[k], b->cpu[k], ts);
	}
	if (late_bits < step_bits) {
		for (uint32_t k = 0; k < b->n; k++)
			v[k] = late[e->rows[k]];
		put_by_type(e, b, BCOL_CLOCK, v);
		return;
	}
	for (uint32_t k = 0; k < b->n; k++) {
		uint32_t row = e->rows[k];

		v[k] = b->ts[row] - (row ? b->ts[row - 1] : first.base);
	}
	put_by_type(e, b, BCOL_STEP, v);
}

static void encode_rows(struct events_encoder *e, const struct fmt_batch *b)
{
	const struct col_ref no_ref = { 0 };
	uint64_t *v = column_memory(e, 0);

	begin_table(e, BASE_ROWS, b->n);
	for (uint32_t k = 0; k < b->n; k++)
		v[k] = b->thread[k];
	put_column(e, &e->base[BCOL_THREAD], BCOL_THREAD, COL_VALUE, 1u << PRED_NONE | 1u << PRED_NEXT, v,
		   b->n, NULL, no_ref, UINT64_MAX);
	for (uint32_t k = 0; k < b->n; k++)
		v[k] = e->type_index[b->type[e->order[k]]];
	put_column(e, &e->base[BCOL_TYPE], BCOL_TYPE, COL_VALUE, PREDS_PLAIN, v, b->n, NULL, no_ref, 0);
	for (uint32_t k = 0; k < b->n; k++)
		v[k] = b->cpu[e->order[k]];
	put_column(e, &e->base[BCOL_CPU], BCOL_CPU, COL_VALUE, PREDS_PLAIN, v, b->n, NULL, no_ref, 0);
	encode_durations(e, b, v);
	encode_times(e, b, v);
}

static void encode_results(struct events_encoder *e, const struct fmt_batch *b, uint32_t t)
{
	const uint32_t *rows = e->rows + e->start[t];
	struct col_choice *memo = choices_of(e, b->types[t]);
	uint64_t *res = column_memory(e, 0);
	uint32_t n = e->start[t + 1] - e->start[t];

	for (uint32_t k = 0; k < n; k++)
		res[k] = (uint64_t)b->res[rows[k]];
	begin_table(e, b->types[t], n);
	put_column(e, &memo[0], BCOL_RES, COL_VALUE, PREDS_PLAIN, res, n, NULL, (struct col_ref){ 0 }, 0);
}

static void encode_base(struct events_encoder *e, const struct fmt_batch *b)
{
	table_writer__reset(&e->tables);
	encode_threads(e, b);
	encode_rows(e, b);
	for (uint32_t t = 0; t < b->n_types; t++)
		encode_results(e, b, t);
}

/* The columns of one type, while they are encoded. */
struct type_work {
	const struct fmt_batch *b;
	const struct fmt_type_cols *tc;
	const uint32_t *rows;
	uint32_t n;
	struct col_choice *memo;
	unsigned used;			/* column memory taken */
};

/* Gather missing rows in order. NULL if there are none. */
static const uint64_t *gather_null(struct events_encoder *e, const struct type_work *w,
				   const struct fmt_col *c)
{
	bool any = false;

	if (c->store == STORE_INT && !c->has_null)
		return NULL;
	memset(e->null, 0, (w->n / 64 + 1) * sizeof(*e->null));
	for (uint32_t k = 0; k < w->n; k++) {
		uint32_t sub = w->b->sub[w->rows[k]];
		bool missing = c->store == STORE_INT ? c->null[sub >> 6] >> (sub & 63) & 1
						     : c->off[sub] == UINT32_MAX;

		e->null[k >> 6] |= (uint64_t)missing << (k & 63);
		any |= missing;
	}
	return any ? e->null : NULL;
}

static void encode_int(struct events_encoder *e, struct type_work *w, unsigned p)
{
	const struct fmt_col *c = &w->tc->col[p];
	const uint64_t *null = gather_null(e, w, c);
	uint64_t *v = column_memory(e, w->used++);

	for (uint32_t k = 0; k < w->n; k++)
		v[k] = c->i[w->b->sub[w->rows[k]]];
	if (null)
		for (uint32_t k = 0; k < w->n; k++)
			if (null[k >> 6] >> (k & 63) & 1)
				v[k] = 0;
	put_column(e, &w->memo[1 + 2 * p], p, COL_VALUE, PREDS_NUMBER, v, w->n, null,
		   (struct col_ref){ .as_value = true, .as_key = true }, 0);
}

/* The file's id of a dictionary entry, given at its first use. */
static uint64_t string_id(struct events_encoder *e, uint32_t id)
{
	if (!id)
		return 0;
	if (!e->new_id[id]) {
		e->old_id[++e->n_strings] = id;
		e->new_id[id] = e->n_strings;
	}
	return e->new_id[id];
}

static void encode_str(struct events_encoder *e, struct type_work *w, unsigned p)
{
	const struct fmt_col *c = &w->tc->col[p];
	uint64_t *v = column_memory(e, w->used++);
	uint32_t before = e->n_strings;

	for (uint32_t k = 0; k < w->n; k++)
		v[k] = string_id(e, c->s[w->b->sub[w->rows[k]]]);
	put_column(e, &w->memo[1 + 2 * p], p, COL_VALUE, PREDS_STRING, v, w->n, NULL,
		   (struct col_ref){ .as_value = true, .as_key = true }, before);
}

/* Two columns: how many bytes there were, how many were kept; and where in the payload they begin. */
static void encode_bytes(struct events_encoder *e, struct type_work *w, unsigned p)
{
	const struct fmt_col *c = &w->tc->col[p];
	const uint64_t *null = gather_null(e, w, c);
	uint64_t *full = column_memory(e, w->used++), *len = column_memory(e, w->used++);
	struct col_desc start = { .id = (uint8_t)p, .part = COL_START, .ref = COL_REF_NONE,
				  .base = e->payload.len };

	for (uint32_t k = 0; k < w->n; k++) {
		uint32_t sub = w->b->sub[w->rows[k]];

		full[k] = c->full[sub];
		len[k] = c->len[sub];
		if (c->off[sub] == UINT32_MAX)
			full[k] = len[k] = 0;
		else
			buf__add(&e->payload, w->b->payload + c->off[sub], c->len[sub]);
	}
	put_column(e, &w->memo[1 + 2 * p], p, COL_FULL, PREDS_PLAIN | 1u << PRED_COL, full, w->n, null,
		   (struct col_ref){ .as_value = true, .as_key = true, .as_cap = true }, 0);
	put_column(e, &w->memo[2 + 2 * p], p, COL_VALUE, 1u << PRED_NONE | 1u << PRED_COL | 1u << PRED_CAP, len, w->n,
		   null, (struct col_ref){ 0 }, 0);
	table_writer__col(&e->tables, &start);
	e->next_index++;
}

/* */
static bool stored(const struct fmt_type_cols *tc, unsigned p, bool no_payload)
{
	return tc->col[p].present && fmt_events[tc->type].params[p].src != SRC_RET &&
	       !(no_payload && tc->col[p].store == STORE_BYTES);
}

static void encode_type(struct events_encoder *e, const struct fmt_batch *b, uint32_t t, bool no_payload)
{
	const struct fmt_event_info *info = &fmt_events[b->types[t]];
	struct type_work w = {
		.b = b, .tc = b->by_type[b->types[t]], .rows = e->rows + e->start[t],
		.n = e->start[t + 1] - e->start[t], .memo = choices_of(e, b->types[t]), .used = 1,
	};
	uint64_t *res = column_memory(e, 0);

	for (uint32_t k = 0; k < w.n; k++)
		res[k] = (uint64_t)b->res[w.rows[k]];
	begin_table(e, b->types[t], w.n);
	/* column 0 is the result, which the base section has */
	e->refs[e->n_refs++] = (struct col_ref){ .v = res, .index = e->next_index++, .id = COL_REF_NONE,
						 .as_value = true };
	for (unsigned p = 0; p < info->n_params; p++) {
		if (!stored(w.tc, p, no_payload))
			continue;
		switch (w.tc->col[p].store) {
		case STORE_INT:
			encode_int(e, &w, p);
			break;
		case STORE_STR:
			encode_str(e, &w, p);
			break;
		default:
			encode_bytes(e, &w, p);
		}
	}
}

/*
 * Strings: a table of how many NULs each holds and how many bytes were cut off, then the strings, each with a NUL
 * behind it. So a string's end is the NUL after those; lengths would say the same again.
 */
static void encode_dict(struct events_encoder *e, const struct fmt_batch *b)
{
	uint64_t *nuls = xmalloc((size_t)e->n_strings * 3 * sizeof(*nuls)), *cut = nuls + e->n_strings;
	uint64_t *z = cut + e->n_strings;
	struct col_desc d = { .id = DCOL_NULS, .ref = COL_REF_NONE };

	e->strings.len = 0;
	for (uint32_t k = 0; k < e->n_strings; k++) {
		const struct fmt_str *s = strtab__get(&b->dict, e->old_id[k + 1]);
		const char *p = s->p, *end = p + s->len;

		for (nuls[k] = 0; (p = memchr(p, 0, (size_t)(end - p))); p++)
			nuls[k]++;
		cut[k] = s->full_len - s->len;
		buf__add(&e->strings, s->p, s->len);
		buf__u8(&e->strings, 0);
	}
	table_writer__reset(&e->tables);
	table_writer__begin(&e->tables, 0, e->n_strings);
	col__encode(&d, nuls, e->n_strings, NULL, NULL, NULL, z, &e->tables.data);
	table_writer__col(&e->tables, &d);
	d.id = DCOL_CUT;
	col__encode(&d, cut, e->n_strings, NULL, NULL, NULL, z, &e->tables.data);
	table_writer__col(&e->tables, &d);
	table_writer__cut(&e->tables, e->tables.data.len);
	e->raw.len = 0;
	table_writer__finish(&e->tables, &e->raw);
	buf__add(&e->raw, e->strings.p, e->strings.len);
	free(nuls);
}

static void reset_ids(struct events_encoder *e, const struct fmt_batch *b)
{
	size_t cap = e->cap_ids;

	e->new_id = xgrow(e->new_id, &cap, b->dict.n + 1, sizeof(*e->new_id));
	e->old_id = xgrow(e->old_id, &e->cap_ids, b->dict.n + 1, sizeof(*e->old_id));
	memset(e->new_id, 0, (b->dict.n + 1) * sizeof(*e->new_id));
	e->n_strings = 0;
}

static uint32_t put_section(struct events_encoder *e, struct chunk_build *out, enum section_kind kind,
			    unsigned type)
{
	e->raw.len = 0;
	table_writer__finish(&e->tables, &e->raw);
	return chunk_build__section(out, kind, (uint16_t)type, e->raw.p, e->raw.len, e->tables.cuts,
				    e->tables.n_cuts);
}

/* Numbers that a type's columns hold. */
static uint64_t type_size(const struct fmt_type_cols *tc, bool no_payload)
{
	uint64_t cols = 0;

	for (unsigned p = 0; p < fmt_events[tc->type].n_params; p++)
		cols += stored(tc, p, no_payload);
	return cols * tc->n;
}

/* The big types one by one, then the small ones together. */
static uint32_t encode_types(struct events_encoder *e, const struct fmt_batch *b, bool no_payload,
			     struct chunk_build *out)
{
	uint32_t bytes = 0;

	for (uint32_t t = 0; t < b->n_types; t++) {
		if (type_size(b->by_type[b->types[t]], no_payload) < OWN_SECTION)
			continue;
		table_writer__reset(&e->tables);
		encode_type(e, b, t, no_payload);
		bytes += put_section(e, out, SECTION_COLUMNS, b->types[t]);
	}
	table_writer__reset(&e->tables);
	for (uint32_t t = 0; t < b->n_types; t++) {
		uint64_t size = type_size(b->by_type[b->types[t]], no_payload);

		if (size && size < OWN_SECTION)
			encode_type(e, b, t, no_payload);
	}
	if (e->tables.n_tables)
		bytes += put_section(e, out, SECTION_COLUMNS, SECTION_ANY_TYPE);
	return bytes;
}

void events_encoder__encode(struct events_encoder *e, const struct fmt_batch *b, bool no_payload,
			    struct chunk_build *out, struct events_encode_stats *stats)
{
	e->choose.events += b->n;
	e->payload.len = 0;
	reset_ids(e, b);
	sort_rows(e, b);
	encode_base(e, b);
	stats->base += put_section(e, out, SECTION_BASE, SECTION_ANY_TYPE);
	stats->columns += encode_types(e, b, no_payload, out);
	if (e->n_strings) {
		encode_dict(e, b);
		stats->dict += chunk_build__section(out, SECTION_DICT, SECTION_ANY_TYPE, e->raw.p,
						    e->raw.len, e->tables.cuts, e->tables.n_cuts);
	}
	if (e->payload.len)
		stats->payload += chunk_build__section(out, SECTION_PAYLOAD, SECTION_ANY_TYPE,
						       e->payload.p, e->payload.len, NULL, 0);
}
