// SPDX-License-Identifier: Apache-2.0
/* Sequences are those of ECMA-48 and of xterm's control sequences document. */
#include <stdlib.h>
#include <string.h>

#include "inspect/model/events/vt.h"

enum { S_TEXT, S_ESC, S_CSI, S_STRING, S_STRING_ESC, S_CHARSET };

#define TAB 8

void ins_vt__init(struct ins_vt *vt, int w, int h)
{
	*vt = (struct ins_vt){ .w = w < 1 ? 1 : w > INS_MAX_W ? INS_MAX_W : w,
			       .h = h < 1 ? 1 : h > INS_MAX_H ? INS_MAX_H : h };
	vt->cells = xcalloc((size_t)vt->w * (size_t)vt->h, sizeof(*vt->cells));
	ins_vt__reset(vt);
}

void ins_vt__done(struct ins_vt *vt)
{
	free(vt->cells);
	*vt = (struct ins_vt){ 0 };
}

static struct ins_vt_cell *row(const struct ins_vt *vt, int y)
{
	return vt->cells + (size_t)y * (size_t)vt->w;
}

static void blank(struct ins_vt *vt, int y, int from, int to)
{
	if (from < to)
		memset(row(vt, y) + from, 0, (size_t)(to - from) * sizeof(*vt->cells));
}

void ins_vt__reset(struct ins_vt *vt)
{
	for (int y = 0; y < vt->h; y++)
		blank(vt, y, 0, vt->w);
	vt->x = vt->y = vt->saved_x = vt->saved_y = vt->top = 0;
	vt->bottom = vt->h - 1;
	vt->wrap = false;
	vt->style = vt->base = ST_TEXT;
	vt->state = S_TEXT;
	vt->utf8_left = 0;
}

/* --- moving ---------------------------------------------------------------------------------- */

static int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void move_to(struct ins_vt *vt, int y, int x)
{
	vt->y = clamp(y, 0, vt->h - 1);
	vt->x = clamp(x, 0, vt->w - 1);
	vt->wrap = false;
}

/* Rows of [top, bottom] go up (n > 0) or down; blank ones come in. */
static void scroll(struct ins_vt *vt, int top, int bottom, int n)
{
	int rows = bottom - top + 1, k = clamp(n < 0 ? -n : n, 0, rows);
	size_t bytes = (size_t)(rows - k) * (size_t)vt->w * sizeof(*vt->cells);

	if (n > 0)
		memmove(row(vt, top), row(vt, top + k), bytes);
	else
		memmove(row(vt, top + k), row(vt, top), bytes);
	for (int i = 0; i < k; i++)
		blank(vt, n > 0 ? bottom - i : top + i, 0, vt->w);
}

static void line_feed(struct ins_vt *vt)
{
	if (vt->y == vt->bottom)
		scroll(vt, vt->top, vt->bottom, 1);
	else if (vt->y < vt->h - 1)
		vt->y++;
	vt->wrap = false;
}

static void put(struct ins_vt *vt, uint32_t ch)
{
	if (vt->wrap) {
		vt->x = 0;
		line_feed(vt);
	}
	row(vt, vt->y)[vt->x] = (struct ins_vt_cell){ ch, vt->style };
	if (vt->x < vt->w - 1)
		vt->x++;
	else
		vt->wrap = true;
}

static void control(struct ins_vt *vt, uint8_t c)
{
	switch (c) {
	case '\r': move_to(vt, vt->y, 0); break;
	case '\n': case '\v': case '\f': line_feed(vt); break;
	case '\b': move_to(vt, vt->y, vt->x - 1); break;
	case '\t': move_to(vt, vt->y, (vt->x / TAB + 1) * TAB); break;
	default: break;
	}
}

/* --- control sequences ----------------------------------------------------------------------- */

static int param(const struct ins_vt *vt, int i, int absent)
{
	return i < vt->n_params && vt->params[i] > 0 ? vt->params[i] : absent;
}

static void erase_line(struct ins_vt *vt, int how)
{
	blank(vt, vt->y, how == 0 ? vt->x : 0, how == 1 ? vt->x + 1 : vt->w);
}

static void erase_screen(struct ins_vt *vt, int how)
{
	if (how < 2)
		erase_line(vt, how);
	for (int y = how == 0 ? vt->y + 1 : 0; y < (how == 1 ? vt->y : vt->h); y++)
		blank(vt, y, 0, vt->w);
}

/* Characters of the row from the cursor on go right (n > 0) or left. */
static void shift(struct ins_vt *vt, int n)
{
	struct ins_vt_cell *at = row(vt, vt->y) + vt->x;
	int room = vt->w - vt->x, k = clamp(n < 0 ? -n : n, 0, room);
	size_t bytes = (size_t)(room - k) * sizeof(*at);

	if (n > 0) {
		memmove(at + k, at, bytes);
		blank(vt, vt->y, vt->x, vt->x + k);
	} else {
		memmove(at, at + k, bytes);
		blank(vt, vt->y, vt->w - k, vt->w);
	}
}

/* Of colours what the styles here have that is nearest. */
static void select_style(struct ins_vt *vt)
{
	static const uint8_t colors[8] = { ST_DIM, ST_BAD, ST_GOOD, ST_WARN, ST_NET, ST_USER,
					   ST_NET, ST_TEXT };
	bool reverse = vt->style & ST_SELECTED;

	for (int i = 0; i < (vt->n_params ? vt->n_params : 1); i++) {
		int p = vt->n_params ? vt->params[i] : 0;

		if (p <= 0) {
			vt->base = ST_TEXT;
			reverse = false;
		} else if (p == 1) {
			vt->base = vt->base == ST_TEXT ? ST_STRONG : vt->base;
		} else if (p == 7 || p == 27) {
			reverse = p == 7;
		} else if (p == 38 || p == 48) {
			i += i + 1 < vt->n_params && vt->params[i + 1] == 2 ? 4 : 2;
		} else if ((p >= 30 && p <= 37) || (p >= 90 && p <= 97)) {
			vt->base = colors[p % 10];
		} else if (p == 39 || p == 22) {
			vt->base = ST_TEXT;
		}
	}
	vt->style = vt->base | (reverse ? ST_SELECTED : 0);
}

static void set_region(struct ins_vt *vt)
{
	int top = param(vt, 0, 1) - 1, bottom = param(vt, 1, vt->h) - 1;

	if (top < clamp(bottom, 0, vt->h - 1)) {
		vt->top = top;
		vt->bottom = clamp(bottom, 0, vt->h - 1);
		move_to(vt, 0, 0);
	}
}

/* The full-screen programs switch to a screen of their own: it begins blank. */
static void set_mode(struct ins_vt *vt)
{
	if (!vt->private_)
		return;
	for (int i = 0; i < vt->n_params; i++)
		if (vt->params[i] == 47 || vt->params[i] == 1047 || vt->params[i] == 1049) {
			erase_screen(vt, 2);
			move_to(vt, 0, 0);
		}
}

static void sequence(struct ins_vt *vt, uint8_t final)
{
	int n = param(vt, 0, 1);

	if (vt->private_ && final != 'h' && final != 'l')
		return;
	switch (final) {
	case 'A': move_to(vt, vt->y - n, vt->x); break;
	case 'B': case 'e': move_to(vt, vt->y + n, vt->x); break;
	case 'C': case 'a': move_to(vt, vt->y, vt->x + n); break;
	case 'D': move_to(vt, vt->y, vt->x - n); break;
	case 'E': move_to(vt, vt->y + n, 0); break;
	case 'F': move_to(vt, vt->y - n, 0); break;
	case 'G': case '`': move_to(vt, vt->y, n - 1); break;
	case 'd': move_to(vt, n - 1, vt->x); break;
	case 'H': case 'f': move_to(vt, n - 1, param(vt, 1, 1) - 1); break;
	case 'J': erase_screen(vt, param(vt, 0, 0)); break;
	case 'K': erase_line(vt, param(vt, 0, 0)); break;
	case 'X': blank(vt, vt->y, vt->x, clamp(vt->x + n, 0, vt->w)); break;
	case '@': shift(vt, n); break;
	case 'P': shift(vt, -n); break;
	case 'L': if (vt->y <= vt->bottom) scroll(vt, vt->y, vt->bottom, -n); break;
	case 'M': if (vt->y <= vt->bottom) scroll(vt, vt->y, vt->bottom, n); break;
	case 'S': scroll(vt, vt->top, vt->bottom, n); break;
	case 'T': scroll(vt, vt->top, vt->bottom, -n); break;
	case 'm': select_style(vt); break;
	case 'r': set_region(vt); break;
	case 's': vt->saved_x = vt->x; vt->saved_y = vt->y; break;
	case 'u': move_to(vt, vt->saved_y, vt->saved_x); break;
	case 'h': case 'l': set_mode(vt); break;
	default: break;
	}
}

static void escape(struct ins_vt *vt, uint8_t c)
{
	vt->state = S_TEXT;
	switch (c) {
	case '[':
		vt->state = S_CSI;
		vt->n_params = 0;
		vt->private_ = false;
		break;
	case ']': case 'P': case 'X': case '^': case '_': vt->state = S_STRING; break;
	case '(': case ')': case '*': case '+': case '#': case '%': vt->state = S_CHARSET; break;
	case '7': vt->saved_x = vt->x; vt->saved_y = vt->y; break;
	case '8': move_to(vt, vt->saved_y, vt->saved_x); break;
	case 'D': line_feed(vt); break;
	case 'E': vt->x = 0; line_feed(vt); break;
	case 'M':
		if (vt->y == vt->top)
			scroll(vt, vt->top, vt->bottom, -1);
		else
			move_to(vt, vt->y - 1, vt->x);
		break;
	case 'c': ins_vt__reset(vt); break;
	default: break;
	}
}

static void csi(struct ins_vt *vt, uint8_t c)
{
	if (c >= '0' && c <= '9') {
		int *p;

		if (!vt->n_params)
			vt->params[vt->n_params++] = 0;
		p = &vt->params[vt->n_params - 1];
		*p = *p < 10000 ? *p * 10 + (c - '0') : *p;
	} else if (c == ';' || c == ':') {
		if (!vt->n_params)
			vt->params[vt->n_params++] = 0;
		if (vt->n_params < INS_VT_PARAMS)
			vt->params[vt->n_params++] = 0;
	} else if (c >= '<' && c <= '?') {
		vt->private_ = true;
	} else if (c >= 0x40 && c <= 0x7e) {
		vt->state = S_TEXT;
		sequence(vt, c);
	} else if (c == 0x1b) {
		vt->state = S_ESC;
	} else if (c < 0x20) {
		control(vt, c);
	}
}

/* A byte of text that is not ASCII. */
static void utf8(struct ins_vt *vt, uint8_t c)
{
	if ((c & 0xc0) == 0x80 && vt->utf8_left) {
		vt->utf8 = vt->utf8 << 6 | (c & 0x3f);
		if (!--vt->utf8_left)
			put(vt, vt->utf8);
		return;
	}
	vt->utf8_left = c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc2 && c < 0xe0;
	vt->utf8 = c & (0x3fu >> vt->utf8_left);
	if (!vt->utf8_left)
		put(vt, 0xfffd);
}

static void text(struct ins_vt *vt, uint8_t c)
{
	if (c >= 0x80) {
		utf8(vt, c);
		return;
	}
	vt->utf8_left = 0;
	if (c == 0x1b)
		vt->state = S_ESC;
	else if (c < 0x20)
		control(vt, c);
	else if (c != 0x7f)
		put(vt, c);
}

void ins_vt__feed(struct ins_vt *vt, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		switch (vt->state) {
		case S_TEXT: text(vt, p[i]); break;
		case S_ESC: escape(vt, p[i]); break;
		case S_CSI: csi(vt, p[i]); break;
		case S_CHARSET: vt->state = S_TEXT; break;
		case S_STRING:
			vt->state = p[i] == 0x1b ? S_STRING_ESC : p[i] == 7 ? S_TEXT : S_STRING;
			break;
		case S_STRING_ESC:
			vt->state = S_TEXT;
			if (p[i] != '\\')
				escape(vt, p[i]);
			break;
		}
	}
}

void ins_vt__draw(const struct ins_vt *vt, struct ins_screen *s, int y, int x, int h, int w)
{
	char ch[8];

	for (int r = 0; r < vt->h && r < h; r++) {
		for (int c = 0; c < vt->w && c < w; c++) {
			const struct ins_vt_cell *cell = &row(vt, r)[c];
			struct buf b = { .p = (uint8_t *)ch, .cap = sizeof(ch) };

			if (!cell->ch)
				continue;
			ins_utf8__add(&b, cell->ch);
			ins_screen__put(s, y + r, x + c, w - c, cell->style, ch, b.len);
		}
	}
	if (vt->y < h && vt->x < w)
		ins_screen__restyle(s, y + vt->y, x + vt->x, 1, ST_SELECTED);
}
