// SPDX-License-Identifier: Apache-2.0
/*
 * What surrounds a view. From the top: the header (file, host, span, cursor), the time line (two
 * rows), the tabs, the lens (path, filter, range) where there is one; at the foot the keys, a
 * message or a prompt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/ui/ui_layout.h"
#include "inspect/ui/ui.h"

#define TIMELINE_MIN_H 14	/* rows of a screen that has a time line */
#define TABS_MIN_H 8

void ins_ui__spot(struct ins_ui *ui, int y, int x, int w, enum ins_action action, int arg)
{
	if (ui->n_spots < INS_MAX_SPOTS)
		ui->spots[ui->n_spots++] = (struct ins_spot){ y, x, w, action, arg };
}

static const char *text_of(struct buf *b)
{
	buf__u8(b, 0);
	b->len--;
	return (const char *)b->p;
}

/* --- header ---------------------------------------------------------------------------------- */

static void header_facts(struct ins_ui *ui, struct buf *left, struct buf *alarm)
{
	const struct ins_trace *t = ui->trace;
	char n[32];

	if (t->meta.hostname[0])
		buf__puts(left, t->meta.hostname);
	if (t->n_machines > 1)
		buf__printf(left, " +%u", t->n_machines - 1);
	if (t->meta.hostname[0] || t->n_machines > 1)
		buf__puts(left, "  ");
	if (t->damaged)
		buf__printf(alarm, " %u damaged ", t->damaged);
	else if (!t->complete)
		buf__puts(alarm, ui->following ? " following " : " unfinished ");
	if (t->n_lost)
		buf__printf(alarm, " %s lost ", ins_short__text(t->n_lost, n));
}

static void draw_header(struct ins_ui *ui, struct ins_screen *s)
{
	struct buf left = { 0 }, alarm = { 0 }, right = { 0 };
	const struct ins_trace *t = ui->trace;
	int x = 1, w, rw;
	char dur[16];

	ins_screen__fill(s, 0, 0, s->w, ST_HEADER, ' ');
	header_facts(ui, &left, &alarm);
	buf__puts(&right, "@");
	ins_ui__time(ui, ui->at, s->w >= 100 ? 15 : s->w >= 60 ? 12 : 8, &right);
	buf__puts(&right, " ");
	rw = ins_screen__right(s, 0, 0, s->w, ST_HEADER, text_of(&right));
	w = s->w - rw - 1;
	x += ins_screen__puts(s, 0, x, w / 2, ST_HEADER, t->name) + 2;
	if (alarm.len && x < w)
		x += ins_screen__puts(s, 0, x, w - x, ST_ALARM, text_of(&alarm)) + 1;
	if (x < w)
		x += ins_screen__puts(s, 0, x, w - x, ST_HEADER2, text_of(&left));
	left.len = 0;
	ins_ui__time(ui, t->t_first, 8, &left);
	buf__puts(&left, " \u2013 ");
	ins_ui__time(ui, t->t_last, 8, &left);
	buf__printf(&left, "  %s", ins_dur__text(t->t_last - t->t_first, dur));
	if (x + ins_text__width(s, text_of(&left), left.len) < w)
		ins_screen__puts(s, 0, x, w - x, ST_HEADER2, text_of(&left));
	buf__done(&left);
	buf__done(&alarm);
	buf__done(&right);
}

/* --- tabs and lens --------------------------------------------------------------------------- */

/* All tabs with their long names, their short ones, or only the numbers? */
static int tabs_width(const struct ins_screen *s, int form)
{
	int w = 0;

	for (unsigned n = 1; n < 10; n++) {
		enum ins_view_id id = ins_view__by_number(n, (struct ins_scope){ OF_ALL, 0 });

		if (id == VIEW__N)
			continue;
		w += 3;
		if (form < 2)
			w += ins_text__width(s, form ? ins_views[id]->shorttab : ins_views[id]->tab,
					     form ?
					     strlen(ins_views[id]->shorttab) :
						     strlen(ins_views[id]->tab));
	}
	return w;
}

static void draw_tabs(struct ins_ui *ui, struct ins_screen *s, int y)
{
	struct ins_frame *f = ins_ui__top(ui);
	struct buf count = { 0 };
	int form = 0, x = 0, cw;

	if (ins_views[f->view]->count)
		ins_views[f->view]->count(ui, f, ins_ui__state(ui, f), &count);
	cw = ins_text__width(s, text_of(&count), count.len) + 3;
	while (form < 2 && tabs_width(s, form) + cw > s->w)
		form++;
	ins_screen__fill(s, y, 0, s->w, ST_TAB, ' ');
	for (unsigned n = 1; n < 10; n++) {
		enum ins_view_id id = ins_view__by_number(n, f->scope);
		bool on = id == f->view;
		const struct ins_view *v;
		int from = x;

		if (id == VIEW__N)
			continue;
		v = ins_views[id];
		x += ins_screen__printf(s, y, x, s->w - x, on ? ST_TAB_ON : ST_TAB, " %u%s%s ", n,
					form < 2 || on ? " " : "", form == 0 ? v->tab : form == 1 ||
						on ? v->shorttab : "") + 0;
		x -= form < 2 && !on;	/* tabs stand close */
		ins_ui__spot(ui, y, from, x - from, (enum ins_action)(ACT_VIEW_1 + n - 1), 0);
	}
	ins_screen__right(s, y, x, s->w - x - 1, ST_TAB, text_of(&count));
	buf__done(&count);
}

static bool has_lens(const struct ins_ui *ui)
{
	return ui->n_frames > 1 || ins_lens__is_set(&ui->lens);
}

static void put_path(struct ins_ui *ui, struct buf *out)
{
	for (unsigned i = 1; i < ui->n_frames; i++) {
		const struct ins_frame *f = ui->frames[i];
		size_t before = out->len;

		if (i > 1)
			buf__puts(out, " \u203a ");
		if (f->view == VIEW_EVENT)
			buf__printf(out, "event %llu", (unsigned long long)f->num);
		else if (f->only.kind)
			ins_only__name(f->only, out);
		else if (f->view == VIEW_HELP)
			buf__puts(out, "help");
		else if (f->scope.kind == OF_ALL)
			buf__puts(out, ins_views[f->view]->name);
		else if (i > 1 && ins_scope__equal(f->scope, ui->frames[i - 1]->scope))
			buf__puts(out, ins_views[f->view]->name);
		else
			ins_scope__name(ui->base, f->scope, out);
		if (out->len - before > 200)
			out->len = before + 200;
	}
}

static void draw_lens(struct ins_ui *ui, struct ins_screen *s, int y)
{
	struct buf path = { 0 }, right = { 0 };
	int w;

	if (ui->cond)
		buf__printf(&right, "  filter: %s", ui->cond->text);
	if (ui->lens.to) {
		buf__puts(&right, "  time: ");
		ins_ui__time(ui, ui->lens.from, 12, &right);
		buf__puts(&right, " \u2013 ");
		ins_ui__time(ui, ui->lens.to, 12, &right);
	}
	put_path(ui, &path);
	w = ins_text__width(s, text_of(&right), right.len);
	if (w > s->w * 2 / 3 && path.len)
		w = s->w * 2 / 3;
	if (w > s->w - 1)
		w = s->w - 1;
	if (right.len)
		ins_screen__puts(s, y, s->w - w - 1, w, ST_LENS, text_of(&right));
	/* of a path that is too long the end is what matters */
	if (path.len) {
		int room = s->w - w - 2, all = ins_text__width(s, text_of(&path), path.len);

		ins_screen__put_skip(s, y, 1, room, all > room ? all - room : 0, ST_LENS,
				     (char *)path.p, path.len);
	}
	buf__done(&path);
	buf__done(&right);
}

/* --- foot ------------------------------------------------------------------------------------ */

static const char *busy_text(struct ins_ui *ui, char buf[32])
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_pass *p = ui->lensed ? ui->lens_pass : ui->base_pass;

	buf[0] = 0;
	if (ui->export)
		snprintf(buf, 32, " writing %d%% ", (int)(ins_export__progress(ui->export) * 100));
	else if (!m->done)
		snprintf(buf, 32, " reading %d%% ", (int)(ins_pass__progress(p) * 100));
	return buf;
}

static void draw_keys(struct ins_ui *ui, struct ins_screen *s, int y)
{
	unsigned where = ins_views[ins_ui__top(ui)->view]->where;
	bool of_proc = ins_ui__top(ui)->scope.kind == OF_PROC ||
		ins_ui__top(ui)->scope.kind == OF_TREE;
	char busy[32];
	int x = 0, end;

	where |= of_proc ? WHERE_PROC : 0;
	ins_screen__fill(s, y, 0, s->w, ST_KEYTEXT, ' ');
	end = s->w - ins_screen__right(s, y, 0, s->w, ST_MARK, busy_text(ui, busy));
	for (unsigned a = ACT_NONE + 1; a < ACT__N; a++) {
		const struct ins_action_info *i = &ins_actions[a];
		char key[16];
		int from = x, w;

		if (!*i->label || !(i->where == WHERE_ANY || i->where & where) ||
		    (a == ACT_BACK && ui->n_frames == 1))
			continue;
		w = (int)(strlen(ins_action__key((enum ins_action)a, key)) + strlen(i->label)) + 3;
		if (x + w > end)
			continue;
		x += ins_screen__printf(s, y, x, end - x, ST_KEY, "%s", key);
		x += ins_screen__printf(s, y, x, end - x, ST_KEYTEXT, " %s ", i->label);
		ins_ui__spot(ui, y, from, x - from, (enum ins_action)a, 0);
	}
}

static void draw_foot(struct ins_ui *ui, struct ins_screen *s)
{
	if (ui->prompt.on) {
		ins_prompt__draw(&ui->prompt, s);
	} else if (ui->message[0]) {
		ins_screen__fill(s, s->h - 1, 0, s->w, ST_TEXT, ' ');
		ins_screen__puts(s, s->h - 1, 1, s->w - 1, ui->message_style, ui->message);
	} else {
		draw_keys(ui, s, s->h - 1);
	}
}

void ins_ui__draw(struct ins_ui *ui, struct ins_screen *s)
{
	struct ins_frame *f = ins_ui__top(ui);
	int y = 1, foot = ui->prompt.on ? ins_prompt__rows(&ui->prompt, s) : 1;

	ui->screen = s;
	ui->n_spots = 0;
	ins_screen__clear(s);
	draw_header(ui, s);
	if (s->h >= TIMELINE_MIN_H) {
		y += ins_timeline__draw(ui, s, y);
	}
	if (s->h >= TABS_MIN_H)
		draw_tabs(ui, s, y++);
	if (has_lens(ui))
		draw_lens(ui, s, y++);
	ui->body = (struct ins_rect){ .y = y, .x = 0, .h = s->h - y - foot, .w = s->w };
	if (ui->body.h < 1)
		ui->body.h = 1;
	ins_views[f->view]->draw(ui, f, ins_ui__state(ui, f), ui->body);
	draw_foot(ui, s);
	ui->screen = NULL;
}
