// SPDX-License-Identifier: Apache-2.0
#include "inspect/model/kinds.h"
#include "inspect/view/common.h"

enum { COL_OPS, COL_READ, COL_WRITTEN, COL_PROCS, COL_MACHINE, COL_CONTAINER, COL_FIRST, COL_PATH, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_OPS] = { "DONE", 8, 0, 0, SORT_TEXT, 0,
		      "r read, w written, c created, d deleted, m moved, a mode or owner changed, "
		      "x executed, ! access refused; none: only opened" },
	[COL_READ] = { "READ", 5, 0, 1, SORT_NUMBER, COL_RIGHT, "bytes read" },
	[COL_WRITTEN] = { "WRITE", 5, 0, 1, SORT_NUMBER, COL_RIGHT, "bytes written" },
	[COL_PROCS] = { "PROCS", 5, 0, 3, SORT_NUMBER, COL_RIGHT, "processes that did" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 16, 4, SORT_TEXT, COL_OF_CONTAINER,
			   "in which container" },
	[COL_FIRST] = { "FIRST", 8, 12, 2, SORT_NUMBER, 0, "when first" },
	[COL_PATH] = { "FILE", 30, 50, 0, SORT_TEXT, COL_FLEX, "path, as seen in the container" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_set in = { 0 };

	ins_scope__files(m, f->scope, &in);
	for (uint32_t i = 0; i < m->n_files; i++)
		if (ins_set__has(&in, i) && m->files[i].n_ops && ins_kind__file(m, f->only, i))
			ins_table__add(t, i, 0);
	ins_set__done(&in);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_file *fi = &m->files[id];

	(void)f;
	switch (col) {
	case COL_OPS:
		ins_cell__ops(out, fi->ops);
		break;
	case COL_READ:
		ins_cell__size(out, fi->rd);
		break;
	case COL_WRITTEN:
		ins_cell__size(out, fi->wr);
		break;
	case COL_PROCS:
		ins_cell__size(out, fi->n_procs);
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, fi->container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, fi->container);
		break;
	case COL_FIRST:
		ins_cell__time(ui, out, fi->first_ts);
		break;
	case COL_PATH:
		ins_cell__str(m, out, fi->path);
		if (fi->ops & FOP_DIR)
			buf__puts(&out->text, "/");
		out->style = fi->ops & FOP_EXEC ? ST_EXEC : ST_FILE;
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_file *fi = &ins_ui__model(ui)->files[id];

	(void)f;
	switch (col) {
	case COL_READ:
		return fi->rd;
	case COL_WRITTEN:
		return fi->wr;
	case COL_PROCS:
		return fi->n_procs;
	default:
		return fi->first_ts;
	}
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id,
		    struct ins_subject *ret)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_file *fi = &m->files[id];

	(void)f;
	ret->file = id;
	ret->container = fi->container;
	ret->ts = fi->first_ts;
	/* the first one that did something with it */
	for (uint32_t u = fi->uses; u != INS_NONE; u = m->uses[u].next_of_file)
		if (m->uses[u].first_num == fi->first_num)
			ret->proc = m->uses[u].proc;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	(void)f;
	ins_ui__push(ui, (struct ins_scope){ OF_FILE, id }, VIEW_OBJECT, 0);
}

static bool act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	if (a != ACT_FOLD)
		return ins_table__act(ui, f, state, a);
	ins_ui__push_only(ui, f->scope, VIEW_FOLDERS, 0, f->only);
	return true;
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_FIRST,
	.empty = "No file was touched.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_files = {
	.name = "files", .tab = "Files", .shorttab = "Files",
	.about = "Files that were opened, read, written, created, removed, renamed or executed. "
		 "What programs looked for and did not find is left out; the events have it. Enter "
		 "shows who did it; z shows them by folder.",
	.where = WHERE_TABLE,
	.open = ins_table__open, .close = ins_table__close, .draw = ins_table__draw,
	.act = act, .mouse = ins_table__mouse, .subject = ins_table__subject,
	.go = ins_table__go, .find = ins_table__find, .work = ins_table__work, .stop = ins_table__stop,
	.renew = ins_table__renew,
	.count = ins_table__count,
	.table = &ops,
};
