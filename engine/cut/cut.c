// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/cut/cut_internal.h"
#include "format/base/alloc.h"
#include "format/file/trace_writer.h"

#define STATE_WEIGHT 4u			/* a row of state weighs as so many events */

#define MANY 4096u			/* rows whose memory is given back when they are flushed early */

void cut__new(struct cut **ret, const struct cut_opts *o)
{
	struct cut *c = xcalloc(1, sizeof(*c));

	c->o = *o;
	c->next_num = 1;
	fmt_batch__new(&c->b);
	fmt_batch__new(&c->keyframe);
	*ret = c;
}

void cut__free(struct cut *c)
{
	if (!c)
		return;
	if (c->pass)
		cut_pass__remove(c->pass, c);
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

	c->rows_since += c->b->n;
	c->noted[0] = 0;
	fmt_batch__reset(c->b, c->next_num);
	c->shown = false;
	return r;
}

/* Room for one more row. Those of one pass share what one alone may hold. */
static int make_room(struct cut *c, struct err *err)
{
	bool full = fmt_batch__full(c->b) || c->b->n >= cut_pass__rows(c->pass) || (c->o.rows && c->b->n >= c->o.rows);

	return full ? flush(c, err) : 0;
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

	c->keyframe_rows += c->keyframe->n;
	fmt_batch__reset(c->keyframe, c->next_num);
	return r;
}

static int keyframe_full(void *arg, struct fmt_batch **b)
{
	struct cut *c = arg;

	*b = c->keyframe;
	return put_keyframe(c, c->err);
}

int cut__begin(struct cut *c, uint64_t ts, struct err *err)
{
	int r;

	cut_pass__has_begun(c->pass, c);
	c->begun = true;
	c->err = err;
	c->keyframe_at = ts;
	c->keyframe_rows = c->rows_since = 0;
	fmt_batch__reset(c->keyframe, c->next_num);
	r = eng_state__save(cut_pass__state(c->pass), ts, c->keyframe, keyframe_full, c);
	return r < 0 ? r : put_keyframe(c, err);
}

int cut__begin_anew(struct cut *c, uint64_t ts, struct err *err)
{
	int r = flush(c, err);

	return r < 0 ? r : cut__begin(c, ts, err);
}

bool cut__keyframe_due(const struct cut *c, uint64_t ts)
{
	uint64_t since = ts > c->keyframe_at ? ts - c->keyframe_at : 0, rows = c->rows_since + c->b->n;

	return c->o.tell && c->begun && fmt_keyframe__due(since, FMT_KEYFRAME_MAX_NS, rows, STATE_WEIGHT * c->keyframe_rows);
}

int cut__put_anew(struct cut *c, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	int r = flush(c, err);

	return r < 0 ? r : output__batch(c->o.out, b, info, err);
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

	if (cut__takes_all(c) || eng_ctx__nobody(ctx) || eng_fdtable__mark(p->fds) & c->bit)
		return 0;
	eng_fdtable__set_mark(p->fds, eng_fdtable__mark(p->fds) | c->bit);
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
	col->i[ev.sub] = c->nums[num % CUT_NUMS].was == num ? c->nums[num % CUT_NUMS].is : 0;
}

/* For the output, of an event that is shown and has room in b. */
static void note(struct cut *c, const struct eng_container *container)
{
	if (!c->o.tell || !container || !strcmp(container->id, c->noted))
		return;
	memcpy(c->noted, container->id, sizeof(c->noted));
	output__note(c->o.out, container->id);
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
		note(c, ctx->proc->container);
		c->shown = true;
		c->nums[num % CUT_NUMS].was = num;
		c->nums[num % CUT_NUMS].is = c->next_num;
	}
	if (ev->type == EV_alert)
		renumber_alert(c);
	c->next_num++;
	return 0;
}

int cut__event(struct cut *c, const struct eng_ctx *ctx, bool sure, bool needed, struct err *err)
{
	uint64_t ts = fmt_ev__ts(ctx->ev);

	if (ts >= c->o.from && ts <= c->o.to && !fmt_ev__is_context(ctx->ev) && (sure || is_asked_for(c, ctx)))
		return keep(c, ctx, false, err);
	return needed && c->begun && ts <= c->o.to ? keep(c, ctx, true, err) : 0;
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
		r = cut__begin(c, c->o.from, err);
	return r < 0 || !c->shown ? r : flush(c, err);	/* context behind the last event says nothing */
}
