/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vt - what a terminal would show after some output: as much of a VT100 as shells, editors and pagers
 * need. The output is untrusted: nothing of it goes anywhere but into these cells, and what is asked of
 * the terminal beyond drawing (titles, colours of the palette, answers) is swallowed.
 */
#ifndef INS_VT_H
#define INS_VT_H

#include "inspect/term/screen.h"

#define INS_VT_PARAMS 16

struct ins_vt_cell {
	uint32_t ch;		/* 0: blank */
	uint8_t style;		/* enum ins_style, perhaps with ST_SELECTED */
};

struct ins_vt {
	int w, h;
	struct ins_vt_cell *cells;
	int x, y, saved_x, saved_y;
	int top, bottom;	/* rows that scroll */
	bool wrap;		/* the last column was written: the next character goes to a new line */
	uint8_t style, base;	/* base: without the reversal */
	/* the parser */
	uint8_t state;
	int params[INS_VT_PARAMS], n_params;
	bool private_;
	uint32_t utf8;
	int utf8_left;
};

void ins_vt__init(struct ins_vt *vt, int w, int h);
void ins_vt__done(struct ins_vt *vt);
/* Blank, cursor at the top. */
void ins_vt__reset(struct ins_vt *vt);
void ins_vt__feed(struct ins_vt *vt, const uint8_t *p, size_t n);
/* Draw at a place of the screen, at most w columns and h rows; the cursor is shown. */
void ins_vt__draw(const struct ins_vt *vt, struct ins_screen *s, int y, int x, int h, int w);

#endif
