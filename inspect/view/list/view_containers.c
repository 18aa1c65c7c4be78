// SPDX-License-Identifier: Apache-2.0
#include "inspect/view/common.h"

enum { COL_MACHINE, COL_NAME, COL_POD, COL_ID, COL_IMAGE, COL_RUNTIME, COL_START, COL_END, COL_PROCS, COL_CMDS, COL_CONNS,
       COL_ALERTS, COL_EVENTS, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_MACHINE] = { "MACHINE", 8, 16, 0, SORT_TEXT, COL_OF_MACHINE, "the machine that it is on" },
	[COL_NAME] = { "NAME", 12, 24, 0, SORT_TEXT, COL_FLEX, "its name, if one is known" },
	[COL_POD] = { "POD", 14, 30, 1, SORT_TEXT, 0, "namespace and name of its pod" },
	[COL_ID] = { "ID", 12, 0, 1, SORT_TEXT, 0, "short id" },
	[COL_IMAGE] = { "IMAGE", 12, 40, 3, SORT_TEXT, COL_FLEX, "image that it was made from" },
	[COL_RUNTIME] = { "RUNTIME", 10, 0, 8, SORT_TEXT, 0, "what runs it" },
	[COL_START] = { "START", 8, 12, 4, SORT_NUMBER, 0, "when it was made or first seen" },
	[COL_END] = { "END", 8, 12, 5, SORT_NUMBER, 0, "when it ended; nothing: it did not" },
	[COL_PROCS] = { "PROCS", 5, 0, 2, SORT_NUMBER, COL_RIGHT, "processes that ran in it" },
	[COL_CMDS] = { "CMDS", 5, 0, 6, SORT_NUMBER, COL_RIGHT, "programs executed" },
	[COL_CONNS] = { "CONNS", 5, 0, 7, SORT_NUMBER, COL_RIGHT, "connections" },
	[COL_ALERTS] = { "ALERTS", 6, 0, 3, SORT_NUMBER, COL_RIGHT, "alerts" },
	[COL_EVENTS] = { "EVENTS", 6, 0, 1, SORT_NUMBER, COL_RIGHT, "recorded events" },
};

static uint32_t container_of(const struct ins_model *m, struct ins_scope s)
{
	switch (s.kind) {
	case OF_CONTAINER:
		return s.idx;
	case OF_PROC:
	case OF_TREE:
		return s.idx < m->n_procs ? m->procs[s.idx].container : INS_NONE;
	case OF_FILE:
		return s.idx < m->n_files ? m->files[s.idx].container : INS_NONE;
	case OF_CONN:
		return s.idx < m->n_conns ? m->procs[m->conns[s.idx].proc].container : INS_NONE;
	default:
		return INS_NONE;
	}
}

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t only = container_of(m, f->scope);

	for (uint32_t i = 0; i < m->n_containers; i++)
		if ((f->scope.kind == OF_ALL || i == only ||
		     (f->scope.kind == OF_CONTAINER && ins_scope__has_container(m, f->scope, i))) &&
		    !(m->lens && !ins_scope__container(m, i).n_events))
			ins_table__add(t, i, 0);
}

static uint64_t start_of(const struct ins_container *c)
{
	return c->start ? c->start : c->first_ts;
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_container sum = ins_scope__container(m, id), *c = &sum;

	(void)f;
	switch (col) {
	case COL_MACHINE:
		ins_cell__machine(m, out, id);
		break;
	case COL_NAME:
		if (c->is_host)
			buf__puts(&out->text, "all of it");
		ins_cell__container(m, out, id);
		break;
	case COL_POD:
		ins_cell__str(m, out, c->pod);
		break;
	case COL_ID:
		buf__puts(&out->text, c->is_host ? "" : c->id);
		break;
	case COL_IMAGE:
		ins_cell__str(m, out, c->image);
		break;
	case COL_RUNTIME:
		ins_cell__str(m, out, c->runtime);
		break;
	case COL_START:
		ins_cell__time(ui, out, start_of(c));
		break;
	case COL_END:
		ins_cell__time(ui, out, c->end);
		break;
	case COL_PROCS:
		ins_cell__size(out, c->n_procs);
		break;
	case COL_CMDS:
		ins_cell__size(out, c->n_cmds);
		break;
	case COL_CONNS:
		ins_cell__size(out, c->n_conns);
		break;
	case COL_ALERTS:
		ins_cell__size(out, c->n_alerts);
		out->style = ST_BAD;
		break;
	case COL_EVENTS:
		ins_cell__size(out, c->n_events);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_container sum = ins_scope__container(ins_ui__model(ui), id), *c = &sum;

	(void)f;
	switch (col) {
	case COL_START:
		return start_of(c);
	case COL_END:
		return c->end;
	case COL_PROCS:
		return c->n_procs;
	case COL_CMDS:
		return c->n_cmds;
	case COL_CONNS:
		return c->n_conns;
	case COL_ALERTS:
		return c->n_alerts;
	default:
		return c->n_events;
	}
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id,
		    struct ins_subject *ret)
{
	(void)f;
	ret->container = id;
	ret->ts = start_of(&ins_ui__model(ui)->containers[id]);
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	(void)f;
	ins_ui__push(ui, (struct ins_scope){ OF_CONTAINER, id }, VIEW_PROCESSES, 0);
}

static bool lacks(const struct ins_model *m, unsigned col)
{
	return col == COL_POD && !m->pods;
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_EVENTS, .reverse = true,
	.empty = "No container: everything ran on the host.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
	.lacks = lacks,
};

const struct ins_view ins_view_containers = {
	.name = "containers", .tab = "Containers", .shorttab = "Conts",
	.about = "The containers that the trace knows, gone or not. Enter shows the processes of "
		 "one; other views of it are a number away. In a trace of several machines each of "
		 "them has a line too: for its containers and what runs in none.",
	.where = WHERE_TABLE,
	INS_TABLE_FUNCTIONS,
	.table = &ops,
};
