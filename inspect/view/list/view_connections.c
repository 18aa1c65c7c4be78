// SPDX-License-Identifier: Apache-2.0
#include "inspect/model/events/evtext.h"
#include "inspect/model/kinds.h"
#include "inspect/view/common.h"

enum { COL_DIR, COL_PROTO, COL_REMOTE, COL_LOCAL, COL_IN, COL_OUT, COL_START, COL_TIME, COL_PROC,
       COL_MACHINE, COL_CONTAINER, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_DIR] = { "", 1, 0, 0, SORT_TEXT, 0,
		      "\u2192 went out, \u2190 came in, \u25cb listens, \u00b7 not known which" },
	[COL_PROTO] = { "PROTO", 5, 0, 4, SORT_TEXT, 0, "protocol" },
	[COL_REMOTE] = { "REMOTE", 20, 30, 0, SORT_TEXT, COL_FLEX,
			"the other end, or the socket's path" },
	[COL_LOCAL] = { "LOCAL", 14, 22, 3, SORT_TEXT, 0, "this end" },
	[COL_IN] = { "IN", 5, 0, 1, SORT_NUMBER, COL_RIGHT, "bytes received" },
	[COL_OUT] = { "OUT", 5, 0, 1, SORT_NUMBER, COL_RIGHT, "bytes sent" },
	[COL_START] = { "START", 8, 12, 2, SORT_NUMBER, 0, "when; nothing: before the recording" },
	[COL_TIME] = { "TIME", 6, 0, 6, SORT_NUMBER, COL_RIGHT, "how long it was in use" },
	[COL_PROC] = { "PROCESS", 14, 20, 2, SORT_TEXT, 0, "whose it is" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 16, 5, SORT_TEXT, COL_OF_CONTAINER,
			   "in which container" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_set in = { 0 };

	ins_scope__procs(m, f->scope, &in);
	for (uint32_t i = 0; i < m->n_conns; i++)
		if (ins_scope__has_conn(m, f->scope, &in, i) && !(m->lens && !m->conns[i].n_events) &&
		    ins_kind__conn(m, f->only, i))
			ins_table__add(t, i, 0);
	ins_set__done(&in);
}

static uint64_t time_of(const struct ins_conn *c)
{
	uint64_t end = c->closed ? c->closed : c->last_ts;

	return c->first_ts && end > c->first_ts ? end - c->first_ts : 0;
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_conn *c = &m->conns[id];

	(void)f;
	switch (col) {
	case COL_DIR:
		buf__puts(&out->text, ins_conn__arrow(c));
		break;
	case COL_PROTO:
		buf__puts(&out->text, ins_tuple__proto(&c->tuple, c->fd_type));
		break;
	case COL_REMOTE:
		ins_cell__remote(m, out, c);
		if (c->failed) {
			const char *name = fmt_errno_name(c->error);

			buf__printf(&out->text, " %s", name ? name : "failed");
			out->style = ST_BAD;
		}
		break;
	case COL_LOCAL:
		ins_cell__local(m, out, c);
		break;
	case COL_IN:
		ins_cell__size(out, c->in);
		break;
	case COL_OUT:
		ins_cell__size(out, c->out);
		break;
	case COL_START:
		ins_cell__time(ui, out, c->before ? 0 : c->first_ts);
		break;
	case COL_TIME:
		if (c->dir != CONN_LISTEN && c->first_ts)
			ins_cell__dur(out, time_of(c));
		break;
	case COL_PROC:
		ins_cell__proc(m, out, c->proc);
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, m->procs[c->proc].container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, m->procs[c->proc].container);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_conn *c = &ins_ui__model(ui)->conns[id];

	(void)f;
	switch (col) {
	case COL_IN:
		return c->in;
	case COL_OUT:
		return c->out;
	case COL_TIME:
		return time_of(c);
	default:
		return c->first_ts;
	}
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id,
		    struct ins_subject *ret)
{
	const struct ins_conn *c = &ins_ui__model(ui)->conns[id];

	(void)f;
	ret->conn = id;
	ret->proc = c->proc;
	ret->container = ins_ui__model(ui)->procs[c->proc].container;
	ret->ts = c->first_ts;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	(void)f;
	ins_ui__push(ui, (struct ins_scope){ OF_CONN, id }, VIEW_OBJECT, 0);
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_START,
	.empty = "No connection.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_connections = {
	.name = "connections", .tab = "Connections", .shorttab = "Conns",
	.about = "Who talked to whom: TCP and UDP, sockets that listen, and unix sockets with a "
		 "name. One line for a process and a pair of addresses.",
	.where = WHERE_TABLE,
	INS_TABLE_FUNCTIONS,
	.table = &ops,
};
