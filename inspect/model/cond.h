/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cond - a condition that somebody typed, compiled; and the lens that it is part of.
 *
 * Ownership: a condition is constant once made and may serve several runs.
 */
#ifndef INS_COND_H
#define INS_COND_H

#include "engine/filter/filter.h"

struct ins_cond {
	struct arena mem;
	struct eng_prog *prog;
	char *text;
};

/* Compile. Errors carry line, column and caret. */
int ins_cond__new(struct ins_cond **ret, const char *text, struct err *err);
void ins_cond__free(struct ins_cond *c);

/* What is counted and listed: events that satisfy the condition and lie in the time range. */
struct ins_lens {
	const struct ins_cond *cond;	/* NULL: all */
	uint64_t from, to;		/* ns since the epoch, both included; to 0: no range */
};
static inline bool ins_lens__is_set(const struct ins_lens *l)
{
	return l->cond || l->to;
}
static inline bool ins_lens__has_time(const struct ins_lens *l, uint64_t ts)
{
	return !l->to || (ts >= l->from && ts <= l->to);
}

#endif
