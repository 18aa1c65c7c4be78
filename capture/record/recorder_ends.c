// SPDX-License-Identifier: Apache-2.0
/* The beginning of a recording and its end. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/machine.h"
#include "capture/record/recorder_internal.h"
#include "capture/snaplen.h"

/* --- the first keyframe ----------------------------------------------------------------------- */

struct first {
	struct cap_recorder *r;
	struct err *err;
};

/* Rows of the snapshot: into the state, then into the trace. */
static int first_full(void *arg, struct fmt_batch *b)
{
	struct first *f = arg;
	int code;

	eng_detector__feed(f->r->detector, b, true, 0, b->n);
	code = cap_recorder__write(f->r, b, true, f->err);
	fmt_batch__reset(b, 1);
	return code;
}

static void see_proc(struct eng_proc *p, void *arg)
{
	struct cap_recorder *r = arg;

	if (!p->dead)
		cap_containers__see_proc(&r->containers, p);
}

static int first_keyframe(struct cap_recorder *r, struct cap_snapshot *snap, struct err *err)
{
	struct first f = { r, err };
	uint64_t before = cap_recorder__written(r);
	int code;

	r->last_ts = cap_snapshot__ts(snap);
	fmt_batch__reset(r->keyframe, 1);
	code = cap_snapshot__rows(snap, r->keyframe, first_full, &f);
	if (!code)
		code = first_full(&f, r->keyframe);
	if (!code) {
		eng_state__each_proc(r->state, see_proc, r);
		cap_containers__first_rows(&r->containers, r->keyframe, r->last_ts);
		if (r->keyframe->n)
			code = first_full(&f, r->keyframe);
	}
	cap_recorder__keyframe_done(r, before);
	return code;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void free_recorder(struct cap_recorder *r)
{
	cap_heal__done(&r->heal);
	cap_driver__close(r->driver);
	cap_decoder__done(&r->dec);
	cap_containers__done(&r->containers);
	eng_detector__free(r->detector);
	eng_state__free(r->state);
	fmt_batch__free(r->batch);
	fmt_batch__free(r->look);
	fmt_batch__free(r->keyframe);
	free(r->losses);
	free(r);
}

static int begin_target(struct cap_recorder *r, uint64_t start, struct err *err)
{
	struct fmt_meta meta;

	cap_machine__meta(&meta, start);
	snprintf(meta.command, sizeof(meta.command), "%s", r->o.command ? r->o.command : "");
	meta.snaplen = r->o.driver.snaplen;
	static_assert(sizeof(meta.snaplen_for) >= CAP_SNAPLEN_TEXT, "all exceptions fit");
	cap_snaplen__text(r->o.driver.snaps, r->o.driver.n_snaps, meta.snaplen_for);
	meta.noise = r->o.driver.noise;
	meta.no_durations = r->o.driver.no_durations;
	meta.boot_ns = (uint64_t)r->dec.boot_offset;
	eng_state__describe(r->state, meta.hostname, meta.start_ns);	/* what live alerts say of it */
	r->target->mono_offset = r->dec.mono_offset;
	return r->target->ops->begin(r->target, &meta, err);
}

static int new_detector(struct cap_recorder *r, const struct eng_ruleset *rules,
			struct eng_detector **ret)
{
	/* Unless each row is looked at: see feed(). */
	static const uint8_t none[FMT_MAX_EVENTS / 8];
	struct eng_detector_opts d = { .sz = sizeof(d), .on_alert = cap_recorder__on_alert,
				       .on_event = cap_recorder__on_event, .event_types = cap_scope__active(r->o.scope) ? NULL : none, .arg = r };

	return eng_detector__new(ret, rules, r->state, &d);
}

static int make_parts(struct cap_recorder *r, struct err *err)
{
	int code = cap_driver__open(&r->driver, &r->o.driver, err);

	if (code)
		return code;
	r->losses = xcalloc(cap_driver__n_cpus(r->driver), sizeof(*r->losses));
	cap_decoder__init(&r->dec, cap_driver__mono_offset(r->driver),
			  cap_driver__boot_offset(r->driver));
	r->dec.env_len = r->o.driver.env_len;
	r->dec.snaplen = r->o.driver.snaplen;
	code = eng_state__new(&r->state);
	code = code ? code : new_detector(r, r->o.live->rules, &r->detector);
	code = code ? code : fmt_batch__new(&r->batch);
	code = code ? code : fmt_batch__new(&r->keyframe);
	if (!code && cap_scope__active(r->o.scope)) {
		code = fmt_batch__new(&r->look);
		cap_scope__batch(r->o.scope, r->look);
	}
	return code;
}

int cap_recorder__start(struct cap_recorder **ret, const struct cap_recorder_opts *o,
			struct err *err)
{
	struct cap_recorder *r = xcalloc(1, sizeof(*r));
	struct cap_snapshot *snap = NULL;
	int code;

	r->o = *o;
	r->target = o->target ? o->target : cap_target__file(o->path, o->force, &r->o.writer);
	cap_containers__init(&r->containers, o->container_env);
	code = make_parts(r, err);
	code = code ? code : cap_snapshot__take(&snap, r->driver, &r->dec, err);
	if (!code)
		code = begin_target(r, cap_snapshot__ts(snap), err);
	if (!code)
		code = first_keyframe(r, snap, err);
	cap_snapshot__free(snap);
	if (code) {
		r->target->ops->end(r->target, NULL);
		free_recorder(r);
		return code;
	}
	r->complete_to = r->last_ts;
	r->flushed = r->loss_since = cap_recorder__now(r);
	*ret = r;
	return 0;
}

/* --- between ---------------------------------------------------------------------------------- */

struct eng_state *cap_recorder__state(struct cap_recorder *r)
{
	return r->state;
}

/* What is not written yet has been matched by the old rules: the new ones begin with an empty batch. */
int cap_recorder__set_rules(struct cap_recorder *r, struct eng_ruleset *rules,
			    struct eng_ruleset **ret_old, struct err *err)
{
	struct eng_detector *fresh;
	int code = cap_recorder__flush(r, err);

	code = code ? code : new_detector(r, rules, &fresh);
	if (code)
		return code;
	eng_detector__free(r->detector);
	r->detector = fresh;
	*ret_old = r->o.live->rules;
	r->o.live->rules = rules;
	if (r->look) {
		fmt_batch__reset(r->look, 1);
		cap_scope__batch(r->o.scope, r->look);
	}
	eng_detector__feed(fresh, r->look ? r->look : r->batch, false, 0, 0);
	return 0;
}

/* --- end -------------------------------------------------------------------------------------- */

int cap_recorder__finish(struct cap_recorder *r, struct cap_recorder_stats *stats, struct err *err)
{
	uint64_t bytes, events;
	struct fmt_batch *b;
	uint32_t n;
	int code = 0;

	cap_driver__detach(r->driver);
	if (!r->error && !cap_recorder__enough(r))
		code = cap_recorder__take(r, true, err);
	if (!r->error && !cap_recorder__enough(r)) {
		b = cap_recorder__for_rows(r, &n);
		cap_containers__last_rows(&r->containers, b, r->complete_to);
		cap_recorder__rows_made(r, b, n);
	}
	if (!r->error)
		code = cap_recorder__flush(r, err);
	r->target->ops->stats(r->target, &bytes, &events);
	if (stats) {
		cap_recorder__stats(r, stats);
		if (r->error)
			stats->events = events;	/* what could still be written */
	}
	if (r->target->ops->end(r->target, err) && !code)
		code = -EIO;
	if (r->o.live)
		cap_live__warn_gave_up(r->o.live, r->detector);
	free_recorder(r);
	return code;
}
