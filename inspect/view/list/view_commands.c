// SPDX-License-Identifier: Apache-2.0
#include "inspect/model/events/evtext.h"
#include "inspect/model/kinds.h"
#include "inspect/view/common.h"

enum { COL_TIME, COL_USER, COL_MACHINE, COL_CONTAINER, COL_TTY, COL_PARENT, COL_TOOK, COL_EXIT, COL_COMMAND,
      N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_TIME] = { "TIME", 12, 0, 0, SORT_NUMBER, 0, "when it was executed" },
	[COL_USER] = { "USER", 8, 0, 2, SORT_TEXT, 0, "as whom" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 16, 3, SORT_TEXT, COL_OF_CONTAINER,
			   "in which container" },
	[COL_TTY] = { "TTY", 7, 0, 6, SORT_TEXT, 0, "the terminal that it was on; nothing: none" },
	[COL_PARENT] = { "STARTED BY", 12, 18, 4, SORT_TEXT, 0, "the process that started it" },
	[COL_TOOK] = { "TOOK", 6, 0, 5, SORT_NUMBER, COL_RIGHT,
		       "until it ended or executed something else" },
	[COL_EXIT] = { "EXIT", 5, 0, 1, SORT_TEXT, 0,
		       "exit code or signal; >: it executed something else; nothing: it did not "
		       "end" },
	[COL_COMMAND] = { "COMMAND", 24, 48, 0, SORT_TEXT, COL_FLEX, "program and arguments" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_scope scope = f->scope;
	struct ins_set in = { 0 };

	/* a shell's commands are those of its children */
	if (scope.kind == OF_PROC)
		scope.kind = OF_TREE;
	ins_scope__procs(m, scope, &in);
	for (uint32_t i = 0; i < m->n_cmds; i++)
		if (m->cmds[i].counted && ins_scope__has_cmd(m, scope, &in, i) &&
		    ins_kind__cmd(m, f->only, i))
			ins_table__add(t, i, 0);
	ins_set__done(&in);
}

static bool is_last(const struct ins_model *m, uint32_t id)
{
	return m->procs[m->cmds[id].proc].cmds == id;
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_cmd *c = &m->cmds[id];
	char text[16];

	(void)f;
	switch (col) {
	case COL_TIME:
		ins_cell__time(ui, out, c->ts);
		break;
	case COL_USER:
		ins_cell__user(m, out, m->procs[c->proc].container, c->uid);
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, m->procs[c->proc].container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, m->procs[c->proc].container);
		break;
	case COL_TTY:
		buf__puts(&out->text, ins_tty__text(c->tty, text));
		break;
	case COL_PARENT:
		if (c->parent == INS_NONE)
			break;
		ins_cell__str(m, out, c->parent_name);
		buf__printf(&out->text, "[%d]", m->procs[c->parent].pid);
		break;
	case COL_TOOK:
		if (c->until)
			ins_cell__dur(out, c->until - c->ts);
		break;
	case COL_EXIT:
		if (is_last(m, id))
			ins_cell__exit(m, out, &m->procs[c->proc]);
		else
			buf__puts(&out->text, ">");
		break;
	case COL_COMMAND:
		ins_cell__str(m, out, c->cmdline);
		out->style = ST_EXEC;
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_cmd *c = &ins_ui__model(ui)->cmds[id];

	(void)f;
	return col == COL_TOOK ? (c->until ? c->until - c->ts : 0) : c->ts;
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id,
		    struct ins_subject *ret)
{
	const struct ins_cmd *c = &ins_ui__model(ui)->cmds[id];

	(void)f;
	ret->proc = c->proc;
	ret->container = ins_ui__model(ui)->procs[c->proc].container;
	ret->ts = c->ts;
	ret->num = c->num;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	(void)f;
	ins_ui__push(ui, (struct ins_scope){ OF_PROC, ins_ui__model(ui)->cmds[id].proc },
		     VIEW_OBJECT, 0);
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_TIME,
	.empty = "Nothing was executed.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_commands = {
	.name = "commands", .tab = "Commands", .shorttab = "Cmds",
	.about = "What was executed, in order; for a process, also what it started. What ran "
		 "before the recording began is among the processes only.",
	.where = WHERE_TABLE,
	INS_TABLE_FUNCTIONS,
	.table = &ops,
};
