// SPDX-License-Identifier: Apache-2.0
/* The base section: which events there are, of which threads, when, on which processor, with what result. */
#include <string.h>

#include "format/batch/batch_internal.h"
#include "format/codec/events_decode_internal.h"

/* The column of a base table with this id, or -1. */
static int find_column(const struct table *t, unsigned id)
{
	for (unsigned c = 0; c < t->n_cols; c++)
		if (t->col[c].id == id && t->col[c].part == COL_VALUE)
			return (int)c;
	return -1;
}

/* A column of a base table, to be read in order. False if the table lacks it or it is not of a base column's form. */
static bool open_column(struct events_decoder *d, const struct table *t, unsigned id, struct col_reader *ret)
{
	int c = find_column(t, id);

	if (c < 0 || t->col[c].ref != COL_REF_NONE || t->col[c].flags & COL_NULLS)
		return false;
	col_reader__init(ret, &t->col[c], t->data[c], t->rows, NULL, d->work);
	return true;
}

bool decoder__base_column(struct events_decoder *d, const struct table *t, unsigned id, uint64_t *out)
{
	struct col_reader r;

	if (!open_column(d, t, id, &r))
		return false;
	while (r.at < r.n)
		col_reader__next(&r, out + r.at);
	return true;
}

/* The same, each value to the row that it belongs to. */
static bool scatter_column(struct events_decoder *d, const struct table *t, unsigned id, const uint16_t *rows,
			   uint64_t *out)
{
	uint64_t v[COL_BLOCK];
	struct col_reader r;

	if (!open_column(d, t, id, &r))
		return false;
	while (r.at < r.n) {
		const uint16_t *row = rows + r.at;
		uint32_t n = col_reader__next(&r, v);

		for (uint32_t k = 0; k < n; k++)
			out[row[k]] = v[k];
	}
	return true;
}

/* The machines that threads are of, and whether their rows are only context: where there is such a column. */
static bool decode_whose(struct events_decoder *d, const struct table *t, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);

	if (find_column(t, BCOL_ORIGIN) >= 0) {
		if (!decoder__base_column(d, t, BCOL_ORIGIN, v))
			return false;
		for (uint32_t k = 0; k < t->rows; k++) {
			if (v[k] >= FMT_MAX_ORIGINS)
				return false;
			b->threads[k].origin = (uint8_t)v[k];
		}
	}
	if (find_column(t, BCOL_CONTEXT) >= 0) {
		if (!decoder__base_column(d, t, BCOL_CONTEXT, v))
			return false;
		for (uint32_t k = 0; k < t->rows; k++)
			b->threads[k].context = v[k] != 0;
	}
	return true;
}

static bool decode_threads(struct events_decoder *d, const struct table *t, struct fmt_batch *b)
{
	uint64_t *tid, *pid;
	unsigned seen = 0;

	if (t->id != BASE_THREADS || t->rows > LIMIT_ROWS)
		return false;
	decoder__fit_columns(d, t->rows);
	tid = decoder__column(d, 0);
	pid = decoder__column(d, 1);
	for (unsigned c = 0; c < t->n_cols; c++) {
		const struct col_desc *cd = &t->col[c];
		uint64_t *out = cd->id == BCOL_TID ? tid : cd->id == BCOL_PID ? pid : NULL;

		if (!out)
			continue;
		/* the process may be described by the thread, which is column 0 */
		if ((cd->ref != COL_REF_NONE && (cd->ref || cd->id != BCOL_PID || t->col[0].id != BCOL_TID)) ||
		    cd->flags & COL_NULLS)
			return false;
		col__decode(cd, t->data[c], t->rows, tid, d->work, out);
		seen |= 1u << cd->id;
	}
	if (seen != (1u << BCOL_TID | 1u << BCOL_PID))
		return false;
	fmt_batch__reserve_threads(b, t->rows);
	for (uint32_t k = 0; k < t->rows; k++)
		b->threads[k] = (struct fmt_thread){ (uint32_t)tid[k], (uint32_t)pid[k], 0, false };
	b->n_threads = t->rows;
	return decode_whose(d, t, b);
}

/*
 * Bring rows into the order of their keys, which are below n_keys; those of the same key stay as they are. from: the
 * rows, NULL for 0, 1, 2 ... ret_start: where each key begins in ret, and behind the last the end.
 */
static inline void order_by(const uint16_t *restrict key, const uint16_t *restrict from, uint32_t n, uint32_t n_keys,
			    uint32_t *restrict count, uint16_t *restrict ret, uint32_t *ret_start)
{
	uint32_t lane = n / DECODE_LANES, at = 0;

	memset(count, 0, (size_t)n_keys * DECODE_LANES * sizeof(*count));
	for (uint32_t k = 0; k < lane; k++)
#pragma GCC unroll 4
		for (uint32_t l = 0; l < DECODE_LANES; l++)
			count[key[l * lane + k] * DECODE_LANES + l]++;
	for (uint32_t k = DECODE_LANES * lane; k < n; k++)
		count[key[k] * DECODE_LANES + DECODE_LANES - 1]++;
	for (uint32_t k = 0; k < n_keys * DECODE_LANES; k++) {
		uint32_t c = count[k];

		if (ret_start && k % DECODE_LANES == 0)
			ret_start[k / DECODE_LANES] = at;
		count[k] = at;
		at += c;
	}
	if (ret_start)
		ret_start[n_keys] = at;
	for (uint32_t k = 0; k < lane; k++)
#pragma GCC unroll 4
		for (uint32_t l = 0; l < DECODE_LANES; l++)
			ret[count[key[l * lane + k] * DECODE_LANES + l]++] =
				from ? from[l * lane + k] : (uint16_t)(l * lane + k);
	for (uint32_t k = DECODE_LANES * lane; k < n; k++)
		ret[count[key[k] * DECODE_LANES + DECODE_LANES - 1]++] = from ? from[k] : (uint16_t)k;
}

VECTORIZE static uint32_t widen_bytes(const uint8_t *restrict p, uint32_t n, uint16_t *restrict out)
{
	uint8_t top = 0;

	for (uint32_t k = 0; k < n; k++)
		out[k] = p[k];
	for (uint32_t k = 0; k < n; k++)
		top = p[k] > top ? p[k] : top;
	return top;
}

/* Numbers below a limit, which 16 bits can hold; the highest of them. Most often there are few threads and types. */
static bool decode_keys(struct events_decoder *d, const struct table *t, unsigned id, uint32_t limit, uint16_t *out,
			uint32_t *ret_top)
{
	uint64_t v[COL_BLOCK], top = 0;
	const uint8_t *bytes;
	struct col_reader r;

	if (!open_column(d, t, id, &r))
		return false;
	bytes = col__bytes(r.d, r.data);
	if (bytes) {
		*ret_top = widen_bytes(bytes, r.n, out);
		return !r.n || *ret_top < limit;
	}
	for (uint32_t at = 0; at < r.n; at = r.at) {
		uint32_t n = col_reader__next(&r, v);

		for (uint32_t k = 0; k < n; k++) {
			top = v[k] > top ? v[k] : top;
			out[at + k] = (uint16_t)v[k];
		}
	}
	*ret_top = (uint32_t)top;
	return !r.n || top < limit;
}

/*
 * Threads by row; then d->rows says which row comes where by thread, and d->next by type and thread: there
 * those of a type begin at d->start.
 */
static bool decode_order(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint32_t top;

	if (!decode_keys(d, t, BCOL_THREAD, b->n_threads, b->thread, &top))
		return false;
	order_by(b->thread, NULL, n, b->n_threads, d->count, d->rows, NULL);
	if (!decode_keys(d, t, BCOL_TYPE, LIMIT_FILE_TYPES, d->types, &top))
		return false;
	d->n_types = n ? top + 1 : 0;
	order_by(d->types, d->rows, n, d->n_types, d->count, d->next, d->start);
	return true;
}

static bool decode_cpus(struct events_decoder *d, const struct table *t, struct fmt_batch *b)
{
	uint64_t v[COL_BLOCK];
	struct col_reader r;

	if (!open_column(d, t, BCOL_CPU, &r))
		return false;
	for (uint32_t at = 0; at < r.n; at = r.at) {
		uint32_t n = col_reader__next(&r, v);

		for (uint32_t k = 0; k < n; k++)
			b->cpu[d->rows[at + k]] = (uint16_t)v[k];
	}
	return true;
}

/* Times from how much later than expected the rows were: needs threads, processors and durations. */
static void decode_clock(struct events_decoder *d, uint64_t first, uint32_t n, struct fmt_batch *b)
{
	d->clock.prev = first;
	memset(d->clock.thread, 0, b->n_threads * sizeof(*d->clock.thread));
	memset(d->clock.cpu, 0, sizeof(d->clock.cpu));
	for (uint32_t k = 0; k < n; k++) {
		b->ts[k] += clock__expect(&d->clock, b->thread[k], b->cpu[k], b->dur[k]);
		clock__set(&d->clock, b->thread[k], b->cpu[k], b->ts[k]);
	}
}

static bool decode_times(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	int time = find_column(t, BCOL_TIME);
	bool clock = find_column(t, BCOL_CLOCK) >= 0;
	uint64_t last;

	if (time < 0)
		return false;
	if (!clock && find_column(t, BCOL_STEP) < 0)
		return decoder__base_column(d, t, BCOL_TIME, b->ts);
	if (!scatter_column(d, t, clock ? BCOL_CLOCK : BCOL_STEP, d->next, b->ts))
		return false;
	last = t->col[time].base;
	if (clock)
		decode_clock(d, last, n, b);
	else
		for (uint32_t k = 0; k < n; k++)
			b->ts[k] = last += b->ts[k];
	return true;
}

/* Where they are not known all are 0, chunk after chunk. */
static bool decode_durations(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	struct col_reader r;

	if (!open_column(d, t, BCOL_DUR, &r))
		return false;
	if (col__is_zero(r.d)) {
		for (; b->n_no_dur < n; b->n_no_dur++)
			b->dur[b->n_no_dur] = 0;
		return true;
	}
	b->n_no_dur = 0;
	return scatter_column(d, t, BCOL_DUR, d->next, b->dur);
}

/* */
static bool decode_rows(struct events_decoder *d, const struct table *t, const struct fmt_want *want, uint32_t n,
			struct fmt_batch *b)
{
	bool cpus = !want->no_cpu || find_column(t, BCOL_CLOCK) >= 0;

	return t->id == BASE_ROWS && t->rows == n && decode_order(d, t, n, b) && (!cpus || decode_cpus(d, t, b)) &&
	       decode_durations(d, t, n, b) && decode_times(d, t, n, b);
}

static bool wants_results(const struct fmt_want *want, const struct schema_map *map, uint32_t id)
{
	return !want->wanted_results || (map->event[id] != MAP_NONE && decoder__wanted(want, map->event[id]));
}

/* The results of one type: if they are not wanted, they stay what they are. */
static bool decode_results(struct events_decoder *d, const struct table *t, uint32_t index,
			   const struct schema_map *map, const struct fmt_want *want, struct fmt_batch *b)
{
	const uint16_t *rows = d->next + d->start[index];
	uint32_t n = d->start[index + 1] - d->start[index];

	if (t->rows != n || t->id >= LIMIT_FILE_TYPES)
		return false;
	d->type[index] = (uint16_t)t->id;
	return !wants_results(want, map, t->id) || scatter_column(d, t, BCOL_RES, rows, (uint64_t *)b->res);
}

bool decoder__base(struct events_decoder *d, const struct schema_map *map, const struct fmt_want *want,
		   const uint8_t *raw, size_t size, uint32_t n, struct fmt_batch *b)
{
	struct table_reader tr;

	if (!table_reader__init(&tr, raw, size))
		return false;
	if (decoder__table(d, &tr, 0) != 1 || !decode_threads(d, &d->table, b))
		return false;
	if (decoder__table(d, &tr, 0) != 1 || !decode_rows(d, &d->table, want, n, b))
		return false;
	if (want->wanted_results)
		memset(b->res, 0, n * sizeof(*b->res));
	for (uint32_t k = 0; k < d->n_types; k++)
		if (decoder__table(d, &tr, 0) != 1 || !decode_results(d, &d->table, k, map, want, b))
			return false;
	return decoder__no_more_tables(d, &tr) && !cursor__left(&tr.data);
}

static void set_type(struct fmt_batch *b, const uint16_t *restrict rows, uint32_t n, uint16_t mine)
{
	uint16_t *restrict type = b->type;
	uint16_t *restrict sub = b->sub;

	for (uint32_t k = 0; k < n; k++) {
		type[rows[k]] = mine;
		sub[rows[k]] = (uint16_t)k;
	}
}

/* Close the gaps of rows without a type; how many are left. */
static uint32_t drop_unknown(struct fmt_batch *b, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t k = 0; k < n; k++) {
		if (b->type[k] == MAP_NONE)
			continue;
		b->ts[kept] = b->ts[k];
		b->dur[kept] = b->dur[k];
		b->res[kept] = b->res[k];
		b->cpu[kept] = b->cpu[k];
		b->thread[kept] = b->thread[k];
		b->sub[kept] = b->sub[k];
		b->type[kept++] = b->type[k];
	}
	return kept;
}

bool decoder__adopt_types(struct events_decoder *d, const struct schema_map *map, uint32_t n,
			struct fmt_batch *b, uint64_t *ret_skipped)
{
	bool all_known = true;

	memset(d->index_of, 0xff, sizeof(d->index_of));
	for (uint32_t t = 0; t < d->n_types; t++) {
		uint32_t rows = d->start[t + 1] - d->start[t];
		uint16_t mine;

		if (d->index_of[d->type[t]] != UINT16_MAX)
			return false;
		d->index_of[d->type[t]] = (uint16_t)t;
		mine = map->event[d->type[t]];
		if (mine == MAP_NONE) {
			all_known = all_known && !rows;
			*ret_skipped += rows;
		} else if (rows) {
			fmt_batch__cols(b, mine, rows)->n = rows;
			b->types[b->n_types++] = mine;
		}
		set_type(b, d->next + d->start[t], rows, mine);
	}
	b->n = all_known ? n : drop_unknown(b, n);
	return true;
}
