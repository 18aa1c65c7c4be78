// SPDX-License-Identifier: Apache-2.0
/* What names were asked for, and what the answers were. */
#include "inspect/model/events/evtext.h"
#include "inspect/view/common.h"

enum { COL_NAME, COL_TYPE, COL_ASKED, COL_ANSWER, COL_SLOWEST, COL_FIRST, COL_PROC, COL_MACHINE, COL_CONTAINER, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_NAME] = { "NAME", 24, 40, 0, SORT_TEXT, COL_FLEX, "what was asked for" },
	[COL_TYPE] = { "TYPE", 5, 0, 4, SORT_TEXT, 0, "A, AAAA, TXT ..." },
	[COL_ASKED] = { "ASKED", 5, 0, 1, SORT_NUMBER, COL_RIGHT, "how often" },
	[COL_ANSWER] = { "ANSWER", 16, 32, 0, SORT_TEXT, 0, "addresses of the last answer, or what was wrong" },
	[COL_SLOWEST] = { "SLOWEST", 7, 0, 5, SORT_NUMBER, COL_RIGHT, "the longest that an answer took" },
	[COL_FIRST] = { "FIRST", 12, 0, 2, SORT_NUMBER, 0, "when first" },
	[COL_PROC] = { "PROCESS", 14, 18, 3, SORT_TEXT, 0, "who asked first" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 16, 4, SORT_TEXT, COL_OF_CONTAINER, "in which container" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_set in = { 0 };

	ins_scope__procs(m, f->scope, &in);
	for (uint32_t i = 0; i < m->n_names; i++) {
		const struct ins_name *n = &m->names[i];
		bool mine = f->scope.kind == OF_ALL || ins_set__has(&in, n->proc) ||
			    (f->scope.kind == OF_CONTAINER && ins_scope__has_container(m, f->scope, n->container));

		if (n->first_num && mine)
			ins_table__add(t, i, 0);
	}
	ins_set__done(&in);
}

/* RFC 1035, 4.1.1 */
static const char *rcode_name(uint8_t rcode)
{
	static const char *const names[] = { "no address", "malformed", "server failed", "no such name",
					    "not implemented", "refused" };

	return rcode < sizeof(names) / sizeof(*names) ? names[rcode] : "failed";
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_name *n = &m->names[id];

	(void)f;
	switch (col) {
	case COL_NAME:
		ins_cell__str(m, out, n->name);
		out->style = ST_NET;
		break;
	case COL_TYPE:
		ins_cell__str(m, out, n->type);
		break;
	case COL_ASKED:
		ins_cell__size(out, n->asked);
		break;
	case COL_ANSWER:
		if (n->addresses) {
			ins_cell__str(m, out, n->addresses);
		} else {
			buf__puts(&out->text, n->answered ? rcode_name(n->rcode) : "none");
			out->style = n->failed ? ST_BAD : ST_DIM;
		}
		break;
	case COL_SLOWEST:
		if (n->slowest)
			ins_cell__dur(out, n->slowest);
		break;
	case COL_FIRST:
		ins_cell__time(ui, out, n->first_ts);
		break;
	case COL_PROC:
		ins_cell__proc(m, out, n->proc);
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, n->container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, n->container);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_name *n = &ins_ui__model(ui)->names[id];

	(void)f;
	return col == COL_ASKED ? n->asked : col == COL_SLOWEST ? n->slowest : n->first_ts;
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret)
{
	const struct ins_name *n = &ins_ui__model(ui)->names[id];

	(void)f;
	ret->proc = n->proc;
	ret->container = n->container;
	ret->ts = n->first_ts;
	ret->num = n->first_num;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	ins_ui__push(ui, f->scope, VIEW_EVENT, ins_ui__model(ui)->names[id].first_num);
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_FIRST,
	.empty = "No name was asked for: name servers answer on port 53.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_names = {
	.name = "names", .tab = NULL, .shorttab = NULL,
	.about = "Names that name servers were asked for, and their answers. Enter shows the first "
		 "question; p the process that asked.",
	.where = WHERE_TABLE,
	INS_TABLE_FUNCTIONS,
	.table = &ops,
};
