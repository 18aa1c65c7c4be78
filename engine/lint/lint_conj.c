// SPDX-License-Identifier: Apache-2.0
/*
 * Comparisons that exclude each other: x = a and x = b, x in (a, b) and not x in (a, b, c), x < 3
 * and x > 5. The few values that one comparison leaves are tried with all others on the same left
 * side; ranges are cut with each other; beginnings and ends of texts are laid side by side.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/lint/lint_internal.h"

#define MAX_SAME 64u			/* checks on one left side; more are not looked at */
#define MAX_TRIALS 4096u		/* values tried for one check */

struct fact {
	const struct eng_ast *a;
	const struct eng_pred *p;
	bool negated;
	uint32_t left;			/* of equal left sides the value is the same */
};

struct facts {
	struct lint *l;
	struct fact *p;
	uint32_t n;
	size_t cap;
	struct fact why[2];		/* the two that exclude each other */
	bool alternatives;		/* no alternative is left: more than two are to blame */
};

static bool same_left(const struct fact *a, const struct fact *b)
{
	return a->left == b->left;
}

/* Checks that nothing is concluded from: types are lint_types.c's; empty lists are to be filled. */
static bool is_fact(const struct eng_pred *p)
{
	return p && !p->right && lint__is_simple(p) && !eng_expr__is_field(p->left, "evt.type") &&
	       !eng_expr__is_field(p->left, "syscall.type") &&
	       (p->left->kind != X_FIELD || strncmp(p->left->ref.field->name, "evt.deltatime", 13));
}

static void blame(struct facts *f, const struct fact *a, const struct fact *b)
{
	f->why[0] = *a;
	f->why[1] = *b;
}

/* --- Values ----------------------------------------------------------------------------------- */

/* Does no value of the choice `c` pass all others? */
static bool is_exhausted(struct facts *f, const struct fact *c)
{
	const struct fact *killer = NULL;

	if (c->negated || !lint__is_choice(c->p) || c->p->n_lits > MAX_TRIALS)
		return false;
	for (uint32_t i = 0; i < c->p->n_lits; i++) {
		bool alive = true;
		struct eng_lit v;

		lint__value(c->p, i, &v);
		for (uint32_t k = 0; k < f->n && alive; k++) {
			const struct fact *o = &f->p[k];

			if (o == c || !same_left(o, c))
				continue;
			alive = lint__holds(f->l, o->p, &v) != o->negated;
			if (!alive)
				killer = o;
		}
		if (alive)
			return false;
	}
	blame(f, c, killer);
	return true;
}

/* --- Ranges and ends -------------------------------------------------------------------------- */

struct range {
	int64_t lo, hi;
	bool present;			/* some check holds only if there is a value */
};

static void cut(struct range *r, enum eng_op op, int64_t v)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;

	switch (op) {
	case OP_LT: hi = v - (v > INT64_MIN); break;
	case OP_LE: hi = v; break;
	case OP_GT: lo = v + (v < INT64_MAX); break;
	case OP_GE: lo = v; break;
	default: return;
	}
	r->lo = lo > r->lo ? lo : r->lo;
	r->hi = hi < r->hi ? hi : r->hi;
}

static enum eng_op opposite(enum eng_op op)
{
	return op == OP_LT ? OP_GE : op == OP_LE ? OP_GT : op == OP_GT ? OP_LE : op == OP_GE ? OP_LT :
	       op;
}

static bool is_order(const struct fact *x)
{
	uint8_t type = x->p->type.type;

	return x->p->op >= OP_LT && x->p->op <= OP_GE && x->p->n_lits == 1 &&
	       (type == T_S64 || type == T_U64 || type == T_PORT || type == T_RELTIME ||
		type == T_ABSTIME) && x->p->lits[0].v.u <= INT64_MAX;
}

static bool is_empty_range(const struct fact *a, const struct fact *b)
{
	struct range r = { INT64_MIN, INT64_MAX, !a->negated || !b->negated };

	if (!is_order(a) || !is_order(b) || !r.present)
		return false;
	cut(&r, a->negated ? opposite(a->p->op) : a->p->op, a->p->lits[0].v.s);
	cut(&r, b->negated ? opposite(b->p->op) : b->p->op, b->p->lits[0].v.s);
	return r.lo > r.hi;
}

/* Two beginnings, or two ends, of which neither can be that of the other. */
static bool are_other_ends(const struct fact *a, const struct fact *b)
{
	const struct eng_val *x, *y;
	uint32_t n;

	if (a->negated || b->negated || a->p->mod || b->p->mod || a->p->op != b->p->op ||
	    (a->p->op != OP_STARTSWITH && a->p->op != OP_ENDSWITH))
		return false;
	x = &a->p->lits[0].v;
	y = &b->p->lits[0].v;
	n = x->str.len < y->str.len ? x->str.len : y->str.len;
	if (a->p->op == OP_STARTSWITH)
		return memcmp(x->str.p, y->str.p, n) != 0;
	return memcmp(x->str.p + x->str.len - n, y->str.p + y->str.len - n, n) != 0;
}

/* The very same, once as it is and once turned around. */
static bool is_opposite(const struct fact *a, const struct fact *b)
{
	return a->negated != b->negated && a->p->op == b->p->op && a->p->mod == b->p->mod &&
	       a->p->n_lits == 1 && b->p->n_lits == 1 && a->p->type.type == T_STR &&
	       a->p->lits[0].v.str.len == b->p->lits[0].v.str.len &&
	       !memcmp(a->p->lits[0].v.str.p, b->p->lits[0].v.str.p, a->p->lits[0].v.str.len);
}

/* Is the newest fact at odds with what is known already? */
static bool is_refuted(struct facts *f)
{
	const struct fact *last = &f->p[f->n - 1];
	uint32_t same = 0;

	for (uint32_t i = 0; i < f->n; i++)
		same += same_left(&f->p[i], last);
	if (same > MAX_SAME)
		return false;
	for (uint32_t i = 0; i < f->n; i++) {
		const struct fact *o = &f->p[i];

		if (!same_left(o, last))
			continue;
		if (same > 1 && is_exhausted(f, o))
			return true;
		if (o == last || (!is_empty_range(o, last) && !are_other_ends(o, last) &&
				  !is_opposite(o, last)))
			continue;
		blame(f, o, last);
		return true;
	}
	return false;
}

/* --- The tree --------------------------------------------------------------------------------- */

static bool add_check(struct facts *f, struct lint_part p)
{
	const struct eng_pred *pred = lint__pred(f->l, &p.a->check);
	struct fact x = { .a = p.a, .p = pred, .negated = p.negated,
			  .left = lint__left(f->l, &p.a->check) };

	if (!is_fact(pred))
		return false;
	f->p = xgrow(f->p, &f->cap, f->n + 1, sizeof(*f->p));
	f->p[f->n++] = x;
	return is_refuted(f);
}

/*
 * Can the part not be true where all that is known is? What it says itself is known afterwards.
 * Single checks first: they are what alternatives must agree with.
 */
static bool never(struct facts *f, struct lint_part p)
{
	uint32_t known = f->n;

	if (p.a->kind == N_CHECK)
		return add_check(f, p);
	if (lint_part__joins(p)) {
		for (unsigned ors = 0; ors < 2; ors++) {
			for (uint32_t i = 0; i < p.a->n_kids; i++) {
				struct lint_part k = lint_part(p.a->kids[i], p.negated);

				if ((k.a->kind != N_CHECK && !lint_part__joins(k)) == ors &&
				    never(f, k))
					return true;
			}
		}
		return false;
	}
	for (uint32_t i = 0; i < p.a->n_kids; i++) {
		bool dead = never(f, lint_part(p.a->kids[i], p.negated));

		f->n = known;
		if (!dead)
			return false;
	}
	f->alternatives = p.a->n_kids > 1;
	return p.a->n_kids > 0;
}

static void say(struct facts *f, const struct eng_ast *at, const char *what)
{
	struct eng_pos pos = at->pos;
	struct buf a = { 0 }, b = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		struct buf *to = i ? &b : &a;

		buf__puts(to, f->why[i].negated ? "not " : "");
		eng_ast__print(f->why[i].a, to);
	}
	if (f->why[1].a->origin == at->origin)
		pos = f->why[1].a->pos;
	lint__say(f->l, LINT_NEVER_TRUE, at, pos, "%s can never be true: '%.*s' and '%.*s' exclude each other%s", what,
		  a.len > 200 ? 200 : (int)a.len, (char *)a.p, b.len > 200 ? 200 : (int)b.len,
		  (char *)b.p, f->alternatives ? ", and so do all alternatives" : "");
	buf__done(&a);
	buf__done(&b);
}

static bool try_part(struct facts *f, struct lint_part p)
{
	f->n = 0;
	f->alternatives = false;
	return never(f, p);
}

/* Alternatives that contradict themselves. */
static void alternatives(struct facts *f, struct lint_part p)
{
	bool joins = lint_part__joins(p);

	for (uint32_t i = 0; p.a->kind != N_CHECK && i < p.a->n_kids; i++) {
		struct lint_part k = lint_part(p.a->kids[i], p.negated);

		if (!joins && k.a->kind != N_CHECK && lint_part__joins(k) && try_part(f, k))
			say(f, k.a, "this alternative");
		else
			alternatives(f, k);
	}
}

void lint__contradictions(struct lint *l, const struct eng_ast *a)
{
	struct facts f = { .l = l };
	struct lint_part top = lint_part(a, false);

	if (try_part(&f, top))
		say(&f, a, "the condition");
	else
		alternatives(&f, top);
	free(f.p);
}
