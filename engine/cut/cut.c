// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "engine/cut/cut.h"

enum { REASON_DAMAGED = 8, REASON_EVICTED = 9 };	/* group drop_reason */

#define MANY 4096u			/* rows whose memory is given back when they are flushed early */
#define NUMS 65536u			/* numbers of events remembered, for the alerts that come behind them */

struct cut {
	struct cut_opts o;
	struct eng_state *st;
	struct fmt_batch *b;		/* what is kept, not yet given to the output */
	struct fmt_batch *keyframe;
	bool shown;			/* b has an event that was asked for */
	uint64_t next_num;
	bool begun;			/* the first keyframe is written */
	bool lost;			/* events are missing from the source: its next keyframe tells what became of them */
	bool resave;			/* that keyframe has come */
	bool anew;			/* within the keyframe of another recording */
	uint64_t age;			/* tables with this mark are followed; another after each reset */
	struct { uint64_t was, is; } nums[NUMS];	/* by the number that the event had */
	uint64_t events, context;
	/* for callbacks */
	struct err *err;
};

void cut__new(struct cut **ret, const struct cut_opts *o)
{
	struct cut *c = xcalloc(1, sizeof(*c));

	c->o = *o;
	c->next_num = c->age = 1;
	eng_state__new(&c->st);
	eng_state__name_origins(c->st, o->source);
	fmt_batch__new(&c->b);
	fmt_batch__new(&c->keyframe);
	*ret = c;
}

void cut__free(struct cut *c)
{
	if (!c)
		return;
	eng_state__free(c->st);
	fmt_batch__free(c->b);
	fmt_batch__free(c->keyframe);
	free(c);
}

void cut__counts(const struct cut *c, uint64_t *ret_events, uint64_t *ret_context)
{
	*ret_events = c->events;
	*ret_context = c->context;
}

static int flush(struct cut *c, struct err *err)
{
	static const struct fmt_batch_info events = { 0 };
	int r = c->b->n ? output__batch(c->o.out, c->b, &events, err) : 0;

	fmt_batch__reset(c->b, c->next_num);
	c->shown = false;
	return r;
}

/* Room for one more row. */
static int make_room(struct cut *c, struct err *err)
{
	return fmt_batch__full(c->b) ? flush(c, err) : 0;
}

/* Are all events of the range asked for? */
static bool takes_all(const struct cut *c)
{
	return !c->o.selection && !c->o.has;
}

static bool is_asked_for(struct cut *c, const struct eng_ctx *ctx)
{
	return c->o.has ? c->o.has(c->o.arg, ctx) : selection__has(c->o.selection, ctx);
}

/* --- keyframes --------------------------------------------------------------------------------- */

static int put_keyframe(struct cut *c, struct err *err)
{
	static const struct fmt_batch_info keyframe = { .keyframe = true };
	int r = output__batch(c->o.out, c->keyframe, &keyframe, err);

	fmt_batch__reset(c->keyframe, c->next_num);
	return r;
}

static int keyframe_full(void *arg, struct fmt_batch **b)
{
	struct cut *c = arg;

	*b = c->keyframe;
	return put_keyframe(c, c->err);
}

/* The state as it is before the first event of the range. */
static int begin(struct cut *c, uint64_t ts, struct err *err)
{
	int r;

	c->begun = true;
	c->err = err;
	fmt_batch__reset(c->keyframe, c->next_num);
	r = eng_state__save(c->st, ts, c->keyframe, keyframe_full, c);
	return r < 0 ? r : put_keyframe(c, err);
}

/* --- events ------------------------------------------------------------------------------------ */

static int context_full(void *arg, struct fmt_batch **b)
{
	struct cut *c = arg;
	uint8_t origin = c->b->origin;
	int r;

	c->next_num = c->b->first_num + c->b->n;
	r = flush(c, c->err);
	*b = c->b;
	c->b->origin = origin;
	c->b->context = true;
	return r;
}

/*
 * The process's descriptors as they are now, as context: whatever a reader of the cut took them for is void. From now on
 * what changes them goes along.
 */
static int follow(struct cut *c, const struct eng_ctx *ctx, struct err *err)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_proc *p = ctx->proc;
	int r;

	if (takes_all(c) || eng_ctx__nobody(ctx) || eng_fdtable__mark(p->fds) == c->age)
		return 0;
	eng_fdtable__set_mark(p->fds, c->age);
	r = make_room(c, err);
	if (r < 0)
		return r;
	c->err = err;
	c->b->origin = (uint8_t)fmt_ev__origin(ev);
	c->b->context = true;
	fmt_batch__begin(c->b, EV_close_range, fmt_ev__ts(ev), 0, fmt_ev__tid(ev), fmt_ev__pid(ev),
			 (uint16_t)fmt_ev__cpu(ev), 0);
	fmt_batch__int(c->b, P_close_range_first, 0);
	fmt_batch__int(c->b, P_close_range_last, UINT32_MAX);
	fmt_batch__int(c->b, P_close_range_flags, 0);
	fmt_batch__end(c->b);
	return eng_proc__save(ctx->state, p, fmt_ev__ts(ev), c->b, context_full, c);
}

/* The number that an alert's event has now; 0 if it was not asked for. */
static void renumber_alert(struct cut *c)
{
	struct fmt_ev ev = fmt_batch__ev(c->b, c->b->n - 1);
	struct fmt_col *col = &c->b->by_type[EV_alert]->col[P_alert_num];
	uint64_t num;

	if (!fmt_ev__int(&ev, P_alert_num, &num))
		return;
	col->i[ev.sub] = c->nums[num % NUMS].was == num ? c->nums[num % NUMS].is : 0;
}

static int keep(struct cut *c, const struct eng_ctx *ctx, bool context, struct err *err)
{
	const struct fmt_ev *ev = ctx->ev;
	uint64_t num = fmt_ev__num(ev);
	int r = context ? 0 : follow(c, ctx, err);

	c->next_num = c->b->first_num + c->b->n;
	if (r == 0)
		r = make_room(c, err);
	if (r < 0)
		return r;
	c->b->origin = (uint8_t)fmt_ev__origin(ev);
	c->b->context = context;
	r = fmt_batch__copy_as(c->b, ev);
	if (r < 0)
		return err__set(err, r, "an event cannot be copied");
	c->context += context;
	c->events += !context;
	if (!context) {
		c->shown = true;
		c->nums[num % NUMS].was = num;
		c->nums[num % NUMS].is = c->next_num;
	}
	if (ev->type == EV_alert)
		renumber_alert(c);
	c->next_num++;
	return 0;
}

/* Is it all about descriptors? Then only who is followed needs it. */
static bool is_about_fds(const struct fmt_ev *ev)
{
	return (ev->info->flags & (EF_OPENS_FD | EF_CLOSES_FD | EF_USES_FD) && ev->type != EV_setns) ||
	       ev->type == EV_close_range;
}

/* Does an event that was not asked for have to go along? */
static bool is_needed(const struct cut *c, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;

	if (!eng_state__needs(ev->type))
		return false;
	return takes_all(c) || !is_about_fds(ev) || (!eng_ctx__nobody(ctx) && eng_fdtable__mark(ctx->proc->fds) == c->age);
}

/* Is it a loss that was not the recorder's, but of whoever handed the events on? */
static bool is_lost_later(const struct fmt_ev *ev)
{
	uint64_t reason;

	return ev->type == EV_drop && fmt_ev__int(ev, P_drop_reason, &reason) &&
	       (reason == REASON_DAMAGED || reason == REASON_EVICTED);
}

static int event(struct cut *c, const struct fmt_ev *ev, struct err *err)
{
	uint64_t ts = fmt_ev__ts(ev);
	bool in_range = ts >= c->o.from && ts <= c->o.to;
	struct eng_ctx ctx;
	int r = 0;

	if (in_range && !c->begun)
		r = begin(c, c->o.from ? c->o.from : ts, err);
	eng_state__enter(c->st, ev, &ctx);
	c->lost |= is_lost_later(ev);
	if (r == 0 && in_range && !fmt_ev__is_context(ev) && is_asked_for(c, &ctx))
		r = keep(c, &ctx, false, err);
	else if (r == 0 && c->begun && ts <= c->o.to && is_needed(c, &ctx))
		r = keep(c, &ctx, true, err);
	eng_state__leave(c->st, &ctx);
	return r;
}

static void apply_keyframe(struct cut *c, const struct fmt_batch *b)
{
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		struct eng_ctx ctx;

		eng_state__enter(c->st, &ev, &ctx);
		eng_state__leave(c->st, &ctx);
	}
}

int cut__batch(struct cut *c, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	int r = 0;

	/* as those do that replay: so that fields are the same */
	if (info->new_section || info->segment) {
		eng_state__reset(c->st);
		c->age++;
	}
	c->anew = info->keyframe && (info->new_section || (c->anew && !info->segment));
	if (info->keyframe) {
		c->resave |= c->lost;
		c->lost = false;
		apply_keyframe(c, b);
		/* ours are made by the output; only another recording's beginning is more than that */
		if (c->anew && c->begun) {
			r = flush(c, err);
			r = r < 0 ? r : output__batch(c->o.out, b, info, err);
		}
		return r;
	}
	if (c->resave) {
		/* what the output knows has been overtaken */
		c->resave = false;
		r = flush(c, err);
		if (r == 0 && c->begun && b->n)
			r = begin(c, b->ts[0], err);
	}
	selection__batch(c->o.selection, b);
	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);

		r = event(c, &ev, err);
	}
	return r < 0 ? r : b->n && b->ts[0] > c->o.to;
}

void cut__extend(struct cut *c, uint64_t to)
{
	c->o.to = to;
}

int cut__flush(struct cut *c, struct err *err)
{
	uint32_t n = c->b->n;
	int r = c->shown ? flush(c, err) : 0;

	if (n > MANY && !c->b->n) {
		fmt_batch__free(c->b);
		fmt_batch__new(&c->b);
		fmt_batch__reset(c->b, c->next_num);
	}
	return r;
}

int cut__finish(struct cut *c, struct err *err)
{
	int r = 0;

	if (!c->begun)			/* nothing of the range was there */
		r = begin(c, c->o.from, err);
	return r < 0 || !c->shown ? r : flush(c, err);	/* context behind the last event says nothing */
}
