// SPDX-License-Identifier: Apache-2.0
/* Calls by kind: how often, how many failed, and how long they took. */
#include "inspect/model/events/evtext.h"
#include "inspect/view/list/counted.h"

enum { COL_CALL, COL_N, COL_FAILED, COL_TIME, COL_MEAN, COL_MAX, COL_LATENCY, N_COLS };

static const struct ins_column cols[N_COLS] = {
	[COL_CALL] = { "CALL", 16, 22, 0, SORT_TEXT, 0, "the system call or other event" },
	[COL_N] = { "COUNT", 6, 0, 0, SORT_NUMBER, COL_RIGHT, "how often" },
	[COL_FAILED] = { "FAILED", 6, 0, 1, SORT_NUMBER, COL_RIGHT, "how many failed" },
	[COL_TIME] = { "TIME", 6, 0, 2, SORT_NUMBER, COL_RIGHT,
		       "time spent in it by all threads together, waiting included" },
	[COL_MEAN] = { "MEAN", 6, 0, 3, SORT_NUMBER, COL_RIGHT, "time of one, on average" },
	[COL_MAX] = { "MAX", 6, 0, 2, SORT_NUMBER, COL_RIGHT, "the longest" },
	[COL_LATENCY] = { "<1us 8us     2ms     .5s", INS_LATENCIES, 0, 0, SORT_NONE, 0,
			  "how many took how long: the further right, the longer, each step twice "
			  "the one before; the darker, the more" },
};

static void rows(struct ins_ui *ui, struct ins_frame *f, struct ins_table *t)
{
	const struct ins_calls *c = ins_counted__calls(f);

	(void)ui;
	for (uint32_t i = 0; c && i < FMT_MAX_EVENTS; i++)
		if (c->by_type[i].n)
			ins_table__add(t, i, 0);
}

/* Shades by the square root of the share: what is rare is seen too. */
static void put_latency(const struct ins_call *c, struct ins_out *out)
{
	static const char *const shades[] = { "\u2591", "\u2592", "\u2593", "\u2588" };
	uint32_t most = 0;

	for (unsigned i = 0; i < INS_LATENCIES; i++)
		most = c->latency[i] > most ? c->latency[i] : most;
	for (unsigned i = 0; most && i < INS_LATENCIES; i++) {
		uint64_t share = (uint64_t)c->latency[i] * 64 / most;	/* 8 by 8 */
		const char *ch = !c->latency[i] ? " " : shades[share >= 36 ? 3 : share >= 16 ? 2 :
							       share >= 4 ? 1 : 0];

		buf__puts(&out->text, ch);
	}
	out->style = ST_BAR;
}

static void cell(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col,
		 struct ins_out *out)
{
	const struct ins_call *c = &ins_counted__calls(f)->by_type[id];

	(void)ui;
	switch (col) {
	case COL_CALL:
		buf__puts(&out->text, fmt_events[id].name);
		break;
	case COL_N:
		ins_cell__size(out, c->n);
		break;
	case COL_FAILED:
		ins_cell__size(out, c->failed);
		out->style = ST_BAD;
		break;
	case COL_TIME:
		if (c->n_timed)
			ins_cell__dur(out, c->ns);
		break;
	case COL_MEAN:
		if (c->n_timed)
			ins_cell__dur(out, c->ns / c->n_timed);
		break;
	case COL_MAX:
		if (c->n_timed)
			ins_cell__dur(out, c->longest);
		break;
	case COL_LATENCY:
		put_latency(c, out);
		break;
	}
}

static uint64_t key(struct ins_ui *ui, struct ins_frame *f, uint32_t id, unsigned col)
{
	const struct ins_call *c = &ins_counted__calls(f)->by_type[id];

	(void)ui;
	switch (col) {
	case COL_FAILED:
		return c->failed;
	case COL_TIME:
		return c->ns;
	case COL_MEAN:
		return c->n_timed ? c->ns / c->n_timed : 0;
	case COL_MAX:
		return c->longest;
	default:
		return c->n;
	}
}

static void subject(struct ins_ui *ui, struct ins_frame *f, uint32_t id, struct ins_subject *ret)
{
	(void)ui;
	ret->num = ins_counted__calls(f)->by_type[id].longest_num;
}

static void enter(struct ins_ui *ui, struct ins_frame *f, uint32_t id)
{
	ins_ui__push_only(ui, f->scope, VIEW_EVENTS, 0, (struct ins_only){ ONLY_TYPE, (uint16_t)id, 0 });
}

static const struct ins_table_ops ops = {
	.cols = cols, .n_cols = N_COLS, .sort = COL_N, .reverse = true,
	.empty = "No call.",
	.rows = rows, .cell = cell, .key = key, .subject = subject, .enter = enter,
};

const struct ins_view ins_view_calls = {
	.name = "calls", .tab = NULL, .shorttab = NULL,
	.about = "System calls and other events by kind, with the spectrum of how long they took. "
		 "Enter lists those of one kind; e goes to the longest of them.",
	.where = WHERE_TABLE,
	.open = ins_counted__open, .close = ins_table__close, .draw = ins_table__draw,
	.act = ins_table__act, .mouse = ins_table__mouse, .subject = ins_table__subject,
	.go = ins_table__go, .find = ins_table__find, .work = ins_counted__work, .stop = ins_table__stop,
	.renew = ins_counted__renew, .grown = ins_counted__grown, .count = ins_table__count,
	.table = &ops,
};
