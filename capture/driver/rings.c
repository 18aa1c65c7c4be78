// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the rings: one consumer each, merged by time.
 *
 * Records of one processor are in order. The ring whose next record is oldest is read until another
 * has an older one, so that finding the next ring costs once a run, not once a record.
 *
 * A record that is being written while others are read may be older than those: a virtual processor
 * can be stopped in the middle of it, for many milliseconds where processors are short. A program says
 * that it writes (`busy`) before it reads the clock. So a ring that is seen idle at some time has all
 * that is older than this time; one that is busy had it at the last look but one record, when that
 * record has come since. Nothing younger is handed out than what all rings have: unless one of them
 * has kept the others waiting for too long, or they fill up. Then records may come late; they are counted.
 */
#include <time.h>

#include "capture/driver/driver_internal.h"

#define MARGIN_NS 100000u		/* from saying that one writes until others see it said */
#define HOLD_FILL 0.4			/* share of a ring that may be left waiting: losses begin at 5/8 */

static uint64_t now_mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline const struct cap_record *record_at(const struct cap_driver *d,
						 const struct cap_cpu_ring *r)
{
	return (const void *)((const char *)r->ctl + CAP_RING_CTL + (r->at & (d->ring_bytes - 1)));
}

/*
 * What says it is longer than what is there, or too short to be a record, has been written over: two
 * producers had the ring at once. To go on from there would be to go round in circles.
 */
static void torn(struct cap_cpu_ring *r)
{
	r->torn++;
	r->at = r->end;
	r->ts = UINT64_MAX;
}

static inline void look(const struct cap_driver *d, struct cap_cpu_ring *r)
{
	const struct cap_record *rec = record_at(d, r);

	if (r->at >= r->end)
		r->ts = UINT64_MAX;
	else if (rec->len < sizeof(*rec) || rec->len > CAP_RECORD_MAX || rec->len > r->end - r->at)
		torn(r);
	else
		r->ts = rec->ts;
}

/* The ring with the oldest record, and until when it stays that. */
static void choose(struct cap_driver *d)
{
	uint64_t best = UINT64_MAX, second = UINT64_MAX;

	for (unsigned i = 0; i < d->n_cpus; i++) {
		uint64_t ts = d->rings[i].ts;

		if (ts < best) {
			second = best;
			best = ts;
			d->current = i;
		} else if (ts < second) {
			second = ts;
		}
	}
	d->until = second < d->horizon ? second : d->horizon;
}

/* How far the ring's records go now, and up to which time it has them all. now: before the look. */
static void see(struct cap_driver *d, struct cap_cpu_ring *r, uint64_t now)
{
	bool busy = __atomic_load_n(&r->ctl->busy, __ATOMIC_ACQUIRE);
	uint64_t end = __atomic_load_n(&r->ctl->head, __ATOMIC_ACQUIRE);

	if (r->end - r->at > d->left)
		d->left = r->end - r->at;
	if (!busy) {
		r->has_to = now;
		r->held = 0;
	} else if (!r->held || end != r->end) {
		r->has_to = d->begun;	/* what was being written at the last look has come */
		r->held = now;
	}
	r->end = end;
	look(d, r);
}

/* What all rings have, but for those that others have waited for long enough. */
static uint64_t horizon_of(const struct cap_driver *d, uint64_t now)
{
	uint64_t horizon = now;

	for (unsigned i = 0; i < d->n_cpus && d->left < HOLD_FILL * (double)d->ring_bytes; i++)
		if (d->rings[i].has_to < horizon && now - d->rings[i].held < d->hold_ns)
			horizon = d->rings[i].has_to;
	return horizon > MARGIN_NS ? horizon - MARGIN_NS : 0;
}

void cap_rings__begin(struct cap_driver *d, bool last)
{
	uint64_t most = 0, now = now_mono();

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	d->left = 0;
	for (unsigned i = 0; i < d->n_cpus; i++) {
		struct cap_cpu_ring *r = &d->rings[i];

		see(d, r, now);
		if (r->end - r->at > most)
			most = r->end - r->at;
	}
	d->begun = now;
	d->fill = (double)most / (double)d->ring_bytes;
	d->horizon = last ? UINT64_MAX : horizon_of(d, now);
	choose(d);
}

uint64_t cap_rings__horizon(const struct cap_driver *d)
{
	return d->horizon;
}

uint64_t cap_rings__oldest(const struct cap_driver *d)
{
	return d->rings[d->current].ts;
}

static void note_late(struct cap_driver *d, uint64_t by)
{
	d->late.n++;
	if (by > d->late.most_ns)
		d->late.most_ns = by;
}

static void give_back(struct cap_cpu_ring *r)
{
	r->given = r->at;
	__atomic_store_n(&r->ctl->tail, r->at, __ATOMIC_RELEASE);
}

const struct cap_record *cap_rings__next(struct cap_driver *d, unsigned *ret_cpu)
{
	struct cap_cpu_ring *r = &d->rings[d->current];
	const struct cap_record *rec;

	if (r->ts > d->until) {
		choose(d);
		r = &d->rings[d->current];
		if (r->ts > d->horizon)
			return NULL;
	}
	if (r->ts == UINT64_MAX)
		return NULL;
	/*
	 * Room for the producer as early as possible, but not a shared cache line for each record.
	 */
	if (r->at - r->given > d->ring_bytes / 16)
		give_back(r);
	rec = record_at(d, r);
	if (rec->ts < d->newest)
		note_late(d, d->newest - rec->ts);
	else
		d->newest = rec->ts;
	r->at += rec->len;
	look(d, r);
	*ret_cpu = d->current;
	return rec;
}

void cap_rings__end(struct cap_driver *d)
{
	for (unsigned i = 0; i < d->n_cpus; i++)
		give_back(&d->rings[i]);
}

double cap_rings__fill(const struct cap_driver *d)
{
	return d->fill;
}

struct cap_late cap_rings__late(const struct cap_driver *d)
{
	return d->late;
}
