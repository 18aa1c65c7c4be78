// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "format/base/text.h"
#include "inspect/term/screen.h"

#define ELLIPSIS 0x2026u
#define REPLACEMENT 0xfffdu

const struct ins_look ins_looks[ST__N] = {
#define STYLE(name, df, db, lf, lb, sf, sb, fg8, bg8, color, mono) \
	[ST_##name] = { { { df, db }, { lf, lb }, { sf, sb } }, fg8, bg8, color, mono },
#include "inspect/term/style.def"
#undef STYLE
};
enum ins_theme ins_theme;

short ins_theme__selected_bg(void)
{
	return ins_theme == THEME_LIGHT ? 254 : 238;
}

int ins_theme__parse(const char *name, enum ins_theme *ret, struct err *err)
{
	static const char *const names[THEME__N] = { "dark", "light", "safe", "mono" };

	for (unsigned i = 0; i < THEME__N; i++) {
		if (strcmp(names[i], name))
			continue;
		*ret = (enum ins_theme)i;
		return 0;
	}
	return err__set(err, -FMT_E_VALUE, "'%s': write dark, light, safe or mono", name);
}

static int clamp(int v, int min, int max)
{
	return v < min ? min : v > max ? max : v;
}

void ins_screen__init(struct ins_screen *s, int w, int h, bool utf8)
{
	*s = (struct ins_screen){ .utf8 = utf8 };
	ins_screen__resize(s, w, h);
}

void ins_screen__done(struct ins_screen *s)
{
	free(s->cells);
	buf__done(&s->scratch);
	*s = (struct ins_screen){ 0 };
}

void ins_screen__resize(struct ins_screen *s, int w, int h)
{
	s->w = clamp(w, 1, INS_MAX_W);
	s->h = clamp(h, 1, INS_MAX_H);
	s->cells = xrealloc(s->cells, (size_t)s->w * (size_t)s->h * sizeof(*s->cells));
	ins_screen__clear(s);
}

void ins_screen__clear(struct ins_screen *s)
{
	for (int i = 0; i < s->w * s->h; i++)
		s->cells[i] = (struct ins_cell){ .ch = ' ', .width = 1 };
}

size_t ins_utf8__get(const char *str, size_t n, uint32_t *ret)
{
	const uint8_t *p = (const uint8_t *)str;
	uint32_t cp, min;
	size_t len;

	if (!n)
		return 0;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	}
	len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
		return 0;
	min = len == 4 ? 0x10000 : len == 3 ? 0x800 : 0x80;
	cp = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*ret = cp;
	return len;
}

void ins_utf8__add(struct buf *out, uint32_t ch)
{
	if (ch < 0x80) {
		buf__u8(out, (uint8_t)ch);
		return;
	}
	if (ch < 0x800) {
		buf__u8(out, (uint8_t)(0xc0 | ch >> 6));
	} else if (ch < 0x10000) {
		buf__u8(out, (uint8_t)(0xe0 | ch >> 12));
		buf__u8(out, (uint8_t)(0x80 | (ch >> 6 & 0x3f)));
	} else {
		buf__u8(out, (uint8_t)(0xf0 | ch >> 18));
		buf__u8(out, (uint8_t)(0x80 | (ch >> 12 & 0x3f)));
		buf__u8(out, (uint8_t)(0x80 | (ch >> 6 & 0x3f)));
	}
	buf__u8(out, (uint8_t)(0x80 | (ch & 0x3f)));
}

/* Drawing characters that the inspector itself uses, and what stands for them in ASCII. */
static uint32_t to_ascii(uint32_t ch)
{
	static const struct { uint16_t ch; char ascii; } map[] = {
		{ 0x00b7, '.' }, { 0x2013, '-' }, { 0x2014, '-' }, { 0x2022, '*' }, { 0x2026, '~' },
		{ 0x203a, '>' }, { 0x2190, '<' }, { 0x2191, '^' }, { 0x2192, '>' }, { 0x2193, 'v' },
		{ 0x2500, '-' }, { 0x2502, '|' }, { 0x2514, '`' }, { 0x251c, '|' }, { 0x2570, '`' },
		{ 0x2581, '_' }, { 0x2582, '.' }, { 0x2583, ':' }, { 0x2584, '-' }, { 0x2585, '=' },
		{ 0x2586, '+' }, { 0x2587, '*' }, { 0x2588, '#' }, { 0x258c, '>' }, { 0x25b2, '^' },
		{ 0x25b4, '^' }, { 0x25b6, '>' }, { 0x25b8, '>' }, { 0x25bc, 'v' }, { 0x25be, 'v' },
		{ 0x25cb, 'o' }, { 0x25cf, '*' }, { 0x2717, 'x' }, { 0x00d7, 'x' }, { 0x2248, '~' },
	};

	if (ch < 0x7f)
		return ch;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (map[i].ch == ch)
			return (uint32_t)map[i].ascii;
	return '?';
}

/* Columns of a code point as shown: 0 (a mark), 1 or 2. *ch may be replaced. */
static int char_width(bool utf8, uint32_t *ch)
{
	int w;

	if (*ch >= 0x20 && *ch < 0x7f)
		return 1;
	if (*ch < 0xa0)
		*ch = REPLACEMENT;
	if (!utf8) {
		*ch = to_ascii(*ch);
		return 1;
	}
	w = wcwidth((wchar_t)*ch);
	if (w < 0) {
		*ch = REPLACEMENT;
		return 1;
	}
	return w;
}

/* A walk over text that has been made safe. */
struct glyphs {
	const char *p;
	size_t left;
	bool utf8;
};

/* The next code point and its width; false at the end. */
static bool next_glyph(struct glyphs *g, uint32_t *ch, int *width)
{
	size_t n;

	if (!g->left)
		return false;
	n = ins_utf8__get(g->p, g->left, ch);
	if (!n) {		/* text__safe lets none through; a cut at the end may leave a
				 * part */
		*ch = REPLACEMENT;
		n = 1;
	}
	g->p += n;
	g->left -= n;
	*width = char_width(g->utf8, ch);
	return true;
}

static struct glyphs safe_glyphs(struct ins_screen *s, const char *text, size_t n)
{
	s->scratch.len = 0;
	text__safe(&s->scratch, text, n);
	return (struct glyphs){ .p = (const char *)s->scratch.p, .left = s->scratch.len,
				.utf8 = s->utf8 };
}

/* Break a wide character of which one half is about to be overwritten. */
static void split_wide(struct ins_screen *s, int y, int x)
{
	struct ins_cell *row = s->cells + (size_t)y * (size_t)s->w;

	if (x < s->w && row[x].width == 0 && x > 0) {
		row[x - 1].ch = ' ';
		row[x - 1].mark = 0;
		row[x - 1].width = 1;
		row[x].ch = ' ';
		row[x].width = 1;
	}
	if (x < s->w && row[x].width == 2 && x + 1 < s->w) {
		row[x + 1].ch = ' ';
		row[x + 1].width = 1;
	}
}

static void set_cell(struct ins_screen *s, int y, int x, int style, uint32_t ch, int width)
{
	struct ins_cell *c;

	if (y < 0 || y >= s->h || x < 0 || x + width > s->w)
		return;
	split_wide(s, y, x);
	if (width == 2)
		split_wide(s, y, x + 1);
	c = s->cells + (size_t)y * (size_t)s->w + x;
	*c = (struct ins_cell){ .ch = ch, .style = (uint8_t)style, .width = (uint8_t)width };
	if (width == 2)
		c[1] = (struct ins_cell){ .ch = ' ', .style = (uint8_t)style };
}

static void add_mark(struct ins_screen *s, int y, int x, uint32_t mark)
{
	struct ins_cell *c;

	if (y < 0 || y >= s->h || x < 0 || x >= s->w)
		return;
	c = s->cells + (size_t)y * (size_t)s->w + x;
	if (!c->width && x > 0)
		c--;
	if (!c->mark)
		c->mark = mark;
}

int ins_screen__put_skip(struct ins_screen *s, int y, int x, int w, int skip, int style,
			 const char *text, size_t n)
{
	struct glyphs g;
	int used = 0, width;
	uint32_t ch;

	if (x + w > s->w)
		w = s->w - x;
	if (w <= 0 || y < 0 || y >= s->h)
		return 0;
	/* A cell shows at least one byte; what is far outside the screen need not be made safe. */
	if (n > (size_t)(w + skip) * 4 + 16)
		n = (size_t)(w + skip) * 4 + 16;
	g = safe_glyphs(s, text, n);
	while (skip > 0 && next_glyph(&g, &ch, &width))
		skip -= width;
	while (next_glyph(&g, &ch, &width)) {
		if (width == 0) {
			if (used)
				add_mark(s, y, x + used - 1, ch);
			continue;
		}
		if (used + width > w) {
			int last = used < w ? used : w - 1;

			set_cell(s, y, x + last, style, s->utf8 ? ELLIPSIS : '~', 1);
			for (int i = last + 1; i < w; i++)
				set_cell(s, y, x + i, style, ' ', 1);
			return w;
		}
		set_cell(s, y, x + used, style, ch, width);
		used += width;
	}
	return used;
}

int ins_screen__put(struct ins_screen *s, int y, int x, int w, int style, const char *text,
		    size_t n)
{
	return ins_screen__put_skip(s, y, x, w, 0, style, text, n);
}

int ins_screen__puts(struct ins_screen *s, int y, int x, int w, int style, const char *text)
{
	return ins_screen__put(s, y, x, w, style, text, strlen(text));
}

int ins_screen__printf(struct ins_screen *s, int y, int x, int w, int style, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ins_screen__puts(s, y, x, w, style, text);
}

int ins_screen__right(struct ins_screen *s, int y, int x, int w, int style, const char *text)
{
	int width = ins_text__width(s, text, strlen(text));

	if (width > w)
		width = w;
	return ins_screen__puts(s, y, x + w - width, width, style, text);
}

void ins_screen__fill(struct ins_screen *s, int y, int x, int n, int style, uint32_t ch)
{
	int width = char_width(s->utf8, &ch);

	for (int i = 0; width == 1 && i < n; i++)
		set_cell(s, y, x + i, style, ch, 1);
}

void ins_screen__restyle(struct ins_screen *s, int y, int x, int w, int style)
{
	struct ins_cell *row;

	if (y < 0 || y >= s->h)
		return;
	row = s->cells + (size_t)y * (size_t)s->w;
	for (int i = x < 0 ? 0 : x; i < x + w && i < s->w; i++)
		row[i].style = style == ST_SELECTED ? row[i].style | ST_SELECTED : (uint8_t)style;
}

int ins_text__width(const struct ins_screen *s, const char *text, size_t n)
{
	struct buf safe = { 0 };
	struct glyphs g;
	uint32_t ch;
	int w, sum = 0;

	text__safe(&safe, text, n);
	g = (struct glyphs){ .p = (const char *)safe.p, .left = safe.len, .utf8 = s->utf8 };
	while (next_glyph(&g, &ch, &w))
		sum += w;
	buf__done(&safe);
	return sum;
}

/* Length of the character at p, or 1 if it is no valid one. */
static size_t char_len(const char *p, size_t n)
{
	uint32_t ch;
	size_t len = ins_utf8__get(p, n, &ch);

	return len ? len : 1;
}

size_t ins_text__break(const struct ins_screen *s, const char *text, size_t n, int w)
{
	size_t at = 0, blank = 0;
	int used = 0;

	if (w < 1)
		w = 1;
	while (at < n) {
		size_t len = char_len(text + at, n - at);
		int cw = ins_text__width(s, text + at, len);

		if (used + cw > w && at)
			return blank && blank * 2 > at ? blank : at;
		used += cw;
		at += len;
		if (len == 1 && text[at - 1] == ' ')
			blank = at;
	}
	return n;
}

/* The SGR sequence of a style, for dumps in colour. */
static void put_sgr(struct buf *out, int style)
{
	const struct ins_look *l = &ins_looks[(style & ~ST_SELECTED) % ST__N];
	bool mono = ins_theme == THEME_MONO;
	int fg = mono ? -1 : l->c256[ins_theme].fg, bg = mono ? -1 : l->c256[ins_theme].bg;

	if (style & ST_SELECTED)
		bg = mono ? -1 : ins_theme__selected_bg();
	buf__puts(out, "\033[0");
	for (const char *a = mono ? l->mono : l->color; *a; a++)
		buf__puts(out, *a == 'B' ? ";1" : *a == 'D' ? ";2" : *a == 'U' ? ";4" : ";7");
	if (mono && style & ST_SELECTED)
		buf__puts(out, ";7");
	if (fg >= 0)
		buf__printf(out, ";38;5;%d", fg);
	if (bg >= 0)
		buf__printf(out, ";48;5;%d", bg);
	buf__puts(out, "m");
}

void ins_screen__dump(const struct ins_screen *s, bool color, struct buf *out)
{
	for (int y = 0; y < s->h; y++) {
		const struct ins_cell *row = s->cells + (size_t)y * (size_t)s->w;
		int end = s->w, style = ST_TEXT;

		while (end > 0 && row[end - 1].ch == ' ' && row[end - 1].width &&
		       !(color && row[end - 1].style != ST_TEXT))
			end--;
		for (int x = 0; x < end; x++) {
			if (!row[x].width)
				continue;
			if (color && row[x].style != style) {
				style = row[x].style;
				put_sgr(out, style);
			}
			ins_utf8__add(out, row[x].ch);
			if (row[x].mark)
				ins_utf8__add(out, row[x].mark);
		}
		if (style != ST_TEXT)
			buf__puts(out, "\033[0m");
		buf__puts(out, "\n");
	}
}
