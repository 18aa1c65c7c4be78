// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/batch/batch_internal.h"
#include "format/codec/events_decode_internal.h"

/* One table of parameter columns, while it is decoded. Column 0 is the result; stored ones follow. */
struct table_work {
	const struct table *t;
	struct fmt_batch *b;
	struct fmt_type_cols *tc;
	const uint8_t *param;		/* file's parameter index -> ours */
	unsigned n_params;		/* in the file */
	const uint16_t *rows;		/* of this type */
	uint64_t wanted;		/* our parameters that are asked for */
	bool no_payload;
	uint64_t *v[TABLE_MAX_COLS + 1];	/* decoded columns */
	uint8_t need[TABLE_MAX_COLS + 1];
	uint8_t full[FMT_MAX_PARAMS], start[FMT_MAX_PARAMS];	/* column + 1 with that part of our parameter */
};

/* Our parameter that a column is about, or MAP_NO_PARAM. */
static uint8_t param_of(const struct table_work *w, const struct col_desc *d)
{
	return d->id < w->n_params ? w->param[d->id] : MAP_NO_PARAM;
}

/*
 * Which columns have to be decoded: those asked for, the parts that go with them, and what they refer to.
 * False if two columns claim the same part of a parameter.
 */
static bool find_needed(struct table_work *w)
{
	uint64_t seen[3] = { 0 };

	for (unsigned c = 0; c < w->t->n_cols; c++) {
		const struct col_desc *d = &w->t->col[c];
		uint8_t p = param_of(w, d);

		if (p == MAP_NO_PARAM)
			continue;
		if (d->part > COL_START)
			continue;
		if (seen[d->part] >> p & 1)
			return false;
		seen[d->part] |= (uint64_t)1 << p;
		if (d->part == COL_FULL)
			w->full[p] = (uint8_t)(c + 1);
		if (d->part == COL_START)
			w->start[p] = (uint8_t)(c + 1);
		if (!(w->wanted >> p & 1) || (w->no_payload && w->tc->col[p].store == STORE_BYTES))
			continue;
		w->need[c + 1] = d->part != COL_START;
	}
	for (unsigned c = w->t->n_cols; c > 0; c--) {
		const struct col_desc *d = &w->t->col[c - 1];

		if (w->need[c] && d->ref != COL_REF_NONE)
			w->need[d->ref] = 1;
	}
	return true;
}

static void take_result(struct events_decoder *d, struct table_work *w)
{
	uint64_t *v = decoder__column(d, 0);

	for (uint32_t k = 0; k < w->t->rows; k++)
		v[k] = (uint64_t)w->b->res[w->rows[k]];
	w->v[0] = v;
}

/* Numbers go straight to their place in the batch. */
static uint64_t *place_of(struct events_decoder *d, struct table_work *w, unsigned c)
{
	const struct col_desc *cd = &w->t->col[c - 1];
	uint8_t p = param_of(w, cd);

	if (p == MAP_NO_PARAM || cd->part != COL_VALUE || w->tc->col[p].store != STORE_INT)
		return decoder__column(d, c);
	fmt_batch__alloc_col(w->b, w->tc, p);
	return w->tc->col[p].i;
}

/* Missing rows get 0 once nothing refers to them any more, as in a batch that was built. */
static void finish_int(struct fmt_col *c, const uint8_t *null, uint32_t n)
{
	c->present = true;
	c->has_null = null != NULL;
	if (!null)
		return;
	c->null[n / 64] = 0;
	memcpy(c->null, null, (n + 7) / 8);
	for (uint32_t w = 0; w <= n / 64; w++)
		for (uint64_t left = c->null[w]; left; left &= left - 1)
			c->i[w * 64 + (uint32_t)__builtin_ctzll(left)] = 0;
}

VECTORIZE static bool finish_str(struct fmt_batch *b, struct fmt_col *c, const uint64_t *restrict v, uint32_t n)
{
	uint32_t *restrict out = c->s;
	uint64_t top = 0;

	for (uint32_t k = 0; k < n; k++) {
		top = v[k] > top ? v[k] : top;
		out[k] = (uint32_t)v[k];
	}
	c->present = true;
	return top <= b->dict.n;
}

/* */
static bool finish_bytes(struct table_work *w, struct fmt_col *c, unsigned col, const uint8_t *null,
			 uint8_t full_col, uint8_t start_col)
{
	const uint64_t *len = w->v[col], *full = full_col ? w->v[full_col] : len;
	uint64_t off = start_col ? w->t->col[start_col - 1].base : 0;

	for (uint32_t k = 0; k < w->t->rows; k++) {
		if (null && null[k / 8] >> (k % 8) & 1) {
			c->off[k] = UINT32_MAX;
			c->len[k] = c->full[k] = 0;
			continue;
		}
		if (len[k] > LIMIT_STRING || off > w->b->payload_len || len[k] > w->b->payload_len - off ||
		    full[k] < len[k] || full[k] > UINT32_MAX)
			return false;
		c->off[k] = (uint32_t)off;
		c->len[k] = (uint32_t)len[k];
		c->full[k] = (uint32_t)full[k];
		off += len[k];
	}
	c->present = true;
	return true;
}

/* A decoded column becomes what the batch shows of its parameter. */
static bool finish(struct table_work *w, unsigned c)
{
	const struct col_desc *d = &w->t->col[c - 1];
	const uint8_t *null = col__nulls(d, w->t->data[c - 1], w->t->rows);
	uint8_t p = param_of(w, d);
	struct fmt_col *col;

	if (p == MAP_NO_PARAM || d->part != COL_VALUE)
		return true;
	col = &w->tc->col[p];
	if (col->store == STORE_INT) {
		finish_int(col, null, w->t->rows);
		return true;
	}
	if (col->store == STORE_BYTES && w->no_payload)
		return true;
	fmt_batch__alloc_col(w->b, w->tc, p);
	if (col->store == STORE_STR)
		return !null && finish_str(w->b, col, w->v[c], w->t->rows);
	if (w->full[p] && !w->v[w->full[p]])
		return false;
	return finish_bytes(w, col, c, null, w->full[p], w->start[p]);
}

static bool decode_table(struct events_decoder *d, struct table_work *w)
{
	memset(w->need, 0, sizeof(w->need));
	memset(w->full, 0, sizeof(w->full));
	memset(w->start, 0, sizeof(w->start));
	memset(w->v, 0, sizeof(w->v));
	if (!find_needed(w))
		return false;
	if (w->need[0])
		take_result(d, w);
	for (unsigned c = 1; c <= w->t->n_cols; c++) {
		const struct col_desc *cd = &w->t->col[c - 1];

		if (!w->need[c])
			continue;
		w->v[c] = place_of(d, w, c);
		col__decode(cd, w->t->data[c - 1], w->t->rows,
			    cd->ref == COL_REF_NONE ? NULL : w->v[cd->ref], d->work, w->v[c]);
	}
	for (unsigned c = 1; c <= w->t->n_cols; c++)
		if (w->need[c] && !finish(w, c))
			return false;
	return true;
}

int decoder__columns(struct events_decoder *d, const struct schema_map *map, const struct fmt_want *want,
		     const uint8_t *raw, size_t size, struct fmt_batch *b, struct err *err)
{
	struct table_reader tr;
	int r;

	if (!table_reader__init(&tr, raw, size))
		goto bad;
	for (;;) {
		struct table_work w = { .t = &d->table, .b = b };
		uint16_t index, type;

		r = decoder__table(d, &tr, 1);
		if (r <= 0)
			break;
		if (d->table.id >= TABLE_ID_FUTURE)
			continue;
		if (d->table.id >= LIMIT_FILE_TYPES)
			goto bad;
		index = d->index_of[d->table.id];
		if (index == UINT16_MAX || d->start[index + 1] - d->start[index] != d->table.rows)
			goto bad;
		type = map->event[d->table.id];
		if (type == MAP_NONE || !d->table.rows)
			continue;
		w.wanted = decoder__wanted(want, type);
		w.no_payload = want->no_payload;
		if (!w.wanted)
			continue;
		w.tc = b->by_type[type];
		w.param = schema_map__param(map, d->table.id, 0);
		w.n_params = map->n_params[d->table.id];
		w.rows = d->next + d->start[index];
		if (!decode_table(d, &w))
			goto bad;
	}
	if (r == 0 && !cursor__left(&tr.data))
		return 0;
bad:
	return decoder__invalid(d, "columns", err);
}
