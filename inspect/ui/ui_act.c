// SPDX-License-Identifier: Apache-2.0
/* What keys and the mouse do. */
#include "inspect/ui/ui_internal.h"

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
			ui__go_back(ui);
		return true;
	case ACT_FILTER: ins_ui__ask(ui, ASK_FILTER, ui->cond ? ui->cond->text : ""); return true;
	case ACT_SEARCH: ins_ui__ask(ui, ASK_SEARCH, ""); return true;
	case ACT_RANGE: ins_ui__ask(ui, ASK_RANGE, ""); return true;
	case ACT_GOTO: ins_ui__ask(ui, ASK_GOTO, ""); return true;
	case ACT_UNFILTER: ins_ui__set_filter(ui, NULL, NULL); return true;
	case ACT_UNRANGE: ins_ui__set_range(ui, 0, 0); return true;
	case ACT_FROM: ui__edge_here(ui, true); return true;
	case ACT_TO: ui__edge_here(ui, false); return true;
	case ACT_EARLIER: ins_timeline__step(ui, -1); return true;
	case ACT_LATER: ins_timeline__step(ui, 1); return true;
	case ACT_ZOOM_IN: ins_timeline__zoom(ui, true); return true;
	case ACT_ZOOM_OUT: ins_timeline__zoom(ui, false); return true;
	case ACT_METRIC: ins_timeline__metric(ui); return true;
	case ACT_METRICS: ins_timeline__more(ui); return true;
	case ACT_FIND_NEXT: ui__find(ui, 1, true); return true;
	case ACT_FIND_PREV: ui__find(ui, -1, true); return true;
	case ACT_NEXT_VIEW: ui__cycle_view(ui, 1); return true;
	case ACT_PREV_VIEW: ui__cycle_view(ui, -1); return true;
	case ACT_EVENTS: ui__go_events(ui); return true;
	case ACT_PROCESS: ui__go_process(ui, false); return true;
	case ACT_TREE: ui__go_process(ui, true); return true;
	case ACT_WHOLE: ui__go_whole(ui); return true;
	case ACT_DEEP: ui__toggle_deep(ui); return true;
	case ACT_TIME_FORM: ui->relative = !ui->relative; ins_ui__renew_views(ui); return true;
	case ACT_FOLLOW: ui__toggle_following(ui); return true;
	case ACT_NOTE:
		if (ins_ui__top(ui)->view == VIEW_NOTES)
			return false;
		ui->edited = INS_NONE;
		ins_ui__ask(ui, ASK_NOTE, "");
		return true;
	case ACT_NOTES: ins_ui__push(ui, (struct ins_scope){ OF_ALL, 0 }, VIEW_NOTES, 0); return true;
	case ACT_COLUMNS: ui__ask_columns(ui); return true;
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
		ui__switch_view(ui, (unsigned)(a - ACT_VIEW_1) + 1);
	else if (!act_here(ui, a) && !ins_views[f->view]->act(ui, f, ins_ui__state(ui, f), a))
		ins_ui__message(ui, ST_TEXT, "that key does nothing here; ? lists all keys");
	if (a != ACT_EARLIER && a != ACT_LATER && ui->n_frames)
		ins_ui__follow_cursor(ui);
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
		ins_ui__follow_cursor(ui);
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

static void press(struct ins_ui *ui, uint32_t key)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];

	if (v->key && v->key(ui, f, ins_ui__state(ui, f), key))
		ins_ui__follow_cursor(ui);
	else
		ins_ui__act(ui, ins_key__action(key));
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
		press(ui, in->key);
	ins_timeline__follow(ui);
}
