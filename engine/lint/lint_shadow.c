// SPDX-License-Identifier: Apache-2.0
/*
 * Rules that never get their turn when only the first match counts: an earlier rule is true
 * whenever they are. Decided from the text: every part of the earlier condition must follow from a
 * part of the later one.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/lint/lint_internal.h"

/* A check, turned around or not. */
struct side {
	const struct lint_check *check;
	bool negated;
};

/* A part of a rule's top conjunction. */
struct shadow_part {
	struct lint_part part;
	uint32_t text;			/* in canonical form: a number among lint.texts */
	struct side *sides;		/* the check that it is, or those of which one must hold; NULL: it is more than that */
	uint32_t n_sides;
};

struct shadow_rule {
	struct shadow_part *p;		/* what few rules have first: it tells most rules apart */
	uint32_t n;
	size_t cap;
	uint32_t rule;			/* number in the set */
};

/* All rules, and of each text that their parts have: */
struct shadows {
	struct lint *l;
	struct shadow_rule *rules;
	uint32_t n;
	uint32_t *users;		/* how many rules have it */
	uint32_t *seen;			/* the last rule looked at that has it, plus one */
};

/* --- Parts ------------------------------------------------------------------------------------ */

static struct side side_of(struct lint *l, struct lint_part p)
{
	return (struct side){ lint__check(l, &p.a->check), p.negated };
}

static void find_sides(struct lint *l, struct shadow_part *s)
{
	const struct eng_ast *a = s->part.a;
	bool is_check = a->kind == N_CHECK;
	uint32_t n = is_check ? 1 : a->n_kids;

	s->sides = arena__alloc(&l->mem, n * sizeof(*s->sides));
	for (s->n_sides = 0; s->n_sides < n; s->n_sides++) {
		struct lint_part k = is_check ? s->part : lint_part(a->kids[s->n_sides], s->part.negated);

		if (k.a->kind != N_CHECK) {
			s->sides = NULL;
			return;
		}
		s->sides[s->n_sides] = side_of(l, k);
	}
}

static void add_part(struct lint *l, struct shadow_rule *r, struct lint_part p)
{
	struct shadow_part s = { .part = p };
	struct buf b = { 0 };

	buf__puts(&b, p.negated ? "not " : "");
	eng_ast__print(p.a, &b);
	s.text = strtab__add(&l->texts, (char *)b.p, (uint32_t)b.len, (uint32_t)b.len);
	buf__done(&b);
	find_sides(l, &s);
	r->p = xgrow(r->p, &r->cap, r->n + 1, sizeof(*r->p));
	r->p[r->n++] = s;
}

static void flatten(struct lint *l, struct shadow_rule *r, struct lint_part p)
{
	if (p.a->kind == N_CHECK || !lint_part__joins(p)) {
		add_part(l, r, p);
		return;
	}
	for (uint32_t i = 0; i < p.a->n_kids; i++)
		flatten(l, r, lint_part(p.a->kids[i], p.negated));
}

static int by_users(const void *a, const void *b, void *users)
{
	const struct shadow_part *x = a, *y = b;
	const uint32_t *n = users;

	if (n[x->text] != n[y->text])
		return n[x->text] < n[y->text] ? -1 : 1;
	return x->text < y->text ? -1 : x->text > y->text;
}

/* --- Does one part follow from another? ------------------------------------------------------- */

/* All values that b leaves pass a. */
static bool values_pass(struct lint *l, const struct eng_pred *b, const struct eng_pred *a, bool negated)
{
	struct eng_lit v;

	for (uint32_t i = 0; lint__value(b, i, &v); i++)
		if (lint__holds(l, a, &v) == negated)
			return false;
	return true;
}

static bool check_follows(struct lint *l, struct side a, struct side b)
{
	const struct eng_pred *ap = a.check->pred, *bp = b.check->pred;

	if (a.check->left != b.check->left)
		return false;
	if (a.negated == b.negated && a.check->text == b.check->text)
		return true;
	if (!ap || !bp || ap->right || bp->right || !lint__is_simple(ap) || !lint__is_simple(bp))
		return false;
	if (!b.negated && lint__is_choice(bp))
		return values_pass(l, bp, ap, a.negated);
	/* not in (few) follows from not in (many) */
	if (b.negated && a.negated && lint__is_choice(ap) && lint__is_choice(bp))
		return values_pass(l, ap, bp, false);
	if (!a.negated && !b.negated && ap->op == OP_STARTSWITH && bp->op == OP_STARTSWITH &&
	    !ap->mod && !bp->mod)
		return lint__holds(l, ap, &bp->lits[0]);
	return !a.negated && !b.negated && ap->op == OP_EXISTS;
}

/* From each of the alternatives that b is. */
static bool follows(struct lint *l, struct side a, const struct shadow_part *b)
{
	for (uint32_t i = 0; i < b->n_sides; i++)
		if (!check_follows(l, a, b->sides[i]))
			return false;
	return b->n_sides > 0;
}

static bool side_follows(struct lint *l, const struct shadow_rule *r, struct side a)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->p[i].sides && follows(l, a, &r->p[i]))
			return true;
	return false;
}

static bool follows_from_rule(struct lint *l, const struct shadow_rule *r, struct lint_part a)
{
	if (a.a->kind == N_CHECK)
		return side_follows(l, r, side_of(l, a));
	for (uint32_t i = 0; i < a.a->n_kids; i++) {
		struct lint_part k = lint_part(a.a->kids[i], a.negated);

		if (follows_from_rule(l, r, k) != lint_part__joins(a))
			return !lint_part__joins(a);
	}
	return lint_part__joins(a);
}

/* What is no check is alternatives: one of them must follow. */
static bool part_follows(struct lint *l, const struct shadow_rule *r, const struct shadow_part *a)
{
	if (!a->sides)
		return follows_from_rule(l, r, a->part);
	for (uint32_t i = 0; i < a->n_sides; i++)
		if (side_follows(l, r, a->sides[i]))
			return true;
	return false;
}

/* --- Rules ------------------------------------------------------------------------------------ */

static bool covers(const struct shadows *s, uint32_t first, uint32_t later)
{
	const struct shadow_rule *r = &s->rules[first];

	for (uint32_t i = 0; i < r->n; i++)
		if (s->seen[r->p[i].text] != later + 1 && !part_follows(s->l, &s->rules[later], &r->p[i]))
			return false;
	return r->n > 0;
}

static void say(struct lint *l, const struct shadow_rule *first, const struct shadow_rule *later)
{
	const struct def_rule *a = &l->rs->rules[first->rule], *b = &l->rs->rules[later->rule];

	rules__lint(l->rs, LINT_SHADOWED, b->ctx,
		    "never fires while only the first match counts: rule '%s' (%s line %u) comes "
		    "before it and is true whenever this one is", a->name, a->file,
		    a->ctx->mark.line + 1);
}

#define MAX_PARTS 512u			/* of a condition's top conjunction */
#define MAX_RULES 4000u

static const char *source_of(const struct shadows *s, uint32_t i)
{
	return s->l->rs->rules[s->rules[i].rule].source;
}

/* Is one of those before it true whenever it is? */
static void find_first(struct shadows *s, uint32_t later)
{
	const struct shadow_rule *r = &s->rules[later];

	for (uint32_t i = 0; i < r->n; i++)
		s->seen[r->p[i].text] = later + 1;
	for (uint32_t first = 0; first < later && r->n <= MAX_PARTS; first++) {
		if (s->rules[first].n > MAX_PARTS || !covers(s, first, later) ||
		    strcmp(source_of(s, first), source_of(s, later)))
			continue;
		say(s->l, &s->rules[first], r);
		return;
	}
}

static void count_users(struct shadows *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t k = 0; k < s->rules[i].n; k++)
			s->users[s->rules[i].p[k].text]++;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->rules[i].n)
			qsort_r(s->rules[i].p, s->rules[i].n, sizeof(*s->rules[i].p), by_users, s->users);
}

void lint__shadows(struct lint *l)
{
	struct shadows s = { .l = l, .rules = xcalloc(l->rs->n_out + 1, sizeof(*s.rules)) };

	for (uint32_t i = 0; i < l->rs->n_out && s.n < MAX_RULES; i++) {
		struct shadow_rule *r = &s.rules[s.n];

		if (!l->rs->trees[i] || l->rs->trees[i]->size > MAX_NODES || l->rs->rules[i].threshold.count ||
		    !check__is_on(l->rs, &l->rs->rules[i]))
			continue;
		flatten(l, r, lint_part(l->rs->trees[i], false));
		r->rule = i;
		s.n++;
	}
	s.users = xcalloc(l->texts.n + 1, sizeof(*s.users));
	s.seen = xcalloc(l->texts.n + 1, sizeof(*s.seen));
	count_users(&s);
	for (uint32_t later = 1; later < s.n; later++)
		find_first(&s, later);
	for (uint32_t i = 0; i < s.n; i++)
		free(s.rules[i].p);
	free(s.rules);
	free(s.users);
	free(s.seen);
}
