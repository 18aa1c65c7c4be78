// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the ring from any thread: one segment after another, following the one in work. What is gone is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/ring/ring_internal.h"
#include "format/base/alloc.h"
#include "format/file/trace_file.h"

#define REASON_EVICTED 9u		/* group drop_reason */

struct cap_ring_reader {
	struct cap_ring *ring;
	uint64_t from;			/* where reading begins; then 0 */
	struct cap_segment *seg;	/* referred to; NULL: between two */
	struct trace_file f;		/* of seg */
	bool is_open;
	uint64_t resume;		/* seg has been read up to there and closed, to wait without memory; 0: not */
	const struct chunk *chunk;	/* the current one */
	uint64_t last_id;		/* of the last segment that was entered */
	uint64_t next_num;		/* of the event that comes next; 0: not known yet */
	uint64_t t_last;
	uint64_t seen;			/* generation of the ring when there was no more */
	struct cap_ring_loss loss;
	struct fmt_want want;
};

static void leave_segment(struct cap_ring_reader *rd)
{
	if (rd->is_open)
		trace_file__close(&rd->f);
	rd->is_open = false;
	rd->chunk = NULL;
	rd->resume = 0;
	if (!rd->seg)
		return;
	pthread_mutex_lock(&rd->ring->lock);
	cap_segment__unref(rd->seg);
	pthread_mutex_unlock(&rd->ring->lock);
	rd->seg = NULL;
}

void cap_ring_reader__free(struct cap_ring_reader *rd)
{
	if (!rd)
		return;
	leave_segment(rd);
	free(rd);
}

/* --- which segment ------------------------------------------------------------------------------------- */

/* The youngest that begins at or before the time that is asked for; the oldest if none does. Lock held. */
static struct cap_segment *first_segment(const struct cap_ring_reader *rd)
{
	struct cap_segment *found = NULL;

	for (struct cap_segment *s = rd->ring->oldest; s; s = s->next)
		if (s->ready && (!found || s->t_first <= rd->from))
			found = s;
	return found;
}

static struct cap_segment *segment_after(const struct cap_ring_reader *rd)
{
	struct cap_segment *s = rd->ring->oldest;

	while (s && (!s->ready || s->id <= rd->last_id))
		s = s->next;
	return s;
}

/* 0: rd->seg is the next one to read; 1: the recording is over; FMT_SOURCE_WAIT: there is none yet. */
static int take_segment(struct cap_ring_reader *rd)
{
	struct cap_ring *r = rd->ring;
	int code = 0;

	pthread_mutex_lock(&r->lock);
	rd->seg = rd->last_id ? segment_after(rd) : first_segment(rd);
	if (rd->seg) {
		rd->seg->refs++;
		rd->last_id = rd->seg->id;
		rd->next_num = rd->next_num ? rd->next_num : rd->seg->first_num;
	} else {
		code = r->ended ? 1 : FMT_SOURCE_WAIT;
	}
	rd->seen = r->generation;
	pthread_mutex_unlock(&r->lock);
	return code;
}

int cap_ring_reader__new(struct cap_ring_reader **ret, struct cap_ring *r, uint64_t from, struct err *err)
{
	struct cap_ring_reader *rd;
	bool begun;

	pthread_mutex_lock(&r->lock);
	begun = r->begun;
	pthread_mutex_unlock(&r->lock);
	if (!begun)
		return err__set(err, -EAGAIN, "nothing has been recorded yet");
	rd = xcalloc(1, sizeof(*rd));
	rd->ring = r;
	rd->from = from;
	take_segment(rd);		/* if it is evicted before it can be read, that is a loss */
	*ret = rd;
	return 0;
}

/* Begin behind what need not be read: at the last keyframe at or before the time that is asked for. */
static void go_to_start(struct cap_ring_reader *rd)
{
	const struct index_entry *found = NULL;
	struct chunk_index index = { 0 };
	bool complete;

	if (trace_file__index(&rd->f, &index, &complete, NULL))
		index.n = 0;
	for (uint32_t k = 0; k < index.n; k++) {
		const struct index_entry *e = &index.e[k];

		if (e->kind == CHUNK_KEYFRAME && !(e->flags & CHUNK_CONTINUES) && (!found || e->t_first <= rd->from))
			found = e;
	}
	chunk_stream__seek(&rd->f.cs, found ? found->offset : PREAMBLE_SIZE);
	if (found)
		rd->next_num = found->first_num;
	chunk_index__done(&index);
}

/* Nothing of the segment can be read: it has been evicted, or has no keyframe yet. */
static int cannot_open(struct cap_ring_reader *rd)
{
	leave_segment(rd);
	return 0;
}

static int open_segment(struct cap_ring_reader *rd, struct err *err)
{
	int fd = fcntl(rd->seg->fd, F_DUPFD_CLOEXEC, 0);
	int code = fd < 0 ? -errno : trace_file__open(&rd->f, fd, true, rd->seg->path ? rd->seg->path : "ring", NULL, 0, NULL);

	if (fd < 0)
		return err__set(err, code, "cannot read the ring: %s", err__text(code));
	if (code < 0)
		return cannot_open(rd);
	rd->is_open = true;
	chunk_stream__follow(&rd->f.cs, true);
	trace_file__want(&rd->f, &rd->want);
	if (rd->resume)
		chunk_stream__seek(&rd->f.cs, rd->resume);
	else if (rd->from)
		go_to_start(rd);
	rd->from = rd->resume = 0;
	return 0;
}

/* --- losses ----------------------------------------------------------------------------------------------- */

/* Events are missing between the last one given and this chunk? */
static bool is_gap(struct cap_ring_reader *rd, const struct chunk *c)
{
	if (!rd->next_num || c->h.first_num <= rd->next_num)
		return false;
	rd->loss = (struct cap_ring_loss){ .n = c->h.first_num - rd->next_num, .from = rd->t_last, .to = c->h.t_first,
					   .num = rd->next_num };
	rd->next_num = c->h.first_num;
	pthread_mutex_lock(&rd->ring->lock);
	rd->ring->st.overruns++;
	rd->ring->st.overrun_events += rd->loss.n;
	pthread_mutex_unlock(&rd->ring->lock);
	return true;
}

const struct cap_ring_loss *cap_ring_reader__loss(const struct cap_ring_reader *rd)
{
	return &rd->loss;
}

void cap_ring_loss__row(const struct cap_ring_loss *l, struct fmt_batch *b)
{
	if (fmt_batch__begin(b, EV_drop, l->to, 0, 0, 0, 0, 0) < 0)
		return;
	fmt_batch__int(b, P_drop_n, l->n);
	fmt_batch__int(b, P_drop_cpu, (uint64_t)-1);
	fmt_batch__int(b, P_drop_from, l->from < l->to ? l->from : l->to);
	fmt_batch__int(b, P_drop_to, l->to);
	fmt_batch__int(b, P_drop_reason, REASON_EVICTED);
	fmt_batch__end(b);
}

/* --- chunks ------------------------------------------------------------------------------------------------- */

static void state_of(struct cap_ring_reader *rd, bool *sealed, bool *evicted)
{
	pthread_mutex_lock(&rd->ring->lock);
	*sealed = rd->seg->sealed;
	*evicted = rd->seg->evicted;
	rd->seen = rd->ring->generation;
	pthread_mutex_unlock(&rd->ring->lock);
}

/*
 * What decoding needs is much more than what a reader has to remember, and many may wait at once. Damage is left behind:
 * there the search goes on from its place.
 */
static void rest(struct cap_ring_reader *rd)
{
	if (rd->f.cs.resync)
		return;
	rd->resume = rd->f.cs.in.pos;
	trace_file__close(&rd->f);
	rd->is_open = false;
	rd->chunk = NULL;
}

static bool has_more(struct cap_ring_reader *rd)
{
	bool more;

	pthread_mutex_lock(&rd->ring->lock);
	more = rd->ring->generation != rd->seen;
	pthread_mutex_unlock(&rd->ring->lock);
	return more;
}

static int give(struct cap_ring_reader *rd, const struct chunk **ret)
{
	const struct chunk *c = rd->chunk;

	if (is_gap(rd, c)) {
		chunk_stream__unread(&rd->f.cs);
		return CAP_RING_LOST;
	}
	if (c->h.kind == CHUNK_EVENTS)
		rd->next_num = c->h.first_num + c->h.n_events;
	rd->t_last = c->h.t_last > rd->t_last ? c->h.t_last : rd->t_last;
	*ret = c;
	return 0;
}

int cap_ring_reader__next(struct cap_ring_reader *rd, const struct chunk **ret, struct err *err)
{
	for (;;) {
		bool sealed, evicted;
		int code;

		if (!rd->seg) {
			code = take_segment(rd);
			if (code)
				return code;
		}
		if (!rd->is_open) {
			if (rd->resume && !has_more(rd))
				return FMT_SOURCE_WAIT;
			code = open_segment(rd, err);
			if (code)
				return code;
			if (!rd->is_open)
				continue;
		}
		/* before looking: what is there then is all that will be */
		state_of(rd, &sealed, &evicted);
		code = trace_file__next(&rd->f, &rd->chunk, NULL);
		if (!code && !evicted)
			return give(rd, ret);
		if (code == FMT_SOURCE_WAIT && !sealed && !evicted) {
			rest(rd);
			return FMT_SOURCE_WAIT;
		}
		/* its end; or it has gone, which the numbers of the next one tell */
		if (code >= 0 || evicted || sealed)
			leave_segment(rd);
	}
}

int cap_ring_reader__load(struct cap_ring_reader *rd, struct err *err)
{
	(void)err;
	if (!chunk_stream__body(&rd->f.cs, NULL, NULL, NULL))
		return 0;
	if (rd->chunk->h.kind == CHUNK_EVENTS)
		rd->next_num = rd->chunk->h.first_num;	/* it has not been given after all */
	leave_segment(rd);
	return CAP_RING_LOST;
}

int cap_ring_reader__wait(struct cap_ring_reader *rd, int timeout_ms)
{
	struct cap_ring *r = rd->ring;
	struct timespec t;
	int code = 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += timeout_ms / 1000;
	t.tv_nsec += timeout_ms % 1000 * 1000000l;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&r->lock);
	while (r->generation == rd->seen && !r->ended && !code)
		code = pthread_cond_timedwait(&r->more, &r->lock, &t);
	pthread_mutex_unlock(&r->lock);
	return code ? 1 : 0;
}

/* --- as a source ---------------------------------------------------------------------------------------------- */

struct ring_source {
	struct fmt_source s;
	struct cap_ring_reader *rd;
	struct fmt_batch *batch;
	uint64_t *params;		/* copy that the reader's wish points to */
};

static int give_loss(struct ring_source *t, const struct fmt_batch **ret, struct fmt_batch_info *info)
{
	const struct cap_ring_loss *l = cap_ring_reader__loss(t->rd);

	fmt_batch__reset(t->batch, l->num);
	cap_ring_loss__row(l, t->batch);
	t->s.lost += l->n;
	*info = (struct fmt_batch_info){ 0 };
	*ret = t->batch;
	return 0;
}

static int ring_next(struct fmt_source *s, const struct fmt_batch **ret, struct fmt_batch_info *info, struct err *err)
{
	struct ring_source *t = (struct ring_source *)s;
	struct cap_ring_reader *rd = t->rd;
	const struct chunk *c;
	int code;

	for (;;) {
		code = cap_ring_reader__next(rd, &c, err);
		if (code == FMT_SOURCE_WAIT) {
			fmt_batch__free(t->batch);
			t->batch = NULL;
		} else if (!t->batch) {
			fmt_batch__new(&t->batch);
		}
		if (code == CAP_RING_LOST)
			return give_loss(t, ret, info);
		if (code)
			return code;
		*info = (struct fmt_batch_info){ .keyframe = c->h.kind == CHUNK_KEYFRAME, .chunk = c->h.seq, .offset = c->offset };
		info->segment = info->keyframe && !(c->h.flags & CHUNK_CONTINUES);
		code = cap_ring_reader__load(rd, err);
		if (code == CAP_RING_LOST)
			continue;
		s->lost += c->h.n_lost;
		code = trace_file__decode(&rd->f, t->batch, &s->skipped_unknown, err);
		if (code < 0)
			return code;
		*ret = t->batch;
		return 0;
	}
}

static void ring_want(struct fmt_source *s, const struct fmt_want *w)
{
	struct ring_source *t = (struct ring_source *)s;

	t->rd->want = *w;
	if (w->params) {
		t->params = xrealloc(t->params, FMT_MAX_EVENTS * sizeof(*t->params));
		memcpy(t->params, w->params, FMT_MAX_EVENTS * sizeof(*t->params));
		t->rd->want.params = t->params;
	}
	if (t->rd->is_open)
		trace_file__want(&t->rd->f, w);
}

static int ring_follow(struct fmt_source *s, bool on, struct err *err)
{
	(void)s;
	return on ? 0 : err__set(err, -FMT_E_UNSUPPORTED, "a ring is always followed");
}

static int ring_wait(struct fmt_source *s, int timeout_ms)
{
	return cap_ring_reader__wait(((struct ring_source *)s)->rd, timeout_ms);
}

static void ring_close(struct fmt_source *s)
{
	struct ring_source *t = (struct ring_source *)s;

	cap_ring_reader__free(t->rd);
	fmt_batch__free(t->batch);
	free(t->params);
	free(t);
}

static const struct fmt_source_ops ops = {
	.next = ring_next, .want = ring_want, .follow = ring_follow, .wait = ring_wait, .close = ring_close,
};

int cap_ring__read(struct fmt_source **ret, struct cap_ring *r, uint64_t from, struct err *err)
{
	struct cap_ring_reader *rd = NULL;
	struct ring_source *t;
	int code = cap_ring_reader__new(&rd, r, from, err);

	if (code)
		return code;
	t = xcalloc(1, sizeof(*t));
	t->s.ops = &ops;
	t->rd = rd;
	snprintf(t->s.name, sizeof(t->s.name), "ring");
	cap_ring__meta(r, &t->s.meta);
	t->s.has_context = r->o.context;
	fmt_batch__new(&t->batch);
	*ret = &t->s;
	return 0;
}
