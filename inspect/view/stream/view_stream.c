// SPDX-License-Identifier: Apache-2.0
/*
 * What went through: the bytes read and written in a selection, in order, as text or hexadecimal.
 * Pieces of one process, descriptor and direction that follow each other are shown as one text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/model/events/stream.h"
#include "inspect/ui/report/save.h"
#include "inspect/view/common.h"

#define MAX_LINES 2000000u
#define MIN_AGE 200000000u	/* ns between two layings out while the stream grows */
#define HEX_MARGIN 9		/* columns of the offset */

enum kind { LINE_HEAD, LINE_TEXT, LINE_HEX, LINE_CUT };
enum sides { SIDE_BOTH, SIDE_READ, SIDE_WRITTEN, N_SIDES };

static const char *const side_names[N_SIDES] = { "", "read only", "written only" };

struct line {
	uint32_t piece, off, len;	/* off: in the view's bytes */
	uint8_t kind;
};

/* Where a piece begins in the view's bytes. */
struct part {
	uint32_t piece, off;
};

struct view {
	struct ins_stream *stream;
	const struct ins_model *model;	/* that its list was made from */
	uint64_t model_gen;
	bool model_done;
	bool waits;			/* the trace has grown: what the selection has of it is not known yet */
	struct buf bytes;		/* of the pieces that are shown, one after the other */
	struct part *parts;
	uint32_t n_parts;
	struct line *lines;
	uint32_t n;
	size_t cap, cap_parts;
	uint32_t laid_pieces;		/* pieces that were there when the lines were made */
	uint64_t laid_at;
	int width;
	uint32_t cur, top;
	uint64_t stay;			/* the event that the cursor goes back to when it has been read again; 0: none */
	unsigned rows;
	bool hex, void_;
	enum sides sides;
};

static void make_stream(struct ins_ui *ui, struct ins_frame *f, struct view *v)
{
	if (v->stream && v->cur < v->n && !v->stay)
		v->stay = v->stream->pieces[v->lines[v->cur].piece].num;
	ins_stream__free(v->stream);
	v->stream = NULL;
	v->model = ui->base;
	v->model_gen = ui->base->gen;
	v->model_done = ui->base->done;
	v->waits = false;
	v->void_ = true;
	v->n = 0;		/* the lines were those of the other stream's pieces */
	if (ins_stream__new(&v->stream, ui->trace, ui->base, ins_ui__lens(ui), f->scope) < 0)
		ins_ui__message(ui, ST_BAD, "the bytes cannot be read");
}

static void *open_stream(struct ins_ui *ui, struct ins_frame *f)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->rows = 1;
	make_stream(ui, f, v);
	return v;
}

static void close_stream(void *state)
{
	struct view *v = state;

	ins_stream__free(v->stream);
	buf__done(&v->bytes);
	free(v->parts);
	free(v->lines);
	free(v);
}

static void renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	make_stream(ui, f, state);
}

static void grown(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct view *v = state;

	(void)ui;
	if (v->stream && f->scope.kind == OF_ALL)
		ins_stream__again(v->stream);
	v->model_done = false;
	v->waits = f->scope.kind != OF_ALL;
}

static bool work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct view *v = state;

	/* which processes belong to the selection is known when the pass is through */
	if (f->scope.kind != OF_ALL && !v->model_done && ui->base->done && v->stream) {
		v->model_done = true;
		v->waits = false;
		v->void_ |= !ins_stream__again(v->stream);
	}
	if (v->waits)
		return false;
	return v->stream && ins_stream__step(v->stream, ns);
}

/* --- lines ----------------------------------------------------------------------------------- */

static bool is_shown(const struct view *v, const struct ins_piece *p)
{
	return v->sides == SIDE_BOTH || p->out == (v->sides == SIDE_WRITTEN);
}

static void add_line(struct view *v, enum kind kind, uint32_t piece, uint32_t off, uint32_t len)
{
	if (v->n >= MAX_LINES)
		return;
	v->lines = xgrow(v->lines, &v->cap, v->n + 1, sizeof(*v->lines));
	v->lines[v->n++] = (struct line){ piece, off, len, (uint8_t)kind };
}

static unsigned hex_per_line(int width)
{
	return width >= HEX_MARGIN + 16 * 4 + 3 ? 16 : 8;
}

/* Lines of the bytes from off to end, which begin with this part. */
static void add_text(struct view *v, uint32_t part, uint32_t off, uint32_t end)
{
	static const struct ins_screen utf8 = { .utf8 = true };
	const char *bytes = (const char *)v->bytes.p;
	uint32_t per = hex_per_line(v->width);

	while (off < end) {
		const char *nl = v->hex ? NULL : memchr(bytes + off, '\n', end - off);
		uint32_t n = nl ? (uint32_t)(nl - (bytes + off)) : end - off, len = n, skip = 0;

		while (part + 1 < v->n_parts && v->parts[part + 1].off <= off)
			part++;
		if (v->hex) {
			len = n < per ? n : per;
		} else {
			if (len && bytes[off + len - 1] == '\r' && nl)
				len--;
			if (len)
				len = (uint32_t)ins_text__break(&utf8, bytes + off, len,
								v->width > 12 ? v->width - 4 : 8);
			/* the end of the line belongs to it */
			skip = nl && n - len <= 1 ? n - len + 1 : 0;
		}
		add_line(v, v->hex ? LINE_HEX : LINE_TEXT, v->parts[part].piece, off, len);
		off += len + skip;
	}
}

/* Does b go on where a ends: the same end of the same thing, and all of a was recorded? */
static bool goes_on(const struct ins_piece *a, const struct ins_piece *b)
{
	return a->pid == b->pid && a->origin == b->origin && a->name == b->name && a->out == b->out && a->full == a->len;
}

static void take_piece(struct view *v, uint32_t i)
{
	const struct ins_piece *p = &v->stream->pieces[i];

	v->parts = xgrow(v->parts, &v->cap_parts, v->n_parts + 1, sizeof(*v->parts));
	v->parts[v->n_parts++] = (struct part){ i, (uint32_t)v->bytes.len };
	buf__add(&v->bytes, v->stream->bytes.p + p->off, p->len);
}

/* The next piece at or after i that is shown, or the number of pieces. */
static uint32_t next_shown(const struct view *v, uint32_t i)
{
	while (i < v->stream->n && !is_shown(v, &v->stream->pieces[i]))
		i++;
	return i;
}

static void lay_out(struct view *v)
{
	const struct ins_stream *s = v->stream;
	uint64_t num = v->stay ? v->stay : v->cur < v->n && s->n > v->lines[v->cur].piece ?
		       s->pieces[v->lines[v->cur].piece].num : 0;
	uint32_t i = next_shown(v, 0), before = UINT32_MAX;

	v->n = v->n_parts = 0;
	v->bytes.len = 0;
	while (i < s->n) {
		uint32_t part = v->n_parts, off = (uint32_t)v->bytes.len, last;

		if (before == UINT32_MAX || s->pieces[before].pid != s->pieces[i].pid ||
		    s->pieces[before].origin != s->pieces[i].origin ||
		    s->pieces[before].name != s->pieces[i].name ||
		    s->pieces[before].out != s->pieces[i].out)
			add_line(v, LINE_HEAD, i, 0, 0);
		do {
			last = i;
			take_piece(v, i);
			i = next_shown(v, i + 1);
		} while (i < s->n && goes_on(&s->pieces[last], &s->pieces[i]));
		add_text(v, part, off, (uint32_t)v->bytes.len);
		if (s->pieces[last].full > s->pieces[last].len)
			add_line(v, LINE_CUT, last, 0, 0);
		before = last;
	}
	v->laid_pieces = s->n;
	v->laid_at = ins_now();
	v->void_ = false;
	v->stay = s->done ? 0 : v->stay;
	/* stay where the cursor was */
	v->cur = 0;
	while (num && v->cur + 1 < v->n && s->pieces[v->lines[v->cur].piece].num < num)
		v->cur++;
}

static void keep_in_sight(struct view *v)
{
	if (v->cur >= v->n)
		v->cur = v->n ? v->n - 1 : 0;
	if (v->cur < v->top)
		v->top = v->cur;
	if (v->cur >= v->top + v->rows)
		v->top = v->cur - v->rows + 1;
	if (v->n <= v->rows)
		v->top = 0;
}

static void refresh(struct view *v, int width)
{
	if (width && width != v->width) {
		v->width = width;
		v->void_ = true;
	}
	if (v->stream->n != v->laid_pieces &&
	    (v->stream->done || ins_now() - v->laid_at > MIN_AGE))
		v->void_ = true;
	if (v->void_)
		lay_out(v);
	keep_in_sight(v);
}

/* --- drawing --------------------------------------------------------------------------------- */

static int side_style(const struct ins_piece *p)
{
	return p->out ? ST_SENT : ST_GOT;
}

static void draw_head(struct ins_ui *ui, const struct view *v, const struct ins_piece *p, int y,
		      int x, int w)
{
	struct buf t = { 0 };

	ins_ui__time(ui, p->ts, 12, &t);
	buf__printf(&t, "  %s[%d] %s ", ins_stream__str(v->stream, p->who), p->pid,
		    p->out ? "\u2192" : "\u2190");
	buf__puts(&t, ins_stream__str(v->stream, p->name));
	ins_screen__put(ui->screen, y, x, w, ST_LABEL, (char *)t.p, t.len);
	buf__done(&t);
}

static void draw_hex(struct ins_ui *ui, const struct view *v, const struct line *l, int y, int x,
		     int w)
{
	const uint8_t *b = v->bytes.p + l->off;
	const struct ins_piece *p = &v->stream->pieces[l->piece];
	unsigned per = hex_per_line(v->width);
	char text[16 * 3 + 1];

	ins_screen__printf(ui->screen, y, x, w, ST_DIM, "%07x", l->off);
	for (unsigned i = 0; i < per; i++)
		snprintf(text + i * 3, 4, i < l->len ? "%02x " : "   ", b[i < l->len ? i : 0]);
	ins_screen__puts(ui->screen, y, x + HEX_MARGIN, w - HEX_MARGIN, side_style(p), text);
	for (unsigned i = 0; i < l->len; i++)
		ins_screen__fill(ui->screen, y, x + HEX_MARGIN + (int)(per * 3 + 1 + i), 1,
				 side_style(p), b[i] >= 0x20 && b[i] < 0x7f ? b[i] : '.');
}

static void draw_line(struct ins_ui *ui, const struct view *v, uint32_t i, int y, int x, int w)
{
	const struct line *l = &v->lines[i];
	const struct ins_piece *p = &v->stream->pieces[l->piece];
	const char *text = (const char *)v->bytes.p + l->off;
	int hit;

	switch ((enum kind)l->kind) {
	case LINE_HEAD:
		draw_head(ui, v, p, y, x, w);
		return;
	case LINE_HEX:
		draw_hex(ui, v, l, y, x + 2, w - 2);
		return;
	case LINE_CUT:
		ins_screen__printf(ui->screen, y, x + 2, w - 2, ST_DIM,
				   "(%u of %u bytes were not recorded)", p->full - p->len, p->full);
		return;
	case LINE_TEXT:
		break;
	}
	ins_screen__put(ui->screen, y, x + 2, w - 2, side_style(p), text, l->len);
	hit = ins_ui__matches(ui, text, l->len);
	if (hit >= 0)
		ins_screen__restyle(ui->screen, y,
				    x + 2 + ins_text__width(ui->screen, text, (size_t)hit),
				    ins_text__width(ui->screen, ui->search, strlen(ui->search)),
				    ST_HIT);
}

static const char *why_empty(const struct view *v)
{
	if (!v->stream->done)
		return "reading; what is found is shown as it comes";
	if (v->stream->n)
		return "Nothing in this direction; b shows the others.";
	return v->stream->full[0] + v->stream->full[1] ?
		"Bytes went through, but none of them were recorded (spoor-capture -s)." :
		"Nothing was read or written.";
}

static void draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at)
{
	struct view *v = state;
	char n[32];

	(void)f;
	v->rows = at.h > 0 ? (unsigned)at.h : 1;
	if (!v->stream)
		return;
	refresh(v, at.w);
	for (unsigned i = 0; i < v->rows && v->top + i < v->n; i++) {
		int y = at.y + (int)i;

		draw_line(ui, v, v->top + i, y, at.x + 1, at.w - 1);
		if (v->top + i == v->cur) {
			ins_screen__fill(ui->screen, y, at.x, 1, ST_MARK, 0x258c);
			ins_screen__restyle(ui->screen, y, at.x, at.w, ST_SELECTED);
		}
	}
	if (!v->n)
		ins_screen__puts(ui->screen, at.y + 1, at.x + 2, at.w - 2, ST_DIM, why_empty(v));
	else if (v->stream->left_out && v->top + v->rows >= v->n && v->n < v->top + v->rows)
		ins_screen__printf(ui->screen, at.y + (int)(v->n - v->top), at.x + 2, at.w - 2,
				   ST_WARN, "%s more are not shown: a time range or a filter "
				   "brings them", text__size(v->stream->left_out, n));
}

static void count(struct ins_ui *ui, struct ins_frame *f, void *state, struct buf *out)
{
	struct view *v = state;
	char in[16], sent[16];

	(void)ui;
	(void)f;
	if (!v->stream)
		return;
	if (v->sides != SIDE_BOTH)
		buf__printf(out, "%s  ", side_names[v->sides]);
	buf__printf(out, "\u2190 %s  \u2192 %s%s", ins_short__text(v->stream->full[0], in),
		    ins_short__text(v->stream->full[1], sent), v->stream->done ? "" : "+");
}

/* --- keys ------------------------------------------------------------------------------------ */

static void move(struct view *v, int64_t by)
{
	int64_t to = (int64_t)v->cur + by;

	v->stay = 0;
	v->cur = to < 0 ? 0 : to >= (int64_t)v->n ? (v->n ? v->n - 1 : 0) : (uint32_t)to;
	keep_in_sight(v);
}

static const struct ins_piece *under_cursor(const struct view *v)
{
	return v->stream && v->cur < v->n ? &v->stream->pieces[v->lines[v->cur].piece] : NULL;
}

static bool act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	struct view *v = state;
	const struct ins_piece *p = under_cursor(v);
	int64_t page = v->rows > 1 ? (int64_t)v->rows - 1 : 1;

	switch (a) {
	case ACT_UP: move(v, -1); return true;
	case ACT_DOWN: move(v, 1); return true;
	case ACT_PAGE_UP: move(v, -page); return true;
	case ACT_PAGE_DOWN: move(v, page); return true;
	case ACT_TOP: move(v, -(int64_t)MAX_LINES); return true;
	case ACT_BOTTOM: move(v, MAX_LINES); return true;
	case ACT_HEX: v->hex = !v->hex; v->void_ = true; return true;
	case ACT_SIDES: v->sides = (v->sides + 1) % N_SIDES; v->void_ = true; return true;
	case ACT_OPEN:
		if (p)
			ins_ui__push(ui, f->scope, VIEW_EVENT, p->num);
		return true;
	case ACT_PLAY:
		ins_ui__push(ui, f->scope, VIEW_TERMINAL, p ? p->num : 0);
		return true;
	case ACT_SAVE:
		ins_ui__ask(ui, ASK_SAVE, "");
		return true;
	default:
		return false;
	}
}

static bool mouse(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		  int x)
{
	struct view *v = state;

	(void)x;
	if (m == MOUSE_WHEEL_UP || m == MOUSE_WHEEL_DOWN) {
		move(v, m == MOUSE_WHEEL_UP ? -3 : 3);
		return true;
	}
	if (v->top + (unsigned)y >= v->n)
		return false;
	v->cur = v->top + (unsigned)y;
	v->stay = 0;
	return m == MOUSE_DOUBLE ? act(ui, f, state, ACT_OPEN) : true;
}

static bool subject(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_subject *ret)
{
	(void)f;
	return ins_piece__subject(ui->base, under_cursor(state), ret);
}

static void go(struct ins_ui *ui, struct ins_frame *f, void *state, const struct ins_subject *to)
{
	struct view *v = state;

	(void)ui;
	(void)f;
	for (uint32_t i = 0; v->stream && i < v->n; i++) {
		const struct ins_piece *p = &v->stream->pieces[v->lines[i].piece];

		if (to->num ? p->num >= to->num : p->ts >= to->ts) {
			v->cur = i;
			break;
		}
	}
	keep_in_sight(v);
}

static void find(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again)
{
	struct view *v = state;

	(void)f;
	for (uint32_t k = again ? 1 : 0; v->stream && k < v->n; k++) {
		uint32_t i = dir > 0 ? (v->cur + k) % v->n : (v->cur + v->n - k) % v->n;
		const struct line *l = &v->lines[i];

		if (l->kind != LINE_TEXT ||
		    ins_ui__matches(ui, (char *)v->bytes.p + l->off, l->len) < 0)
			continue;
		v->cur = i;
		keep_in_sight(v);
		return;
	}
	ins_ui__message(ui, ST_WARN, "not found: %s", ui->search);
}

static int save(struct ins_ui *ui, struct ins_frame *f, void *state, const char *path,
		struct err *err)
{
	struct view *v = state;
	uint64_t wrote = 0, missing = 0;
	char n[32];
	int r;

	(void)f;
	if (!v->stream)
		return 0;
	r = ins_save__new_file(path, err);
	for (uint32_t i = 0; r >= 0 && i < v->stream->n; i++) {
		const struct ins_piece *p = &v->stream->pieces[i];
		int w;

		if (!is_shown(v, p))
			continue;
		w = ins_save__write(r, path, v->stream->bytes.p + p->off, p->len, err);
		if (w < 0) {
			close(r);
			return w;
		}
		wrote += p->len;
		missing += p->full - p->len;
	}
	if (r < 0)
		return r;
	close(r);
	ins_ui__message(ui, missing ? ST_WARN : ST_GOOD, "%s: %s%s", path, text__size(wrote, n),
			missing ? "; not all bytes were recorded" : "");
	return 0;
}

const struct ins_view ins_view_stream = {
	.name = "bytes", .tab = "Bytes", .shorttab = "Bytes",
	.about = "The bytes that were read (\u2190) and written (\u2192), in order: of a connection, "
		 "a file, a terminal, a process with all its descriptors. Enter opens the call that "
		 "carried them.",
	.where = WHERE_STREAM,
	.open = open_stream, .close = close_stream, .draw = draw, .act = act, .mouse = mouse,
	.subject = subject, .go = go, .find = find, .work = work, .renew = renew, .grown = grown, .count = count,
	.save = save,
};
