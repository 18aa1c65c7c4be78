// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "format/codec/table.h"

void table_writer__reset(struct table_writer *w)
{
	w->dir.len = w->data.len = 0;
	w->n_tables = 0;
	w->n_cuts = 0;
}

void table_writer__begin(struct table_writer *w, uint32_t id, uint32_t rows)
{
	buf__varint(&w->dir, id);
	buf__varint(&w->dir, rows);
	w->count_at = w->dir.len;
	w->rows = rows;
	w->n_cols = 0;
	buf__u8(&w->dir, 0);
	w->n_tables++;
}

void table_writer__col(struct table_writer *w, const struct col_desc *d)
{
	col_desc__put(&w->dir, d);
	w->dir.p[w->count_at] = ++w->n_cols;
	/* each plane has its own distribution of bytes */
	if (d->flags & COL_CLASSES) {
		table_writer__cut(w, w->data.len - col_desc__size(d, w->rows));
		table_writer__cut(w, w->data.len - d->rest);
		return;
	}
	for (size_t k = col_desc__size(d, w->rows); k >= w->rows && w->rows; k -= w->rows)
		table_writer__cut(w, w->data.len - k);
}

void table_writer__cut(struct table_writer *w, size_t at)
{
	w->cuts = xgrow(w->cuts, &w->cap_cuts, w->n_cuts + 1, sizeof(*w->cuts));
	w->cuts[w->n_cuts++] = (uint32_t)at;
}

static int by_place(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void table_writer__finish(struct table_writer *w, struct buf *out)
{
	struct buf count = { 0 };

	buf__varint(&count, w->n_tables);
	buf__le32(out, (uint32_t)(count.len + w->dir.len));
	buf__add(out, count.p, count.len);
	buf__add(out, w->dir.p, w->dir.len);
	for (size_t k = 0; k < w->n_cuts; k++)
		w->cuts[k] += (uint32_t)out->len;
	if (w->n_cuts)
		qsort(w->cuts, w->n_cuts, sizeof(*w->cuts), by_place);
	buf__add(out, w->data.p, w->data.len);
	buf__done(&count);
}

void table_writer__done(struct table_writer *w)
{
	buf__done(&w->dir);
	buf__done(&w->data);
	free(w->cuts);
}

bool table_reader__init(struct table_reader *r, const uint8_t *p, size_t n)
{
	struct cursor c = cursor__of(p, n);
	uint32_t size = cursor__le32(&c);
	const uint8_t *dir = cursor__take(&c, size);

	if (!dir)
		return false;
	r->dir = cursor__of(dir, size);
	r->data = c;
	r->left = cursor__varint(&r->dir);
	return !r->dir.bad;
}

/* */
int table_reader__next(struct table_reader *r, unsigned n_virtual, struct table *ret)
{
	uint64_t id, rows;

	if (!r->left)
		return cursor__left(&r->dir) ? -FMT_E_CORRUPT : 0;
	r->left--;
	id = cursor__varint(&r->dir);
	rows = cursor__varint(&r->dir);
	ret->n_cols = cursor__u8(&r->dir);
	if (r->dir.bad || id > UINT32_MAX || rows > LIMIT_STRINGS || ret->n_cols > TABLE_MAX_COLS)
		return -FMT_E_CORRUPT;
	ret->id = (uint32_t)id;
	ret->rows = (uint32_t)rows;
	for (unsigned c = 0; c < ret->n_cols; c++) {
		int code = col_desc__get(&r->dir, n_virtual + c, &ret->col[c]);

		if (code < 0)
			return code;
		ret->data[c] = cursor__take(&r->data, col_desc__size(&ret->col[c], ret->rows));
		if (!ret->data[c])
			return -FMT_E_CORRUPT;
	}
	return 1;
}
