// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the rings: one consumer each, merged by time.
 *
 * Records of one processor are in order. The ring whose next record is oldest is read until another
 * has an older one, so that finding the next ring costs once a run, not once a record.
 */
#include <time.h>

#include "capture/driver/driver_internal.h"

/*
 * A program reads the clock, then writes for some microseconds; a virtual processor may be stopped
 * in between.
 */
#define MARGIN_NS 2000000u

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

void cap_rings__begin(struct cap_driver *d, bool last)
{
	uint64_t most = 0;

	d->horizon = last ? UINT64_MAX : now_mono() - MARGIN_NS;
	for (unsigned i = 0; i < d->n_cpus; i++) {
		struct cap_cpu_ring *r = &d->rings[i];

		r->end = __atomic_load_n(&r->ctl->head, __ATOMIC_ACQUIRE);
		if (r->end - r->at > most)
			most = r->end - r->at;
		look(d, r);
	}
	d->fill = (double)most / (double)d->ring_bytes;
	choose(d);
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
