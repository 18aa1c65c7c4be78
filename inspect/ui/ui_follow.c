// SPDX-License-Identifier: Apache-2.0
/* A trace that is still being written. */
#include "inspect/ui/ui_internal.h"

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

void ui__toggle_following(struct ins_ui *ui)
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
