// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/ui/ui_layout.h"
#include "inspect/ui/table/ui_table.h"

#define MIN_AGE 250000000u	/* ns between two makings of rows while the model grows */
#define QUICK 20000000u		/* ns of a search that a key may wait for; the rest is done in work */
#define WHOLE_H 2		/* rows at the foot for the text under the cursor that its column is too narrow for */
#define WHOLE_MIN_H 12		/* of a body that has them */

static const struct ins_table_ops *ops_of(const struct ins_frame *f)
{
	return ins_views[f->view]->table;
}

void *ins_table__open(struct ins_ui *ui, struct ins_frame *f)
{
	struct ins_table *t = xcalloc(1, sizeof(*t));

	(void)ui;
	t->sort = ops_of(f)->sort;
	t->reverse = ops_of(f)->reverse;
	t->cur_id = INS_NONE;
	t->page = 1;
	return t;
}

void ins_table__close(void *state)
{
	struct ins_table *t = state;

	if (t->done)
		t->done(t);
	free(t->rows);
	free(t->depths);
	ins_set__done(&t->folded);
	free(t);
}

void ins_table__add(struct ins_table *t, uint32_t id, unsigned depth)
{
	t->rows = xgrow(t->rows, &t->cap, t->n + 1, sizeof(*t->rows));
	t->depths = xgrow(t->depths, &t->cap_depths, t->n + 1, sizeof(*t->depths));
	t->rows[t->n] = id;
	t->depths[t->n++] = (uint16_t)(depth > UINT16_MAX ? UINT16_MAX : depth);
}

static void clamp(struct ins_table *t)
{
	if (t->cur >= t->n)
		t->cur = t->n ? t->n - 1 : 0;
	if (t->top > t->cur)
		t->top = t->cur;
	if (t->cur >= t->top + t->page)
		t->top = t->cur - t->page + 1;
	/* no blank lines at the end while there are rows above */
	if (t->top && t->n < t->top + t->page)
		t->top = t->n > t->page ? t->n - t->page : 0;
	/* rows that are still being made may have it again */
	t->cur_id = t->n ? t->rows[t->cur] : t->pending ? t->cur_id : INS_NONE;
}

static void find_cursor(struct ins_table *t)
{
	uint32_t was = t->cur_id;

	if (!t->moved || was == INS_NONE) {
		if (!t->moved)
			t->cur = t->top = 0;
		return;
	}
	for (uint32_t i = 0; i < t->n; i++) {
		if (t->rows[i] != was)
			continue;
		t->top = i > t->cur - t->top ? i - (t->cur - t->top) : 0;
		t->cur = i;
		return;
	}
}

void ins_table__refresh(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint64_t now = ins_now(), age = now - t->made_at;

	if (t->made_from == m && t->made_gen == m->gen)
		return;
	if (t->made_from == m && !m->done && (age < MIN_AGE || age < t->took * 5))
		return;
	t->n = 0;
	ops_of(f)->rows(ui, f, t);
	/* a search goes on in what there is now */
	t->find_left = t->find_left < t->n ? t->find_left : t->n;
	t->find_at = t->find_at < t->n ? t->find_at : 0;
	if (t->sort >= 0)
		table__sort(ui, f, t);
	t->made_from = m;
	t->made_gen = m->gen;
	t->made_at = ins_now();
	t->took = t->made_at - now;
	find_cursor(t);
	clamp(t);
}

void ins_table__renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct ins_table *t = state;

	(void)ui;
	(void)f;
	t->made_from = NULL;
}

static void remake(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	t->made_from = NULL;
	ins_table__refresh(ui, f, t);
}

/* --- drawing --------------------------------------------------------------------------------- */

static void lay_out(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t, int width)
{
	const struct ins_model *m = ins_ui__model(ui);
	bool machines = ui->trace->n_machines > 1;
	bool of_host = f->scope.kind == OF_CONTAINER && machines && ins_model__is_host(m, f->scope.idx);
	bool many = f->scope.kind == OF_ALL || f->scope.kind == OF_FILE;
	bool one = m->n_containers <= (machines ? ui->trace->n_machines : 0) || !(many || of_host);
	const struct ins_table_ops *ops = ops_of(f);
	struct ins_width want[32];
	int x = 1;

	for (unsigned i = 0; i < ops->n_cols; i++) {
		const struct ins_column *c = &ops->cols[i];

		want[i] = (struct ins_width){ (c->look & COL_OF_CONTAINER && one) ||
					      (c->look & COL_OF_MACHINE && !(machines && many)) ||
					      (ops->lacks && ops->lacks(m, i)) ||
					      ui->columns.hidden[f->view] >> i & 1 ? 0 : c->min,
					      c->max ? c->max : c->min, c->rank,
						      c->look & COL_FLEX };
	}
	ins_layout__columns(want, ops->n_cols, width - 1, t->widths);
	for (unsigned i = 0; i < ops->n_cols; i++) {
		t->xs[i] = x;
		x += t->widths[i] ? t->widths[i] + 1 : 0;
	}
}

static void draw_heads(struct ins_ui *ui, struct ins_table *t, const struct ins_table_ops *ops,
		       struct ins_rect at)
{
	struct ins_screen *s = ui->screen;

	for (unsigned i = 0; i < ops->n_cols; i++) {
		const struct ins_column *c = &ops->cols[i];
		bool sorted = t->sort == (int)i;
		int x = at.x + t->xs[i], w = t->widths[i], style = sorted ? ST_COLSORT : ST_COLHEAD;
		int title = ins_text__width(s, c->title, strlen(c->title));

		if (!w)
			continue;
		if (c->look & COL_RIGHT && title < w) {
			x += w - title;
			w = title;
		}
		w = ins_screen__puts(s, at.y, x, w, style, c->title);
		/* the arrow may stand in the blank between two columns */
		if (sorted)
			ins_screen__fill(s, at.y, c->look & COL_RIGHT ? x - 1 : x + w, 1, style,
					 t->reverse ? 0x25be : 0x25b4);
	}
}

static void draw_cell(struct ins_ui *ui, struct ins_table *t, const struct ins_column *c, int x,
		      int y, int w, bool last, const struct ins_out *out)
{
	struct ins_screen *s = ui->screen;
	const char *text = (const char *)out->text.p;
	int width, skip = last ? t->skip : 0, hit;

	if (!out->text.len)
		return;
	width = c->look & COL_RIGHT ? ins_text__width(s, text, out->text.len) : w;
	if (width < w) {
		x += w - width;
		w = width;
	}
	ins_screen__put_skip(s, y, x, w, skip, out->style, text, out->text.len);
	hit = ins_ui__matches(ui, text, out->text.len);
	if (hit >= 0) {
		int from = ins_text__width(s, text, (size_t)hit) - skip;
		int n = ins_text__width(s, ui->search, strlen(ui->search));

		if (from >= 0 && from < w)
			ins_screen__restyle(s, y, x + from, from + n < w ? n : w - from, ST_HIT);
	}
}

static void draw_row(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t, uint32_t row,
		     struct ins_rect at, int y)
{
	const struct ins_table_ops *ops = ops_of(f);
	uint32_t id = t->rows[row];
	int row_style = ops->row_style ? ops->row_style(ui, id) : ST_TEXT;
	struct ins_out out = { 0 };
	int last = -1;

	for (unsigned i = 0; i < ops->n_cols; i++)
		last = t->widths[i] && ops->cols[i].look & COL_FLEX ? (int)i : last;
	for (unsigned i = 0; i < ops->n_cols; i++) {
		if (!t->widths[i])
			continue;
		out.text.len = 0;
		out.style = row_style;
		out.width = t->widths[i];
		if ((int)i == last && t->is_tree)
			table__tree_lines(t, row, &out.text);
		ops->cell(ui, f, id, i, &out);
		draw_cell(ui, t, &ops->cols[i], at.x + t->xs[i], y, t->widths[i], (int)i == last,
			  &out);
	}
	if (row == t->cur) {
		ins_screen__fill(ui->screen, y, at.x, 1, ST_MARK, 0x258c);
		ins_screen__restyle(ui->screen, y, at.x, at.w, ST_SELECTED);
	}
	buf__done(&out.text);
}

/* The levels of a tree that all rows in sight have in common. */
static unsigned common_levels(const struct ins_table *t)
{
	unsigned least = UINT16_MAX;

	for (unsigned i = 0; i < t->page && t->top + i < t->n; i++)
		least = t->depths[t->top + i] < least ? t->depths[t->top + i] : least;
	return t->is_tree && t->n ? least : 0;
}

/* The column that is cut or left out where there is too little room: the last that is flexible. -1: none. */
static int wordy_column(const struct ins_table_ops *ops)
{
	for (unsigned i = ops->n_cols; i-- > 0;)
		if (ops->cols[i].look & COL_FLEX)
			return (int)i;
	return -1;
}

int ins_whole__rows(struct ins_rect at)
{
	return at.h >= WHOLE_MIN_H ? WHOLE_H : 0;
}

void ins_whole__draw(struct ins_ui *ui, struct ins_rect at, int have, const struct buf *text)
{
	int w = at.w - 2, all = text->len ? ins_text__width(ui->screen, (char *)text->p, text->len) : 0;

	/* each line ends in the sign that it goes on, so the next begins with what is under that */
	for (int i = 0; i < WHOLE_H && all > have && i * (w - 1) < all; i++)
		ins_screen__put_skip(ui->screen, at.y + at.h - WHOLE_H + i, at.x + 1, w, i * (w - 1), ST_LENS,
				     (char *)text->p, text->len);
}

static void draw_whole(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t, struct ins_rect at)
{
	const struct ins_table_ops *ops = ops_of(f);
	int col = wordy_column(ops);
	struct ins_out out = { 0 };

	if (t->cur >= t->n)
		return;
	ops->cell(ui, f, t->rows[t->cur], (unsigned)col, &out);
	ins_whole__draw(ui, at, t->widths[col] - (t->is_tree ? 2 * (int)(t->depths[t->cur] - t->base) : 0), &out.text);
	buf__done(&out.text);
}

void ins_table__draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at)
{
	const struct ins_table_ops *ops = ops_of(f);
	int whole = wordy_column(ops) >= 0 ? ins_whole__rows(at) : 0, h = at.h - whole;
	struct ins_table *t = state;

	t->page = h > 1 ? (unsigned)h - 1 : 1;
	ins_table__refresh(ui, f, t);
	clamp(t);
	t->base = common_levels(t);
	lay_out(ui, f, t, at.w);
	draw_heads(ui, t, ops, at);
	for (unsigned i = 0; i < t->page && t->top + i < t->n; i++)
		draw_row(ui, f, t, t->top + i, at, at.y + 1 + (int)i);
	if (whole)
		draw_whole(ui, f, t, at);
	if (!t->n && at.h > 2)
		ins_screen__puts(ui->screen, at.y + 2, at.x + 2, at.w - 2, ST_DIM,
				 ins_ui__model(ui)->done && !t->pending ? ops->empty : "reading ...");
}

/* --- keys ------------------------------------------------------------------------------------ */

static void move_by(struct ins_table *t, int64_t by)
{
	int64_t to = (int64_t)t->cur + by;

	t->cur = to < 0 ? 0 : to >= t->n ? (t->n ? t->n - 1 : 0) : (uint32_t)to;
	t->moved = true;
	clamp(t);
}

static void sort_next(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_table_ops *ops = ops_of(f);
	int n = (int)ops->n_cols;

	do {
		if (++t->sort >= n)
			t->sort = ops->sort < 0 ? -1 : 0;
	} while (t->sort >= 0 && (ops->cols[t->sort].sort == SORT_NONE || !t->widths[t->sort]));
	t->reverse = t->sort >= 0 && ops->cols[t->sort].sort == SORT_NUMBER &&
		     ops->cols[t->sort].look & COL_RIGHT;
	t->moved = true;
	remake(ui, f, t);
	if (t->sort < 0)
		ins_ui__message(ui, ST_TEXT, "in the order of the trace");
	else
		ins_ui__message(ui, ST_TEXT, "sorted by %s", ops->cols[t->sort].title);
}

/* The row of a tree that the one under the cursor hangs on. */
static bool go_to_parent(struct ins_table *t)
{
	for (uint32_t i = t->cur; t->is_tree && i-- > 0;) {
		if (t->depths[i] < t->depths[t->cur]) {
			move_by(t, (int64_t)i - t->cur);
			return true;
		}
	}
	return false;
}

static bool has_branch(const struct ins_table *t)
{
	return t->is_tree && t->n && (table__is_folded(t, t->cur_id) ||
	       (t->cur + 1 < t->n && t->depths[t->cur + 1] > t->depths[t->cur]));
}

static void fold(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t, bool on)
{
	table__fold(t, t->cur_id, on);
	t->moved = true;
	remake(ui, f, t);
}

static void go_left(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	if (t->skip)
		t->skip = t->skip > 8 ? t->skip - 8 : 0;
	else if (has_branch(t) && !table__is_folded(t, t->cur_id))
		fold(ui, f, t, true);
	else
		go_to_parent(t);
}

static void go_right(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	if (has_branch(t) && table__is_folded(t, t->cur_id))
		fold(ui, f, t, false);
	else if (t->skip < (int)INS_MAX_TEXT)
		t->skip += 8;
}

bool ins_table__act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	struct ins_table *t = state;
	int page = (int)t->page > 1 ? (int)t->page - 1 : 1;

	ins_table__refresh(ui, f, t);
	t->find_left = 0;
	switch (a) {
	case ACT_UP: move_by(t, -1); return true;
	case ACT_DOWN: move_by(t, 1); return true;
	case ACT_PAGE_UP: move_by(t, -page); return true;
	case ACT_PAGE_DOWN: move_by(t, page); return true;
	case ACT_TOP: move_by(t, -(int64_t)t->n); return true;
	case ACT_BOTTOM: move_by(t, t->n); return true;
	case ACT_LEFT: go_left(ui, f, t); return true;
	case ACT_RIGHT: go_right(ui, f, t); return true;
	case ACT_SORT: sort_next(ui, f, t); return true;
	case ACT_REVERSE:
		t->reverse = !t->reverse;
		t->moved = true;
		remake(ui, f, t);
		return true;
	case ACT_FOLD:
		if (has_branch(t))
			fold(ui, f, t, !table__is_folded(t, t->cur_id));
		return t->is_tree;
	case ACT_UNFOLD_ALL:
		ins_set__done(&t->folded);
		t->fold_all = !t->fold_all;
		t->moved = true;
		remake(ui, f, t);
		return t->is_tree;
	case ACT_ALIVE:
		if (!(ins_views[f->view]->where & WHERE_TREE))
			return false;
		t->alive_only = !t->alive_only;
		t->moved = true;
		remake(ui, f, t);
		ins_ui__message(ui, ST_TEXT, t->alive_only ?
				"only what was alive at the cursor's time" :
				"everything that ever ran");
		return true;
	case ACT_OPEN:
		if (t->n)
			ops_of(f)->enter(ui, f, t->rows[t->cur]);
		return true;
	default:
		return false;
	}
}

static void sort_by(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t, int col)
{
	const struct ins_column *c = &ops_of(f)->cols[col];

	if (c->sort == SORT_NONE)
		return;
	t->reverse = t->sort == col ? !t->reverse : c->sort == SORT_NUMBER && c->look & COL_RIGHT;
	t->sort = col;
	remake(ui, f, t);
}

bool ins_table__mouse(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		      int x)
{
	const struct ins_table_ops *ops = ops_of(f);
	struct ins_table *t = state;

	if (m == MOUSE_WHEEL_UP || m == MOUSE_WHEEL_DOWN) {
		move_by(t, m == MOUSE_WHEEL_UP ? -3 : 3);
		return true;
	}
	if (y == 0) {
		for (unsigned i = 0; i < ops->n_cols; i++)
			if (t->widths[i] && x >= t->xs[i] && x <= t->xs[i] + t->widths[i])
				sort_by(ui, f, t, (int)i);
		return true;
	}
	if (t->top + (uint32_t)y - 1 >= t->n)
		return false;
	move_by(t, (int64_t)t->top + y - 1 - t->cur);
	if (m == MOUSE_DOUBLE)
		ops->enter(ui, f, t->rows[t->cur]);
	return true;
}

bool ins_table__subject(struct ins_ui *ui, struct ins_frame *f, void *state,
			struct ins_subject *ret)
{
	struct ins_table *t = state;

	ins_table__refresh(ui, f, t);
	if (!t->n || t->cur >= t->n)
		return false;
	*ret = INS_NO_SUBJECT;
	ops_of(f)->subject(ui, f, t->rows[t->cur], ret);
	return true;
}

void ins_table__go(struct ins_ui *ui, struct ins_frame *f, void *state,
		   const struct ins_subject *to)
{
	struct ins_table *t = state;
	uint64_t best = 0, want = to->num ? to->num : to->ts;
	uint32_t row = INS_NONE;

	ins_table__refresh(ui, f, t);
	for (uint32_t i = 0; i < t->n; i++) {
		struct ins_subject s = INS_NO_SUBJECT;
		uint64_t v;

		ops_of(f)->subject(ui, f, t->rows[i], &s);
		if (to->proc != INS_NONE && s.proc == to->proc) {
			row = i;
			break;
		}
		v = to->num ? s.num : s.ts;
		if (v && v <= want && (row == INS_NONE || v > best)) {
			best = v;
			row = i;
		}
	}
	if (row != INS_NONE)
		move_by(t, (int64_t)row - t->cur);
}

static bool row_matches(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_out *out)
{
	const struct ins_table_ops *ops = ops_of(f);

	for (unsigned c = 0; c < ops->n_cols; c++) {
		out->text.len = 0;
		ops->cell(ui, f, id, c, out);
		if (ins_ui__matches(ui, (const char *)out->text.p, out->text.len) >= 0)
			return true;
	}
	return false;
}

/* Go on with a search. True: there is more. */
static bool search(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t, uint64_t ns)
{
	uint64_t until = ins_now() + ns;
	struct ins_out out = { 0 };
	bool found = false;

	while (t->find_left && !found && (t->find_left % 64 || ins_now() < until)) {
		uint32_t i = t->find_at;

		t->find_left--;
		t->find_at = t->find_dir > 0 ? (i + 1) % t->n : (i + t->n - 1) % t->n;
		found = row_matches(ui, f, t->rows[i], &out);
		if (!found)
			continue;
		ui->message[0] = 0;	/* that the search goes on */
		if (t->find_dir > 0 ? i < t->cur : i > t->cur)
			ins_ui__message(ui, ST_WARN, t->find_dir > 0 ? "continued at the top" : "continued at the end");
		move_by(t, (int64_t)i - t->cur);
	}
	buf__done(&out.text);
	if (!found && !t->find_left)
		ins_ui__message(ui, ST_WARN, "not found: %s", ui->search);
	else if (!found)
		ins_ui__message(ui, ST_TEXT, "searching; Esc stops");
	t->find_left = found ? 0 : t->find_left;
	return t->find_left;
}

void ins_table__find(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again)
{
	struct ins_table *t = state;

	ins_table__refresh(ui, f, t);
	t->find_dir = dir;
	t->find_left = t->n;
	t->find_at = !again || !t->n ? t->cur : dir > 0 ? (t->cur + 1) % t->n : (t->cur + t->n - 1) % t->n;
	search(ui, f, t, QUICK);
}

bool ins_table__work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct ins_table *t = state;

	if (!t->find_left)
		return false;
	if (!search(ui, f, t, ns))
		ins_ui__follow_cursor(ui);
	return true;
}

bool ins_table__stop(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct ins_table *t = state;
	bool on = t->find_left;

	(void)f;
	t->find_left = 0;
	if (on)
		ins_ui__message(ui, ST_TEXT, "stopped");
	return on;
}

void ins_table__count(struct ins_ui *ui, struct ins_frame *f, void *state, struct buf *out)
{
	struct ins_table *t = state;

	ins_table__refresh(ui, f, t);
	if (t->n)
		buf__printf(out, "%u/%u", t->cur + 1, t->n);
}
