// SPDX-License-Identifier: Apache-2.0
/* Processes as a tree by who started whom, those included that have ended. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/field/field.h"
#include "inspect/model/events/evtext.h"
#include "inspect/view/common.h"

enum { COL_PID, COL_USER, COL_LOGIN, COL_CAPS, COL_TTY, COL_MACHINE, COL_CONTAINER, COL_START, COL_LIFE, COL_EXIT,
      COL_EVENTS, COL_COMMAND, N_COLS };

/* What docker, podman and containerd leave to a container that is not privileged. */
#define USUAL_CAPS 0xa80425fbu

static const struct ins_column cols[N_COLS] = {
	[COL_PID] = { "PID", 7, 0, 0, SORT_NUMBER, COL_RIGHT, "process id on the host" },
	[COL_USER] = { "USER", 8, 0, 3, SORT_TEXT, 0, "effective user" },
	[COL_LOGIN] = { "LOGIN", 8, 12, 6, SORT_TEXT, COL_CHOSEN, "who that was when they logged in, if they did" },
	[COL_CAPS] = { "CAPS", 26, 0, 9, SORT_TEXT, 0,
		      "effective capabilities: all; usual: those that runtimes leave to a container; fewer; or the "
		      "names of those beyond the usual; -: none, or none known" },
	[COL_TTY] = { "TTY", 6, 8, 7, SORT_TEXT, COL_CHOSEN, "its terminal" },
	[COL_MACHINE] = { "MACHINE", 8, 16, 2, SORT_TEXT, COL_OF_MACHINE, "on which machine" },
	[COL_CONTAINER] = { "CONTAINER", 12, 16, 3, SORT_TEXT, COL_OF_CONTAINER,
			   "its container; nothing: the host" },
	[COL_START] = { "START", 8, 12, 4, SORT_NUMBER, 0, "when it began" },
	[COL_LIFE] = { "LIFE", 6, 0, 5, SORT_NUMBER, COL_RIGHT, "how long it lived, or has lived" },
	[COL_EXIT] = { "EXIT", 5, 0, 1, SORT_TEXT, 0,
		       "exit code, or the signal that ended it (+: core dumped; OOM: out of "
		       "memory); nothing: it did not end; ?: its end was not seen" },
	[COL_EVENTS] = { "EVENTS", 6, 0, 8, SORT_NUMBER, COL_RIGHT, "recorded events of it" },
	[COL_COMMAND] = { "COMMAND", 34, 48, 0, SORT_TEXT, COL_FLEX,
			  "program and arguments; !: there are alerts; ^: its parent ended and "
			  "another took it over" },
};

/* What is shown, and the children of each that is, as lists: the first child and the next one of the same parent. */
struct tree {
	const struct ins_model *m;
	uint32_t *first, *next;
	uint8_t *show;			/* it or something below it is to be shown */
	uint32_t roots;
};

static bool is_wanted(struct ins_ui *ui, const struct ins_model *m, const struct ins_table *t,
		      const struct ins_set *in, uint32_t i)
{
	const struct ins_proc *p = &m->procs[i];

	if (!ins_set__has(in, i) || (m->lens && !p->n_events))
		return false;
	return !t->alive_only || ins_proc__alive_at(m, p, ui->at);
}

/*
 * A process that is shown brings its ancestors along, so that the tree hangs together: up to the one that brought
 * it into the selection, which is the first outside.
 */
static void mark_shown(struct tree *tr, const struct ins_set *in, uint32_t i)
{
	for (uint32_t depth = 0; i < tr->m->n_procs && !tr->show[i] && depth < 10000; depth++) {
		tr->show[i] = 1;
		if (!ins_set__has(in, i))
			return;
		i = tr->m->procs[i].parent;
	}
}

static void make_tree(struct tree *tr)
{
	uint32_t n = tr->m->n_procs;

	tr->first = xmalloc((n + 1) * sizeof(*tr->first));
	tr->next = xmalloc((n + 1) * sizeof(*tr->next));
	tr->roots = INS_NONE;
	for (uint32_t i = 0; i < n; i++)
		tr->first[i] = INS_NONE;
	/* from the last to the first, so that lists are in order of birth */
	for (uint32_t i = n; i-- > 0;) {
		uint32_t parent = tr->m->procs[i].parent;
		uint32_t *head = parent < n && parent != i && tr->show[parent] ? &tr->first[parent] : &tr->roots;

		if (!tr->show[i])
			continue;
		tr->next[i] = *head;
		*head = i;
	}
}

static void free_tree(struct tree *tr)
{
	free(tr->first);
	free(tr->next);
	free(tr->show);
}

/* Depth first without recursion: chains of parents may be as long as the attacker likes. */
static void add_tree(struct tree *tr, struct ins_table *t, uint32_t root)
{
	uint32_t *stack = NULL;
	size_t cap = 0, depth = 0, hidden = SIZE_MAX;	/* hidden: what is deeper than that is
							 * folded away */
	uint32_t i = root;

	for (;;) {
		while (i == INS_NONE) {
			if (!depth) {
				free(stack);
				return;
			}
			i = tr->next[stack[--depth]];
			if (!depth)
				i = INS_NONE;	/* the root's siblings are roots of their own */
		}
		if (tr->show[i]) {
			tr->show[i] = 0;	/* a ring of parents ends here */
			if (depth <= hidden) {
				hidden = table__is_folded(t, i) ? depth : SIZE_MAX;
				ins_table__add(t, i, (unsigned)depth);
			}
			stack = xgrow(stack, &cap, depth + 1, sizeof(*stack));
			stack[depth++] = i;
			i = tr->first[i];
			continue;
		}
		if (!depth) {
			free(stack);
			return;
		}
		i = tr->next[i];
	}
}

/* Threads of the kernel are many and say little: their branch begins folded. */
static void fold_kernel(const struct ins_model *m, struct ins_table *t)
{
	for (uint32_t i = 0; i < m->n_procs; i++) {
		if (m->procs[i].pid != 2 || m->procs[i].exe)
			continue;
		table__fold(t, i, true);
		t->begun = true;
		return;
	}
}

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_set in = { 0 };
	struct tree tr;

	if (!t->begun)
		fold_kernel(m, t);
	ins_scope__procs(m, f->scope, &in);
	t->is_tree = t->sort < 0;
	if (!t->is_tree) {
		for (uint32_t i = 0; i < m->n_procs; i++)
			if (is_wanted(ui, m, t, &in, i))
				ins_table__add(t, i, 0);
		ins_set__done(&in);
		return;
	}
	tr = (struct tree){ .m = m, .show = xcalloc(m->n_procs + 1, 1) };
	for (uint32_t i = 0; i < m->n_procs; i++)
		if (is_wanted(ui, m, t, &in, i))
			mark_shown(&tr, &in, i);
	make_tree(&tr);
	for (uint32_t i = tr.roots; i != INS_NONE; i = tr.next[i])
		add_tree(&tr, t, i);
	/* what hangs in a ring of parents has no root */
	for (uint32_t i = 0; i < m->n_procs; i++)
		if (tr.show[i])
			add_tree(&tr, t, i);
	free_tree(&tr);
	ins_set__done(&in);
}

/* The names of what is beyond the usual, short as they are spoken of: sys_admin net_admin. */
static void put_beyond(uint64_t caps, struct ins_out *out)
{
	struct buf names = { 0 };

	eng_caps__names(caps & ~(uint64_t)USUAL_CAPS, &names);
	for (size_t i = 0; i < names.len; i++) {
		if (names.len - i > 4 && !memcmp(names.p + i, "CAP_", 4))
			i += 4;
		buf__u8(&out->text, (uint8_t)tolower(names.p[i]));
	}
	out->style = ST_WARN;
	buf__done(&names);
}

static void put_caps(const struct ins_proc *p, struct ins_out *out)
{
	struct buf names = { 0 };

	if (!p->caps)
		buf__puts(&out->text, p->flags & PROC_KERNEL ? "" : "-");
	else if (eng_caps__names(p->caps, &names))
		buf__puts(&out->text, "all");
	else if (p->caps & ~(uint64_t)USUAL_CAPS)
		put_beyond(p->caps, out);
	else
		buf__puts(&out->text, p->caps == USUAL_CAPS ? "usual" : "fewer");
	buf__done(&names);
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_proc *p = &m->procs[id];
	char tty[16];

	(void)f;
	switch (col) {
	case COL_PID:
		buf__printf(&out->text, "%d", p->pid);
		break;
	case COL_USER:
		ins_cell__user(m, out, p->container, p->uid);
		break;
	case COL_LOGIN:
		if (p->loginuid != UINT32_MAX)
			ins_cell__user(m, out, ins_model__host_of(m, p->container), p->loginuid);
		break;
	case COL_CAPS:
		put_caps(p, out);
		break;
	case COL_TTY:
		buf__puts(&out->text, ins_tty__text(p->tty, tty));
		break;
	case COL_MACHINE:
		ins_cell__machine(m, out, p->container);
		break;
	case COL_CONTAINER:
		ins_cell__container(m, out, p->container);
		break;
	case COL_START:
		ins_cell__time(ui, out, p->start ? p->start : p->first_ts);
		break;
	case COL_LIFE:
		ins_cell__dur(out, ins_proc__life(m, p));
		break;
	case COL_EXIT:
		ins_cell__exit(m, out, p);
		break;
	case COL_EVENTS:
		ins_cell__size(out, p->n_events);
		break;
	case COL_COMMAND:
		if (p->n_alerts) {
			buf__puts(&out->text, "!");
			out->style = ST_BAD;
		}
		if (p->adopter != INS_NONE)
			buf__puts(&out->text, "^");
		if (p->cmdline)
			ins_cell__str(m, out, p->cmdline);
		else
			buf__printf(&out->text, "[%s]", ins_model__str(m, p->comm));
		if (p->came && (p->parent == INS_NONE || m->procs[p->parent].came != p->came)) {
			buf__puts(&out->text, "  came in by ");
			ins_cell__str(m, out, p->came);
		}
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_proc *p = &m->procs[id];

	(void)f;
	switch (col) {
	case COL_PID:
		return (uint64_t)p->pid;
	case COL_START:
		return p->start ? p->start : p->first_ts;
	case COL_LIFE:
		return ins_proc__life(m, p);
	default:
		return p->n_events;
	}
}

static int row_style(struct ins_ui *ui, uint32_t id)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_proc *p = &m->procs[id];

	/* what was there before and did nothing is only there to hold the tree together */
	return !p->n_events && (m->lens || p->flags & PROC_BEFORE) ? ST_GONE : ST_TEXT;
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id,
		    struct ins_subject *ret)
{
	const struct ins_proc *p = &ins_ui__model(ui)->procs[id];

	(void)f;
	ret->proc = id;
	ret->container = p->container;
	ret->ts = p->flags & PROC_BEFORE || !p->start ? p->first_ts : p->start;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	(void)f;
	ins_ui__push(ui, (struct ins_scope){ OF_PROC, id }, VIEW_OBJECT, 0);
}

static bool lacks(const struct ins_model *m, unsigned col)
{
	return col == COL_CAPS && !m->caps;
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = -1,
	.empty = "No process here.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
	.row_style = row_style, .lacks = lacks,
};

const struct ins_view ins_view_processes = {
	.name = "processes", .tab = "Processes", .shorttab = "Procs",
	.about = "Who started whom, ended or not. What was there before the recording and did "
		 "nothing is dim. Of a selection the process that brought it in is shown as well; P on a process "
		 "shows it in the tree of all. Sorted by a column it is a plain list; s brings the tree back "
		 "after the last column.",
	.where = WHERE_TABLE | WHERE_TREE,
	INS_TABLE_FUNCTIONS,
	.table = &ops,
};
