// SPDX-License-Identifier: Apache-2.0
/* All ways of looking at the present selection, each one key away. */
#include <stdio.h>
#include <string.h>

#include "inspect/view/common.h"

#define NAME_W 16
#define LETTER_W 26

/* Those without a number. Letters that move the cursor, search, filter, help and leave are not to be taken. */
static const struct entry {
	char key;
	const char *name;
	uint8_t view, only;	/* enums */
} entries[] = {
	{ 't', "typed on terminals", VIEW_COMMANDS, ONLY_TERMINAL },
	{ 'd', "dropped, and run", VIEW_COMMANDS, ONLY_DROPPED },
	{ 'p', "secrets read", VIEW_FILES, ONLY_SECRETS },
	{ 'm', "system files modified", VIEW_FILES, ONLY_SYSTEM },
	{ 'w', "files written", VIEW_FILES, ONLY_WRITTEN },
	{ 'x', "files deleted", VIEW_FILES, ONLY_DELETED },
	{ 'z', "folders", VIEW_FOLDERS, 0 },
	{ 'o', "connects out", VIEW_CONNECTIONS, ONLY_OUT },
	{ 'a', "accepted from outside", VIEW_CONNECTIONS, ONLY_IN },
	{ 'b', "new listeners", VIEW_CONNECTIONS, ONLY_LISTEN },
	{ 'n', "names asked for", VIEW_NAMES, 0 },
	{ 'u', "users", VIEW_USERS, 0 },
	{ 'r', "rights changed", VIEW_EVENTS, ONLY_RIGHTS },
	{ 's', "signals, ends", VIEW_EVENTS, ONLY_SIGNALS },
	{ 'c', "calls, how long", VIEW_CALLS, 0 },
	{ 'e', "errors by call", VIEW_FAILURES, 0 },
	{ 'E', "failed calls", VIEW_EVENTS, ONLY_FAILED },
	{ 'S', "slow I/O", VIEW_EVENTS, ONLY_SLOW },
	{ 'y', "terminal, played", VIEW_TERMINAL, 0 },
	{ 'i', "notes", VIEW_NOTES, 0 },
};
#define N_ENTRIES (sizeof(entries) / sizeof(entries[0]))

static struct ins_target target(const struct ins_frame *f, enum ins_view_id view, uint8_t only)
{
	struct ins_target to = ins_to((enum ins_scope_kind)f->scope.kind, f->scope.idx, view);

	to.only = (struct ins_only){ .kind = only };
	return to;
}

static void put_numbered(struct ins_page *p, struct ins_frame *f, unsigned number, enum ins_view_id id)
{
	int x;

	ins_page__line(p);
	ins_page__printf(p, ST_LENS, " %u", number);
	ins_page__to(p, 4);
	x = p->x;
	ins_page__printf(p, ST_STRONG, "%s", ins_views[id]->name);
	ins_page__to(p, 4 + NAME_W);
	ins_page__link(p, x, target(f, id, 0));
	ins_page__put(p, ST_DIM, ins_views[id]->about, strcspn(ins_views[id]->about, ".:;"));
}

/* By columns, top to bottom: those about the same thing stand together. */
static void put_lettered(struct ins_page *p, const struct ins_frame *f)
{
	unsigned per = p->width / LETTER_W ? (unsigned)(p->width / LETTER_W) : 1;
	unsigned lines;

	per = per > 4 ? 4 : per;
	lines = ((unsigned)N_ENTRIES + per - 1) / per;
	for (unsigned y = 0; y < lines; y++) {
		ins_page__line(p);
		for (unsigned k = y, col = 0; k < N_ENTRIES; k += lines, col++) {
			const struct entry *e = &entries[k];
			int x;

			ins_page__to(p, 2 + (int)col * LETTER_W);
			ins_page__printf(p, ST_LENS, "%c ", e->key);
			x = p->x;
			ins_page__printf(p, ST_STRONG, "%s", e->name);
			ins_page__link(p, x, target(f, (enum ins_view_id)e->view, e->only));
		}
	}
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	(void)ui;
	ins_page__title(p, "Views of this selection");
	for (unsigned n = 1; n < 10; n++) {
		enum ins_view_id id = ins_view__by_number(n, f->scope);

		if (id != VIEW__N)
			put_numbered(p, f, n, id);
	}
	put_lettered(p, f);
}

/* A letter opens its view in the menu's place: Backspace then goes back to where the menu was opened. */
static bool press(struct ins_ui *ui, struct ins_frame *f, void *state, uint32_t key)
{
	(void)state;
	for (size_t i = 0; i < N_ENTRIES; i++) {
		struct ins_scope scope = f->scope;

		if (key != (uint32_t)entries[i].key)
			continue;
		ins_ui__act(ui, ACT_BACK);
		ins_ui__push_only(ui, scope, (enum ins_view_id)entries[i].view, 0,
				  (struct ins_only){ .kind = entries[i].only });
		return true;
	}
	return false;
}

static const struct ins_page_ops ops = { .build = build };

const struct ins_view ins_view_menu = {
	.name = "views", .tab = NULL, .shorttab = NULL,
	.about = "All views of the present selection, those that have no number too. The letter before "
		 "one opens it.",
	.where = WHERE_PAGE,
	.key = press,
	INS_PAGE_FUNCTIONS,
	.page = &ops,
};
