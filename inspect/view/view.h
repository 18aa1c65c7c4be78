/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view - one way of looking at a selection of the trace. Adding a view: a file view_NAME.c with a
 * struct ins_view, and its line in views.def.
 *
 * A view that is a table fills `table` and takes its functions from ui_table.h
 * (INS_TABLE_FUNCTIONS); one that is text builds a page (page.h). Others bring their own functions.
 */
#ifndef INS_VIEW_H
#define INS_VIEW_H

#include "inspect/model/model_scope.h"
#include "inspect/term/term.h"

struct ins_ui;
struct ins_frame;
struct ins_table_ops;
struct ins_page_ops;

struct ins_rect {
	int y, x, h, w;
};

/* What is under the cursor of a view, as far as it is something. Indexes are INS_NONE if not. */
struct ins_subject {
	uint32_t container, proc, file, conn;
	uint64_t num;		/* event, 0: none */
	uint64_t ts;		/* moment, 0: none */
};
#define INS_NO_SUBJECT ((struct ins_subject){ INS_NONE, INS_NONE, INS_NONE, INS_NONE, 0, 0 })

enum ins_view_id {
#define VIEW(id, sym, number) VIEW_##id,
#include "inspect/view/views.def"
#undef VIEW
	VIEW__N
};

struct ins_view {
	const char *name;	/* for breadcrumb and help: "processes" */
	const char *tab;	/* for the row of tabs: "Processes"; NULL: not there */
	const char *shorttab;	/* where there is little room: "Procs" */
	const char *about;	/* what it shows: a paragraph for the help */
	uint8_t where;		/* enum ins_where: which keys mean something */

	/* Its state for a frame; never NULL. close frees it. */
	void *(*open)(struct ins_ui *ui, struct ins_frame *f);
	void (*close)(void *state);
	/* Draw into a part of the screen that is blank. */
	void (*draw)(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at);
	/* Do what a key says. False: not understood. */
	bool (*act)(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a);
	/* A key that means something in this view alone, before any action is looked for. May be NULL. */
	bool (*key)(struct ins_ui *ui, struct ins_frame *f, void *state, uint32_t key);
	/* The mouse, y and x from the corner of the drawn part. May be NULL. */
	bool (*mouse)(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		      int x);
	/* What the cursor is on. False: nothing. May be NULL. */
	bool (*subject)(struct ins_ui *ui, struct ins_frame *f, void *state,
			struct ins_subject *ret);
	/*
	 * Put the cursor on this process, else this event, else on what happened at this time. May
	 * be NULL.
	 */
	void (*go)(struct ins_ui *ui, struct ins_frame *f, void *state,
		   const struct ins_subject *to);
	/*
	 * Find the search text from the cursor on (dir 1) or back (-1). again: pass over where the
	 * cursor is.
	 */
	void (*find)(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again);
	/* Work that takes long, in slices. True: there is more. May be NULL. */
	bool (*work)(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns);
	/* Esc: end what takes long. False: nothing was under way. May be NULL. */
	bool (*stop)(struct ins_ui *ui, struct ins_frame *f, void *state);
	/*
	 * The lens has changed or the trace has grown: what was made from it is void. May be NULL.
	 */
	void (*renew)(struct ins_ui *ui, struct ins_frame *f, void *state);
	/* The trace has grown, if that can be had for less than renew. May be NULL. */
	void (*grown)(struct ins_ui *ui, struct ins_frame *f, void *state);
	/* A short text for the right end of the row of tabs: "1,234 of 5,678". */
	void (*count)(struct ins_ui *ui, struct ins_frame *f, void *state, struct buf *out);

	/* Write what is shown to a new file. May be NULL. */
	int (*save)(struct ins_ui *ui, struct ins_frame *f, void *state, const char *path,
		    struct err *err);

	const struct ins_table_ops *table;
	const struct ins_page_ops *page;
};

extern const struct ins_view *const ins_views[VIEW__N];
extern const uint8_t ins_view_numbers[VIEW__N];

/* The view of a number for a scope, or VIEW__N. */
enum ins_view_id ins_view__by_number(unsigned number, struct ins_scope scope);

#endif
