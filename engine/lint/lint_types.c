// SPDX-License-Identifier: Apache-2.0
/*
 * What event types say. Each part of a condition has a set of types for which it may be true and
 * one for which it surely is. A check that asks for a parameter is dead if none of the types that
 * can get to it has the parameter; the whole is dead if no type is left.
 *
 * A macro is written for many rules: of an alternative in it only the macro itself says what gets
 * there, not the rule that uses it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "engine/lint/lint_internal.h"
#include "format/base/nearest.h"

struct sets {
	struct evt_set may, must;
};

/* --- Which types can satisfy a part ----------------------------------------------------------- */

static bool is_type(const struct eng_pred *p)
{
	return eng_expr__is_field(p->left, "evt.type") ||
	       eng_expr__is_field(p->left, "syscall.type");
}

static void named_types(const struct eng_check *c, struct evt_set *out)
{
	*out = (struct evt_set){ 0 };
	for (uint32_t i = 0; i < c->n_values; i++) {
		int id = fmt_event__by_name(c->values[i].p);

		if (id >= 0)
			evt_set__add(out, (unsigned)id);
	}
}

static void complement(const struct evt_set *a, struct evt_set *out)
{
	evt_set__all(out);
	for (unsigned i = 0; i < LINT_WORDS; i++)
		out->w[i] &= ~a->w[i];
}

/* Leaves the types that have the parameter of evt.arg.X, evt.rawarg.X or evt.arg[n]. */
static void need_params(const struct eng_expr *x, struct evt_set *may)
{
	for (uint32_t i = 0; i < x->n_kids; i++)
		need_params(x->kids[i], may);
	if (x->kind != X_FIELD || (strcmp(x->ref.field->name, "evt.arg") &&
				   strcmp(x->ref.field->name, "evt.rawarg")))
		return;
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++) {
		const struct fmt_event_info *e = fmt_event(t);
		bool has = e && (x->ref.param_of ? x->ref.param_of[t] >= 0 :
				 x->ref.index < e->n_params);

		if (!has)
			may->w[t / 64] &= ~(1ull << t % 64);
	}
}

static void check_sets(struct lint *l, const struct eng_check *c, struct sets *out)
{
	const struct eng_pred *p = lint__pred(l, c);

	evt_set__all(&out->may);
	out->must = (struct evt_set){ 0 };
	if (!p || p->right)
		return;
	if (is_type(p) && !c->mod && (c->op == OP_EQ || c->op == OP_IN || c->op == OP_NE)) {
		if (c->op == OP_IN && !c->n_values)
			return;		/* a list to be filled in */
		named_types(c, &out->may);
		if (c->op == OP_NE)
			complement(&out->may, &out->may);
		out->must = out->may;
		return;
	}
	need_params(p->left, &out->may);
}

static void part_sets(struct lint *l, struct lint_part p, struct sets *out)
{
	bool joins = lint_part__joins(p);
	struct evt_set may;

	if (p.a->kind != N_AND && p.a->kind != N_OR) {
		evt_set__all(&out->may);
		out->must = (struct evt_set){ 0 };
		if (p.a->kind == N_CHECK)
			check_sets(l, &p.a->check, out);
		if (p.negated) {
			may = out->may;
			complement(&out->must, &out->may);
			complement(&may, &out->must);
		}
		return;
	}
	evt_set__all(&out->may);
	out->must = out->may;
	if (!joins)
		*out = (struct sets){ 0 };
	for (uint32_t i = 0; i < p.a->n_kids; i++) {
		struct sets kid;

		part_sets(l, lint_part(p.a->kids[i], p.negated), &kid);
		(joins ? lint_set__and : lint_set__or)(&out->may, &kid.may);
		(joins ? lint_set__and : lint_set__or)(&out->must, &kid.must);
	}
}

/* --- What gets to a check --------------------------------------------------------------------- */

struct way {
	struct evt_set all;		/* what the whole condition lets through */
	struct evt_set own;		/* what the text of this origin lets through */
	const void *origin;
	bool alternative;		/* an `or` has been passed */
};

static void put_types(const struct evt_set *s, char *out, size_t size)
{
	unsigned n = 0;
	size_t at = 0;

	out[0] = 0;
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++) {
		if (!evt_set__has(s, t) || n++ > 4)
			continue;
		at += (size_t)snprintf(out + at, size - at, "%s%s", n > 1 ? ", " : "",
				       n > 4 ? "..." : fmt_events[t].name);
	}
}

static bool has_symbol(const struct evt_set *types, const struct eng_expr *x, const char *s,
		       size_t len, bool whole, struct nearest *near)
{
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++) {
		const struct fmt_group_info *g;
		int at = x->ref.param_of[t];

		if (!evt_set__has(types, t) || at < 0)
			continue;
		g = &fmt_groups[fmt_events[t].params[at].group];
		for (unsigned i = 0; i < g->n; i++) {
			const char *name = g->syms[i].name;

			if (whole ? strlen(name) == len && !memcmp(name, s, len) :
			    memmem(name, strlen(name), s, len) != NULL)
				return true;
			nearest__try(near, name);
		}
	}
	return false;
}

/* Are all parameters of that name flags or enumerations with symbols? */
static bool all_symbolic(const struct evt_set *types, const struct eng_expr *x)
{
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		if (evt_set__has(types, t) && x->ref.param_of[t] >= 0 &&
		    fmt_events[t].params[x->ref.param_of[t]].group == GROUP_NONE)
			return false;
	return true;
}

static bool is_number(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isxdigit((uint8_t)s[i]))
			return false;
	return true;
}

/* The symbols in one value, which are joined by '|'. */
static void check_symbols(struct lint *l, const struct eng_ast *at, const struct eng_pred *p,
			  struct eng_text v, const struct evt_set *types)
{
	bool whole = p->source->op == OP_EQ || p->source->op == OP_NE || p->source->op == OP_IN;

	for (size_t from = 0, to; from < v.len; from = to + 1) {
		const char *bar = memchr(v.p + from, '|', v.len - from);
		struct nearest near;
		size_t len;

		to = bar ? (size_t)(bar - v.p) : v.len;
		len = to - from;
		near = nearest__begin(v.p + from, len);
		if (is_number(v.p + from, len) ||
		    has_symbol(types, p->left, v.p + from, len, whole, &near))
			continue;
		lint__say(l, LINT_IMPOSSIBLE_VALUE, at, at->check.values_pos,
			  "evt.arg.%s has no symbol '%.*s'%s%s%s", p->left->ref.key, (int)len,
			  v.p + from, near.name ? "; did you mean '" : "",
			  near.name ? near.name : "", near.name ? "'?" : "");
		return;
	}
}

static void check_flags(struct lint *l, const struct eng_ast *at, const struct eng_pred *p,
			const struct evt_set *types)
{
	static const uint32_t ops = 1u << OP_EQ | 1u << OP_NE | 1u << OP_IN | 1u << OP_CONTAINS |
		1u << OP_STARTSWITH | 1u << OP_ENDSWITH;
	const struct eng_expr *x = p->left;

	if (x->kind != X_FIELD || strcmp(x->ref.field->name, "evt.arg") || !x->ref.param_of ||
	    p->right || !(ops >> at->check.op & 1) || !all_symbolic(types, x))
		return;
	for (uint32_t i = 0; i < at->check.n_values; i++)
		check_symbols(l, at, p, at->check.values[i], types);
}

static void visit_check(struct lint *l, const struct eng_ast *a, const struct way *w)
{
	const struct eng_pred *p = lint__pred(l, &a->check);
	const struct evt_set *here = w->alternative ? &w->own : &w->all;
	struct sets s;
	char types[200];

	if (!p || is_type(p) || lint_set__is_empty(here))
		return;			/* nothing gets here: that is said of the whole */
	check_sets(l, &a->check, &s);
	lint_set__and(&s.may, here);
	if (lint_set__is_empty(&s.may)) {
		struct buf b = { 0 };

		put_types(here, types, sizeof(types));
		eng_operand__print(a->check.left, &b);
		lint__say(l, LINT_NO_PARAMETER, a, a->pos,
			  "%.*s has no value for the events that get here: %s", (int)b.len,
			  (char *)b.p, types);
		buf__done(&b);
		return;
	}
	check_flags(l, a, p, &s.may);
}

static void visit(struct lint *l, struct lint_part p, struct way w);

/* Each part of a conjunction is reached by what all others let through. */
static void visit_joined(struct lint *l, struct lint_part p, const struct way *w)
{
	uint32_t n = p.a->n_kids;
	struct evt_set *before = arena__alloc(&l->mem, (n + 1) * sizeof(*before)), after;
	struct evt_set *own = arena__alloc(&l->mem, n * sizeof(*own));
	struct sets s;

	evt_set__all(&before[0]);
	for (uint32_t i = 0; i < n; i++) {
		part_sets(l, lint_part(p.a->kids[i], p.negated), &s);
		own[i] = s.may;
		before[i + 1] = before[i];
		lint_set__and(&before[i + 1], &s.may);
	}
	evt_set__all(&after);
	for (uint32_t i = n; i-- > 0;) {
		struct evt_set others = before[i];
		struct way in = *w;

		lint_set__and(&others, &after);
		lint_set__and(&in.all, &others);
		lint_set__and(&in.own, &others);
		visit(l, lint_part(p.a->kids[i], p.negated), in);
		lint_set__and(&after, &own[i]);
	}
}

static void visit(struct lint *l, struct lint_part p, struct way w)
{
	if (p.a->origin != w.origin) {
		w.origin = p.a->origin;
		evt_set__all(&w.own);
	}
	if (p.a->kind == N_CHECK) {
		visit_check(l, p.a, &w);
	} else if (lint_part__joins(p)) {
		visit_joined(l, p, &w);
	} else {
		w.alternative = true;
		for (uint32_t i = 0; i < p.a->n_kids; i++)
			visit(l, lint_part(p.a->kids[i], p.negated), w);
	}
}

void lint__types(struct lint *l, const struct eng_ast *a)
{
	struct lint_part top = lint_part(a, false);
	struct way w = { .origin = a->origin };
	struct sets s;

	evt_set__all(&w.all);
	evt_set__keep_source(&w.all, l->rule->source);
	w.own = w.all;
	part_sets(l, top, &s);
	visit(l, top, w);
	if (lint_set__is_empty(&s.may) && !l->found)
		lint__say(l, LINT_NEVER_TRUE, a, a->pos,
			  "the condition can never be true: the types of events that it asks for "
			  "exclude each other");
}
