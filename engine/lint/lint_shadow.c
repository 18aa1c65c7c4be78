// SPDX-License-Identifier: Apache-2.0
/*
 * Rules that never get their turn when only the first match counts: an earlier rule is true
 * whenever they are. Decided from the text: every part of the earlier condition must follow from a
 * part of the later one.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/lint/lint_internal.h"

/* A part of a rule's top conjunction. */
struct shadow_part {
	struct lint_part part;
	struct eng_text text;		/* in canonical form */
	uint64_t hash;
};

struct shadow_rule {
	struct shadow_part *p;		/* sorted by hash */
	uint32_t n;
	size_t cap;
	uint32_t rule;			/* number in the set */
};

/* --- Parts ------------------------------------------------------------------------------------ */

static void add_part(struct lint *l, struct shadow_rule *r, struct lint_part p)
{
	struct shadow_part s = { .part = p };
	struct buf b = { 0 };

	buf__puts(&b, p.negated ? "not " : "");
	eng_ast__print(p.a, &b);
	s.text = (struct eng_text){ arena__strndup(&l->mem, (char *)b.p, b.len), (uint32_t)b.len };
	s.hash = strtab__hash(s.text.p, s.text.len);
	buf__done(&b);
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

static int by_hash(const void *a, const void *b)
{
	const struct shadow_part *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static bool has_part(const struct shadow_rule *r, const struct shadow_part *p)
{
	uint32_t lo = 0, hi = r->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (r->p[mid].hash < p->hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < r->n && r->p[lo].hash == p->hash; lo++)
		if (r->p[lo].text.len == p->text.len &&
		    !memcmp(r->p[lo].text.p, p->text.p, p->text.len))
			return true;
	return false;
}

/* --- Does one part follow from another? ------------------------------------------------------- */

static bool same_check(const struct eng_ast *a, const struct eng_ast *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	eng_ast__print(a, &x);
	eng_ast__print(b, &y);
	same = x.len == y.len && !memcmp(x.p, y.p, x.len);
	buf__done(&x);
	buf__done(&y);
	return same;
}

/* All values that b leaves pass a. */
static bool values_pass(struct lint *l, const struct eng_pred *b, struct lint_part a,
			const struct eng_pred *ap)
{
	struct eng_lit v;

	for (uint32_t i = 0; lint__value(b, i, &v); i++)
		if (lint__holds(l, ap, &v) == a.negated)
			return false;
	return true;
}

static bool check_follows(struct lint *l, struct lint_part a, struct lint_part b)
{
	const struct eng_pred *ap, *bp;

	if (lint__left(l, &a.a->check) != lint__left(l, &b.a->check))
		return false;
	if (a.negated == b.negated && same_check(a.a, b.a))
		return true;
	ap = lint__pred(l, &a.a->check);
	bp = lint__pred(l, &b.a->check);
	if (!ap || !bp || ap->right || bp->right || !lint__is_simple(ap) || !lint__is_simple(bp))
		return false;
	if (!b.negated && lint__is_choice(bp))
		return values_pass(l, bp, a, ap);
	/* not in (few) follows from not in (many) */
	if (b.negated && a.negated && lint__is_choice(ap) && lint__is_choice(bp))
		return values_pass(l, ap, (struct lint_part){ b.a, false }, bp);
	if (!a.negated && !b.negated && ap->op == OP_STARTSWITH && bp->op == OP_STARTSWITH &&
	    !ap->mod && !bp->mod)
		return lint__holds(l, ap, &bp->lits[0]);
	return !a.negated && !b.negated && ap->op == OP_EXISTS;
}

static bool follows_from_rule(struct lint *l, const struct shadow_rule *r, struct lint_part a);

/* Does a follow from b? */
static bool follows(struct lint *l, struct lint_part a, struct lint_part b)
{
	if (b.a->kind != N_CHECK) {	/* alternatives: from each of them */
		for (uint32_t i = 0; i < b.a->n_kids; i++) {
			struct lint_part k = lint_part(b.a->kids[i], b.negated);

			if (k.a->kind != N_CHECK || !follows(l, a, k))
				return false;
		}
		return b.a->n_kids > 0;
	}
	return a.a->kind == N_CHECK && check_follows(l, a, b);
}

static bool part_follows(struct lint *l, const struct shadow_rule *r, const struct shadow_part *a)
{
	return has_part(r, a) || follows_from_rule(l, r, a->part);
}

static bool follows_from_rule(struct lint *l, const struct shadow_rule *r, struct lint_part a)
{
	if (a.a->kind == N_CHECK) {
		for (uint32_t i = 0; i < r->n; i++)
			if (follows(l, a, r->p[i].part))
				return true;
		return false;
	}
	for (uint32_t i = 0; i < a.a->n_kids; i++) {
		struct lint_part k = lint_part(a.a->kids[i], a.negated);

		if (follows_from_rule(l, r, k) != lint_part__joins(a))
			return !lint_part__joins(a);
	}
	return lint_part__joins(a);
}

/* --- Rules ------------------------------------------------------------------------------------ */

static bool covers(struct lint *l, const struct shadow_rule *first, const struct shadow_rule *later)
{
	for (uint32_t i = 0; i < first->n; i++)
		if (!part_follows(l, later, &first->p[i]))
			return false;
	return first->n > 0;
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

void lint__shadows(struct lint *l)
{
	struct shadow_rule *all = xcalloc(l->rs->n_out + 1, sizeof(*all));
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->rs->n_out && n < MAX_RULES; i++) {
		struct shadow_rule *r = &all[n];

		if (!l->rs->trees[i] || l->rs->trees[i]->size > MAX_NODES || l->rs->rules[i].threshold.count ||
		    !check__is_on(l->rs, &l->rs->rules[i]))
			continue;
		flatten(l, r, lint_part(l->rs->trees[i], false));
		qsort(r->p, r->n, sizeof(*r->p), by_hash);
		r->rule = i;
		n++;
	}
	for (uint32_t later = 1; later < n; later++) {
		for (uint32_t first = 0; first < later; first++) {
			if (strcmp(l->rs->rules[all[first].rule].source,
				   l->rs->rules[all[later].rule].source) ||
			    all[first].n > MAX_PARTS || all[later].n > MAX_PARTS ||
			    !covers(l, &all[first], &all[later]))
				continue;
			say(l, &all[first], &all[later]);
			break;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		free(all[i].p);
	free(all);
}
