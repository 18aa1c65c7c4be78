/* SPDX-License-Identifier: Apache-2.0 */
/* ui_layout - widths of columns, and bars of numbers, for whatever width there is. */
#ifndef INS_LAYOUT_H
#define INS_LAYOUT_H

#include "inspect/term/screen.h"

struct ins_width {
	int min;		/* columns it needs */
	int max;		/* columns it can use; a flexible one is comfortable with so many */
	int rank;		/* where there is too little room, the highest rank goes first; 0
				 * never goes */
	bool flex;		/* takes all that is left */
};

/*
 * Share width among n columns with one blank between them. ret[i] is 0 for a column that had to go.
 * What is left over goes first to flexible columns until they are comfortable, then to the others
 * up to their max, by rank, then to the flexible ones in equal parts. A column with min 0 is not
 * there at all.
 */
void ins_layout__columns(const struct ins_width *want, unsigned n, int width, int *ret);

/*
 * Draw n numbers as a bar w columns wide, each column the sum of its share, scaled to the largest.
 * lit: only the columns from lit_from to lit_to (not included) have the style, others are
 * ST_BAR_OFF; both -1: all.
 */
void ins_bar__draw(struct ins_screen *s, int y, int x, int w, int style, const uint64_t *v,
		   unsigned n, int lit_from, int lit_to);
/* The column of slot i of n in a bar of w columns; and the first slot of a column. */
int ins_bar__column(unsigned i, unsigned n, int w);
unsigned ins_bar__slot(int column, unsigned n, int w);

#endif
