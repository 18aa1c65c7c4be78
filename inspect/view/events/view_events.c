// SPDX-License-Identifier: Apache-2.0
/*
 * Events, one line each. The list is never held: only places are, and the texts of the lines that
 * are shown and some around them. What takes long (the next match far away, a search) goes on in
 * slices, and any key ends it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/ui/ui_layout.h"
#include "inspect/view/common.h"
#include "inspect/view/events/events_place.h"

#define QUICK 30000000u		/* ns that a key may take */

enum { COL_TIME, COL_NUM, COL_CPU, COL_CONTAINER, COL_PROC, COL_TID, COL_TYPE, COL_TOOK, COL_ARGS, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_TIME] = { "TIME", 15, 18, 0, SORT_NONE, 0, "when, to the microsecond" },
	[COL_NUM] = { "EVENT", 9, 0, 5, SORT_NONE, COL_RIGHT, "its number" },
	[COL_CPU] = { "CPU", 3, 0, 6, SORT_NONE, COL_RIGHT | COL_CHOSEN, "on which processor" },
	[COL_CONTAINER] = { "CONTAINER", 10, 14, 4, SORT_NONE, COL_OF_CONTAINER, "in which container; nothing: the host" },
	[COL_PROC] = { "PROCESS", 14, 20, 1, SORT_NONE, 0,
		      "by which process; of a trigger who asked, of an action the playbook, of an audit entry the user" },
	[COL_TID] = { "TID", 7, 0, 6, SORT_NONE, COL_RIGHT | COL_CHOSEN, "by which of its threads" },
	[COL_TYPE] = { "CALL", 12, 16, 0, SORT_NONE, 0, "the system call or other event" },
	[COL_TOOK] = { "TOOK", 6, 0, 6, SORT_NONE, COL_RIGHT | COL_CHOSEN, "how long the call took" },
	[COL_ARGS] = { "ARGUMENTS", 24, 60, 0, SORT_NONE, COL_FLEX, "result and arguments" },
};

static void make_list(struct ins_ui *ui, struct ins_frame *f, struct events *e)
{
	/* what belongs to a scope does not depend on the lens */
	const struct ins_model *m = ui->base;

	ins_evlist__free(e->list);
	e->list = NULL;
	if (ins_evlist__new(&e->list, ui->trace, m, ins_ui__lens(ui), f->scope, false) < 0)
		ins_ui__message(ui, ST_BAD, "the events cannot be listed");
	else
		ins_evlist__only(e->list, f->only);
	e->model_gen = m->gen;
	e->model_done = m->done;
	e->placed = false;
	e->n_shown = 0;
}

static void *open_events(struct ins_ui *ui, struct ins_frame *f)
{
	struct events *e = xcalloc(1, sizeof(*e));

	e->rows = 1;
	make_list(ui, f, e);
	e->top = INS_EV_LAST;	/* the first row need not be of the list */
	e->job = JOB_TOP;
	return e;
}

static void close_events(void *state)
{
	struct events *e = state;

	ins_evlist__free(e->list);
	free(e);
}

static void renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct events *e = state;
	struct ins_evpos was = e->cur;
	bool had = e->has_cur;

	make_list(ui, f, e);
	e->tell = false;
	/* stay near where the cursor was; the old top need not be of the new list */
	e->has_cur = false;
	e->top = INS_EV_LAST;
	e->job = JOB_TOP;
	if (had) {
		e->job = JOB_MOVE;
		e->at = was.row ? (struct ins_evpos){ was.chunk, was.row - 1 } :
				  (struct ins_evpos){ was.chunk, UINT32_MAX };
		e->left = 1;
	}
}

/* The list only becomes longer; which processes a part has is asked when the model has them. */
static void grown(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct events *e = state;

	if (!e->list)
		renew(ui, f, state);
	e->model_done = false;
	e->placed = false;
	if (e->at_end || !e->has_cur)
		e->job = JOB_BOTTOM;
}

/* The scope's processes may have grown while the model does. */
static void follow_model(struct ins_ui *ui, struct ins_frame *f, struct events *e)
{
	const struct ins_model *m = ui->base;

	if (f->scope.kind == OF_ALL || e->model_done || !e->list)
		return;
	if (m->done || (!e->has_cur && m->gen != e->model_gen)) {
		e->model_gen = m->gen;
		e->model_done = m->done;
		ins_evlist__rescope(e->list, INS_EV_FIRST);
		e->placed = false;
		if (e->at_end)
			e->job = JOB_BOTTOM;
		else if (e->has_cur)
			e->top = e->cur;
		else if (e->job == JOB_NONE)
			e->job = JOB_TOP;
	}
}

static bool work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct events *e = state;

	follow_model(ui, f, e);
	if (!e->list)
		return false;
	if (e->job != JOB_NONE) {
		events__run(ui, e, ns);
		if (e->job == JOB_NONE && e->tell)
			ins_ui__follow_cursor(ui);
		return true;
	}
	if (events__place(e, ns) == INS_PENDING || events__fill(e, ns) == INS_PENDING)
		return true;
	return ins_evlist__step(e->list, ns);
}

/* --- drawing --------------------------------------------------------------------------------- */

static int type_style(const struct ins_evline *l)
{
	switch (l->type) {
	case EV_execve:
	case EV_execveat:
		return ST_EXEC;
	case EV_alert:
	case EV_drop:
		return ST_BAD;
	default:
		break;
	}
	if (fmt_events[l->type].flags & (EF_SYSCALL | EF_URING) && l->res < 0)
		return ST_BAD;
	return l->about_net ? ST_NET : l->about_file ? ST_FILE :
	       fmt_events[l->type].category == CAT_PROCESS ? ST_PROC : ST_TEXT;
}

static void draw_text(struct ins_ui *ui, int y, int x, int w, int skip, int style,
		      const struct buf *b)
{
	const char *text = (const char *)b->p;
	int hit;

	if (!w)
		return;
	ins_screen__put_skip(ui->screen, y, x, w, skip, style, text, b->len);
	hit = ins_ui__matches(ui, text, b->len);
	if (hit >= 0) {
		int from = ins_text__width(ui->screen, text, (size_t)hit) - skip;
		int n = ins_text__width(ui->screen, ui->search, strlen(ui->search));

		if (from >= 0 && from < w)
			ins_screen__restyle(ui->screen, y, x + from, from + n < w ? n : w - from,
					    ST_HIT);
	}
}

static void draw_number(struct ins_ui *ui, int y, int x, int w, const char *number)
{
	int n = (int)strlen(number);

	ins_screen__puts(ui->screen, y, n < w ? x + w - n : x, w, ST_DIM, number);
}

static void draw_line(struct ins_ui *ui, const struct events *e, const struct ins_evline *l, int y,
		      const int *w, const int *x)
{
	struct buf text = { 0 };
	char number[32];

	ins_ui__time(ui, l->ts, w[COL_TIME], &text);
	draw_text(ui, y, x[COL_TIME], w[COL_TIME], 0, ST_TIME, &text);
	snprintf(number, sizeof(number), "%llu", (unsigned long long)l->num);
	draw_number(ui, y, x[COL_NUM], w[COL_NUM], number);
	snprintf(number, sizeof(number), "%u", l->cpu);
	draw_number(ui, y, x[COL_CPU], w[COL_CPU], number);
	snprintf(number, sizeof(number), "%u", l->tid);
	draw_number(ui, y, x[COL_TID], w[COL_TID], number);
	draw_number(ui, y, x[COL_TOOK], w[COL_TOOK], l->dur ? ins_dur__text(l->dur, number) : "");
	draw_text(ui, y, x[COL_CONTAINER], w[COL_CONTAINER], 0, ST_CONTAINER, &l->container);
	text.len = 0;
	buf__add(&text, l->comm.p, l->comm.len);
	if (l->pid && l->type != EV_k8s_audit)
		buf__printf(&text, "[%u]", l->pid);
	draw_text(ui, y, x[COL_PROC], w[COL_PROC], 0, ST_TEXT, &text);
	text.len = 0;
	buf__puts(&text, fmt_events[l->type].name);
	draw_text(ui, y, x[COL_TYPE], w[COL_TYPE], 0, type_style(l), &text);
	draw_text(ui, y, x[COL_ARGS], w[COL_ARGS], e->skip, l->res < 0 ? ST_BAD : ST_TEXT,
		  &l->args);
	buf__done(&text);
}

static void lay_out(struct ins_ui *ui, struct ins_frame *f, struct ins_rect at, int *w, int *x)
{
	const struct ins_model *m = ins_ui__model(ui);
	bool many = m->n_containers && (f->scope.kind == OF_ALL || f->scope.kind == OF_FILE);
	struct ins_width want[N_COLS];
	int next = at.x + 1;

	for (unsigned i = 0; i < N_COLS; i++) {
		const struct ins_column *c = &cols[i];
		/* a column that would be all blank or all the same is left out */
		bool out = (i == COL_CONTAINER && !many) || ui->columns.hidden[VIEW_EVENTS] >> i & 1;

		want[i] = (struct ins_width){ out ? 0 : c->min, c->max ? c->max : c->min, c->rank, c->look & COL_FLEX };
	}
	ins_layout__columns(want, N_COLS, at.w - 1, w);
	for (unsigned i = 0; i < N_COLS; i++) {
		x[i] = next;
		next += w[i] ? w[i] + 1 : 0;
	}
}

static const char *what_now(const struct events *e, bool none)
{
	switch (e->job) {
	case JOB_FIND:
		return "searching; Esc stops";
	case JOB_NONE:
		return none ? "No event here." : "";
	default:
		return none ? "looking; Esc stops" : "";
	}
}

static void draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at)
{
	int whole = ins_whole__rows(at), h = at.h - whole;
	unsigned rows = h > 1 ? (unsigned)h - 1 : 1;
	struct events *e = state;
	int w[N_COLS], x[N_COLS];
	const char *now;

	rows = rows < MAX_ROWS ? rows : MAX_ROWS;
	if (rows != e->rows) {
		e->rows = rows;
		e->placed = false;
	}
	lay_out(ui, f, at, w, x);
	for (unsigned i = 0; i < N_COLS; i++)
		ins_screen__puts(ui->screen, at.y, cols[i].look & COL_RIGHT && w[i] ? x[i] + w[i] - (int)strlen(cols[i].title) :
				 x[i], w[i], ST_COLHEAD, cols[i].title);
	if (e->list) {
		events__run(ui, e, QUICK / 2);
		events__place(e, QUICK / 2);
		events__fill(e, QUICK);
	}
	for (unsigned i = 0; e->list && i < e->n_shown; i++) {
		const struct ins_evline *l = ins_evlist__line(e->list, e->shown[i]);
		int y = at.y + 1 + (int)i;

		if (l)
			draw_line(ui, e, l, y, w, x);
		if (!ins_evpos__cmp(e->shown[i], e->cur)) {
			if (l && whole)
				ins_whole__draw(ui, at, w[COL_ARGS], &l->args);
			ins_screen__fill(ui->screen, y, at.x, 1, ST_MARK, 0x258c);
			ins_screen__restyle(ui->screen, y, at.x, at.w, ST_SELECTED);
		}
	}
	now = what_now(e, !e->has_cur);
	if (*now)
		ins_screen__fill(ui->screen, at.y + at.h - 1, at.x, at.w, ST_TEXT, ' ');
	ins_screen__puts(ui->screen, at.y + at.h - 1, at.x + 2, at.w - 2, ST_DIM, now);
}

static void count(struct ins_ui *ui, struct ins_frame *f, void *state, struct buf *out)
{
	bool part = f->scope.kind != OF_ALL || f->only.kind || ins_lens__is_set(ins_ui__lens(ui));
	struct events *e = state;
	const struct ins_evline *l;
	char n[32];
	double done;
	bool all;
	uint64_t found;

	if (!e->list)
		return;
	found = ins_evlist__count(e->list, &all, &done);
	l = e->has_cur ? ins_evlist__line(e->list, e->cur) : NULL;
	if (l)
		buf__printf(out, "#%s ", text__count(l->num, n));
	if (all || part)
		buf__printf(out, "in %s%s", text__count(found, n), all ? "" : "+");
	else
		buf__printf(out, "in %s", text__count(ui->trace->n_listed, n));
	if (!all && part)
		buf__printf(out, " (%d%%)", (int)(done * 100));
}

/* --- keys ------------------------------------------------------------------------------------ */

static void start(struct events *e, enum job job, int64_t lines)
{
	e->at_end = job == JOB_BOTTOM;
	e->tell = true;
	e->job = job;
	e->left = lines;
	e->at = e->cur;
}

static void open_event(struct ins_ui *ui, struct ins_frame *f, struct events *e)
{
	const struct ins_evline *l = e->has_cur ? ins_evlist__line(e->list, e->cur) : NULL;

	if (l)
		ins_ui__push(ui, f->scope, VIEW_EVENT, l->num);
}

static bool act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	struct events *e = state;
	int64_t page = e->rows > 1 ? (int64_t)e->rows - 1 : 1;

	if (!e->list)
		return false;
	switch (a) {
	case ACT_UP: start(e, JOB_MOVE, -1); break;
	case ACT_DOWN: start(e, JOB_MOVE, 1); break;
	case ACT_PAGE_UP: start(e, JOB_MOVE, -page); break;
	case ACT_PAGE_DOWN: start(e, JOB_MOVE, page); break;
	case ACT_TOP: start(e, JOB_TOP, 0); break;
	case ACT_BOTTOM: start(e, JOB_BOTTOM, 0); break;
	case ACT_LEFT: e->skip = e->skip > 8 ? e->skip - 8 : 0; return true;
	case ACT_RIGHT: e->skip += e->skip < 4096 ? 8 : 0; return true;
	case ACT_OPEN: open_event(ui, f, e); return true;
	default: return false;
	}
	/* most are done at once; what is not goes on in work */
	events__run(ui, e, QUICK);
	return true;
}

static bool mouse(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		  int x)
{
	struct events *e = state;

	(void)x;
	if (m == MOUSE_WHEEL_UP || m == MOUSE_WHEEL_DOWN) {
		start(e, JOB_MOVE, m == MOUSE_WHEEL_UP ? -3 : 3);
		events__run(ui, e, QUICK);
		return true;
	}
	if (y < 1 || (unsigned)y - 1 >= e->n_shown)
		return false;
	e->cur = e->shown[y - 1];
	if (m == MOUSE_DOUBLE)
		open_event(ui, f, e);
	return true;
}

static bool subject(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_subject *ret)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct events *e = state;
	const struct ins_evline *l;

	(void)f;
	if (!e->list || !e->has_cur)
		return false;
	ins_evlist__fill(e->list, &e->cur, 1, QUICK);
	l = ins_evlist__line(e->list, e->cur);
	if (!l)
		return false;
	*ret = INS_NO_SUBJECT;
	ret->num = l->num;
	ret->ts = l->ts;
	ret->proc = ins_model__proc(m, l->origin, (int32_t)l->pid, l->ts);
	if (ret->proc != INS_NONE)
		ret->container = m->procs[ret->proc].container;
	return true;
}

static void go(struct ins_ui *ui, struct ins_frame *f, void *state, const struct ins_subject *to)
{
	struct events *e = state;

	(void)f;
	if (!e->list)
		return;
	if (to->num) {
		start(e, JOB_MOVE, 1);
		e->at = ins_evlist__before_num(e->list, to->num);
	} else if (to->ts) {
		start(e, JOB_TIME, 0);
		e->ts = to->ts;
		e->tell = false;	/* the time that was gone to is the cursor's */
	}
	events__run(ui, e, QUICK);
}

static void find(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again)
{
	struct events *e = state;

	(void)f;
	(void)again;	/* the line under the cursor is passed over in any case: it is in sight */
	start(e, JOB_FIND, 0);
	e->dir = dir;
	events__run(ui, e, QUICK);
}

static bool stop(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct events *e = state;

	(void)f;
	if (e->job == JOB_NONE)
		return false;
	e->job = JOB_NONE;
	ins_ui__message(ui, ST_TEXT, "stopped");
	return true;
}

/* Its columns alone: for choosing them, and for the help. */
static const struct ins_table_ops ops = { .cols = cols, .n_cols = N_COLS };

const struct ins_view ins_view_events = {
	.name = "events", .tab = "Events", .shorttab = "Events",
	.about = "Every recorded call and event, in order, with its arguments. A result in red is "
		 "a failure. Enter opens one with all that is known at that moment; @ goes to a "
		 "time or number.",
	.where = WHERE_EVENTS,
	.open = open_events, .close = close_events, .draw = draw, .act = act, .mouse = mouse,
	.subject = subject, .go = go, .find = find, .work = work, .stop = stop, .renew = renew, .grown = grown,
	.count = count,
	.table = &ops,
};
