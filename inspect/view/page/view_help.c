// SPDX-License-Identifier: Apache-2.0
/* The keys, from the table of keys; and the view that the help was asked for in. */
#include <string.h>

#include "inspect/view/common.h"

#define KEY_W 24

static const char mouse[] =
	"a click selects or sorts, a second one opens; the wheel scrolls; a click on the time line "
	"goes there, drawing along it makes a time range";
static const char timeline[] =
	"Events over time, the whole trace or the part zoomed to from left to right; m and M count "
	"other things. Below: ! alerts, * notes, \u00d7 events lost, ( ) containers beginning and ending, "
	"\u25b2 the cursor's time. What is outside the time range is dim.";

static void put_keys(struct ins_page *p)
{
	for (unsigned g = 0; g < KEYS__N; g++) {
		ins_page__title(p, ins_key_groups[g]);
		for (unsigned a = ACT_NONE + 1; a < ACT__N; a++) {
			const struct ins_action_info *i = &ins_actions[a];

			if (i->group != g || !*i->help)
				continue;
			ins_page__line(p);
			ins_page__printf(p, ST_LENS, "%s", a == ACT_VIEW_1 ? "1 .. 9" : i->keys);
			ins_page__to(p, KEY_W);
			ins_page__wrap(p, ST_TEXT, i->help, strlen(i->help));
		}
	}
	ins_page__gap(p);
	ins_page__line(p);
	ins_page__printf(p, ST_LENS, "mouse");
	ins_page__to(p, KEY_W);
	ins_page__wrap(p, ST_TEXT, mouse, strlen(mouse));
}

static void put_view(struct ins_ui *ui, struct ins_page *p, const struct ins_view *v)
{
	ins_page__line(p);
	ins_page__printf(p, ST_TITLE, "This view: %s", v->name);
	ins_page__line(p);
	ins_page__wrap(p, ST_TEXT, v->about, strlen(v->about));
	for (unsigned i = 0; v->table && i < v->table->n_cols; i++) {
		const struct ins_column *c = &v->table->cols[i];

		if (c->look & COL_OF_MACHINE && ui->trace->n_machines < 2)
			continue;
		ins_page__line(p);
		ins_page__printf(p, ST_COLSORT, "%s", c->title);
		ins_page__to(p, KEY_W);
		ins_page__wrap(p, ST_TEXT, c->help, strlen(c->help));
	}
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	(void)ui;
	if (f->num && f->num <= VIEW__N)
		put_view(ui, p, ins_views[f->num - 1]);
	put_keys(p);
	ins_page__title(p, "The time line");
	ins_page__line(p);
	ins_page__wrap(p, ST_TEXT, timeline, strlen(timeline));
}

static const struct ins_page_ops ops = { .build = build };

const struct ins_view ins_view_help = {
	.name = "help", .tab = NULL, .shorttab = NULL,
	.about = "All keys, and what the columns mean.",
	.where = WHERE_PAGE,
	INS_PAGE_FUNCTIONS,
	.page = &ops,
};
