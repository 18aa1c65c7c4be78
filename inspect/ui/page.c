// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/ui/ui_layout.h"
#include "inspect/ui/page.h"

#define MIN_AGE 250000000u	/* ns between two buildings while the model grows */
#define MAX_LINES 100000u

/* --- building -------------------------------------------------------------------------------- */

/* Widths are those of a UTF-8 screen; a page is built for one. */
static int width_of(const char *text, size_t n)
{
	static const struct ins_screen utf8 = { .utf8 = true };

	return ins_text__width(&utf8, text, n);
}

void ins_page__line(struct ins_page *p)
{
	if (p->n_lines < MAX_LINES)
		p->n_lines++;
	p->x = 1;
}

void ins_page__gap(struct ins_page *p)
{
	bool blank = !p->n_lines;

	for (size_t i = p->n_spans; !blank && i-- > 0;)
		if (p->spans[i].line + 1 <= p->n_lines) {
			blank = p->spans[i].line + 1 < p->n_lines;
			break;
		}
	if (!blank)
		ins_page__line(p);
}

void ins_page__to(struct ins_page *p, int x)
{
	p->x = x > p->x ? x : p->x;
}

static void add_span(struct ins_page *p, int style, const char *text, size_t n)
{
	int w = width_of(text, n);

	p->spans = xgrow(p->spans, &p->cap_spans, p->n_spans + 1, sizeof(*p->spans));
	p->spans[p->n_spans++] = (struct ins_span){ .line = p->n_lines ? p->n_lines - 1 : 0,
						   .x = p->x,
		.w = w, .style = (uint8_t)style, .off = (uint32_t)p->text.len, .len = (uint32_t)n };
	buf__add(&p->text, text, n);
	p->x += w;
}

void ins_page__put(struct ins_page *p, int style, const char *text, size_t n)
{
	if (n > INS_MAX_TEXT)
		n = INS_MAX_TEXT;
	if (n)
		add_span(p, style, text, n);
}

void ins_page__printf(struct ins_page *p, int style, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		ins_page__put(p, style, text, (size_t)n < sizeof(text) ? (size_t)n :
			      sizeof(text) - 1);
}

void ins_page__wrap(struct ins_page *p, int style, const char *text, size_t n)
{
	static const struct ins_screen utf8 = { .utf8 = true };
	int x = p->x, w = p->width - x > 8 ? p->width - x : 8;

	if (!n)
		return;
	for (;;) {
		size_t len = ins_text__break(&utf8, text, n, w);

		add_span(p, style, text, len);
		text += len;
		n -= len;
		if (n && *text == ' ') {	/* the blank where the line breaks */
			text++;
			n--;
		}
		if (!n || p->n_lines >= MAX_LINES)
			return;
		ins_page__line(p);
		p->x = x;
	}
}

void ins_page__title(struct ins_page *p, const char *text)
{
	ins_page__gap(p);
	ins_page__line(p);
	ins_page__put(p, ST_TITLE, text, strlen(text));
}

void ins_page__label(struct ins_page *p, const char *label)
{
	ins_page__line(p);
	ins_page__put(p, ST_LABEL, label, strlen(label));
	ins_page__to(p, 1 + INS_LABEL_W);
}

void ins_page__link(struct ins_page *p, int x, struct ins_target to)
{
	int end = p->x < p->width ? p->x : p->width;

	p->links = xgrow(p->links, &p->cap_links, p->n_links + 1, sizeof(*p->links));
	p->links[p->n_links++] = (struct ins_link){ .line = p->n_lines ? p->n_lines - 1 : 0, .x = x,
						    .w = end > x ? end - x : 1, .to = to };
}

void ins_page__graph(struct ins_page *p, int w, int style, const uint64_t *v, unsigned n)
{
	if (p->x + w > p->width)
		w = p->width - p->x;
	if (w <= 0)
		return;
	p->graphs = xgrow(p->graphs, &p->cap_graphs, p->n_graphs + 1, sizeof(*p->graphs));
	p->graphs[p->n_graphs++] = (struct ins_graph){ .line = p->n_lines - 1, .x = p->x, .w = w,
						       .style = (uint8_t)style, .v = v, .n = n };
	p->x += w;
}

void ins_page__pending(struct ins_page *p)
{
	p->pending = true;
}

/* --- life ------------------------------------------------------------------------------------ */

void *ins_page__open(struct ins_ui *ui, struct ins_frame *f)
{
	struct ins_page *p = xcalloc(1, sizeof(*p));

	(void)ui;
	p->ops = ins_views[f->view]->page;
	p->found = UINT32_MAX;
	p->rows = 1;
	p->void_ = true;
	return p;
}

void ins_page__close(void *state)
{
	struct ins_page *p = state;

	if (p->ops->close)
		p->ops->close(p);
	buf__done(&p->text);
	free(p->spans);
	free(p->links);
	free(p->graphs);
	free(p);
}

void ins_page__renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct ins_page *p = state;

	(void)ui;
	(void)f;
	p->void_ = true;
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);

	p->text.len = 0;
	p->n_spans = p->n_links = p->n_graphs = 0;
	p->n_lines = 0;
	p->x = 1;
	p->void_ = p->pending = false;
	p->made_from = m;
	p->made_gen = m->gen;
	p->made_at = ins_now();
	p->ops->build(ui, f, p);
	if (p->cur >= p->n_links)
		p->cur = p->n_links ? (uint32_t)p->n_links - 1 : 0;
}

static void refresh(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p, int width)
{
	const struct ins_model *m = ins_ui__model(ui);
	bool stale = p->made_from != m || (p->made_gen != m->gen &&
					   (m->done || ins_now() - p->made_at > MIN_AGE));

	if (width && width != p->width) {
		p->width = width;
		p->void_ = true;
	}
	if (p->void_ || stale)
		build(ui, f, p);
}

bool ins_page__work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct ins_page *p = state;

	(void)ns;
	if (p->pending && p->width)
		build(ui, f, p);
	return p->pending;
}

/* --- drawing --------------------------------------------------------------------------------- */

static void keep_top(struct ins_page *p)
{
	uint32_t most = p->n_lines > p->rows ? p->n_lines - p->rows : 0;

	if (p->top > most)
		p->top = most;
}

static void draw_spans(struct ins_ui *ui, const struct ins_page *p, struct ins_rect at)
{
	for (size_t i = 0; i < p->n_spans; i++) {
		const struct ins_span *s = &p->spans[i];
		int y = at.y + (int)(s->line - p->top);

		if (s->line < p->top || s->line - p->top >= p->rows || s->x >= at.w)
			continue;
		ins_screen__put(ui->screen, y, at.x + s->x, at.w - s->x, s->style,
				(char *)p->text.p + s->off, s->len);
		if (s->line == p->found)
			ins_screen__restyle(ui->screen, y, at.x + s->x,
					    s->w < at.w - s->x ? s->w : at.w - s->x, ST_HIT);
	}
}

void ins_page__draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at)
{
	struct ins_page *p = state;

	p->rows = at.h > 0 ? (unsigned)at.h : 1;
	refresh(ui, f, p, at.w);
	keep_top(p);
	draw_spans(ui, p, at);
	for (size_t i = 0; i < p->n_graphs; i++) {
		const struct ins_graph *g = &p->graphs[i];

		if (g->line >= p->top && g->line - p->top < p->rows)
			ins_bar__draw(ui->screen, at.y + (int)(g->line - p->top), at.x + g->x, g->w,
				      g->style, g->v, g->n, -1, -1);
	}
	if (p->cur < p->n_links) {
		const struct ins_link *l = &p->links[p->cur];

		if (l->line >= p->top && l->line - p->top < p->rows) {
			int y = at.y + (int)(l->line - p->top);

			ins_screen__fill(ui->screen, y, at.x + l->x - 1, 1, ST_MARK, 0x258c);
			ins_screen__restyle(ui->screen, y, at.x + l->x - 1, l->w + 1, ST_SELECTED);
		}
	}
	if (p->pending)
		ins_screen__puts(ui->screen, at.y + at.h - 1, at.x + 1, at.w - 1, ST_DIM,
				 "reading ...");
}

/* --- keys ------------------------------------------------------------------------------------ */

static void scroll(struct ins_page *p, int64_t by)
{
	int64_t to = (int64_t)p->top + by;

	p->top = to < 0 ? 0 : (uint32_t)to;
	keep_top(p);
}

static void show_line(struct ins_page *p, uint32_t line)
{
	if (line < p->top)
		p->top = line;
	else if (line >= p->top + p->rows)
		p->top = line - p->rows + 1;
}

static bool is_shown(const struct ins_page *p, uint32_t line)
{
	return line >= p->top && line - p->top < p->rows;
}

/*
 * The link nearest to the cursor's on the next line that has some, within a screen; or the text
 * scrolls.
 */
static void move_line(struct ins_page *p, int dir)
{
	const struct ins_link *cur = p->cur < p->n_links ? &p->links[p->cur] : NULL;
	uint32_t best = UINT32_MAX;
	uint64_t best_cost = UINT64_MAX;

	if (cur && !is_shown(p, cur->line))
		cur = NULL;	/* scrolled away: begin with what is shown */
	for (uint32_t i = 0; i < p->n_links; i++) {
		const struct ins_link *l = &p->links[i];
		int64_t from = cur ? cur->line : dir > 0 ? (int64_t)p->top - 1 :
			(int64_t)p->top + p->rows;
		int64_t lines = ((int64_t)l->line - from) * dir;
		uint64_t cost;

		if (lines <= 0 || lines > (int64_t)p->rows)
			continue;
		cost = (uint64_t)lines * 1000 + (uint64_t)abs(l->x - (cur ? cur->x : 0));
		if (cost < best_cost) {
			best_cost = cost;
			best = i;
		}
	}
	if (best == UINT32_MAX || (!is_shown(p, p->links[best].line) &&
				   (int64_t)(best_cost / 1000) > (int64_t)p->rows / 2)) {
		scroll(p, dir);
		return;
	}
	p->cur = best;
	show_line(p, p->links[best].line);
	/* headings above the first link come into sight too */
	if (dir < 0 && best == 0)
		p->top = p->links[0].line < p->rows ? 0 : p->top;
}

static void move_side(struct ins_page *p, int dir)
{
	uint32_t to = p->cur + (uint32_t)dir;

	if (to < p->n_links) {
		p->cur = to;
		show_line(p, p->links[to].line);
	}
}

static void follow(struct ins_ui *ui, const struct ins_page *p)
{
	const struct ins_target *to;
	struct err err = { 0 };

	if (p->cur >= p->n_links || !is_shown(p, p->links[p->cur].line))
		return;
	to = &p->links[p->cur].to;
	if (to->filter[0]) {
		if (ins_ui__push_under(ui, to->scope, to->view, to->num, to->only, to->filter, &err) < 0)
			ins_ui__message(ui, ST_BAD, "%s", err.msg);
	} else if (to->only.kind) {
		ins_ui__push_only(ui, to->scope, to->view, to->num, to->only);
	} else if (to->view != VIEW__N) {
		ins_ui__push(ui, to->scope, to->view, to->num);
	}
}

static void to_edge(struct ins_page *p, bool end)
{
	p->top = end ? UINT32_MAX : 0;
	keep_top(p);
	p->cur = end && p->n_links ? (uint32_t)p->n_links - 1 : 0;
}

bool ins_page__act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	struct ins_page *p = state;
	int page = (int)p->rows > 2 ? (int)p->rows - 1 : 1;

	if (p->ops->act && p->ops->act(ui, f, p, a))
		return true;
	switch (a) {
	case ACT_UP: move_line(p, -1); return true;
	case ACT_DOWN: move_line(p, 1); return true;
	case ACT_LEFT: move_side(p, -1); return true;
	case ACT_RIGHT: move_side(p, 1); return true;
	case ACT_PAGE_UP: scroll(p, -page); return true;
	case ACT_PAGE_DOWN: scroll(p, page); return true;
	case ACT_TOP: to_edge(p, false); return true;
	case ACT_BOTTOM: to_edge(p, true); return true;
	case ACT_OPEN: follow(ui, p); return true;
	default: return false;
	}
}

bool ins_page__mouse(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_mouse m, int y,
		     int x)
{
	struct ins_page *p = state;

	(void)f;
	if (m == MOUSE_WHEEL_UP || m == MOUSE_WHEEL_DOWN) {
		scroll(p, m == MOUSE_WHEEL_UP ? -3 : 3);
		return true;
	}
	for (uint32_t i = 0; i < p->n_links; i++) {
		const struct ins_link *l = &p->links[i];

		if (l->line != p->top + (uint32_t)y || x < l->x - 1 || x >= l->x + l->w)
			continue;
		p->cur = i;
		if (m == MOUSE_DOUBLE)
			follow(ui, p);
		return true;
	}
	return false;
}

bool ins_page__subject(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_subject *ret)
{
	struct ins_page *p = state;

	if (p->cur < p->n_links && is_shown(p, p->links[p->cur].line)) {
		const struct ins_subject *s = &p->links[p->cur].to.subject;

		if (s->proc != INS_NONE || s->file != INS_NONE || s->conn != INS_NONE ||
		    s->container != INS_NONE || s->num) {
			*ret = *s;
			return true;
		}
	}
	*ret = INS_NO_SUBJECT;
	return p->ops->subject && p->ops->subject(ui, f, p, ret);
}

/* The cursor goes to the link that holds what was found, else to the first of that line. */
static void take_found_link(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_link *first = NULL;
	int x = -1;

	for (size_t i = 0; i < p->n_spans && x < 0; i++) {
		const struct ins_span *s = &p->spans[i];

		if (s->line == p->found && ins_ui__matches(ui, (char *)p->text.p + s->off, s->len) >= 0)
			x = s->x;
	}
	for (uint32_t i = 0; i < p->n_links; i++) {
		const struct ins_link *l = &p->links[i];

		if (l->line != p->found || (first && (x < l->x || x >= l->x + l->w)))
			continue;
		first = first ? first : l;
		p->cur = i;
	}
}

void ins_page__find(struct ins_ui *ui, struct ins_frame *f, void *state, int dir, bool again)
{
	struct ins_page *p = state;
	uint32_t from = p->found != UINT32_MAX ? p->found : p->top, best = UINT32_MAX,
		wrapped = UINT32_MAX;

	(void)f;
	for (size_t i = 0; i < p->n_spans; i++) {
		const struct ins_span *s = &p->spans[i];
		bool ahead = dir > 0 ? s->line > from ||
			(s->line == from && !again) : s->line < from;

		if (ins_ui__matches(ui, (char *)p->text.p + s->off, s->len) < 0)
			continue;
		if (ahead && (best == UINT32_MAX || (dir > 0 ? s->line < best : s->line > best)))
			best = s->line;
		if (wrapped == UINT32_MAX || (dir > 0 ? s->line < wrapped : s->line > wrapped))
			wrapped = s->line;
	}
	p->found = best != UINT32_MAX ? best : wrapped;
	if (p->found == UINT32_MAX) {
		ins_ui__message(ui, ST_WARN, "not found: %s", ui->search);
		return;
	}
	show_line(p, p->found);
	take_found_link(ui, p);
}
