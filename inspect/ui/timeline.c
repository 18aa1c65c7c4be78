// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/ui/ui_layout.h"
#include "inspect/ui/ui.h"

#define ZOOM 4u			/* of one key */
#define MIN_WINDOW 1000u	/* ns */

static const char *const names[MET__N] = {
	[MET_EVENTS] = "events", [MET_ERRORS] = "failed calls", [MET_COMMANDS] = "commands",
	[MET_READ] = "bytes read", [MET_WRITTEN] = "bytes written", [MET_CHANGED] = "names changed",
	[MET_OUT] = "bytes sent", [MET_IN] = "bytes received", [MET_CONNECTS] = "connects out",
	[MET_ACCEPTS] = "connects in", [MET_PRIVS] = "rights changed", [MET_SIGNALS] = "signals",
	[MET_SLOW] = "slow I/O", [MET_NAMES] = "names asked", [MET_ALERTS] = "alerts", [MET_LOST] = "events lost",
};

static void window(const struct ins_ui *ui, uint64_t *from, uint64_t *to)
{
	const struct ins_timeline *tl = &ui->timeline;

	*from = tl->to ? tl->from : ui->trace->t_first;
	*to = tl->to ? tl->to : ui->trace->t_last;
}

void ins_timeline__done(struct ins_timeline *tl)
{
	ins_pass__free(tl->pass);
	ins_model__free(tl->model);
	tl->pass = NULL;
	tl->model = NULL;
}

void ins_timeline__renew(struct ins_ui *ui)
{
	struct ins_timeline *tl = &ui->timeline;

	ins_timeline__done(tl);
	if (!tl->to)
		return;
	tl->lens = (struct ins_lens){ .cond = ui->lens.cond, .from = tl->from, .to = tl->to };
	if (ins_model__new(&tl->model, ui->trace, true) < 0)
		return;
	tl->model->t_from = tl->from;
	tl->model->t_to = tl->to;
	if (ins_pass__new(&tl->pass, ui->trace, tl->model, &tl->lens, ui->rules) < 0)
		ins_timeline__done(tl);
}

bool ins_timeline__work(struct ins_ui *ui, uint64_t ns)
{
	struct ins_timeline *tl = &ui->timeline;

	return tl->pass && !tl->model->done && ins_pass__step(tl->pass, ns);
}

static void set_window(struct ins_ui *ui, uint64_t from, uint64_t to)
{
	const struct ins_trace *t = ui->trace;
	struct ins_timeline *tl = &ui->timeline;

	if (from <= t->t_first && to >= t->t_last)
		from = to = 0;
	if (from == tl->from && to == tl->to)
		return;
	tl->from = from;
	tl->to = to;
	ins_timeline__renew(ui);
}

/* --- keys ------------------------------------------------------------------------------------ */

/* A window of that length around a moment, inside the trace. */
static void place_window(struct ins_ui *ui, uint64_t at, uint64_t len)
{
	const struct ins_trace *t = ui->trace;
	uint64_t from = at - t->t_first > len / 2 ? at - len / 2 : t->t_first;

	if (t->t_last - t->t_first <= len)
		set_window(ui, t->t_first, t->t_last);
	else
		set_window(ui, t->t_last - from < len ? t->t_last - len : from,
			   t->t_last - from < len ? t->t_last : from + len);
}

void ins_timeline__zoom(struct ins_ui *ui, bool in)
{
	uint64_t from, to, len;

	window(ui, &from, &to);
	if (in && ui->lens.to && ui->lens.to > ui->lens.from &&
	    ui->lens.from >= from && ui->lens.to <= to &&
	    (ui->lens.from > from || ui->lens.to < to)) {
		set_window(ui, ui->lens.from, ui->lens.to);
		return;
	}
	len = in ? (to - from) / ZOOM : to - from > UINT64_MAX / ZOOM ? to - from : (to - from) * ZOOM;
	if (in && len < MIN_WINDOW)
		ins_ui__message(ui, ST_TEXT, "this is as near as it goes");
	else if (!in && !ui->timeline.to)
		ins_ui__message(ui, ST_TEXT, "this is the whole trace");
	else
		place_window(ui, ui->at, len);
}

void ins_timeline__follow(struct ins_ui *ui)
{
	const struct ins_timeline *tl = &ui->timeline;

	if (tl->to && (ui->at < tl->from || ui->at > tl->to))
		place_window(ui, ui->at, tl->to - tl->from);
}

/* One column further. */
void ins_timeline__step(struct ins_ui *ui, int dir)
{
	const struct ins_trace *t = ui->trace;
	uint64_t from, to, step, at = ui->at;

	window(ui, &from, &to);
	step = (to - from) / 80 + 1;
	if (dir < 0)
		at = at - t->t_first > step ? at - step : t->t_first;
	else
		at = t->t_last - at > step ? at + step : t->t_last;
	ins_ui__go(ui, at, 0);
	ui->at = at;
	ins_timeline__follow(ui);
}

void ins_timeline__metric(struct ins_ui *ui)
{
	struct ins_timeline *tl = &ui->timeline;
	uint8_t *m = &tl->metrics[tl->n ? tl->n - 1 : 0];

	*m = (uint8_t)((*m + 1u) % MET__N);
	ins_ui__message(ui, ST_TEXT, "the time line counts %s", names[*m]);
}

void ins_timeline__more(struct ins_ui *ui)
{
	struct ins_timeline *tl = &ui->timeline;
	unsigned n = tl->n ? tl->n : 1;

	tl->n = n < INS_MAX_METRICS ? n + 1 : 1;
	if (tl->n > 1)
		tl->metrics[n] = (uint8_t)((tl->metrics[n - 1] + 1u) % MET__N);
}

void ins_timeline__click(struct ins_ui *ui, int x, int w, bool release)
{
	struct ins_timeline *tl = &ui->timeline;
	uint64_t from, to, at, other;

	window(ui, &from, &to);
	at = from + (uint64_t)((double)(to - from) * (x + 0.5) / w);
	if (!release) {
		tl->pressed = true;
		tl->pressed_at = at;
		ins_ui__go(ui, at, 0);
		ui->at = at;
		return;
	}
	other = tl->pressed_at;
	tl->pressed = false;
	if (at != other)
		ins_ui__set_range(ui, at < other ? at : other, at < other ? other : at);
}

/* --- drawing --------------------------------------------------------------------------------- */

static int column_of(const struct ins_ui *ui, uint64_t ts, int w)
{
	uint64_t from, to;

	window(ui, &from, &to);
	if (ts < from)
		return -1;
	if (ts > to)
		return w;
	return to > from ? (int)((__uint128_t)(ts - from) * (unsigned)w / ((__uint128_t)(to - from) + 1)) :
			   0;
}

/* Before the pass has come by, a chunk's events are spread evenly over its time. */
static void spread_chunks(const struct ins_trace *t, const struct ins_model *m, uint64_t *v)
{
	unsigned done = m->upto_ts ? ins_model__slot(m, m->upto_ts) : 0;

	for (unsigned i = done; i < INS_SLOTS; i++)
		v[i] = 0;
	for (uint32_t c = 0; c < t->n_read; c++) {
		unsigned from = ins_model__slot(m, t->chunks[c].t_first);
		unsigned to = ins_model__slot(m, t->chunks[c].t_last);

		if (t->chunks[c].kind != CHUNK_EVENTS)
			continue;
		for (unsigned i = from; i <= to; i++)
			if (i >= done)
				v[i] += t->chunks[c].n_events / (to - from + 1) + 1;
	}
}

/* The counts to show, *n of them; false: they are not those of the window yet, but of the times around. */
static bool take_slots(const struct ins_ui *ui, unsigned metric, uint64_t *v, unsigned *n)
{
	const struct ins_timeline *tl = &ui->timeline;
	const struct ins_model *m = tl->model && tl->model->done ? tl->model : ins_ui__model(ui);
	uint64_t all[INS_SLOTS];

	memcpy(all, m->slots[metric], sizeof(all));
	if (!m->lens && !m->done && metric == MET_EVENTS)
		spread_chunks(ui->trace, m, all);
	if (!tl->to || m == tl->model) {
		memcpy(v, all, sizeof(all));
		*n = ins_model__n_slots(m);
		return true;
	}
	*n = INS_SLOTS;
	for (unsigned i = 0; i < INS_SLOTS; i++)
		v[i] = all[ins_model__slot(m, tl->from +
					   (uint64_t)((__uint128_t)i * (tl->to - tl->from) / INS_SLOTS))];
	return false;
}

static void mark(const struct ins_ui *ui, struct ins_screen *s, int y, uint64_t ts, int style,
		 uint32_t ch)
{
	int x = column_of(ui, ts, s->w);

	if (x >= 0 && x < s->w)
		ins_screen__fill(s, y, x, 1, style, ch);
}

/* Signs below the bars: losses, alerts, notes, and the cursor. What matters most is drawn last. */
static void draw_marks(const struct ins_ui *ui, struct ins_screen *s, int y)
{
	const struct ins_model *m = ins_ui__model(ui);

	for (uint32_t i = 0; i < m->n_losses; i++)
		mark(ui, s, y, m->losses[i].from, ST_ALARM, 0xd7);
	for (uint32_t i = 0; i < m->n_alerts; i++)
		mark(ui, s, y, m->alerts[i].ts, ST_BAD, '!');
	for (uint32_t i = 0; i < ui->notes.n; i++)
		mark(ui, s, y, ui->notes.v[i].ts, ST_LENS, '*');
	mark(ui, s, y, ui->at, ST_MARK, 0x25b2);
}

static bool is_blank(const struct ins_screen *s, int y, int x, int w)
{
	for (int i = x < 0 ? 0 : x; i < x + w && i < s->w; i++)
		if (s->cells[y * s->w + i].ch != ' ')
			return false;
	return true;
}

/* The times at both ends, beside the cursor's mark, where no other marks are. */
static void draw_ends(const struct ins_ui *ui, struct ins_screen *s, int y)
{
	int at = column_of(ui, ui->at, s->w), digits;
	uint64_t from, to;
	struct buf text = { 0 };
	int x, end;

	window(ui, &from, &to);
	digits = to - from < 10000000000u && ui->timeline.to ? to - from < 100000000u ? 15 : 12 : 8;
	x = at >= 0 && at <= digits ? at + 2 : 0;
	end = at > s->w - digits - 2 && at < s->w ? at - 1 : s->w;
	ins_ui__time(ui, from, digits, &text);
	if (is_blank(s, y, x, (int)text.len + 1))
		ins_screen__put(s, y, x, s->w, ST_DIM, (char *)text.p, text.len);
	text.len = 0;
	ins_ui__time(ui, to, digits, &text);
	buf__u8(&text, 0);
	if (is_blank(s, y, end - (int)text.len, (int)text.len))
		ins_screen__right(s, y, 0, end, ST_DIM, (char *)text.p);
	buf__done(&text);
}

/* Where containers began and ended, as far as there is room between the rest. */
static void draw_lives(const struct ins_ui *ui, struct ins_screen *s, int y)
{
	const struct ins_model *m = ins_ui__model(ui);

	for (uint32_t i = 0; i < m->n_containers; i++) {
		const struct ins_container *c = &m->containers[i];
		int from = c->start ? column_of(ui, c->start, s->w) : -1;
		int to = c->ended && c->end ? column_of(ui, c->end, s->w) : -1;

		if (from >= 0 && is_blank(s, y, from, 1))
			ins_screen__fill(s, y, from, from < s->w, ST_CONTAINER, '(');
		if (to >= 0 && is_blank(s, y, to, 1))
			ins_screen__fill(s, y, to, to < s->w, ST_CONTAINER, ')');
	}
}

/* What a bar counts. */
static void draw_name(struct ins_screen *s, int y, unsigned metric)
{
	char text[32];

	snprintf(text, sizeof(text), " %s ", names[metric]);
	ins_screen__puts(s, y, 0, s->w, ST_TAB, text);
}

int ins_timeline__draw(struct ins_ui *ui, struct ins_screen *s, int y)
{
	static const uint8_t styles[INS_MAX_METRICS] = { ST_BAR, ST_WARN, ST_USER };
	const struct ins_timeline *tl = &ui->timeline;
	unsigned n = tl->n ? tl->n : 1;
	uint64_t v[INS_SLOTS];
	int from = -1, to = -1, rows;

	if (s->h < 20)
		n = 1;
	if (ui->lens.to) {
		from = column_of(ui, ui->lens.from, s->w);
		to = column_of(ui, ui->lens.to, s->w) + 1;
		from = from < 0 ? 0 : from;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned n_slots;
		bool exact = take_slots(ui, tl->metrics[i], v, &n_slots);

		ins_bar__draw(s, y + (int)i, 0, s->w, exact ? styles[i] : ST_BAR_OFF, v, n_slots, from,
			      to);
		if (n > 1 || tl->metrics[0] != MET_EVENTS)
			draw_name(s, y + (int)i, tl->metrics[i]);
	}
	rows = (int)n + 1;
	draw_marks(ui, s, y + rows - 1);
	draw_ends(ui, s, y + rows - 1);
	draw_lives(ui, s, y + rows - 1);
	for (int r = 0; r < rows; r++)
		for (int x = 0; x < s->w; x += s->w / 60 + 1)
			ins_ui__spot(ui, y + r, x, s->w / 60 + 1, ACT_LATER, x);
	return rows;
}
