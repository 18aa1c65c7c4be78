// SPDX-License-Identifier: Apache-2.0
/* Rows of a table in order, and as a tree. */
#include <stdlib.h>
#include <string.h>

#include "inspect/ui/table/ui_table.h"

#define MAX_LINES 24u	/* levels of a tree with a line of their own; deeper ones share it */

struct item {
	uint64_t key;
	const char *text;
	uint32_t id, order;
};

/* Equal ones stay in the order that they came in. */
static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int by_text(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int r = strcmp(x->text, y->text);

	return r ? r : x->order < y->order ? -1 : x->order > y->order;
}

void table__sort(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_table_ops *ops = ins_views[f->view]->table;
	bool text = ops->cols[t->sort].sort == SORT_TEXT;
	struct item *items = xmalloc((t->n + 1) * sizeof(*items));
	struct ins_out out = { 0 };
	struct arena mem = { 0 };

	for (uint32_t i = 0; i < t->n; i++) {
		items[i] = (struct item){ .id = t->rows[i], .order = t->reverse ? t->n - i : i };
		if (text) {
			out.text.len = 0;
			ops->cell(ui, f, t->rows[i], (unsigned)t->sort, &out);
			items[i].text = arena__strndup(&mem, out.text.p ? (char *)out.text.p : "",
						       out.text.len);
		} else {
			items[i].key = ops->key(ui, f, t->rows[i], (unsigned)t->sort);
		}
	}
	qsort(items, t->n, sizeof(*items), text ? by_text : by_key);
	for (uint32_t i = 0; i < t->n; i++) {
		t->rows[i] = items[t->reverse ? t->n - 1 - i : i].id;
		t->depths[i] = 0;
	}
	t->is_tree = false;
	buf__done(&out.text);
	arena__done(&mem);
	free(items);
}

/* With everything folded, the set holds what is unfolded. */
bool table__is_folded(const struct ins_table *t, uint32_t id)
{
	return ins_set__has(&t->folded, id) != t->fold_all;
}

void table__fold(struct ins_table *t, uint32_t id, bool on)
{
	bool put = on != t->fold_all;

	if (id == INS_NONE)
		return;
	if (id >= t->folded.n) {
		uint32_t words = t->folded.bits ? t->folded.n / 64 + 1 : 0, need = id / 64 + 1;

		t->folded.bits = xrealloc(t->folded.bits, (need + 1) * sizeof(*t->folded.bits));
		for (uint32_t i = words; i <= need; i++)
			t->folded.bits[i] = 0;
		t->folded.n = need * 64;
	}
	if (put)
		t->folded.bits[id >> 6] |= 1ull << (id & 63);
	else
		t->folded.bits[id >> 6] &= ~(1ull << (id & 63));
}

/* Does a row at this depth follow below before the branch ends? */
static bool goes_on(const struct ins_table *t, uint32_t row, unsigned depth)
{
	/* far below the screen does not matter */
	for (uint32_t i = row + 1; i < t->n && i < row + 4096; i++) {
		if (t->depths[i] < depth)
			return false;
		if (t->depths[i] == depth)
			return true;
	}
	return false;
}

void table__tree_lines(const struct ins_table *t, uint32_t row, struct buf *out)
{
	unsigned depth = t->depths[row], shown = depth < MAX_LINES ? depth : MAX_LINES;

	for (unsigned d = t->base > 1 ? t->base : 1; d < shown; d++)
		buf__puts(out, goes_on(t, row, d) ? "\u2502 " : "  ");
	if (shown)
		buf__puts(out, goes_on(t, row, depth) ? "\u251c\u2500" : "\u2570\u2500");
	if (table__is_folded(t, t->rows[row]))
		buf__puts(out, "\u25b8");
}
