// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/containers.h"
#include "capture/machine.h"
#include "capture/recorder.h"
#include "capture/snapshot.h"

#define KEYFRAME_SHARE 20u		/* events weigh this many times as much as keyframes */
#define KEYFRAME_MIN_NS 2000000000u
#define KEYFRAME_MAX_NS 60000000000u
#define BUSY_PAUSE_MS 2
#define IDLE_PAUSE_MS 20

struct cap_recorder {
	struct cap_recorder_opts o;
	struct cap_driver *driver;
	struct cap_decoder dec;
	struct eng_state *state;
	struct fmt_writer *writer;
	struct cap_containers containers;
	struct fmt_batch *batch;	/* rows for the next chunk */
	struct fmt_batch *look;		/* rows that may not be wanted; NULL: all are */
	struct fmt_batch *keyframe;
	uint64_t events;		/* written or in batch */
	uint64_t lost;
	uint64_t last_ts;		/* of the last row */
	uint64_t flushed;		/* when the last chunk was written */
	uint64_t keyframe_at;		/* the last one: when, and its bytes */
	uint64_t keyframe_bytes, keyframe_total;
	uint64_t bytes_at_keyframe;
	uint64_t loss_since;		/* losses were counted up to then */
	uint64_t in_round;		/* records of this round */
	int error;			/* of the writer: nothing more is written */
};

static uint64_t now_ns(const struct cap_recorder *r)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)(t.tv_sec * 1000000000ll + t.tv_nsec + r->dec.mono_offset);
}

static uint64_t bytes_written(const struct cap_recorder *r)
{
	struct fmt_writer_stats s;

	fmt_writer__stats(r->writer, &s);
	return s.bytes;
}

/* --- chunks --------------------------------------------------------------------------------------------------- */

static void note_container(void *arg, const char *id)
{
	fmt_writer__note_container(arg, id);
}

static int write_batch(struct cap_recorder *r, struct fmt_batch *b, bool keyframe, struct err *err)
{
	int code;

	if (r->error)
		return r->error;
	code = fmt_writer__batch(r->writer, b, keyframe, err);
	if (code)
		r->error = code;
	return code;
}

static int flush(struct cap_recorder *r, struct err *err)
{
	int code;

	r->flushed = now_ns(r);
	if (!r->batch->n)
		return 0;
	cap_containers__each_new(&r->containers, note_container, r->writer);
	code = write_batch(r, r->batch, false, err);
	fmt_batch__reset(r->batch, r->events + 1);
	return code;
}

struct keyframe_sink {
	struct cap_recorder *r;
	struct err *err;
};

static int next_keyframe_batch(void *arg, struct fmt_batch **b)
{
	struct keyframe_sink *s = arg;
	int code = write_batch(s->r, *b, true, s->err);

	fmt_batch__reset(*b, s->r->events + 1);
	return code;
}

static void keyframe_done(struct cap_recorder *r, uint64_t before)
{
	r->bytes_at_keyframe = bytes_written(r);
	r->keyframe_bytes = r->bytes_at_keyframe - before;
	r->keyframe_total += r->keyframe_bytes;
	r->keyframe_at = now_ns(r);
}

static int write_keyframe(struct cap_recorder *r, struct err *err)
{
	struct keyframe_sink s = { r, err };
	uint64_t before = bytes_written(r);
	int code;

	fmt_batch__reset(r->keyframe, r->events + 1);
	code = eng_state__save(r->state, r->last_ts, r->keyframe, next_keyframe_batch, &s);
	if (!code && r->keyframe->n)
		code = write_batch(r, r->keyframe, true, err);
	keyframe_done(r, before);
	return code;
}

static bool keyframe_due(const struct cap_recorder *r)
{
	uint64_t since = r->flushed - r->keyframe_at, bytes = bytes_written(r) - r->bytes_at_keyframe;

	return bytes && (since >= KEYFRAME_MAX_NS ||
			 (since >= KEYFRAME_MIN_NS && bytes >= KEYFRAME_SHARE * r->keyframe_bytes));
}

static int flush_if(struct cap_recorder *r, bool due, struct err *err)
{
	int code = due ? flush(r, err) : 0;

	if (!code && due && keyframe_due(r))
		code = write_keyframe(r, err);
	return code;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

static void apply(struct cap_recorder *r, struct fmt_batch *b, struct eng_ctx *ctx, struct fmt_ev *ev)
{
	*ev = fmt_batch__ev(b, b->n - 1);
	eng_state__enter(r->state, ev, ctx);
}

/* A container's directory has gone in one hierarchy: it has ended. */
static void see_rmdir(struct cap_recorder *r, const struct fmt_ev *ev)
{
	const struct fmt_str *path = fmt_ev__str(ev, P_cgroup_rmdir_path);
	char *text = path ? xmemdup0(path->p, path->len) : NULL;
	struct eng_ctx ctx;
	struct fmt_ev end;
	uint32_t n = r->batch->n;

	if (text)
		cap_containers__cgroup_gone(&r->containers, r->batch, fmt_ev__ts(ev), text);
	free(text);
	if (r->batch->n == n)
		return;
	apply(r, r->batch, &ctx, &end);
	eng_state__leave(r->state, &ctx);
	r->events++;
}

static void row_added(struct cap_recorder *r, struct fmt_batch *b)
{
	r->events++;
	r->last_ts = b->ts[b->n - 1];
}

/* The usual case: everything goes into the trace, the state follows what concerns it. */
static int take_all(struct cap_recorder *r, const struct cap_record *rec, unsigned cpu)
{
	struct eng_ctx ctx;
	struct fmt_ev ev;
	int code = cap_decoder__row(&r->dec, rec, cpu, r->batch);

	if (code)
		return code < 0 ? code : 0;
	row_added(r, r->batch);
	if (!(fmt_event(rec->type)->flags & EF_STATE))
		return 0;
	apply(r, r->batch, &ctx, &ev);
	cap_containers__see(&r->containers, &ctx, ev.b->ts[ev.row]);
	eng_state__leave(r->state, &ctx);
	if (rec->type == EV_cgroup_rmdir)
		see_rmdir(r, &ev);
	return 0;
}

/* Every row is looked at before it goes into the trace. */
static int take_wanted(struct cap_recorder *r, const struct cap_record *rec, unsigned cpu)
{
	struct eng_ctx ctx;
	struct fmt_ev ev;
	int code;

	if (fmt_batch__full(r->look)) {
		fmt_batch__reset(r->look, 1);
		cap_scope__batch(r->o.scope, r->look);
	}
	code = cap_decoder__row(&r->dec, rec, cpu, r->look);
	if (code)
		return code < 0 ? code : 0;
	apply(r, r->look, &ctx, &ev);
	cap_containers__see(&r->containers, &ctx, ev.b->ts[ev.row]);
	if (cap_scope__wants(r->o.scope, &ctx)) {
		fmt_batch__copy(r->batch, &ev);
		row_added(r, r->batch);
	}
	eng_state__leave(r->state, &ctx);
	if (rec->type == EV_cgroup_rmdir)
		see_rmdir(r, &ev);
	return 0;
}

enum { REASON_BUFFER_FULL = 1, REASON_REENTRY = 3 };	/* group drop_reason */

static void drop_row(struct cap_recorder *r, unsigned cpu, uint64_t n, uint64_t to, unsigned reason)
{
	if (!n || fmt_batch__begin(r->batch, EV_drop, to, 0, 0, 0, (uint16_t)cpu, 0) < 0)
		return;
	fmt_batch__int(r->batch, P_drop_n, n);
	fmt_batch__int(r->batch, P_drop_cpu, cpu);
	fmt_batch__int(r->batch, P_drop_from, r->loss_since < to ? r->loss_since : to);
	fmt_batch__int(r->batch, P_drop_to, to);
	fmt_batch__int(r->batch, P_drop_reason, reason);
	fmt_batch__end(r->batch);
	row_added(r, r->batch);
	r->lost += n;
}

/* What the rings had no room for since the last round becomes a row. */
static int take_losses(struct cap_recorder *r, struct err *err)
{
	uint64_t now = now_ns(r);
	int code = 0;

	for (unsigned cpu = 0; cpu < cap_driver__n_cpus(r->driver) && !code; cpu++) {
		struct cap_loss loss;

		if (!cap_driver__loss(r->driver, cpu, &loss))
			continue;
		code = flush_if(r, r->batch->n + 2 >= FMT_BATCH_MAX_EVENTS, err);
		drop_row(r, cpu, loss.full, loss.last + (uint64_t)r->dec.mono_offset, REASON_BUFFER_FULL);
		drop_row(r, cpu, loss.reentered, loss.last + (uint64_t)r->dec.mono_offset, REASON_REENTRY);
	}
	r->loss_since = now;
	return code;
}

/* Rows that were made here since row n, applied to the state. */
static void apply_since(struct cap_recorder *r, uint32_t n)
{
	for (; n < r->batch->n; n++) {
		struct fmt_ev ev = fmt_batch__ev(r->batch, n);
		struct eng_ctx ctx;

		eng_state__enter(r->state, &ev, &ctx);
		eng_state__leave(r->state, &ctx);
		r->events++;
	}
}

static bool enough(const struct cap_recorder *r)
{
	return r->o.max_events && r->events >= r->o.max_events;
}

static int take_rings(struct cap_recorder *r, bool last, struct err *err)
{
	const struct cap_record *rec;
	unsigned cpu;
	int code = 0;

	r->in_round = 0;
	cap_rings__begin(r->driver, last);
	while (!code && !enough(r) && (rec = cap_rings__next(r->driver, &cpu))) {
		code = r->look ? take_wanted(r, rec, cpu) : take_all(r, rec, cpu);
		r->in_round++;
		if (!code && fmt_batch__full(r->batch))
			code = flush_if(r, true, err);
	}
	cap_rings__end(r->driver);
	return code;
}

int cap_recorder__round(struct cap_recorder *r, struct err *err)
{
	uint32_t n;
	int code = take_losses(r, err);

	if (!code)
		code = take_rings(r, false, err);
	if (code)
		return code;
	n = r->batch->n;
	cap_containers__rows(&r->containers, r->batch, now_ns(r));
	apply_since(r, n);
	code = flush_if(r, fmt_batch__full(r->batch) || now_ns(r) - r->flushed >= r->o.flush_ns, err);
	return code ? code : enough(r);
}

int cap_recorder__pause(const struct cap_recorder *r)
{
	int ms = r->in_round > 1000 || cap_rings__fill(r->driver) > 0.05 ? BUSY_PAUSE_MS : IDLE_PAUSE_MS;
	int look = cap_containers__wait_ms(&r->containers, now_ns(r));

	return look < ms ? look : ms;
}

/* --- beginning and end -------------------------------------------------------------------------------------------- */

static int first_full(void *arg, struct fmt_batch *b)
{
	struct keyframe_sink *s = arg;

	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);
		struct eng_ctx ctx;

		eng_state__enter(s->r->state, &ev, &ctx);
		cap_containers__see(&s->r->containers, &ctx, s->r->last_ts);
		eng_state__leave(s->r->state, &ctx);
	}
	return next_keyframe_batch(arg, &b);
}

static int first_keyframe(struct cap_recorder *r, struct cap_snapshot *snap, struct err *err)
{
	struct keyframe_sink s = { r, err };
	uint64_t before = bytes_written(r);
	int code;

	r->last_ts = cap_snapshot__ts(snap);
	fmt_batch__reset(r->keyframe, 1);
	code = cap_snapshot__rows(snap, r->keyframe, first_full, &s);
	if (!code)
		code = first_full(&s, r->keyframe);
	if (!code) {
		cap_containers__first_rows(&r->containers, r->keyframe, r->last_ts);
		if (r->keyframe->n)
			code = first_full(&s, r->keyframe);
	}
	keyframe_done(r, before);
	return code;
}

static void free_recorder(struct cap_recorder *r)
{
	cap_driver__close(r->driver);
	cap_decoder__done(&r->dec);
	cap_containers__done(&r->containers);
	eng_state__free(r->state);
	fmt_batch__free(r->batch);
	fmt_batch__free(r->look);
	fmt_batch__free(r->keyframe);
	free(r);
}

static int open_writer(struct cap_recorder *r, uint64_t start, struct err *err)
{
	struct fmt_meta meta;

	cap_machine__meta(&meta, start);
	snprintf(meta.command, sizeof(meta.command), "%s", r->o.command ? r->o.command : "");
	meta.snaplen = r->o.driver.snaplen;
	meta.noise = r->o.driver.noise;
	meta.boot_ns = (uint64_t)r->dec.boot_offset;
	return fmt_writer__open(&r->writer, r->o.path, r->o.force, &meta, &r->o.writer, err);
}

static int make_parts(struct cap_recorder *r, struct err *err)
{
	int code = cap_driver__open(&r->driver, &r->o.driver, err);

	if (code)
		return code;
	cap_decoder__init(&r->dec, cap_driver__mono_offset(r->driver), cap_driver__boot_offset(r->driver));
	code = eng_state__new(&r->state);
	code = code ? code : fmt_batch__new(&r->batch);
	code = code ? code : fmt_batch__new(&r->keyframe);
	if (!code && cap_scope__active(r->o.scope)) {
		code = fmt_batch__new(&r->look);
		cap_scope__batch(r->o.scope, r->look);
	}
	return code;
}

int cap_recorder__start(struct cap_recorder **ret, const struct cap_recorder_opts *o, struct err *err)
{
	struct cap_recorder *r = xcalloc(1, sizeof(*r));
	struct cap_snapshot *snap = NULL;
	int code;

	r->o = *o;
	code = make_parts(r, err);
	code = code ? code : cap_snapshot__take(&snap, r->driver, &r->dec, err);
	if (!code)
		code = open_writer(r, cap_snapshot__ts(snap), err);
	if (!code)
		code = first_keyframe(r, snap, err);
	cap_snapshot__free(snap);
	if (code) {
		if (r->writer)
			fmt_writer__close(r->writer, NULL);
		free_recorder(r);
		return code;
	}
	r->flushed = r->loss_since = now_ns(r);
	*ret = r;
	return 0;
}

void cap_recorder__stats(const struct cap_recorder *r, struct cap_recorder_stats *ret)
{
	*ret = (struct cap_recorder_stats){ .events = r->events, .lost = r->lost, .bytes = bytes_written(r),
					    .keyframe_bytes = r->keyframe_total };
}

int cap_recorder__finish(struct cap_recorder *r, struct cap_recorder_stats *stats, struct err *err)
{
	struct fmt_writer_stats w;
	int code = 0;

	cap_driver__detach(r->driver);
	if (!r->error && !enough(r)) {
		code = take_losses(r, err);
		code = code ? code : take_rings(r, true, err);
	}
	if (!r->error)
		code = flush(r, err);
	fmt_writer__stats(r->writer, &w);
	if (stats) {
		cap_recorder__stats(r, stats);
		if (r->error)
			stats->events = w.events;	/* what could still be written */
	}
	if (fmt_writer__close(r->writer, err) && !code)
		code = -EIO;
	free_recorder(r);
	return code;
}
