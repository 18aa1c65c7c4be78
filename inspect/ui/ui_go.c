// SPDX-License-Identifier: Apache-2.0
/* Going from place to place: in time, along the path, from view to view. */
#include <stdlib.h>

#include "inspect/ui/ui_internal.h"

bool ui__subject(struct ins_ui *ui, struct ins_subject *ret)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];

	*ret = INS_NO_SUBJECT;
	return v->subject && v->subject(ui, f, ins_ui__state(ui, f), ret);
}

/* The cursor's time follows what the cursor of the view is on. */
void ins_ui__follow_cursor(struct ins_ui *ui)
{
	struct ins_subject s;

	if (ui__subject(ui, &s) && s.ts >= ui->trace->t_first && s.ts <= ui->trace->t_last)
		ui->at = s.ts;
}

void ins_ui__go(struct ins_ui *ui, uint64_t ts, uint64_t num)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];
	struct ins_subject to = INS_NO_SUBJECT;

	if (ts && ts < ui->trace->t_first)
		ts = ui->trace->t_first;
	if (ts > ui->trace->t_last)
		ts = ui->trace->t_last;
	if (num && f->view != VIEW_EVENTS) {
		ins_ui__push(ui, f->scope, VIEW_EVENTS, num);
		return;
	}
	if (ts)
		ui->at = ts;
	to.ts = ts;
	to.num = num;
	if (v->go)
		v->go(ui, f, ins_ui__state(ui, f), &to);
}

void ui__edge_here(struct ins_ui *ui, bool from)
{
	const struct ins_trace *t = ui->trace;
	uint64_t lo = ui->lens.to ? ui->lens.from : t->t_first;
	uint64_t hi = ui->lens.to ? ui->lens.to : t->t_last;

	if (from)
		lo = ui->at;
	else
		hi = ui->at;
	if (lo > hi) {
		ins_ui__message(ui, ST_WARN, "the range would end before it begins");
		return;
	}
	ins_ui__set_range(ui, lo, hi);
}

void ui__find(struct ins_ui *ui, int dir, bool again)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];

	if (!ui->search[0])
		ins_ui__message(ui, ST_WARN, "nothing to search for yet: / asks");
	else if (v->find)
		v->find(ui, f, ins_ui__state(ui, f), dir, again);
}

/* --- going ----------------------------------------------------------------------------------- */

void ui__go_back(struct ins_ui *ui)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];

	if (v->stop && v->stop(ui, f, ins_ui__state(ui, f)))
		return;
	if (ui->n_frames == 1) {
		if (ui->search[0])
			ui->search[0] = 0;
		else
			ins_ui__message(ui, ST_TEXT, "this is where the path begins; q leaves");
		return;
	}
	ins_ui__pop(ui);
}

void ui__switch_view(struct ins_ui *ui, unsigned number)
{
	struct ins_frame *f = ins_ui__top(ui);
	enum ins_view_id id;

	/* from one event or the help: the views of what they were opened from */
	while (!ins_view_numbers[f->view] && ui->n_frames > 1) {
		ui__go_back(ui);
		f = ins_ui__top(ui);
	}
	id = ins_view__by_number(number, f->scope);
	if (id != VIEW__N && id != f->view && f->only.kind)
		ins_ui__push(ui, f->scope, id, 0);	/* a kind is of one view */
	else if (id != VIEW__N)
		f->view = id;
}

void ui__cycle_view(struct ins_ui *ui, int dir)
{
	struct ins_frame *f = ins_ui__top(ui);
	int n = ins_view_numbers[f->view];

	for (int i = 0; i < 9; i++) {
		n = (n - 1 + dir + 9) % 9 + 1;
		if (ins_view__by_number((unsigned)n, f->scope) != VIEW__N)
			break;
	}
	ui__switch_view(ui, (unsigned)n);
}

/* Scope of what is under the cursor, most special first. */
static bool scope_of(const struct ins_subject *s, struct ins_scope *ret)
{
	if (s->file != INS_NONE)
		*ret = (struct ins_scope){ OF_FILE, s->file };
	else if (s->conn != INS_NONE)
		*ret = (struct ins_scope){ OF_CONN, s->conn };
	else if (s->proc != INS_NONE)
		*ret = (struct ins_scope){ OF_PROC, s->proc };
	else if (s->container != INS_NONE)
		*ret = (struct ins_scope){ OF_CONTAINER, s->container };
	else
		return false;
	return true;
}

void ui__go_events(struct ins_ui *ui)
{
	struct ins_scope scope = ins_ui__top(ui)->scope;
	struct ins_subject s;

	if (ins_ui__top(ui)->view == VIEW_EVENTS) {
		ins_ui__message(ui, ST_TEXT, "these are the events; Enter opens one");
		return;
	}
	ui__subject(ui, &s);
	scope_of(&s, &scope);
	ins_ui__push(ui, scope, VIEW_EVENTS, s.num);
}

void ui__go_process(struct ins_ui *ui, bool tree)
{
	struct ins_subject s;

	if (!ui__subject(ui, &s) || s.proc == INS_NONE) {
		ins_ui__message(ui, ST_WARN, "no process is known for this");
		return;
	}
	if (!tree) {
		ins_ui__push(ui, (struct ins_scope){ OF_PROC, s.proc }, VIEW_OBJECT, 0);
		return;
	}
	ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_PROCESSES, 0);
	s.num = s.ts = 0;
	ins_views[VIEW_PROCESSES]->go(ui, ins_ui__top(ui), ins_ui__state(ui, ins_ui__top(ui)), &s);
}

void ui__go_whole(struct ins_ui *ui)
{
	while (ui->n_frames > 1)
		ui__go_back(ui);
}

void ui__toggle_deep(struct ins_ui *ui)
{
	struct ins_frame *f = ins_ui__top(ui);

	if (f->scope.kind != OF_PROC && f->scope.kind != OF_TREE) {
		ins_ui__message(ui, ST_WARN, "only for a process: open one first");
		return;
	}
	f->scope.kind = f->scope.kind == OF_PROC ? OF_TREE : OF_PROC;
	ins_ui__message(ui, ST_TEXT, f->scope.kind == OF_TREE ?
			"with all that it started" : "this process alone");
	for (unsigned v = 0; v < VIEW__N; v++)
		if (f->states[v]) {
			ins_views[v]->close(f->states[v]);
			f->states[v] = NULL;
		}
}
