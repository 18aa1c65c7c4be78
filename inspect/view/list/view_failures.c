// SPDX-License-Identifier: Apache-2.0
/* What failed, and why: calls by error. */
#include <string.h>

#include "inspect/view/list/counted.h"

enum { COL_N, COL_CALL, COL_ERROR, COL_WHY, COL_FIRST, COL_LAST, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_N] = { "COUNT", 6, 0, 0, SORT_NUMBER, COL_RIGHT, "how often" },
	[COL_CALL] = { "CALL", 16, 22, 0, SORT_TEXT, 0, "the system call" },
	[COL_ERROR] = { "ERROR", 12, 15, 0, SORT_TEXT, 0, "errno" },
	[COL_WHY] = { "MEANING", 20, 36, 2, SORT_TEXT, COL_FLEX, "what that means" },
	[COL_FIRST] = { "FIRST", 12, 0, 1, SORT_NUMBER, 0, "the first time" },
	[COL_LAST] = { "LAST", 12, 0, 3, SORT_NUMBER, 0, "the last time" },
};

static const struct ins_failure *failure(const struct ins_frame *f, uint32_t id)
{
	return &ins_counted__calls(f)->failures[id];
}

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_calls *c = ins_counted__calls(f);

	(void)ui;
	for (uint32_t i = 0; c && i < c->n_failures; i++)
		ins_table__add(t, i, 0);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_failure *e = failure(f, id);
	const char *name = fmt_errno_name(e->err);

	switch (col) {
	case COL_N:
		ins_cell__size(out, e->n);
		break;
	case COL_CALL:
		buf__puts(&out->text, fmt_events[e->type].name);
		break;
	case COL_ERROR:
		buf__puts(&out->text, name ? name : "?");
		out->style = ST_BAD;
		break;
	case COL_WHY:
		buf__puts(&out->text, e->err ? strerror(e->err) : "a negative result");
		break;
	case COL_FIRST:
		ins_cell__time(ui, out, e->first_ts);
		break;
	case COL_LAST:
		ins_cell__time(ui, out, e->last_ts);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_failure *e = failure(f, id);

	(void)ui;
	return col == COL_N ? e->n : col == COL_LAST ? e->last_ts : e->first_ts;
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret)
{
	const struct ins_failure *e = failure(f, id);

	(void)ui;
	ret->num = e->first_num;
	ret->ts = e->first_ts;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	const struct ins_failure *e = failure(f, id);

	ins_ui__push_only(ui, f->scope, VIEW_EVENTS, 0, (struct ins_only){ ONLY_TYPE, e->type, e->err });
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_N, .reverse = true,
	.empty = "Nothing failed.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_failures = {
	.name = "errors", .tab = NULL, .shorttab = NULL,
	.about = "Calls that failed, by call and error. Enter lists them.",
	.where = WHERE_TABLE,
	.open = ins_counted__open, .close = ins_table__close, .draw = ins_table__draw,
	.act = ins_table__act, .mouse = ins_table__mouse, .subject = ins_table__subject,
	.go = ins_table__go, .find = ins_table__find, .work = ins_counted__work, .stop = ins_table__stop,
	.renew = ins_counted__renew, .grown = ins_counted__grown, .count = ins_table__count,
	.table = &ops,
};
