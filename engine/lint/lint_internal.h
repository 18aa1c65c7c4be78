/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint_internal - what the files of engine/lint share: the rule at hand, its checks compiled, and
 * sets of events.
 */
#ifndef ENG_LINT_INTERNAL_H
#define ENG_LINT_INTERNAL_H

#include "engine/filter/evt_set.h"
#include "engine/filter/prog/pred.h"
#include "engine/lint/lint.h"
#include "engine/rules/ruleset.h"

#define MAX_NODES 20000u		/* conditions larger than this are not looked at */

/* What is found out of a check once. */
struct lint_check {
	struct eng_pred *pred;		/* NULL: it does not compile by itself */
	uint32_t left;			/* its left side: equal ones have equal values */
	uint32_t text;			/* all of it, in canonical form: equal ones are the same check */
};

struct lint {
	struct eng_ruleset *rs;
	struct arena mem;		/* of the whole run */
	struct match_scratch *scratch;
	struct strtab checks;		/* address of a check: its number in known, plus one */
	struct lint_check **known;	/* in mem */
	size_t cap_known;
	struct strtab lefts;		/* left sides as text */
	struct strtab texts;		/* of checks, and of parts of conditions */
	struct strtab said;		/* findings: each place once, however many rules use a macro */
	const struct def_rule *rule;	/* the one at hand */
	unsigned found;			/* in this rule so far */
};

/* What is known of it; it stays where it is. */
const struct lint_check *lint__check(struct lint *l, const struct eng_check *c);
/* The check as a predicate, or NULL. */
const struct eng_pred *lint__pred(struct lint *l, const struct eng_check *c);
/* A number for its left side: the same for the same operand. */
uint32_t lint__left(struct lint *l, const struct eng_check *c);
/* Say something of a place in the condition at hand. */
void lint__say(struct lint *l, enum rules_code code, const struct eng_ast *at, struct eng_pos pos,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A part of a condition, turned around or not. */
struct lint_part {
	const struct eng_ast *a;
	bool negated;
};
/* Without the `not`s around it. */
static inline struct lint_part lint_part(const struct eng_ast *a, bool negated)
{
	for (; a->kind == N_NOT; a = a->kids[0])
		negated = !negated;
	return (struct lint_part){ a, negated };
}

/* Is it an `and`, or by De Morgan like one? */
static inline bool lint_part__joins(struct lint_part p)
{
	return (p.a->kind == N_AND) != p.negated;
}

/* Does a value of the left side of p, given as a literal, pass the check? */
bool lint__holds(struct lint *l, const struct eng_pred *p, const struct eng_lit *v);
/* One value for which the check is about all there is: not ancestors, lists, either side. */
bool lint__is_simple(const struct eng_pred *p);
/* The few values that it leaves to the left side: `=`, `in`, `= anyof`. */
bool lint__is_choice(const struct eng_pred *p);
/* Literal i of the check as a value of the left side's type. */
bool lint__value(const struct eng_pred *p, uint32_t i, struct eng_lit *ret);

/* --- the passes ------------------------------------------------------------------------------- */

/* Parameters and flags that the events at hand do not have; event types that exclude each other. */
void lint__types(struct lint *l, const struct eng_ast *a);
/* Values that a field never has. */
void lint__values(struct lint *l, const struct eng_ast *a);
/* Comparisons that exclude each other. */
void lint__contradictions(struct lint *l, const struct eng_ast *a);
/* Empty lists and lists that do not exist, in the text as written. */
void lint__lists(struct lint *l, const char *text, const struct rules_ctx *ctx);
/* Rules of which an earlier one leaves nothing. */
void lint__shadows(struct lint *l);

/* --- sets of events --------------------------------------------------------------------------- */

#define LINT_WORDS (FMT_MAX_EVENTS / 64)

static inline void lint_set__and(struct evt_set *a, const struct evt_set *b)
{
	for (unsigned i = 0; i < LINT_WORDS; i++)
		a->w[i] &= b->w[i];
}

static inline void lint_set__or(struct evt_set *a, const struct evt_set *b)
{
	for (unsigned i = 0; i < LINT_WORDS; i++)
		a->w[i] |= b->w[i];
}

static inline bool lint_set__is_empty(const struct evt_set *a)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < LINT_WORDS; i++)
		any |= a->w[i];
	return !any;
}

#endif
