// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "inspect/view/list/counted.h"

#define MIN_AGE 250000000u	/* ns between two makings of rows while counting goes on */

struct counted {
	struct ins_calls *calls;
	bool model_done;
	bool waits;		/* the trace has grown: what the selection has of it is not known yet */
};

static void done(struct ins_table *t)
{
	struct counted *c = t->data;

	ins_calls__free(c->calls);
	free(c);
}

static void make(struct ins_ui *ui, struct ins_frame *f, struct counted *c)
{
	ins_calls__free(c->calls);
	c->calls = NULL;
	c->model_done = ui->base->done;
	c->waits = false;
	if (ins_calls__new(&c->calls, ui->trace, ui->base, ins_ui__lens(ui), f->scope) < 0)
		ins_ui__message(ui, ST_BAD, "the calls cannot be counted");
}

void *ins_counted__open(struct ins_ui *ui, struct ins_frame *f)
{
	struct ins_table *t = ins_table__open(ui, f);
	struct counted *c = xcalloc(1, sizeof(*c));

	t->data = c;
	t->done = done;
	make(ui, f, c);
	return t;
}

void ins_counted__renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct ins_table *t = state;

	make(ui, f, t->data);
	ins_table__renew(ui, f, t);
}

void ins_counted__grown(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct ins_table *t = state;
	struct counted *c = t->data;

	(void)ui;
	if (c->calls && f->scope.kind == OF_ALL)
		ins_calls__again(c->calls);
	c->model_done = false;
	c->waits = f->scope.kind != OF_ALL;
}

bool ins_counted__work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct ins_table *t = state;
	struct counted *c = t->data;
	bool more;

	if (ins_table__work(ui, f, t, ns))
		return true;
	if (!c->calls)
		return false;
	/* which processes belong to the selection is known when the pass is through */
	if (f->scope.kind != OF_ALL && !c->model_done && ui->base->done) {
		c->model_done = true;
		c->waits = false;
		ins_calls__again(c->calls);
	}
	if (c->calls->done || c->waits)
		return false;
	more = ins_calls__step(c->calls, ns);
	if (!more || ins_now() - t->made_at > MIN_AGE)
		ins_table__renew(ui, f, t);
	return more;
}

const struct ins_calls *ins_counted__calls(const struct ins_frame *f)
{
	const struct ins_table *t = f->states[f->view];

	return ((const struct counted *)t->data)->calls;
}
