// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "format/codec/index_codec.h"
#include "format/codec/table.h"

/* Columns of the index, their numbers in the file and how they are predicted. */
#define INDEX_COLS(X) \
	X(0, offset, PRED_PREV) X(1, length, PRED_NONE) X(2, kind, PRED_NONE) X(3, flags, PRED_NONE) \
	X(4, first_num, PRED_PREV) X(5, n_events, PRED_NONE) X(6, t_first, PRED_PREV) \
	X(7, t_last, PRED_PREV) X(8, n_alerts, PRED_NONE) X(9, n_lost, PRED_NONE)

void chunk_index__add(struct chunk_index *x, uint64_t offset, const struct chunk_header *h)
{
	x->e = xgrow(x->e, &x->cap, (size_t)x->n + 1, sizeof(*x->e));
	x->e[x->n++] = (struct index_entry){
		.offset = offset, .length = h->length, .first_num = h->first_num, .t_first = h->t_first,
		.t_last = h->t_last, .n_lost = h->n_lost, .n_events = h->n_events,
		.n_alerts = h->n_alerts, .kind = h->kind, .flags = h->flags,
	};
}

void chunk_index__done(struct chunk_index *x)
{
	free(x->e);
	*x = (struct chunk_index){ 0 };
}

void chunk_index__encode(const struct chunk_index *x, uint32_t from, uint32_t n, struct buf *out)
{
	uint64_t *v = xmalloc(n * sizeof(*v)), *z = xmalloc(n * sizeof(*z));
	const struct index_entry *e = x->e + from;
	struct table_writer tw = { 0 };

	table_writer__begin(&tw, 0, n);
#define X(number, name, predictor) { \
	struct col_desc d = { .id = number, .pred = predictor, .ref = COL_REF_NONE }; \
	for (uint32_t k = 0; k < n; k++) \
		v[k] = e[k].name; \
	d.base = predictor == PRED_PREV && n ? v[0] : 0; \
	col__encode(&d, v, n, NULL, NULL, NULL, z, &tw.data); \
	table_writer__col(&tw, &d); \
}
	INDEX_COLS(X)
#undef X
	table_writer__finish(&tw, out);
	table_writer__done(&tw);
	free(v);
	free(z);
}

static bool decode_column(struct index_entry *e, const struct col_desc *d, const uint8_t *data,
			  uint32_t n, uint64_t *v)
{
	if (d->ref != COL_REF_NONE || d->flags & COL_NULLS || d->part != COL_VALUE)
		return false;
	col__decode(d, data, n, NULL, NULL, v);
	switch (d->id) {
#define X(number, name, predictor) case number: \
	for (uint32_t k = 0; k < n; k++) \
		e[k].name = (__typeof__(e->name))v[k]; \
	break;
	INDEX_COLS(X)
#undef X
	}
	return true;
}

int chunk_index__decode(struct chunk_index *x, const uint8_t *raw, size_t size, struct err *err)
{
	struct table *t = xmalloc(sizeof(*t));
	struct table_reader tr;
	uint64_t *v = NULL;
	bool ok = table_reader__init(&tr, raw, size) && table_reader__next(&tr, 0, t) == 1 &&
		  t->rows <= LIMIT_ROWS && x->n + t->rows <= LIMIT_INDEX;

	if (ok) {
		v = xmalloc((t->rows + 64) * sizeof(*v));
		x->e = xgrow(x->e, &x->cap, (size_t)x->n + t->rows, sizeof(*x->e));
		for (uint32_t k = 0; k < t->rows; k++)
			x->e[x->n + k] = (struct index_entry){ 0 };
	}
	for (unsigned c = 0; ok && c < t->n_cols; c++)
		ok = decode_column(x->e + x->n, &t->col[c], t->data[c], t->rows, v);
	if (ok)
		x->n += t->rows;
	free(v);
	free(t);
	return ok ? 0 : err__set(err, -FMT_E_CORRUPT, "the index is not valid");
}
