// SPDX-License-Identifier: Apache-2.0
/* Macros put in the place of their names. */
#include <string.h>

#include "engine/filter/lang/filter_ast.h"

/*
 * Trees beyond this are attacks or mistakes: the largest condition of upstream's files has some
 * 3000 nodes.
 */
#define MAX_NODES (1u << 20)
#define MAX_LEVELS 4000u

struct path {				/* the macros that the expansion is inside of */
	const struct path *up;
	struct eng_text name;
};

struct expand {
	const struct eng_macro_env *env;
	struct arena *mem;
	struct err *err;
	uint32_t visited, level;
};

void eng_ast__sum(struct eng_ast *a)
{
	uint64_t size = 1;

	a->open = a->kind == N_MACRO;
	a->depth = 1;
	for (uint32_t i = 0; i < a->n_kids; i++) {
		const struct eng_ast *k = a->kids[i];

		a->open |= k->open;
		size += k->size;
		if (k->depth >= a->depth)
			a->depth = k->depth + 1;
	}
	a->size = size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static bool same(struct eng_text a, struct eng_text b)
{
	return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

static int expand(struct expand *x, struct eng_ast **a, const struct path *up,
		  struct eng_pos *ret_pos);

static int too_large(struct expand *x)
{
	return err__set(x->err, -FMT_E_LIMIT,
			"condition becomes too large when its macros are put in");
}

static int expand_macro(struct expand *x, struct eng_ast **a, const struct path *up)
{
	struct path here = { up, (*a)->macro };
	const struct eng_ast *tree = x->env->get(x->env->arg, (*a)->macro);
	struct eng_ast *copy = (struct eng_ast *)(uintptr_t)tree;	/* changed by copy only */
	struct eng_pos inner;
	int r;

	if (!tree)
		return err__set(x->err, -FMT_E_UNKNOWN, "Undefined macro '%.*s' used in filter.",
				(int)here.name.len, here.name.p);
	for (const struct path *p = up; p; p = p->up)
		if (same(p->name, here.name))
			return err__set(x->err, -FMT_E_VALUE, "reference loop in macro '%.*s'",
					(int)here.name.len, here.name.p);
	r = expand(x, &copy, &here, &inner);
	if (r < 0)
		return r;
	if (x->env->used)
		x->env->used(x->env->arg, here.name);
	*a = arena__alloc(x->mem, sizeof(**a));
	**a = *copy;
	(*a)->macro = here.name;	/* so that explanations can name it */
	return 0;
}

static int expand_kids(struct expand *x, struct eng_ast **a, const struct path *up,
		       struct eng_pos *ret_pos)
{
	struct eng_ast *n = *a, *copy;
	int r;

	copy = arena__alloc(x->mem, sizeof(*copy));
	*copy = *n;
	copy->kids = arena__alloc(x->mem, n->n_kids * sizeof(*copy->kids));
	memcpy(copy->kids, n->kids, n->n_kids * sizeof(*copy->kids));
	for (uint32_t i = 0; i < n->n_kids; i++) {
		r = expand(x, &copy->kids[i], up, ret_pos);
		if (r < 0)
			return r;
	}
	eng_ast__sum(copy);
	*ret_pos = n->pos;
	if (copy->size > MAX_NODES || copy->depth > MAX_LEVELS)
		return too_large(x);
	*a = copy;
	return 0;
}

static int expand(struct expand *x, struct eng_ast **a, const struct path *up,
		  struct eng_pos *ret_pos)
{
	int r;

	if (!(*a)->open)
		return 0;
	*ret_pos = (*a)->pos;
	if (++x->visited > MAX_NODES || x->level >= MAX_LEVELS)
		return too_large(x);
	x->level++;
	r = (*a)->kind == N_MACRO ? expand_macro(x, a, up) : expand_kids(x, a, up, ret_pos);
	x->level--;
	return r;
}

int eng_ast__expand(struct eng_ast **a, const struct eng_macro_env *env, struct arena *mem,
		    struct eng_pos *ret_pos, struct err *err)
{
	struct expand x = { .env = env, .mem = mem, .err = err };

	return expand(&x, a, NULL, ret_pos);
}
