/* SPDX-License-Identifier: Apache-2.0 */
/*
 * screen - what the terminal shows, as data: a grid of character cells with styles.
 *
 * Views draw here, and only here. Text of any origin is made safe on its way into cells, so that no
 * cell can hold a control character; the terminal and the screen dump both show these cells and
 * nothing else. Coordinates that lie outside are clipped.
 *
 * Ownership: a screen owns its cells. Threads: one at a time. Input: all text is untrusted.
 */
#ifndef INS_SCREEN_H
#define INS_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

enum ins_style {
#define STYLE(name, ...) ST_##name,
#include "inspect/term/style.def"
#undef STYLE
	ST__N,
	ST_SELECTED = 0x80,	/* or'ed to any: the row under the cursor */
};

struct ins_cell {
	uint32_t ch;		/* code point, never a control character */
	uint32_t mark;		/* one combining mark, 0: none */
	uint8_t style;		/* enum ins_style, perhaps with ST_SELECTED */
	uint8_t width;		/* 1, 2, or 0: the right half of the cell before */
};

struct ins_screen {
	int w, h;
	struct ins_cell *cells;	/* cells[y * w + x] */
	bool utf8;		/* false: only ASCII is shown, drawing characters are replaced */
	struct buf scratch;
};

#define INS_MAX_W 1000
#define INS_MAX_H 500

/* utf8: what the locale can show. Sizes are clamped to 1 .. INS_MAX. */
void ins_screen__init(struct ins_screen *s, int w, int h, bool utf8);
void ins_screen__done(struct ins_screen *s);
void ins_screen__resize(struct ins_screen *s, int w, int h);
void ins_screen__clear(struct ins_screen *s);

/*
 * Write text from column x, at most w columns; what does not fit is cut and ends in an ellipsis.
 * Returns the columns used. skip: columns of the text to leave out at its left.
 */
int ins_screen__put(struct ins_screen *s, int y, int x, int w, int style, const char *text,
		    size_t n);
int ins_screen__put_skip(struct ins_screen *s, int y, int x, int w, int skip, int style,
			 const char *text, size_t n);
int ins_screen__puts(struct ins_screen *s, int y, int x, int w, int style, const char *text);
int ins_screen__printf(struct ins_screen *s, int y, int x, int w, int style, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));
/* The same, ending at column x + w - 1. */
int ins_screen__right(struct ins_screen *s, int y, int x, int w, int style, const char *text);
/* One code point n times. */
void ins_screen__fill(struct ins_screen *s, int y, int x, int n, int style, uint32_t ch);
/* Change the style of cells that are there: `style` replaces, ST_SELECTED alone is added. */
void ins_screen__restyle(struct ins_screen *s, int y, int x, int w, int style);

/* Columns that text takes once it is safe. */
int ins_text__width(const struct ins_screen *s, const char *text, size_t n);
/*
 * Where to break text that is to be shown in lines of w columns: returns how many bytes belong to
 * the first line, at least one character; breaks after a blank where there is one in the second
 * half.
 */
size_t ins_text__break(const struct ins_screen *s, const char *text, size_t n, int w);

/*
 * Append the screen as lines of UTF-8 without trailing blanks. color: with SGR sequences for
 * styles.
 */
void ins_screen__dump(const struct ins_screen *s, bool color, struct buf *out);
/* Append one code point as UTF-8. */
void ins_utf8__add(struct buf *out, uint32_t ch);
/* Decode one code point; returns its length, 0 if it is not valid UTF-8. */
size_t ins_utf8__get(const char *s, size_t n, uint32_t *ret);

enum ins_theme { THEME_DARK, THEME_LIGHT, THEME_SAFE, THEME_MONO, THEME__N };

struct ins_look {		/* a line of style.def */
	struct {
		short fg, bg;
	} c256[THEME_MONO];	/* of each theme that has colours */
	short fg8, bg8;
	const char *color, *mono;
};
extern const struct ins_look ins_looks[ST__N];
/* The theme that is drawn with, for the whole program; the first of all is dark. */
extern enum ins_theme ins_theme;
/* What the row under the cursor is on. */
short ins_theme__selected_bg(void);
/* "dark", "light", "safe" (for eyes that tell no red from green), "mono". */
int ins_theme__parse(const char *name, enum ins_theme *ret, struct err *err);

#endif
