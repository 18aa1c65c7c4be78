// SPDX-License-Identifier: Apache-2.0
/* What was written down. */
#include "inspect/view/common.h"

enum { COL_TIME, COL_ABOUT, COL_TEXT, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_TIME] = { "TIME", 12, 0, 0, SORT_NUMBER, 0, "of what it is about" },
	[COL_ABOUT] = { "ABOUT", 20, 40, 1, SORT_TEXT, 0, "what the cursor was on when it was written" },
	[COL_TEXT] = { "NOTE", 24, 60, 0, SORT_TEXT, COL_FLEX, "what was written; nothing: a mark" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	(void)f;
	for (uint32_t i = 0; i < ui->notes.n; i++)
		ins_table__add(t, i, 0);
}

static void put(struct ins_out *out, const char *text)
{
	buf__puts(&out->text, text);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_note *n = &ui->notes.v[id];

	(void)f;
	switch (col) {
	case COL_TIME:
		ins_cell__time(ui, out, n->ts);
		break;
	case COL_ABOUT:
		put(out, n->about);
		break;
	case COL_TEXT:
		put(out, n->text);
		out->style = ST_STRONG;
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	(void)f;
	(void)col;
	return ui->notes.v[id].ts;
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret)
{
	(void)f;
	ret->num = ui->notes.v[id].num;
	ret->ts = ui->notes.v[id].ts;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	const struct ins_note *n = &ui->notes.v[id];
	uint64_t ts = n->ts;

	(void)f;
	if (n->num) {
		ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_EVENT, n->num);
		return;
	}
	ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_EVENTS, 0);
	ins_ui__go(ui, ts, 0);
}

static bool act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	struct ins_table *t = state;
	struct err err = { 0 };

	if ((a != ACT_DELETE && a != ACT_NOTE) || t->cur >= t->n)
		return ins_table__act(ui, f, state, a);
	if (a == ACT_NOTE) {
		ui->edited = t->rows[t->cur];
		ins_ui__ask(ui, ASK_NOTE, ui->notes.v[ui->edited].text);
		return true;
	}
	if (ins_notes__remove(&ui->notes, t->rows[t->cur], &err) < 0)
		ins_ui__message(ui, ST_WARN, "%s", err.msg);
	ins_table__renew(ui, f, t);
	return true;
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_TIME,
	.empty = "No notes yet: i writes one about what is under the cursor.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_notes = {
	.name = "notes", .tab = NULL, .shorttab = NULL,
	.about = "What was written down while looking. i changes a note, Del removes it, Enter goes to "
		 "its place. They are kept beside the trace, in a file that ends in .notes.",
	.where = WHERE_TABLE | WHERE_NOTES,
	.open = ins_table__open, .close = ins_table__close, .draw = ins_table__draw, .act = act,
	.mouse = ins_table__mouse, .subject = ins_table__subject, .go = ins_table__go,
	.find = ins_table__find, .work = ins_table__work, .stop = ins_table__stop,
	.renew = ins_table__renew, .count = ins_table__count,
	.table = &ops,
};
