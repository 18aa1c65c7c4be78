// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/rules.h"
#include "inspect/view/common.h"

enum { COL_TIME, COL_PRIORITY, COL_MACHINE, COL_CONTAINER, COL_PROC, COL_RULE, COL_SOURCE, COL_TEXT, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_TIME] = { "TIME", 12, 0, 0, SORT_NUMBER, 0, "when" },
	[COL_PRIORITY] = { "PRIORITY", 8, 13, 0, SORT_NUMBER, 0, "as the rule says" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 16, 4, SORT_TEXT, COL_OF_CONTAINER,
			   "in which container" },
	[COL_PROC] = { "PROCESS", 14, 18, 1, SORT_TEXT, 0, "by which process" },
	[COL_RULE] = { "RULE", 28, 36, 0, SORT_TEXT, 0, "which rule" },
	[COL_SOURCE] = { "FOUND", 8, 0, 5, SORT_TEXT, 0,
			 "live: while it was recorded; now: by the rules given to the inspector" },
	[COL_TEXT] = { "WHAT", 20, 40, 3, SORT_TEXT, COL_FLEX, "the alert's text" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_set in = { 0 };

	ins_scope__procs(m, f->scope, &in);
	for (uint32_t i = 0; i < m->n_alerts; i++)
		if (f->scope.kind == OF_ALL || ins_set__has(&in, m->alerts[i].proc))
			ins_table__add(t, i, 0);
	ins_set__done(&in);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_alert *a = &m->alerts[id];

	(void)f;
	switch (col) {
	case COL_TIME:
		ins_cell__time(ui, out, a->ts);
		break;
	case COL_PRIORITY:
		buf__puts(&out->text, eng_priority__name((enum eng_priority)a->priority));
		out->style = ins_priority__style(a->priority);
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, a->container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, a->container);
		break;
	case COL_PROC:
		ins_cell__proc(m, out, a->proc);
		break;
	case COL_RULE:
		ins_cell__str(m, out, a->rule);
		out->style = ins_priority__style(a->priority);
		break;
	case COL_SOURCE:
		buf__puts(&out->text, a->live ? "live" : "now");
		break;
	case COL_TEXT:
		ins_cell__str(m, out, a->text);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_alert *a = &ins_ui__model(ui)->alerts[id];

	(void)f;
	return col == COL_PRIORITY ? a->priority : a->ts;
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id,
		    struct ins_subject *ret)
{
	const struct ins_alert *a = &ins_ui__model(ui)->alerts[id];

	(void)f;
	ret->proc = a->proc;
	ret->container = a->container;
	ret->ts = a->ts;
	ret->num = a->num;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	(void)f;
	ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_EVENT,
		     ins_ui__model(ui)->alerts[id].num);
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_TIME,
	.empty = "No alert. Rules can be run over the trace: spoor-inspect -r shipped TRACE",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_alerts = {
	.name = "alerts", .tab = "Alerts", .shorttab = "Alerts",
	.about = "Alerts that the recorder wrote into the trace, and those of the rules given with "
		 "-r. Enter shows the event that matched; p its process.",
	.where = WHERE_TABLE,
	INS_TABLE_FUNCTIONS,
	.table = &ops,
};
