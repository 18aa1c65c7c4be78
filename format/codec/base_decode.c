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

bool decoder__base_column(struct events_decoder *d, const struct table *t, unsigned id, uint64_t *out)
{
	int c = find_column(t, id);

	if (c < 0 || t->col[c].ref != COL_REF_NONE || t->col[c].flags & COL_NULLS)
		return false;
	col__decode(&t->col[c], t->data[c], t->rows, NULL, d->work, out);
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

/* Threads by row; then the order by thread: d->rows says which row comes where. */
static bool decode_order(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	uint32_t at = 0;

	if (!decoder__base_column(d, t, BCOL_THREAD, v))
		return false;
	memset(d->next, 0, (b->n_threads + 1) * sizeof(*d->next));
	for (uint32_t k = 0; k < n; k++) {
		if (v[k] >= b->n_threads)
			return false;
		b->thread[k] = (uint32_t)v[k];
		d->next[v[k]]++;
	}
	for (uint32_t k = 0; k < b->n_threads; k++) {
		uint32_t count = d->next[k];

		d->next[k] = at;
		at += count;
	}
	for (uint32_t k = 0; k < n; k++)
		d->rows[d->next[b->thread[k]]++] = k;
	return true;
}

/*
 * Split the rows by type: from d->start on, d->next holds the rows of each in order; b->sub is their place. The
 * type indices of the file are left in b->type.
 */
static bool split_rows(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	uint32_t at = 0;

	if (!decoder__base_column(d, t, BCOL_TYPE, v))
		return false;
	memset(d->fill, 0, sizeof(d->fill));
	d->n_types = 0;
	for (uint32_t k = 0; k < n; k++) {
		if (v[k] >= LIMIT_FILE_TYPES)
			return false;
		d->n_types = v[k] >= d->n_types ? (uint32_t)v[k] + 1 : d->n_types;
		d->fill[v[k]]++;
	}
	for (uint32_t k = 0; k < d->n_types; k++) {
		uint32_t count = d->fill[k];

		d->start[k] = d->fill[k] = at;
		at += count;
	}
	d->start[d->n_types] = at;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t row = d->rows[k], type = (uint32_t)v[k], to = d->fill[type]++;

		b->type[row] = (uint16_t)type;
		b->sub[row] = to - d->start[type];
		d->next[to] = row;
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
	uint64_t *v = decoder__column(d, 0), last;

	if (time < 0)
		return false;
	if (!clock && find_column(t, BCOL_STEP) < 0)
		return decoder__base_column(d, t, BCOL_TIME, b->ts);
	if (!decoder__base_column(d, t, clock ? BCOL_CLOCK : BCOL_STEP, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->ts[d->next[k]] = v[k];
	last = t->col[time].base;
	if (clock)
		decode_clock(d, last, n, b);
	else
		for (uint32_t k = 0; k < n; k++)
			b->ts[k] = last += b->ts[k];
	return true;
}

/* Where they are not known all are the same. */
static bool decode_durations(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	int c = find_column(t, BCOL_DUR);

	if (c >= 0 && col__is_constant(&t->col[c]))
		return decoder__base_column(d, t, BCOL_DUR, b->dur);	/* in any order */
	if (!decoder__base_column(d, t, BCOL_DUR, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->dur[d->next[k]] = v[k];
	return true;
}

/* */
static bool decode_rows(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);

	if (t->id != BASE_ROWS || t->rows != n || !decode_order(d, t, n, b) || !split_rows(d, t, n, b))
		return false;
	if (!decoder__base_column(d, t, BCOL_CPU, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->cpu[d->rows[k]] = (uint16_t)v[k];
	return decode_durations(d, t, n, b) && decode_times(d, t, n, b);
}

static bool wants_results(const struct fmt_want *want, const struct schema_map *map, uint32_t id)
{
	return !want->wanted_results || (map->event[id] != MAP_NONE && decoder__wanted(want, map->event[id]));
}

/* The results of one type: if they are not wanted, they stay what they are. */
static bool decode_results(struct events_decoder *d, const struct table *t, uint32_t index,
			   const struct schema_map *map, const struct fmt_want *want, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	const uint32_t *rows = d->next + d->start[index];
	uint32_t n = d->start[index + 1] - d->start[index];

	if (t->rows != n || t->id >= LIMIT_FILE_TYPES)
		return false;
	d->type[index] = (uint16_t)t->id;
	if (!wants_results(want, map, t->id))
		return true;
	if (!decoder__base_column(d, t, BCOL_RES, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->res[rows[k]] = (int64_t)v[k];
	return true;
}

bool decoder__base(struct events_decoder *d, const struct schema_map *map, const struct fmt_want *want,
		   const uint8_t *raw, size_t size, uint32_t n, struct fmt_batch *b)
{
	struct table_reader tr;

	if (!table_reader__init(&tr, raw, size))
		return false;
	if (decoder__table(d, &tr, 0) != 1 || !decode_threads(d, &d->table, b))
		return false;
	if (decoder__table(d, &tr, 0) != 1 || !decode_rows(d, &d->table, n, b))
		return false;
	if (want->wanted_results)
		memset(b->res, 0, n * sizeof(*b->res));
	for (uint32_t k = 0; k < d->n_types; k++)
		if (decoder__table(d, &tr, 0) != 1 || !decode_results(d, &d->table, k, map, want, b))
			return false;
	return decoder__no_more_tables(d, &tr) && !cursor__left(&tr.data);
}

bool decoder__adopt_types(struct events_decoder *d, const struct schema_map *map, uint32_t n,
			struct fmt_batch *b, uint64_t *ret_skipped)
{
	uint16_t mine[LIMIT_FILE_TYPES] = { 0 };
	bool all_known = true;
	uint32_t kept = 0;

	memset(d->index_of, 0xff, sizeof(d->index_of));
	for (uint32_t t = 0; t < d->n_types; t++) {
		uint32_t rows = d->start[t + 1] - d->start[t];

		if (d->index_of[d->type[t]] != UINT16_MAX)
			return false;
		d->index_of[d->type[t]] = (uint16_t)t;
		mine[t] = map->event[d->type[t]];
		if (mine[t] == MAP_NONE) {
			all_known = all_known && !rows;
			*ret_skipped += rows;
		} else if (rows) {
			fmt_batch__cols(b, mine[t], rows)->n = rows;
			b->types[b->n_types++] = mine[t];
		}
	}
	for (uint32_t k = 0; k < n; k++) {
		uint16_t t = mine[b->type[k]];

		if (!all_known) {
			if (t == MAP_NONE)
				continue;
			b->ts[kept] = b->ts[k];
			b->dur[kept] = b->dur[k];
			b->res[kept] = b->res[k];
			b->cpu[kept] = b->cpu[k];
			b->thread[kept] = b->thread[k];
			b->sub[kept] = b->sub[k];
		}
		b->type[kept++] = t;
	}
	b->n = kept;
	return true;
}
