// SPDX-License-Identifier: Apache-2.0
/* All ways of looking at the present selection, those without a number too. */
#include <stdio.h>
#include <string.h>

#include "inspect/view/common.h"

#define NAME_W 16

struct entry {
	const char *name, *about;
	enum ins_view_id view;
	uint8_t only;		/* enum ins_only_kind, of VIEW_EVENTS */
};

static const struct entry more[] = {
	{ "folders", "files by folder, with sums (z in the view of files)", VIEW_FOLDERS, 0 },
	{ "calls", "how often each call was made, and how long it took", VIEW_CALLS, 0 },
	{ "errors", "what failed, by call and error", VIEW_FAILURES, 0 },
	{ "failed calls", "the events of those, in order", VIEW_EVENTS, ONLY_FAILED },
	{ "names", "what name servers were asked for, and their answers", VIEW_NAMES, 0 },
	{ "users", "who was at work", VIEW_USERS, 0 },
	{ "rights", "changes of users, capabilities, namespaces and roots", VIEW_EVENTS, ONLY_RIGHTS },
	{ "signals", "signals sent and delivered, and ends of processes", VIEW_EVENTS, ONLY_SIGNALS },
	{ "notes", "what was written down", VIEW_NOTES, 0 },
	{ "terminal", "a terminal's output, played like a recording", VIEW_TERMINAL, 0 },
};

static void put_entry(struct ins_page *p, struct ins_frame *f, const char *key, const char *name,
		      const char *about, enum ins_view_id view, uint8_t only)
{
	struct ins_target to = ins_to((enum ins_scope_kind)f->scope.kind, f->scope.idx, view);
	int x;

	to.only = (struct ins_only){ .kind = only };
	ins_page__line(p);
	ins_page__printf(p, ST_LENS, " %s", key);
	ins_page__to(p, 4);
	x = p->x;
	ins_page__printf(p, ST_STRONG, "%s", name);
	ins_page__to(p, 4 + NAME_W);
	ins_page__link(p, x, to);
	ins_page__put(p, ST_DIM, about, strcspn(about, ".:;"));
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	(void)ui;
	ins_page__title(p, "Views of this selection");
	for (unsigned n = 1; n < 10; n++) {
		enum ins_view_id id = ins_view__by_number(n, f->scope);
		char key[8];

		snprintf(key, sizeof(key), "%u", n);
		if (id != VIEW__N)
			put_entry(p, f, key, ins_views[id]->name, ins_views[id]->about, id, 0);
	}
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		put_entry(p, f, "", more[i].name, more[i].about, more[i].view, more[i].only);
}

static const struct ins_page_ops ops = { .build = build };

const struct ins_view ins_view_menu = {
	.name = "views", .tab = NULL, .shorttab = NULL,
	.about = "All views of the present selection, those that have no number too.",
	.where = WHERE_PAGE,
	INS_PAGE_FUNCTIONS,
	.page = &ops,
};
