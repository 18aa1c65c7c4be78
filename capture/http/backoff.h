/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backoff - how long to wait before the next try: twice as long each time, up to a limit, and never quite the same, so
 * that a hundred nodes do not come back in the same second.
 */
#ifndef CAP_BACKOFF_H
#define CAP_BACKOFF_H

#include <stdint.h>
#include <stdlib.h>

struct cap_backoff {
	uint64_t min_ns, max_ns;
	uint64_t next_ns;	/* 0: begin with min */
	uint32_t rnd;		/* state of the jitter; any number */
};

/* The time to wait now: between half of this step and all of it. */
static inline uint64_t cap_backoff__next(struct cap_backoff *b)
{
	uint64_t step = b->next_ns ? b->next_ns : b->min_ns;

	b->next_ns = step >= b->max_ns / 2 ? b->max_ns : 2 * step;
	b->rnd = b->rnd * 1664525 + 1013904223;
	return step / 2 + (uint64_t)((double)(step - step / 2) * (b->rnd >> 8) / (1 << 24));
}

/* It worked. */
static inline void cap_backoff__reset(struct cap_backoff *b)
{
	b->next_ns = 0;
}

#endif
