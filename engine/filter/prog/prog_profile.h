/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog_profile - what the predicates and conditions of a run cost: private to the run.
 *
 * Only working out a predicate is timed; a condition is charged with what was worked out while it was asked for.
 */
#ifndef ENG_PROG_PROFILE_H
#define ENG_PROG_PROFILE_H

#include "engine/filter/prog/prog.h"

struct run_profile {
	struct eng_profile costs;
	uint64_t overhead;		/* ns that reading the clock takes */
	uint64_t evals, ns;		/* of all predicates so far */
	uint64_t event;
	uint64_t *charged;		/* per condition: the last event that it was charged for */
};

/* How far the counts were. */
struct run_mark {
	uint64_t evals, ns;
};

struct run_profile *run_profile__new(const struct eng_prog *p);
void run_profile__free(struct run_profile *f);
uint64_t run_profile__now(void);
/* A new event, which these conditions of the list could match. */
void run_profile__event(struct run_profile *f, const struct prog_list *l, const uint64_t *alive);
/* What it took since then, without reading the clock. */
uint64_t run_profile__since(const struct run_profile *f, uint64_t since);
/* A predicate has been worked out in so much time. */
void run_profile__pred(struct run_profile *f, uint32_t pred, uint64_t ns, bool hit);
/* What was worked out since then was for one condition, or for those that are alive and in mask. */
void run_profile__cond(struct run_profile *f, uint32_t cond, struct run_mark since);
void run_profile__conds(struct run_profile *f, const struct prog_list *l, const uint64_t *alive,
			const uint64_t *mask, struct run_mark since);

void run_profile__add(const struct run_profile *f, struct eng_profile *into);

static inline struct run_mark run_profile__mark(const struct run_profile *f)
{
	return f ? (struct run_mark){ f->evals, f->ns } : (struct run_mark){ 0 };
}

#endif
