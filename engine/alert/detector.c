// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "engine/alert/alert.h"
#include "engine/alert/tally.h"
#include "format/base/alloc.h"
#include "format/file/source.h"

struct eng_detector {
	struct eng_detector_opts opts;
	const struct eng_ruleset *rs;
	const struct eng_rule *rules;
	struct eng_state *st;
	struct eng_run *run;		/* NULL: no rules */
	uint32_t *hits;
	unsigned max_hits;
	uint64_t *counts;
	struct eng_tally *tally;	/* NULL: no thresholds, or the caller counts */
	struct arena scratch;
	struct buf key;
	uint8_t pass[FMT_MAX_EVENTS];	/* enum eng_pass: events of types that nobody wants */
};

static bool in_types(const uint8_t *types, unsigned t)
{
	return types[t / 8] >> (t % 8) & 1;
}

static void find_passes(struct eng_detector *d)
{
	struct fmt_want w = { .by_type = true };
	const uint8_t *seen = d->opts.event_types;

	if (d->rs)
		eng_prog__want(eng_ruleset__prog(d->rs), &w);
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		if (fmt_event(t) && !in_types(w.types, t) && !d->opts.on_context &&
		    (!d->opts.on_event || (seen && !in_types(seen, t))))
			d->pass[t] = (uint8_t)eng_state__can_pass((uint16_t)t);
}

int eng_detector__new(struct eng_detector **ret, const struct eng_ruleset *rs, struct eng_state *st,
		      const struct eng_detector_opts *o)
{
	struct eng_detector *d = xcalloc(1, sizeof(*d));
	unsigned n = 0;
	int r = 0;

	d->opts = *o;
	d->rs = rs;
	d->st = st;
	if (rs) {
		d->rules = eng_ruleset__rules(rs, &n);
		r = eng_run__new(&d->run, eng_ruleset__prog(rs));
	}
	if (rs && !d->opts.is_due)
		d->tally = eng_tally__new(rs);
	if (d->run && d->opts.profile)
		eng_run__profile(d->run);
	d->max_hits = n ? n : 1;
	d->hits = xcalloc(d->max_hits, sizeof(*d->hits));
	d->counts = xcalloc(d->max_hits, sizeof(*d->counts));
	if (r < 0) {
		eng_detector__free(d);
		return r;
	}
	find_passes(d);
	*ret = d;
	return 0;
}

void eng_detector__free(struct eng_detector *d)
{
	if (!d)
		return;
	eng_run__free(d->run);
	eng_tally__free(d->tally);
	arena__done(&d->scratch);
	buf__done(&d->key);
	free(d->hits);
	free(d->counts);
	free(d);
}

static bool is_due(struct eng_detector *d, const struct eng_rule *r, const struct eng_ctx *ctx)
{
	if (!r->threshold)
		return true;
	if (d->opts.is_due)
		return d->opts.is_due(d->opts.arg, r, ctx);
	eng_tally__key(r, ctx, &d->scratch, &d->key);
	return eng_tally__add(d->tally, r, fmt_ev__ts(ctx->ev), &d->key);
}

static int run_rules(struct eng_detector *d, const struct eng_ctx *ctx)
{
	unsigned n = eng_run__match(d->run, ctx, !d->opts.all_matches, d->hits, d->max_hits);
	int r = 0;

	for (unsigned i = 0; i < n && !r; i++) {
		const struct eng_rule *rule = eng_ruleset__by_cond(d->rs, (int)d->hits[i]);

		if (!is_due(d, rule, ctx))
			continue;
		d->counts[rule - d->rules]++;
		if (d->opts.on_alert)
			r = d->opts.on_alert(d->opts.arg, rule, ctx);
	}
	return r;
}

int eng_detector__feed(struct eng_detector *d, const struct fmt_batch *b, bool keyframe,
		       uint32_t from, uint32_t to)
{
	int r = 0;

	if (!from && d->run)
		eng_run__batch(d->run, b);
	for (uint32_t i = from; !r && (i = eng_state__pass(d->st, b, i, to, d->pass)) < to; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);
		struct eng_ctx ctx;
		bool shown = !keyframe && !fmt_ev__is_context(&ev);

		eng_state__enter(d->st, &ev, &ctx);
		if (!shown && !keyframe && d->opts.on_context)
			r = d->opts.on_context(d->opts.arg, &ctx);
		if (shown && d->opts.on_event)
			r = d->opts.on_event(d->opts.arg, &ctx);
		if (shown && d->run && !r)
			r = run_rules(d, &ctx);
		eng_state__leave(d->st, &ctx);
	}
	return r;
}

bool eng_detector__passes(const struct eng_detector *d, uint16_t type)
{
	return d->pass[type] != PASS_NOT;
}

uint64_t eng_detector__forgotten(const struct eng_detector *d)
{
	return eng_tally__forgotten(d->tally);
}

uint64_t eng_detector__gave_up(const struct eng_detector *d, const struct eng_rule *r)
{
	return d->run && r->cond >= 0 ? eng_run__gave_up(d->run, r->cond) : 0;
}

void eng_detector__costs(const struct eng_detector *d, struct eng_profile *into)
{
	if (d->run)
		eng_run__costs(d->run, into);
}

const uint64_t *eng_detector__counts(const struct eng_detector *d)
{
	return d->counts;
}
