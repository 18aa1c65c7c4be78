// SPDX-License-Identifier: Apache-2.0
/* What keys, the mouse and answers to prompts do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/text.h"
#include "inspect/ui/ui_layout.h"
#include "inspect/ui/report.h"
#include "inspect/ui/ui.h"

/* --- times ----------------------------------------------------------------------------------- */

static bool subject(struct ins_ui *ui, struct ins_subject *ret)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];

	*ret = INS_NO_SUBJECT;
	return v->subject && v->subject(ui, f, ins_ui__state(ui, f), ret);
}

/* The cursor's time follows what the cursor of the view is on. */
static void follow_cursor(struct ins_ui *ui)
{
	struct ins_subject s;

	if (subject(ui, &s) && s.ts >= ui->trace->t_first && s.ts <= ui->trace->t_last)
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

static void edge_here(struct ins_ui *ui, bool from)
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

/* "FROM", "FROM TO", "FROM +DURATION"; the first of a file is the base of "+". */
static int parse_range(struct ins_ui *ui, const char *text, struct err *err)
{
	const struct ins_trace *t = ui->trace;
	char words[2][64] = { "", "" };
	uint64_t from, to = t->t_last;
	int n = sscanf(text, "%63s %63s", words[0], words[1]), r;

	if (n < 1) {
		ins_ui__set_range(ui, 0, 0);
		return 0;
	}
	r = text__parse_time(words[0], t->t_first, &from, err);
	if (r >= 0 && n > 1)
		r = text__parse_time(words[1], words[0][0] != '+' &&
				     words[1][0] == '+' ? from : t->t_first,
				     &to, err);
	if (r < 0)
		return r;
	if (to < from)
		return err__set(err, -FMT_E_VALUE, "the range ends before it begins");
	ins_ui__set_range(ui, from, to ? to : 1);
	return 0;
}

static int parse_goto(struct ins_ui *ui, const char *text, struct err *err)
{
	uint64_t v;
	int r;

	if (text[0] == '#') {
		r = text__parse_u64(text + 1, UINT64_MAX, &v, err);
		if (r >= 0)
			ins_ui__go(ui, 0, v ? v : 1);
		return r;
	}
	r = text__parse_time(text, ui->trace->t_first, &v, err);
	if (r >= 0)
		ins_ui__go(ui, v ? v : 1, 0);
	return r;
}

/* --- search ---------------------------------------------------------------------------------- */

static void find(struct ins_ui *ui, int dir, bool again)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];

	if (!ui->search[0])
		ins_ui__message(ui, ST_WARN, "nothing to search for yet: / asks");
	else if (v->find)
		v->find(ui, f, ins_ui__state(ui, f), dir, again);
}

/* --- notes ----------------------------------------------------------------------------------- */

/* What the cursor is on, in words. */
static void put_about(const struct ins_ui *ui, const struct ins_subject *s, struct buf *out)
{
	const struct ins_model *m = ui->base;

	if (s->file != INS_NONE)
		ins_scope__name(m, (struct ins_scope){ OF_FILE, s->file }, out);
	else if (s->conn != INS_NONE)
		ins_scope__name(m, (struct ins_scope){ OF_CONN, s->conn }, out);
	if (s->proc != INS_NONE) {
		buf__puts(out, out->len ? " of " : "");
		ins_scope__name(m, (struct ins_scope){ OF_PROC, s->proc }, out);
	}
	if (s->container != INS_NONE) {
		buf__puts(out, out->len ? " in " : "");
		ins_scope__name(m, (struct ins_scope){ OF_CONTAINER, s->container }, out);
	}
	buf__u8(out, 0);
}

static int take_note(struct ins_ui *ui, const char *text, struct err *err)
{
	struct buf about = { 0 };
	struct ins_subject s;
	int r;

	if (ui->edited != INS_NONE) {
		r = ins_notes__set(&ui->notes, ui->edited, text, err);
	} else {
		subject(ui, &s);
		put_about(ui, &s, &about);
		r = ins_notes__add(&ui->notes, s.ts ? s.ts : ui->at, s.num, (char *)about.p, text, err);
	}
	ins_ui__renew_views(ui);
	buf__done(&about);
	ins_ui__message(ui, r < 0 ? ST_WARN : ST_GOOD, "%s", r < 0 ? err->msg : "noted; I lists all notes");
	return 0;		/* the note is there, whatever became of the file */
}

/* --- writing --------------------------------------------------------------------------------- */

/* The name as it was typed, in the folder for it. */
static const char *out_path(const struct ins_ui *ui, char *buf, size_t size)
{
	if (!ui->out || ui->prompt.text[0] == '/')
		return ui->prompt.text;
	return (size_t)snprintf(buf, size, "%s/%s", ui->out, ui->prompt.text) < size ? buf : ui->prompt.text;
}

/* By the name that was given: a report, or the selection as a recording. */
static int write_selection(struct ins_ui *ui, const char *path, struct err *err)
{
	const struct ins_frame *f = ins_ui__top(ui);
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	if (ui->export)
		return err__set(err, -FMT_E_VALUE, "%s is still being written; Esc there gives it up",
				ins_export__path(ui->export));
	if (!dot || !strcmp(dot, ".md"))
		return ins_report__save(ui, path, err);
	if (!ins_export__has_format(path))
		return err__set(err, -FMT_E_VALUE, "a report is .md; a recording .spoor, .jsonl, .scap or .scap.gz");
	if (!access(path, F_OK))
		return err__set(err, -EEXIST, "%s exists: give another name", path);
	return ins_export__new(&ui->export, ui->trace, ui->base, ins_ui__lens(ui), f->scope, f->only, path, err);
}

/* Esc: give up what is being written. False: nothing is. */
static bool give_up_writing(struct ins_ui *ui)
{
	if (!ui->export)
		return false;
	ins_ui__message(ui, ST_WARN, "%s: given up; nothing of it is left", ins_export__path(ui->export));
	ins_export__free(ui->export);
	ui->export = NULL;
	return true;
}

static void quit(struct ins_ui *ui)
{
	ui->quit = !ui->export || ui->asked_to_quit;
	if (!ui->quit)
		ins_ui__message(ui, ST_WARN, "%s is still being written; once more gives it up and leaves",
				ins_export__path(ui->export));
	ui->asked_to_quit = true;
}

/* --- prompts --------------------------------------------------------------------------------- */

void ins_ui__answer(struct ins_ui *ui)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];
	struct ins_prompt *p = &ui->prompt;
	struct err err = { 0 };
	char buf[4096];
	int r = 0;

	switch (p->kind) {
	case ASK_FILTER:
		r = ins_ui__set_filter(ui, p->text, &err);
		break;
	case ASK_SEARCH:
		snprintf(ui->search, sizeof(ui->search), "%.255s", p->text);
		break;
	case ASK_RANGE:
		r = parse_range(ui, p->text, &err);
		break;
	case ASK_GOTO:
		if (p->len)
			r = parse_goto(ui, p->text, &err);
		break;
	case ASK_NOTE:
		r = take_note(ui, p->text, &err);
		break;
	case ASK_WRITE:
		if (p->len)
			r = write_selection(ui, out_path(ui, buf, sizeof(buf)), &err);
		break;
	case ASK_COLUMNS:
		r = ins_columns__choose(&ui->columns, f->view, p->text, &err);
		break;
	case ASK_SAVE:
		if (p->len && v->save)
			r = v->save(ui, f, ins_ui__state(ui, f), out_path(ui, buf, sizeof(buf)), &err);
		break;
	}
	if (r < 0) {
		p->err = err;
		if (!err.code)
			err__set(&p->err, r, "%s", err__text(r));
		return;
	}
	ins_prompt__close(p, true);
	if (p->kind == ASK_SEARCH && p->len)
		find(ui, 1, false);
}

void ins_ui__ask(struct ins_ui *ui, enum ins_prompt_kind kind, const char *text)
{
	ins_prompt__open(&ui->prompt, kind, text);
}

static void ask_columns(struct ins_ui *ui)
{
	struct buf list = { 0 };

	if (!ins_views[ins_ui__top(ui)->view]->table) {
		ins_ui__message(ui, ST_TEXT, "this view has no columns to choose from");
		return;
	}
	ins_columns__list(&ui->columns, ins_ui__top(ui)->view, &list);
	ins_ui__ask(ui, ASK_COLUMNS, (char *)list.p);
	buf__done(&list);
}

/* --- going ----------------------------------------------------------------------------------- */

static void go_back(struct ins_ui *ui)
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
	ui->n_frames--;
	for (unsigned i = 0; i < VIEW__N; i++)
		if (f->states[i])
			ins_views[i]->close(f->states[i]);
	free(f);
}

static void switch_view(struct ins_ui *ui, unsigned number)
{
	struct ins_frame *f = ins_ui__top(ui);
	enum ins_view_id id;

	/* from one event or the help: the views of what they were opened from */
	while (!ins_view_numbers[f->view] && ui->n_frames > 1) {
		go_back(ui);
		f = ins_ui__top(ui);
	}
	id = ins_view__by_number(number, f->scope);
	if (id != VIEW__N && id != f->view && f->only.kind)
		ins_ui__push(ui, f->scope, id, 0);	/* a kind is of one view */
	else if (id != VIEW__N)
		f->view = id;
}

static void cycle_view(struct ins_ui *ui, int dir)
{
	struct ins_frame *f = ins_ui__top(ui);
	int n = ins_view_numbers[f->view];

	for (int i = 0; i < 9; i++) {
		n = (n - 1 + dir + 9) % 9 + 1;
		if (ins_view__by_number((unsigned)n, f->scope) != VIEW__N)
			break;
	}
	switch_view(ui, (unsigned)n);
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

static void go_events(struct ins_ui *ui)
{
	struct ins_scope scope = ins_ui__top(ui)->scope;
	struct ins_subject s;

	if (ins_ui__top(ui)->view == VIEW_EVENTS) {
		ins_ui__message(ui, ST_TEXT, "these are the events; Enter opens one");
		return;
	}
	subject(ui, &s);
	scope_of(&s, &scope);
	ins_ui__push(ui, scope, VIEW_EVENTS, s.num);
}

static void go_process(struct ins_ui *ui, bool tree)
{
	struct ins_subject s;

	if (!subject(ui, &s) || s.proc == INS_NONE) {
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

static void go_whole(struct ins_ui *ui)
{
	while (ui->n_frames > 1)
		go_back(ui);
}

static void toggle_deep(struct ins_ui *ui)
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

/* Views of the events of a part are made anew; what is of the whole goes on. */
static void renew_grown(struct ins_ui *ui)
{
	for (unsigned i = 0; i < ui->n_frames; i++)
		for (unsigned v = 0; v < VIEW__N; v++) {
			struct ins_frame *f = ui->frames[i];

			if (f->states[v] && ins_views[v]->grown)
				ins_views[v]->grown(ui, f, f->states[v]);
			else if (f->states[v] && ins_views[v]->renew)
				ins_views[v]->renew(ui, f, f->states[v]);
		}
}

int ins_ui__look_again(struct ins_ui *ui, struct err *err)
{
	uint64_t was = ui->trace->t_last;
	int r = ins_trace__refresh(ui->trace, err);

	if (r <= 0)
		return r;
	ins_pass__go_on(ui->base_pass, was);
	if (ui->lens_pass)
		ins_pass__go_on(ui->lens_pass, was);
	renew_grown(ui);
	return r;
}

void ins_ui__follow(struct ins_ui *ui)
{
	struct err err = { 0 };

	if (!ui->following || ui->export)
		return;
	if (ins_ui__look_again(ui, &err) < 0) {
		ui->following = false;
		ins_ui__message(ui, ST_BAD, "%s", err.msg);
	} else if (ui->trace->complete) {
		ui->following = false;
		ins_ui__message(ui, ST_TEXT, "its writer has closed it: this is the whole trace");
	}
}

static void toggle_following(struct ins_ui *ui)
{
	struct err err = { 0 };
	int r;

	if (ui->export) {
		ins_ui__message(ui, ST_WARN, "not while %s is being written", ins_export__path(ui->export));
		return;
	}
	if (ui->following) {
		ui->following = false;
		ins_ui__message(ui, ST_TEXT, "no longer followed");
		return;
	}
	r = ins_ui__look_again(ui, &err);
	ui->following = r >= 0 && !ui->trace->complete;
	if (r < 0)
		ins_ui__message(ui, ST_BAD, "%s", err.msg);
	else if (ui->trace->complete)
		ins_ui__message(ui, ST_TEXT, r ? "%d new chunks; its writer has closed it" :
				"nothing new: its writer has closed it", r);
	else
		ins_ui__message(ui, ST_TEXT, "followed as it grows (%d new chunks); r ends that, G stays at the end", r);
}

/* --- dispatch -------------------------------------------------------------------------------- */

/* Actions that mean the same everywhere. */
static bool act_here(struct ins_ui *ui, enum ins_action a)
{
	switch (a) {
	case ACT_QUIT: quit(ui); return true;
	case ACT_REDRAW: ui->redraw = true; return true;
	case ACT_SUSPEND: ui->suspend = true; return true;
	case ACT_BACK:
		if (!give_up_writing(ui))
			go_back(ui);
		return true;
	case ACT_FILTER: ins_ui__ask(ui, ASK_FILTER, ui->cond ? ui->cond->text : ""); return true;
	case ACT_SEARCH: ins_ui__ask(ui, ASK_SEARCH, ""); return true;
	case ACT_RANGE: ins_ui__ask(ui, ASK_RANGE, ""); return true;
	case ACT_GOTO: ins_ui__ask(ui, ASK_GOTO, ""); return true;
	case ACT_UNFILTER: ins_ui__set_filter(ui, NULL, NULL); return true;
	case ACT_UNRANGE: ins_ui__set_range(ui, 0, 0); return true;
	case ACT_FROM: edge_here(ui, true); return true;
	case ACT_TO: edge_here(ui, false); return true;
	case ACT_EARLIER: ins_timeline__step(ui, -1); return true;
	case ACT_LATER: ins_timeline__step(ui, 1); return true;
	case ACT_ZOOM_IN: ins_timeline__zoom(ui, true); return true;
	case ACT_ZOOM_OUT: ins_timeline__zoom(ui, false); return true;
	case ACT_METRIC: ins_timeline__metric(ui); return true;
	case ACT_METRICS: ins_timeline__more(ui); return true;
	case ACT_FIND_NEXT: find(ui, 1, true); return true;
	case ACT_FIND_PREV: find(ui, -1, true); return true;
	case ACT_NEXT_VIEW: cycle_view(ui, 1); return true;
	case ACT_PREV_VIEW: cycle_view(ui, -1); return true;
	case ACT_EVENTS: go_events(ui); return true;
	case ACT_PROCESS: go_process(ui, false); return true;
	case ACT_TREE: go_process(ui, true); return true;
	case ACT_WHOLE: go_whole(ui); return true;
	case ACT_DEEP: toggle_deep(ui); return true;
	case ACT_TIME_FORM: ui->relative = !ui->relative; ins_ui__renew_views(ui); return true;
	case ACT_FOLLOW: toggle_following(ui); return true;
	case ACT_NOTE:
		if (ins_ui__top(ui)->view == VIEW_NOTES)
			return false;
		ui->edited = INS_NONE;
		ins_ui__ask(ui, ASK_NOTE, "");
		return true;
	case ACT_NOTES: ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_NOTES, 0); return true;
	case ACT_COLUMNS: ask_columns(ui); return true;
	case ACT_WRITE: ins_ui__ask(ui, ASK_WRITE, ""); return true;
	case ACT_VIEWS:
		if (ins_ui__top(ui)->view != VIEW_MENU)
			ins_ui__push(ui, ins_ui__top(ui)->scope, VIEW_MENU, 0);
		return true;
	case ACT_HELP:
		if (ins_ui__top(ui)->view != VIEW_HELP)
			ins_ui__push(ui, ins_ui__top(ui)->scope, VIEW_HELP,
				     ins_ui__top(ui)->view + 1);
		return true;
	default:
		return false;
	}
}

void ins_ui__act(struct ins_ui *ui, enum ins_action a)
{
	struct ins_frame *f = ins_ui__top(ui);

	if (a == ACT_NONE)
		return;
	if (a >= ACT_VIEW_1 && a <= ACT_VIEW_9)
		switch_view(ui, (unsigned)(a - ACT_VIEW_1) + 1);
	else if (!act_here(ui, a) && !ins_views[f->view]->act(ui, f, ins_ui__state(ui, f), a))
		ins_ui__message(ui, ST_TEXT, "that key does nothing here; ? lists all keys");
	if (a != ACT_EARLIER && a != ACT_LATER && ui->n_frames)
		follow_cursor(ui);
}

static void mouse(struct ins_ui *ui, const struct ins_input *in)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_rect *b = &ui->body;

	if (in->mouse == MOUSE_RELEASE && !ui->timeline.pressed)
		return;
	if (in->y >= b->y && in->y < b->y + b->h) {
		if (ins_views[f->view]->mouse)
			ins_views[f->view]->mouse(ui, f, ins_ui__state(ui, f),
						  (enum ins_mouse)in->mouse,
						  in->y - b->y, in->x - b->x);
		follow_cursor(ui);
		return;
	}
	if (in->mouse == MOUSE_WHEEL_UP || in->mouse == MOUSE_WHEEL_DOWN) {
		ins_timeline__step(ui, in->mouse == MOUSE_WHEEL_UP ? -1 : 1);
		return;
	}
	for (unsigned i = 0; i < ui->n_spots; i++) {
		const struct ins_spot *s = &ui->spots[i];

		if (s->y != in->y || in->x < s->x || in->x >= s->x + s->w)
			continue;
		if (in->mouse == MOUSE_RELEASE && s->action != ACT_LATER)
			return;
		if (s->action == ACT_LATER)
			ins_timeline__click(ui, in->x, b->w, in->mouse == MOUSE_RELEASE);
		else
			ins_ui__act(ui, s->action);
		return;
	}
}

static void answer_key(struct ins_ui *ui, uint32_t key)
{
	switch (ins_prompt__key(&ui->prompt, key)) {
	case PROMPT_DONE:
		ins_ui__answer(ui);
		break;
	case PROMPT_CANCEL:
		ins_prompt__close(&ui->prompt, false);
		break;
	case PROMPT_MORE:
		break;
	}
}

void ins_ui__input(struct ins_ui *ui, const struct ins_input *in)
{
	if (in->kind != IN_KEY && (in->kind != IN_MOUSE || ui->prompt.on))
		return;
	ui->message[0] = 0;
	if (ui->prompt.on)
		answer_key(ui, in->key);
	else if (in->kind == IN_MOUSE)
		mouse(ui, in);
	else
		ins_ui__act(ui, ins_key__action(in->key));
	ins_timeline__follow(ui);
}
