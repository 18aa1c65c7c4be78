// SPDX-License-Identifier: Apache-2.0
/* A terminal's output played like a recording: what the person at it saw, when. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inspect/model/events/evtext.h"
#include "inspect/model/events/stream.h"
#include "inspect/model/events/vt.h"
#include "inspect/view/common.h"

#define TERM_W 132		/* the size that the terminal had is not known: room for most */
#define MAX_GAP 1500000000u	/* ns: longer waits are cut short while playing */
#define NAP 10000000u		/* ns between two looks at the clock while playing */
#define SKIP 20u		/* pieces of a page key */

struct term {
	struct ins_stream *stream;
	struct ins_vt vt;
	uint32_t name;		/* of the terminal, 0: not found yet */
	uint32_t at;		/* pieces that are on the screen: those before this one */
	bool model_done, playing;
	bool waits;			/* the trace has grown: what the selection has of it is not known yet */
	uint64_t due;		/* when the next piece is to come */
	struct ins_subject to;	/* where to go once everything has been read */
	bool is_to;
};

static void make_stream(struct ins_ui *ui, struct ins_frame *f, struct term *t)
{
	ins_stream__free(t->stream);
	t->stream = NULL;
	t->model_done = ui->base->done;
	t->waits = false;
	t->at = t->name = 0;
	ins_vt__reset(&t->vt);
	if (ins_stream__new(&t->stream, ui->trace, ui->base, ins_ui__lens(ui), f->scope) < 0)
		ins_ui__message(ui, ST_BAD, "the bytes cannot be read");
}

static void *open_terminal(struct ins_ui *ui, struct ins_frame *f)
{
	struct term *t = xcalloc(1, sizeof(*t));

	ins_vt__init(&t->vt, TERM_W, 24);
	make_stream(ui, f, t);
	return t;
}

static void close_terminal(void *state)
{
	struct term *t = state;

	ins_stream__free(t->stream);
	ins_vt__done(&t->vt);
	free(t);
}

/* As far as it had been played, if that is still there. */
static void renew(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct term *t = state;

	if (t->stream && t->at && !t->is_to) {
		t->to = INS_NO_SUBJECT;
		t->to.num = t->stream->pieces[t->at - 1].num;
		t->is_to = true;
	}
	make_stream(ui, f, state);
}

static void grown(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct term *t = state;

	(void)ui;
	if (t->stream && f->scope.kind == OF_ALL)
		ins_stream__again(t->stream);
	t->model_done = false;
	t->waits = f->scope.kind != OF_ALL;
}

/* --- where it is ----------------------------------------------------------------------------- */

static bool is_terminal(const char *name)
{
	return !strncmp(name, "/dev/pts/", 9) || !strncmp(name, "/dev/tty", 8) ||
	       !strcmp(name, "/dev/console");
}

/* The next piece at or after i that this terminal showed; n if there is none. */
static uint32_t next_piece(struct term *t, uint32_t i)
{
	const struct ins_stream *s = t->stream;

	for (; i < s->n; i++) {
		const struct ins_piece *p = &s->pieces[i];

		if (!t->name && p->out && is_terminal(ins_stream__str(s, p->name)))
			t->name = p->name;
		if (p->out && t->name && p->name == t->name)
			break;
	}
	return i;
}

static void show_piece(struct term *t, uint32_t i)
{
	ins_vt__feed(&t->vt, t->stream->bytes.p + t->stream->pieces[i].off,
		     t->stream->pieces[i].len);
	t->at = i + 1;
}

/* Show everything before a piece. */
static void go_to(struct term *t, uint32_t to)
{
	if (to < t->at) {
		ins_vt__reset(&t->vt);
		t->at = 0;
	}
	for (uint32_t i = next_piece(t, t->at); i < t->stream->n && i < to; i = next_piece(t, t->at))
		show_piece(t, i);
}

static void step(struct term *t, int by)
{
	uint32_t i;

	if (by < 0) {
		uint32_t last = t->at;

		/* pieces are few enough to be counted back one by one */
		for (; by < 0 && last; by++)
			do
				last--;
			while (last && (!t->stream->pieces[last].out ||
					t->stream->pieces[last].name != t->name));
		go_to(t, last);
		return;
	}
	for (; by > 0 && (i = next_piece(t, t->at)) < t->stream->n; by--)
		show_piece(t, i);
}

static const struct ins_piece *shown(const struct term *t)
{
	return t->stream && t->at ? &t->stream->pieces[t->at - 1] : NULL;
}

/* --- playing --------------------------------------------------------------------------------- */

static void set_due(struct term *t)
{
	uint32_t i = next_piece(t, t->at);
	const struct ins_piece *was = shown(t);
	uint64_t gap = was && i < t->stream->n && t->stream->pieces[i].ts > was->ts ?
		t->stream->pieces[i].ts - was->ts : 0;

	t->due = ins_now() + (gap < MAX_GAP ? gap : MAX_GAP);
}

static bool play(struct term *t)
{
	static const struct timespec nap = { 0, NAP };
	uint32_t i = next_piece(t, t->at);

	if (!t->playing)
		return false;
	if (i >= t->stream->n) {
		t->playing = !t->stream->done;
		return t->playing;
	}
	if (ins_now() < t->due) {
		nanosleep(&nap, NULL);
		return true;
	}
	show_piece(t, i);
	set_due(t);
	return true;
}

static void go(struct ins_ui *ui, struct ins_frame *f, void *state, const struct ins_subject *to)
{
	struct term *t = state;
	uint32_t i = 0;

	(void)ui;
	(void)f;
	if (!t->stream)
		return;
	t->is_to = !t->stream->done;
	t->to = *to;
	while (i < t->stream->n && (to->num ? t->stream->pieces[i].num <= to->num :
					      t->stream->pieces[i].ts <= to->ts))
		i++;
	go_to(t, i);
}

static bool work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns)
{
	struct term *t = state;
	bool more;

	if (!t->stream)
		return false;
	if (f->scope.kind != OF_ALL && !t->model_done && ui->base->done) {
		t->model_done = true;
		t->waits = false;
		if (!ins_stream__again(t->stream)) {
			ins_vt__reset(&t->vt);
			t->at = 0;
		}
	}
	if (t->waits)
		return play(t);
	more = ins_stream__step(t->stream, ns);
	if (!more && t->is_to)
		go(ui, f, t, &t->to);
	return play(t) || more;
}

/* --- drawing and keys ------------------------------------------------------------------------ */

static void draw(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_rect at)
{
	struct term *t = state;
	const struct ins_piece *p = shown(t);
	struct buf line = { 0 };
	int h = at.h - 1 > 1 ? at.h - 1 : 1;

	(void)f;
	if (!t->stream)
		return;
	if (t->vt.h != h) {	/* another size: what was shown is drawn anew in it */
		uint32_t was = t->at;

		ins_vt__done(&t->vt);
		ins_vt__init(&t->vt, TERM_W, h);
		t->at = 0;
		go_to(t, was);
	}
	if (!t->at && !t->playing)
		step(t, 1);
	p = shown(t);
	if (!p) {
		ins_screen__puts(ui->screen, at.y, at.x + 2, at.w - 2, ST_DIM, t->stream->done ?
				 "Nothing was written to a terminal here." : "reading ...");
		return;
	}
	ins_ui__time(ui, p->ts, 12, &line);
	buf__printf(&line, "  %s  %s[%d]  %s", ins_stream__str(t->stream, p->name),
		    ins_stream__str(t->stream, p->who), p->pid, t->playing ? "playing" : "y plays");
	if (p->full > p->len)
		buf__printf(&line, "  (%u bytes of this piece were not recorded)", p->full - p->len);
	ins_screen__put(ui->screen, at.y, at.x + 1, at.w - 1, ST_LABEL, (char *)line.p, line.len);
	buf__done(&line);
	ins_vt__draw(&t->vt, ui->screen, at.y + 1, at.x, h, at.w);
}

static bool act(struct ins_ui *ui, struct ins_frame *f, void *state, enum ins_action a)
{
	struct term *t = state;

	(void)ui;
	(void)f;
	if (!t->stream)
		return false;
	switch (a) {
	case ACT_PLAY:
		t->playing = !t->playing;
		if (t->playing && next_piece(t, t->at) >= t->stream->n && t->stream->done)
			go_to(t, 0);
		set_due(t);
		return true;
	case ACT_RIGHT: case ACT_DOWN: step(t, 1); break;
	case ACT_LEFT: case ACT_UP: step(t, -1); break;
	case ACT_PAGE_DOWN: step(t, SKIP); break;
	case ACT_PAGE_UP: step(t, -(int)SKIP); break;
	case ACT_TOP: go_to(t, 0); break;
	case ACT_BOTTOM: go_to(t, t->stream->n); break;
	case ACT_OPEN:
		if (shown(t))
			ins_ui__push(ui, f->scope, VIEW_EVENT, shown(t)->num);
		break;
	default: return false;
	}
	t->playing = false;
	return true;
}

static bool stop(struct ins_ui *ui, struct ins_frame *f, void *state)
{
	struct term *t = state;
	bool was = t->playing;

	(void)ui;
	(void)f;
	t->playing = false;
	return was;
}

static bool subject(struct ins_ui *ui, struct ins_frame *f, void *state, struct ins_subject *ret)
{
	(void)f;
	return ins_piece__subject(ui->base, shown(state), ret);
}

static void count(struct ins_ui *ui, struct ins_frame *f, void *state, struct buf *out)
{
	struct term *t = state;

	(void)ui;
	(void)f;
	if (t->stream)
		buf__printf(out, "%u of %u%s", t->at, t->stream->n, t->stream->done ? "" : "+");
}

const struct ins_view ins_view_terminal = {
	.name = "terminal", .tab = NULL, .shorttab = NULL,
	.about = "What was written to a terminal, as whoever sat at it saw it. Left and right go from "
		 "one piece of output to the next, y plays them at the pace they had; waits over 1.5 s "
		 "are cut short.",
	.where = WHERE_TERMINAL,
	.open = open_terminal, .close = close_terminal, .draw = draw, .act = act, .subject = subject,
	.go = go, .work = work, .stop = stop, .renew = renew, .grown = grown, .count = count,
};
