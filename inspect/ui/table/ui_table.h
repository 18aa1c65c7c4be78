/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ui_table - a list of the model's objects in columns: sorting, scrolling, searching, and a tree
 * where the rows have depths. A view brings its columns, its rows and its cells.
 *
 * Rows are made anew when the model has grown, with the cursor kept on the object that it was on.
 */
#ifndef INS_TABLE_H
#define INS_TABLE_H

#include "inspect/ui/ui.h"

enum ins_sort { SORT_NONE, SORT_NUMBER, SORT_TEXT };

struct ins_column {
	const char *title;
	uint8_t min, max;	/* width; max 0: the same as min */
	uint8_t rank;		/* see ins_width */
	uint8_t sort;		/* enum ins_sort: what it can be sorted by */
	uint8_t look;		/* enum ins_look_of bits */
	const char *help;	/* one line */
};

enum ins_look_of {
	COL_RIGHT = 1,		/* numbers stand at the right */
	COL_FLEX = 2,		/* takes what room is left; max: what is comfortable */
	COL_OF_MACHINE = 8,	/* names the machine: left out where there is but one */
	COL_OF_CONTAINER = 4,	/* names the container: left out where there is but one */
	COL_CHOSEN = 16,		/* only there when it is chosen */
};

/* The text of a cell while it is made. */
struct ins_out {
	struct buf text;
	int style;
	int width;		/* of the column; 0: as much as there is to say (for searching and
				 * sorting) */
};

struct ins_table {
	uint32_t *rows;		/* indexes into the model's table */
	uint16_t *depths;	/* of a tree, else all 0 */
	uint32_t n;
	size_t cap, cap_depths;
	uint32_t cur, top;	/* rows */
	uint32_t cur_id;	/* the object under the cursor; INS_NONE: none yet */
	bool moved;		/* the cursor was moved by hand: it stays on its object */
	int sort;		/* column, -1: as the view gives them */
	bool reverse;
	bool is_tree;		/* rows are a tree as shown */
	unsigned base;		/* levels that all rows in sight have in common: not drawn */
	bool pending;		/* the view is still making the rows, in its work */
	int skip;		/* columns of the last column that are scrolled away */
	unsigned page;		/* rows of the body when it was drawn */
	const struct ins_model *made_from;
	uint64_t made_gen, made_at;
	uint64_t took;		/* ns that making the rows took */
	/* of trees */
	struct ins_set folded;	/* objects whose branch is folded */
	bool fold_all, alive_only, begun;
	/* while a search goes on */
	uint32_t find_at, find_left;	/* the next row; rows that are left, 0: none is going on */
	int find_dir;
	int widths[32], xs[32];	/* of the columns as drawn */
	void *data;		/* the view's; done frees it */
	void (*done)(struct ins_table *t);
};

struct ins_table_ops {
	const struct ins_column *cols;
	unsigned n_cols;
	int sort;		/* at first; -1: as the view gives them */
	bool reverse;		/* the largest first */
	const char *empty;	/* what to say when there is none */
	/* Add the rows of the selection with ins_table__add. */
	void (*rows)(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t);
	/* The cell of an object: text appended, style set if it is not ST_TEXT. */
	void (*cell)(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		     struct ins_out *out);
	/* What a SORT_NUMBER column sorts by. */
	uint64_t (*key)(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col);
	void (*subject)(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret);
	void (*enter)(struct ins_ui *ui, struct ins_frame *f, uint32_t id);
	/* Would a column say nothing of anything in this trace? It is left out then. May be NULL. */
	bool (*lacks)(const struct ins_model *m, unsigned col);
	/* Style of a whole row, or ST_TEXT. May be NULL. */
	int (*row_style)(struct ins_ui *ui, uint32_t id);
};

/*
 * At the foot of a list: the text under the cursor that its column is too narrow for. How many rows of a body are kept
 * for that; and drawing it, where `have` columns of the text are in sight already.
 */
int ins_whole__rows(struct ins_rect at);
void ins_whole__draw(struct ins_ui *ui, struct ins_rect at, int have, const struct buf *text);

void ins_table__add(struct ins_table *t, uint32_t id, unsigned depth);
/* Have rows that are not older than what the model and the time allow. */
void ins_table__refresh(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t);

void *ins_table__open(struct ins_ui *ui, struct ins_frame *f);
void ins_table__close(void *state);
void ins_table__draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at);
bool ins_table__act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a);
bool ins_table__mouse(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		      int x);
bool ins_table__subject(struct ins_ui *ui, struct ins_frame *f, void *state,
			struct ins_subject *ret);
void ins_table__go(struct ins_ui *ui, struct ins_frame *f, void *state,
		   const struct ins_subject *to);
void ins_table__find(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again);
/* A search that takes long; a view with other work does this first. */
bool ins_table__work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns);
bool ins_table__stop(struct ins_ui *ui, struct ins_frame *f, void *state);
void ins_table__renew(struct ins_ui *ui, struct ins_frame *f, void *state);
void ins_table__count(struct ins_ui *ui, struct ins_frame *f, void *state, struct buf *out);

#define INS_TABLE_FUNCTIONS						\
	.open = ins_table__open, .close = ins_table__close,		\
	.draw = ins_table__draw, .act = ins_table__act,			\
	.mouse = ins_table__mouse, .subject = ins_table__subject,	\
	.go = ins_table__go, .find = ins_table__find,			\
	.work = ins_table__work, .stop = ins_table__stop,		\
	.renew = ins_table__renew, .count = ins_table__count

/* table_rows.c: sorting and trees */
void table__sort(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t);
bool table__is_folded(const struct ins_table *t, uint32_t id);
void table__fold(struct ins_table *t, uint32_t id, bool on);
/* Append the lines that lead to a row of a tree. */
void table__tree_lines(const struct ins_table *t, uint32_t row, struct buf *out);

#endif
