// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "inspect/view/events/events_place.h"

#define AHEAD 64u		/* lines whose texts are made beyond those that are shown */

static void settle(struct events *e, struct ins_evpos at)
{
	e->cur = at;
	e->has_cur = true;
	if (ins_evpos__cmp(e->top, at) > 0)
		e->top = at;
	e->placed = false;
}

/* One line further; the job ends at the list's end. */
static enum ins_answer step_move(struct events *e, uint64_t ns)
{
	int dir = e->left < 0 ? -1 : 1;
	enum ins_answer a = ins_evlist__next(e->list, e->at, dir, ns, &e->at);

	if (a == INS_FOUND) {
		e->left -= dir;
		settle(e, e->at);
	} else if (a == INS_END) {
		e->left = 0;
	}
	if (!e->left)
		/* whoever came from outside the list ends at its edge */
		e->job = e->has_cur ? JOB_NONE : dir > 0 ? JOB_BOTTOM : JOB_TOP;
	return a;
}

static enum ins_answer step_edge(struct events *e, uint64_t ns)
{
	bool top = e->job == JOB_TOP;
	struct ins_evpos at;
	enum ins_answer a = ins_evlist__next(e->list, top ? INS_EV_FIRST : INS_EV_LAST,
					     top ? 1 : -1, ns, &at);

	if (a == INS_PENDING)
		return a;
	e->job = JOB_NONE;
	if (a == INS_FOUND) {
		if (top)
			e->top = at;
		settle(e, at);
	}
	return a;
}

static enum ins_answer step_time(struct events *e, uint64_t ns)
{
	enum ins_answer a = ins_evlist__before_time(e->list, e->ts, ns, &e->at);

	if (a != INS_FOUND)
		return a;
	e->job = JOB_MOVE;
	e->left = 1;
	e->top = e->at;
	return a;
}

static bool line_matches(struct ins_ui *ui, const struct ins_evline *l)
{
	const char *type = fmt_events[l->type].name;
	char num[32];
	int n = snprintf(num, sizeof(num), "%u %llu", l->pid, (unsigned long long)l->num);

	return ins_ui__matches(ui, (char *)l->args.p, l->args.len) >= 0 ||
	       ins_ui__matches(ui, (char *)l->comm.p, l->comm.len) >= 0 ||
	       ins_ui__matches(ui, (char *)l->container.p, l->container.len) >= 0 ||
	       ins_ui__matches(ui, type, strlen(type)) >= 0 ||
		       ins_ui__matches(ui, num, (size_t)n) >= 0;
}

static enum ins_answer step_find(struct ins_ui *ui, struct events *e, uint64_t ns)
{
	const struct ins_evline *l;
	struct ins_evpos at;
	enum ins_answer a = ins_evlist__next(e->list, e->at, e->dir, ns, &at);

	if (a == INS_FOUND)
		a = ins_evlist__fill(e->list, &at, 1, ns);
	if (a == INS_PENDING)
		return a;
	if (a == INS_END) {
		e->job = JOB_NONE;
		ins_ui__message(ui, ST_WARN, "not found %s here: %s",
				e->dir > 0 ? "behind" : "before", ui->search);
		return a;
	}
	e->at = at;
	l = ins_evlist__line(e->list, at);
	if (l && line_matches(ui, l)) {
		e->job = JOB_NONE;
		ui->message[0] = 0;
		settle(e, at);
	}
	return a;
}

static enum ins_answer step_job(struct ins_ui *ui, struct events *e, uint64_t ns)
{
	switch (e->job) {
	case JOB_MOVE:
		return step_move(e, ns);
	case JOB_FIND:
		return step_find(ui, e, ns);
	case JOB_TIME:
		return step_time(e, ns);
	case JOB_TOP:
	case JOB_BOTTOM:
		return step_edge(e, ns);
	default:
		return INS_END;
	}
}

void events__run(struct ins_ui *ui, struct events *e, uint64_t ns)
{
	uint64_t until = ins_now() + ns, now;

	while (e->list && e->job != JOB_NONE && (now = ins_now()) < until)
		step_job(ui, e, until - now);
}

/* --- what is shown ---------------------------------------------------------------------------- */

/* The places of up to a screen's lines from `from` on. INS_END: the list ends on the screen. */
static enum ins_answer list_from(struct events *e, struct ins_evpos from, uint64_t ns)
{
	uint64_t until = ins_now() + ns;

	e->shown[0] = from;
	e->n_shown = 1;
	while (e->n_shown < e->rows) {
		uint64_t now = ins_now();
		enum ins_answer a = ins_evlist__next(e->list, e->shown[e->n_shown - 1], 1,
						     now < until ? until - now : 1,
							     &e->shown[e->n_shown]);

		if (a != INS_FOUND)
			return a;
		e->n_shown++;
	}
	return INS_FOUND;
}

static bool is_shown(const struct events *e, struct ins_evpos at)
{
	for (unsigned i = 0; i < e->n_shown; i++)
		if (!ins_evpos__cmp(e->shown[i], at))
			return true;
	return false;
}

/* `lines` lines up from a place, or as many as there are. */
static enum ins_answer go_up(struct events *e, struct ins_evpos *at, unsigned lines, uint64_t ns)
{
	for (unsigned i = 0; i < lines; i++) {
		enum ins_answer a = ins_evlist__next(e->list, *at, -1, ns, at);

		if (a != INS_FOUND)
			return a == INS_PENDING ? a : INS_FOUND;
	}
	return INS_FOUND;
}

/*
 * How far above the cursor the top has to be: a line's step scrolls by a line, a jump puts it in
 * the middle.
 */
static unsigned lines_above(struct events *e, uint64_t ns)
{
	struct ins_evpos next;

	if (e->n_shown == e->rows &&
	    ins_evlist__next(e->list, e->shown[e->n_shown - 1], 1, ns, &next) == INS_FOUND &&
	    !ins_evpos__cmp(next, e->cur))
		return e->rows - 1;
	return e->rows / 2;
}

enum ins_answer events__place(struct events *e, uint64_t ns)
{
	struct ins_evpos top = e->cur;
	enum ins_answer a;

	if (!e->has_cur || e->placed)
		return INS_FOUND;
	a = list_from(e, e->top, ns);
	if (!is_shown(e, e->cur)) {
		if (a == INS_PENDING && ins_evpos__cmp(e->cur, e->top) > 0)
			return a;
		a = go_up(e, &top, lines_above(e, ns), ns);
		e->top = a == INS_PENDING ? e->cur : top;
		if (a == INS_PENDING) {
			list_from(e, e->cur, ns);
			return a;
		}
		a = list_from(e, e->top, ns);
	}
	if (a == INS_END && e->n_shown < e->rows) {
		top = e->top;
		a = go_up(e, &top, e->rows - e->n_shown, ns);
		if (a == INS_PENDING)
			return a;
		e->top = top;
		a = list_from(e, e->top, ns);
	}
	e->placed = a != INS_PENDING;
	return a;
}

enum ins_answer events__fill(struct events *e, uint64_t ns)
{
	struct ins_evpos want[MAX_ROWS + 2 * AHEAD], at = e->n_shown ? e->shown[0] : e->cur;
	unsigned n = 0, before = 0;
	bool missing = false;

	for (unsigned i = 0; i < e->n_shown; i++)
		missing |= !ins_evlist__line(e->list, e->shown[i]);
	if (!missing)
		return INS_FOUND;
	while (before < AHEAD && at.row && ins_evlist__next(e->list, at, -1, 1, &at) == INS_FOUND &&
	       at.chunk == e->shown[0].chunk)
		want[before++] = at;
	for (unsigned i = 0; i < before / 2; i++) {
		struct ins_evpos swap = want[i];

		want[i] = want[before - 1 - i];
		want[before - 1 - i] = swap;
	}
	n = before;
	for (unsigned i = 0; i < e->n_shown; i++)
		want[n++] = e->shown[i];
	at = e->n_shown ? e->shown[e->n_shown - 1] : e->cur;
	for (unsigned i = 0; i < AHEAD; i++) {
		if (ins_evlist__next(e->list, at, 1, 1, &at) != INS_FOUND ||
		    at.chunk != e->shown[e->n_shown - 1].chunk)
			break;
		want[n++] = at;
	}
	return ins_evlist__fill(e->list, want, n, ns);
}
