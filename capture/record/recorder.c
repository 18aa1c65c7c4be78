// SPDX-License-Identifier: Apache-2.0
/* Rounds: records to rows, rows to chunks, and what is due in between. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/record/recorder_internal.h"

#define ROOM_FOR_ROWS 4096u		/* rows of containers and losses in one round */

uint64_t cap_recorder__now(const struct cap_recorder *r)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)(t.tv_sec * 1000000000ll + t.tv_nsec + r->dec.mono_offset);
}

uint64_t cap_recorder__written(const struct cap_recorder *r)
{
	uint64_t bytes, events;

	r->target->ops->stats(r->target, &bytes, &events);
	return bytes;
}

/* --- chunks ----------------------------------------------------------------------------------- */

static void note_container(void *arg, const char *id)
{
	struct cap_target *t = arg;

	t->ops->note(t, id);
}

int cap_recorder__write(struct cap_recorder *r, struct fmt_batch *b, bool keyframe, struct err *err)
{
	int code;

	if (r->error)
		return r->error;
	code = r->target->ops->batch(r->target, b, keyframe, err);
	if (code)
		r->error = code;
	return code;
}

static int flush_rows(struct cap_recorder *r, struct err *err)
{
	int code;

	cap_containers__each_new(&r->containers, note_container, r->target);
	code = cap_recorder__write(r, r->batch, false, err);
	fmt_batch__reset(r->batch, r->events + 1);
	if (!r->look)
		eng_detector__feed(r->detector, r->batch, false, 0, 0);
	return code;
}

int cap_recorder__flush(struct cap_recorder *r, struct err *err)
{
	int code;

	r->flushed = cap_recorder__now(r);
	code = r->batch->n ? flush_rows(r, err) : 0;
	if (r->target->ops->upto)
		r->target->ops->upto(r->target, r->complete_to);
	return code;
}

/* Has a row waited long enough, or does somebody wait for it? */
static bool flush_due(const struct cap_recorder *r)
{
	const struct cap_target *t = r->target;

	return fmt_batch__full(r->batch) || cap_recorder__now(r) - r->flushed >= r->o.flush_ns ||
	       (t->ops->hurry && t->ops->hurry(r->target));
}

struct keyframe_sink {
	struct cap_recorder *r;
	struct err *err;
};

static int next_keyframe_batch(void *arg, struct fmt_batch **b)
{
	struct keyframe_sink *s = arg;
	int code = cap_recorder__write(s->r, *b, true, s->err);

	fmt_batch__reset(*b, s->r->events + 1);
	return code;
}

void cap_recorder__keyframe_done(struct cap_recorder *r, uint64_t before)
{
	r->bytes_at_keyframe = cap_recorder__written(r);
	r->keyframe_bytes = r->bytes_at_keyframe - before;
	r->keyframe_total += r->keyframe_bytes;
	r->keyframe_at = cap_recorder__now(r);
}

static int write_keyframe(struct cap_recorder *r, struct err *err)
{
	struct keyframe_sink s = { r, err };
	uint64_t before = cap_recorder__written(r);
	int code;

	fmt_batch__reset(r->keyframe, r->events + 1);
	code = eng_state__save(r->state, r->last_ts, r->keyframe, next_keyframe_batch, &s);
	if (!code && r->keyframe->n)
		code = cap_recorder__write(r, r->keyframe, true, err);
	cap_recorder__keyframe_done(r, before);
	return code;
}

static bool keyframe_due(const struct cap_recorder *r)
{
	uint64_t since = r->flushed - r->keyframe_at,
		 bytes = cap_recorder__written(r) - r->bytes_at_keyframe,
		 longest = r->target->keyframe_ns ? r->target->keyframe_ns : FMT_KEYFRAME_MAX_NS,
		 most = r->target->keyframe_bytes ? r->target->keyframe_bytes : UINT64_MAX;

	return r->target->keyframe_now ||
	       (bytes && (bytes >= most || fmt_keyframe__due(since, longest, bytes, r->keyframe_bytes)));
}

static int flush_if(struct cap_recorder *r, bool due, struct err *err)
{
	int code = due ? cap_recorder__flush(r, err) : 0;

	if (!code && due && keyframe_due(r))
		code = write_keyframe(r, err);
	return code;
}

/* --- rows ------------------------------------------------------------------------------------- */

int cap_recorder__on_event(void *arg, const struct eng_ctx *ctx)
{
	struct cap_recorder *r = arg;

	cap_containers__see(&r->containers, ctx);
	if (ctx->ev->type == EV_container_end && r->o.on_container_end)
		r->o.on_container_end(r->o.arg, ctx);
	r->wanted = r->look ? cap_scope__wants(r->o.scope, ctx) : WANT_YES;
	return 0;
}

int cap_recorder__on_alert(void *arg, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct cap_recorder *r = arg;

	if (r->wanted == WANT_YES)
		cap_live__alert(r->o.live, rule, ctx);
	return 0;
}

/*
 * Apply a row; run the rules over it. The detector passes over types that neither rules nor state look at, without
 * on_event: then its process alone counts.
 */
static void feed(struct cap_recorder *r, struct fmt_batch *b, uint32_t row)
{
	eng_detector__feed(r->detector, b, false, row, row + 1);
	if (eng_detector__passes(r->detector, b->type[row]))
		cap_containers__see_any(&r->containers, eng_state__thread_at(r->state, b, row)->proc);
}

static void feed_last(struct cap_recorder *r, struct fmt_batch *b)
{
	feed(r, b, b->n - 1);
}

/*
 * The latest time so far is a keyframe's: so what is in front of it is not later, and who begins to read
 * there because he wants what comes from that time on misses nothing.
 */
static void see_time(struct cap_recorder *r, uint64_t ts)
{
	if (ts > r->last_ts)
		r->last_ts = ts;
}

static void count_row(struct cap_recorder *r)
{
	r->events++;
	see_time(r, r->batch->ts[r->batch->n - 1]);
}

/* A row that was looked at goes into the trace, as what it was found to be. */
static void keep_row(struct cap_recorder *r, const struct fmt_batch *from, uint32_t row)
{
	struct fmt_ev ev = fmt_batch__ev(from, row);

	r->batch->context = r->wanted == WANT_CONTEXT;
	r->context += r->batch->context;
	fmt_batch__copy_as(r->batch, &ev);
	r->batch->context = false;
}

/*
 * Where rows that are made here, not by the kernel, go first: they are applied like others. Room for
 * them in the chunk's batch is the caller's concern.
 */
struct fmt_batch *cap_recorder__for_rows(struct cap_recorder *r, uint32_t *ret_n)
{
	struct fmt_batch *b = r->look ? r->look : r->batch;

	if (r->look && r->look->n + ROOM_FOR_ROWS >= FMT_BATCH_MAX_EVENTS) {
		fmt_batch__reset(r->look, 1);
		cap_scope__batch(r->o.scope, r->look);
	}
	*ret_n = b->n;
	return b;
}

void cap_recorder__rows_made(struct cap_recorder *r, struct fmt_batch *b, uint32_t n)
{
	for (; n < b->n; n++) {
		feed(r, b, n);
		if (r->look)
			keep_row(r, b, n);
		see_time(r, b->ts[n]);
		r->events++;
	}
}

static void alert_rows(struct cap_recorder *r)
{
	uint32_t n = r->batch->n;

	if (!r->o.live->n_pending)
		return;
	cap_live__rows(r->o.live, r->batch, r->events);
	r->events += r->batch->n - n;
}

/* A container's directory is made, or goes, in one hierarchy: it begins or has ended. */
static void see_cgroup(struct cap_recorder *r, const struct fmt_batch *from)
{
	struct fmt_ev ev = fmt_batch__ev(from, from->n - 1);
	bool made = ev.type == EV_cgroup_mkdir;
	const struct fmt_str *path = fmt_ev__str(&ev, made ? (unsigned)P_cgroup_mkdir_path
							   : (unsigned)P_cgroup_rmdir_path);
	char *text = path ? xmemdup0(path->p, path->len) : NULL;

	if (text && made)
		cap_containers__cgroup_made(&r->containers, text, fmt_ev__pid(&ev));
	else if (text)
		cap_containers__cgroup_gone(&r->containers, text);
	free(text);
}

/* Behind the row of a call that carried a question or an answer. */
static void dns_row(struct cap_recorder *r, const struct cap_record *rec, unsigned cpu)
{
	struct fmt_batch *b;
	uint32_t first;

	if (!r->dec.dns.found)
		return;
	r->dec.dns.found = false;
	b = cap_recorder__for_rows(r, &first);
	if (cap_dns__row(&r->dec.dns, rec, rec->ts + (uint64_t)r->dec.mono_offset, cpu, b) >= 0)
		cap_recorder__rows_made(r, b, first);
	alert_rows(r);
}

/* The usual case: everything goes into the trace; the state follows what concerns it. */
static int take_all(struct cap_recorder *r, const struct cap_record *rec, unsigned cpu)
{
	int code = cap_decoder__row(&r->dec, rec, cpu, r->batch);

	if (code)
		return code < 0 ? code : 0;
	count_row(r);
	if (r->o.live->rules || fmt_event(rec->type)->flags & EF_STATE) {
		feed_last(r, r->batch);
		if (rec->type == EV_cgroup_mkdir || rec->type == EV_cgroup_rmdir)
			see_cgroup(r, r->batch);
		alert_rows(r);
	}
	dns_row(r, rec, cpu);
	return 0;
}

/* Every row is looked at before it goes into the trace. */
static int take_wanted(struct cap_recorder *r, const struct cap_record *rec, unsigned cpu)
{
	int code;

	if (fmt_batch__full(r->look)) {
		fmt_batch__reset(r->look, 1);
		cap_scope__batch(r->o.scope, r->look);
	}
	code = cap_decoder__row(&r->dec, rec, cpu, r->look);
	if (code)
		return code < 0 ? code : 0;
	feed_last(r, r->look);
	if (r->wanted != WANT_NO) {
		keep_row(r, r->look, r->look->n - 1);
		count_row(r);
	}
	r->dec.dns.found &= r->wanted == WANT_YES;
	if (rec->type == EV_cgroup_mkdir || rec->type == EV_cgroup_rmdir)
		see_cgroup(r, r->look);
	alert_rows(r);
	dns_row(r, rec, cpu);
	return 0;
}

/* group drop_reason */
enum { REASON_BUFFER_FULL = 1, REASON_NO_MEMORY = 2, REASON_REENTRY = 3 };

/* "file=12 net=3" */
static void add_categories(struct cap_recorder *r, struct fmt_batch *b, const uint64_t *by)
{
	struct buf *t = &r->dec.text;

	t->len = 0;
	for (unsigned i = 0; i < CAT__N; i++) {
		uint64_t n = by[i];
		unsigned k = 0;

		while (k < i && strcmp(fmt_category_names[k], fmt_category_names[i]))
			k++;
		if (k < i)		/* those of input and output have one name */
			continue;
		for (k = i + 1; k < CAT__N; k++)
			if (!strcmp(fmt_category_names[k], fmt_category_names[i]))
				n += by[k];
		if (n)
			buf__printf(t, "%s%s=%llu", t->len ? " " : "", fmt_category_names[i],
				    (unsigned long long)n);
	}
	if (t->len)
		fmt_batch__str(b, P_drop_categories, (const char *)t->p, (uint32_t)t->len,
			       (uint32_t)t->len);
}

/* "bulk=12 key=1 life=0", and the process that has lost most. */
static void add_lanes(struct cap_recorder *r, struct fmt_batch *b, const struct cap_loss *loss)
{
	struct buf *t = &r->dec.text;

	t->len = 0;
	buf__printf(t, "bulk=%llu key=%llu life=%llu", (unsigned long long)loss->lane[LANE_BULK],
		    (unsigned long long)loss->lane[LANE_KEY],
		    (unsigned long long)loss->lane[LANE_LIFE]);
	fmt_batch__str(b, P_drop_lanes, (const char *)t->p, (uint32_t)t->len, (uint32_t)t->len);
	if (!loss->loser)
		return;
	fmt_batch__int(b, P_drop_top_pid, loss->loser);
	fmt_batch__int(b, P_drop_top_n, loss->loser_n);
}

/* cpu -1: not known; by: by category, or NULL; loss: lanes and process, or NULL. */
static void drop_row(struct cap_recorder *r, int cpu, uint64_t n, uint64_t to, unsigned reason,
		     const uint64_t *by, const struct cap_loss *loss)
{
	uint32_t first;
	struct fmt_batch *b = n ? cap_recorder__for_rows(r, &first) : NULL;

	if (!n || fmt_batch__begin(b, EV_drop, r->complete_to, 0, 0, 0, (uint16_t)(cpu < 0 ? 0 : cpu), 0) < 0)
		return;
	fmt_batch__int(b, P_drop_n, n);
	fmt_batch__int(b, P_drop_cpu, (uint64_t)(int64_t)cpu);
	fmt_batch__int(b, P_drop_from, r->loss_since < to ? r->loss_since : to);
	fmt_batch__int(b, P_drop_to, to);
	fmt_batch__int(b, P_drop_reason, reason);
	if (by)
		add_categories(r, b, by);
	if (loss)
		add_lanes(r, b, loss);
	fmt_batch__end(b);
	cap_recorder__rows_made(r, b, first);
	r->lost += n;
}

/* What the rings had no room for since the last round. */
static void see_losses(struct cap_recorder *r)
{
	for (unsigned cpu = 0; cpu < cap_driver__n_cpus(r->driver); cpu++) {
		struct cap_loss *loss = &r->losses[cpu];

		if (!cap_driver__loss(r->driver, cpu, loss)) {
			loss->full = loss->reentered = 0;
			continue;
		}
		cap_heal__note(r, loss);
		for (unsigned l = 0; l < CAP_N_LANES; l++)
			r->lost_by_lane[l] += loss->lane[l];
	}
}

/* It becomes rows, behind the records of its time. seen: when it was looked for. */
static int take_losses(struct cap_recorder *r, uint64_t seen, struct err *err)
{
	int code = 0;

	for (unsigned cpu = 0; cpu < cap_driver__n_cpus(r->driver) && !code; cpu++) {
		const struct cap_loss *loss = &r->losses[cpu];
		uint64_t to = loss->last + (uint64_t)r->dec.mono_offset;

		if (!loss->full && !loss->reentered)
			continue;
		code = flush_if(r, r->batch->n + 3 >= FMT_BATCH_MAX_EVENTS, err);
		/* By category they are counted together: said where there is one reason. */
		drop_row(r, (int)cpu, loss->full, to, REASON_BUFFER_FULL,
			 loss->reentered ? NULL : loss->by, loss);
		drop_row(r, (int)cpu, loss->reentered, to, REASON_REENTRY,
			 loss->full ? NULL : loss->by, NULL);
	}
	if (!code)
		code = flush_if(r, r->batch->n + 1 >= FMT_BATCH_MAX_EVENTS, err);
	drop_row(r, -1, cap_driver__without_ring(r->driver), seen, REASON_NO_MEMORY, NULL,
		 NULL);
	r->loss_since = seen;
	return code;
}

/* --- rounds ----------------------------------------------------------------------------------- */

/*
 * The rings have to hold what happens from one look at them to the next; while we slept there was nothing to hold until
 * the first record. Behind the begin of a round.
 */
static void note_look(struct cap_recorder *r, uint64_t now)
{
	uint64_t since = r->looked, oldest = cap_rings__oldest(r->driver);

	if (r->slept)
		since = oldest == UINT64_MAX ? 0 : oldest + (uint64_t)r->dec.mono_offset;
	if (since && now > since && now - since > r->longest_pause)
		r->longest_pause = now - since;
	r->looked = now;
	r->slept = false;
}

bool cap_recorder__enough(const struct cap_recorder *r)
{
	return r->o.max_events && r->events - r->context >= r->o.max_events;
}

int cap_recorder__take(struct cap_recorder *r, bool last, struct err *err)
{
	const struct cap_record *rec;
	uint64_t begun = cap_recorder__now(r), upto;
	int code = 0;
	unsigned cpu;

	see_losses(r);
	r->in_round = 0;
	cap_rings__begin(r->driver, last);
	note_look(r, begun);
	while (!code && !cap_recorder__enough(r) && (rec = cap_rings__next(r->driver, &cpu))) {
		if (r->heal.snap && rec->ts + (uint64_t)r->dec.mono_offset >= r->heal.ts)
			code = cap_heal__apply(r, err);
		if (!code)
			code = r->look ? take_wanted(r, rec, cpu) : take_all(r, rec, cpu);
		r->in_round++;
		r->records++;
		if (!code && fmt_batch__full(r->batch))
			code = flush_if(r, true, err);
	}
	cap_rings__end(r->driver);
	upto = last ? begun : cap_rings__horizon(r->driver) + (uint64_t)r->dec.mono_offset;
	if (upto > r->complete_to)
		r->complete_to = upto;
	return code ? code : take_losses(r, begun, err);
}

int cap_recorder__round(struct cap_recorder *r, struct err *err)
{
	struct fmt_batch *b;
	uint32_t n;
	int code = cap_recorder__take(r, false, err);

	code = code ? code : cap_heal__round(r, err);
	code = code ? code : flush_if(r, r->batch->n + ROOM_FOR_ROWS >= FMT_BATCH_MAX_EVENTS, err);
	if (code)
		return code;
	b = cap_recorder__for_rows(r, &n);
	cap_containers__rows(&r->containers, b, r->complete_to);
	cap_recorder__rows_made(r, b, n);
	code = flush_if(r, flush_due(r), err);
	return code ? code : cap_recorder__enough(r);
}

void cap_recorder__add(struct cap_recorder *r,
		       void (*make)(void *arg, struct fmt_batch *b, uint64_t now), void *arg)
{
	uint32_t n;
	struct fmt_batch *b;

	if (flush_if(r, r->batch->n + ROOM_FOR_ROWS >= FMT_BATCH_MAX_EVENTS, NULL))
		return;			/* the next round says why */
	b = cap_recorder__for_rows(r, &n);
	make(arg, b, r->complete_to);
	cap_recorder__rows_made(r, b, n);
	alert_rows(r);
}

bool cap_recorder__traced_ended(struct cap_recorder *r, int *ret_status)
{
	return cap_driver__traced_ended(r->driver, ret_status);
}

uint64_t cap_recorder__flushed(const struct cap_recorder *r)
{
	return r->flushed;
}

void cap_recorder__stats(const struct cap_recorder *r, struct cap_recorder_stats *ret)
{
	*ret = (struct cap_recorder_stats){ .events = r->events, .records = r->records, .context = r->context,
					       .lost = r->lost,
					    .bytes = cap_recorder__written(r),
					    .keyframe_bytes = r->keyframe_total,
					    .longest_pause_ns = r->longest_pause,
					    .late = cap_rings__late(r->driver) };
	memcpy(ret->lost_by_lane, r->lost_by_lane, sizeof(ret->lost_by_lane));
}

void cap_recorder__memory(const struct cap_recorder *r, uint64_t *ret_bytes, uint64_t *ret_resident)
{
	cap_driver__memory(r->driver, ret_bytes, ret_resident);
}
