// SPDX-License-Identifier: Apache-2.0
/* Each event is entered into the state once, and given to the cuts that it may concern. */
#include <stdlib.h>

#include "engine/cut/cut_internal.h"
#include "format/base/alloc.h"

enum { REASON_DAMAGED = 8, REASON_EVICTED = 9 };	/* group drop_reason */

/* Rows that are held by all together; and what one has at least, for chunks of a few rows are large. */
#define ALL_ROWS FMT_BATCH_MAX_EVENTS
#define MIN_ROWS 8192u

/* What is to be done with events of a type. */
enum {
	NEEDED = 1,			/* the state needs it */
	OF_FDS = 2,			/* and only for descriptors: who is not followed does not need it */
	OF_OTHERS = 4,			/* it may concern a container that did not do it */
};

struct cut_pass {
	struct eng_state *st;
	struct cut *cuts[CUT_PASS_MAX];	/* by the number of their bit */
	unsigned n;
	/* sets of cuts, by their bits */
	uint64_t all, waiting;		/* waiting: their range has not begun */
	uint64_t whole;			/* all events are asked for */
	uint64_t by_container;		/* one container is; of the others any event may be */
	uint8_t types[FMT_MAX_EVENTS];
	bool lost;			/* events are missing from the source: its next keyframe tells what became of them */
	bool resave;			/* that keyframe has come */
	bool anew;			/* within the keyframe of another recording */
	/* who asks for the events of a thread of the batch, or of a container: known since nobody has been born or moved */
	uint64_t since;
	struct asked { uint64_t since, who; } *threads;
	size_t cap_threads;
	const struct eng_container *container;
	struct asked of_container;
};

static uint8_t what_of(uint16_t type)
{
	return (eng_state__needs(type) ? NEEDED : 0) | (eng_state__is_about_fds(type) ? OF_FDS : 0) |
	       (selection__may_concern_others(type) ? OF_OTHERS : 0);
}

void cut_pass__new(struct cut_pass **ret, const struct fmt_source *source)
{
	struct cut_pass *p = xcalloc(1, sizeof(*p));

	eng_state__new(&p->st);
	eng_state__name_origins(p->st, source);
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		p->types[t] = fmt_event((uint16_t)t) ? what_of((uint16_t)t) : 0;
	*ret = p;
}

void cut_pass__free(struct cut_pass *p)
{
	if (!p)
		return;
	for (unsigned k = 0; k < CUT_PASS_MAX; k++)
		if (p->cuts[k])
			cut_pass__remove(p, p->cuts[k]);
	eng_state__free(p->st);
	free(p->threads);
	free(p);
}

/* The bit of one that has gone is in marks until the state is forgotten, and no other comes before that. */
void cut_pass__add(struct cut_pass *p, struct cut *c)
{
	unsigned k = 0;

	if (c->pass) {
		p->lost |= c->pass->lost;
		cut_pass__remove(c->pass, c);
	}
	while (p->cuts[k])
		k++;
	p->cuts[k] = c;
	p->n++;
	c->pass = p;
	c->bit = 1ull << k;
	p->all |= c->bit;
	p->waiting |= c->begun ? 0 : c->bit;
	p->whole |= cut__takes_all(c) ? c->bit : 0;
	p->by_container |= selection__is_of_container(c->o.selection) ? c->bit : 0;
}

void cut_pass__remove(struct cut_pass *p, struct cut *c)
{
	p->cuts[__builtin_ctzll(c->bit)] = NULL;
	p->n--;
	p->all &= ~c->bit;
	p->waiting &= ~c->bit;
	p->whole &= ~c->bit;
	p->by_container &= ~c->bit;
	c->pass = NULL;
}

struct eng_state *cut_pass__state(struct cut_pass *p)
{
	return p->st;
}

uint32_t cut_pass__rows(const struct cut_pass *p)
{
	return ALL_ROWS / p->n > MIN_ROWS ? ALL_ROWS / p->n : MIN_ROWS;
}

void cut_pass__has_begun(struct cut_pass *p, const struct cut *c)
{
	p->waiting &= ~c->bit;
}

#define each_cut(p, c, set)                                                                            \
	for (uint64_t set_ = (set); set_ && ((c) = (p)->cuts[__builtin_ctzll(set_)], true); set_ &= set_ - 1)

static void note_error(struct cut *c, int code, const struct err *err)
{
	if (code >= 0 || c->failed)
		return;
	c->failed = code;
	c->why = *err;
}

int cut__error(const struct cut *c, struct err *err)
{
	if (c->failed && err)
		*err = c->why;
	return c->failed;
}

/* --- who asks ------------------------------------------------------------------------------------ */

/* The cuts that all events of this container's processes are asked for by. */
static uint64_t who_asks_for(struct cut_pass *p, const struct eng_container *container)
{
	struct asked *a = &p->of_container;
	struct cut *c;

	if (!container)
		return 0;
	if (p->container == container && a->since == p->since)
		return a->who;
	p->container = container;
	*a = (struct asked){ .since = p->since };
	each_cut(p, c, p->by_container)
		if (selection__is_it(c->o.selection, container))
			a->who |= c->bit;
	return a->who;
}

/* The same of a thread, which may be inside of a container that it does not belong to. */
static uint64_t who_asks_for_thread(struct cut_pass *p, struct eng_state *st, const struct eng_thread *t)
{
	uint64_t who = who_asks_for(p, t->proc->container);
	struct cut *c;

	each_cut(p, c, eng_thread__inside(t) ? p->by_container & ~who : 0)
		if (selection__is_inside(c->o.selection, st, t))
			who |= c->bit;
	return who;
}

/* The same of an event that has been entered. */
static uint64_t who_asks(struct cut_pass *p, const struct eng_ctx *ctx)
{
	struct asked *a = &p->threads[ctx->ev->b->thread[ctx->ev->row]];

	if (eng_ctx__nobody(ctx))
		return 0;
	if (a->since != p->since)
		*a = (struct asked){ .since = p->since, .who = who_asks_for_thread(p, ctx->state, ctx->thread) };
	return a->who;
}

/* Does the state need it? */
static bool is_needed(struct cut_pass *p, const struct fmt_ev *ev)
{
	return p->types[ev->type] & NEEDED && eng_state__changes(eng_state__origin(p->st, fmt_ev__origin(ev)), ev);
}

/* An event of a thread that the state knows, that nobody asks for? */
static bool is_nobodys(struct cut_pass *p, const struct fmt_batch *b, uint32_t row)
{
	struct asked *a = &p->threads[b->thread[row]];
	const struct fmt_thread *ids = &b->threads[b->thread[row]];
	const struct eng_thread *t;
	struct eng_state *st;

	if (p->types[b->type[row]] & OF_OTHERS || p->by_container != p->all)
		return false;
	if (a->since == p->since)
		return !a->who;
	st = eng_state__origin(p->st, ids->origin);
	t = eng_state__thread(st, ids->tid);
	if (!t || (ids->pid && t->proc->pid != ids->pid))
		return false;
	*a = (struct asked){ .since = p->since, .who = who_asks_for_thread(p, st, t) };
	return !a->who;
}

/* Those which an event that the state needs has to go along with, if they did not ask for it. */
static uint64_t who_needs(const struct cut_pass *p, const struct eng_ctx *ctx)
{
	if (!(p->types[ctx->ev->type] & OF_FDS))
		return p->all;
	return p->whole | (eng_ctx__nobody(ctx) ? 0 : p->all & eng_fdtable__mark(ctx->proc->fds));
}

/* --- events -------------------------------------------------------------------------------------- */

/* Is it a loss that was not the recorder's, but of whoever handed the events on? */
static bool is_lost_later(const struct fmt_ev *ev)
{
	uint64_t reason;

	return ev->type == EV_drop && fmt_ev__int(ev, P_drop_reason, &reason) &&
	       (reason == REASON_DAMAGED || reason == REASON_EVICTED);
}

static void begin_those(struct cut_pass *p, uint64_t ts)
{
	struct cut *c;

	each_cut(p, c, p->waiting) {
		struct err err = { 0 };

		if (ts >= c->o.from && ts <= c->o.to)
			note_error(c, cut__begin(c, c->o.from ? c->o.from : ts, &err), &err);
	}
}

static void event(struct cut_pass *p, const struct fmt_ev *ev, uint64_t among, bool needed)
{
	uint8_t what = p->types[ev->type];
	uint64_t sure, may, needs;
	struct eng_ctx ctx;
	struct cut *c;

	begin_those(p, fmt_ev__ts(ev));
	eng_state__enter(p->st, ev, &ctx);
	if (needed && !(what & OF_FDS))
		p->since++;
	p->lost |= is_lost_later(ev);
	sure = who_asks(p, &ctx);
	may = what & OF_OTHERS && selection__concerns_others(&ctx) ? p->all : p->all & ~p->by_container;
	needs = needed ? who_needs(p, &ctx) : 0;
	each_cut(p, c, (sure | may | needs) & among) {
		struct err err = { 0 };

		if (!c->failed)
			note_error(c, cut__event(c, &ctx, sure & c->bit, needs & c->bit, &err), &err);
	}
	eng_state__leave(p->st, &ctx);
	if (ev->type == EV_setns)
		p->since++;		/* it is somewhere else from now on */
}

/* Before the first row of a batch. */
static void begin_batch(struct cut_pass *p, const struct fmt_batch *b, uint64_t among)
{
	struct cut *c;

	p->since++;
	p->threads = xgrow(p->threads, &p->cap_threads, b->n_threads, sizeof(*p->threads));
	for (uint32_t i = 0; i < b->n_threads; i++)
		p->threads[i].since = 0;
	each_cut(p, c, among)
		selection__batch(c->o.selection, b);
}

static void events(struct cut_pass *p, const struct fmt_batch *b, uint64_t among, uint32_t from, uint32_t to)
{
	for (uint32_t row = from; row < to; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		bool needed = is_needed(p, &ev);

		if (needed || !is_nobodys(p, b, row))
			event(p, &ev, among, needed);
	}
}

static void apply_keyframe(struct cut_pass *p, const struct fmt_batch *b)
{
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		struct eng_ctx ctx;

		eng_state__enter(p->st, &ev, &ctx);
		eng_state__leave(p->st, &ctx);
	}
}

static void keyframe(struct cut_pass *p, const struct fmt_batch *b, const struct fmt_batch_info *info)
{
	struct cut *c;

	p->resave |= p->lost;
	p->lost = false;
	apply_keyframe(p, b);
	/* theirs are made by their outputs; only another recording's beginning is more than that */
	each_cut(p, c, p->anew ? p->all & ~p->waiting : 0) {
		struct err err = { 0 };

		if (!c->failed)
			note_error(c, cut__put_anew(c, b, info, &err), &err);
	}
}

/* Those whose outputs are to have another keyframe get it before this batch. */
static void save_due(struct cut_pass *p, const struct fmt_batch *b)
{
	struct cut *c;

	each_cut(p, c, p->all & ~p->waiting) {
		struct err err = { 0 };

		if (!c->failed && b->ts[0] <= c->o.to && cut__keyframe_due(c, b->ts[0]))
			note_error(c, cut__begin_anew(c, b->ts[0], &err), &err);
	}
}

/* What the outputs know has been overtaken. */
static void save_again(struct cut_pass *p, uint64_t ts)
{
	struct cut *c;

	p->resave = false;
	each_cut(p, c, p->all & ~p->waiting) {
		struct err err = { 0 };

		if (!c->failed)
			note_error(c, cut__begin_anew(c, ts, &err), &err);
	}
}

static bool is_over(struct cut_pass *p, const struct fmt_batch *b)
{
	bool over = b->n;
	struct cut *c;

	each_cut(p, c, p->all)
		over = over && fmt_batch__is_past(b, c->o.to);
	return over;
}

bool cut_pass__part(struct cut_pass *p, const struct fmt_batch *b, const struct fmt_batch_info *info, uint32_t from,
		    uint32_t to)
{
	if (from) {
		events(p, b, p->all, from, to);
		return is_over(p, b);
	}
	/* as those do that replay: so that fields are the same */
	if (info->new_section || info->segment)
		eng_state__reset(p->st);
	p->anew = info->keyframe && (info->new_section || (p->anew && !info->segment));
	if (info->keyframe) {
		keyframe(p, b, info);
		return false;
	}
	if (p->resave && b->n)
		save_again(p, b->ts[0]);
	if (b->n)
		save_due(p, b);
	begin_batch(p, b, p->all);
	events(p, b, p->all, 0, to);
	return is_over(p, b);
}

bool cut_pass__batch(struct cut_pass *p, const struct fmt_batch *b, const struct fmt_batch_info *info)
{
	return cut_pass__part(p, b, info, 0, b->n);
}

int cut__rows(struct cut *c, const struct fmt_batch *b, struct err *err)
{
	begin_batch(c->pass, b, c->bit);
	events(c->pass, b, c->bit, 0, b->n);
	return cut__error(c, err);
}
