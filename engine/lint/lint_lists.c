// SPDX-License-Identifier: Apache-2.0
/*
 * Lists in the text as it is written, before lists are put in: an empty one that is no list to be
 * filled in, and a name that no list has.
 */
#include <string.h>

#include "engine/lint/lint_internal.h"
#include "format/base/nearest.h"

static bool takes_list(const struct eng_check *c)
{
	return c->op == OP_IN || c->op == OP_INTERSECTS || c->op == OP_PMATCH || c->mod;
}

static void unknown_list(struct lint *l, const char *name, const struct rules_ctx *at)
{
	struct nearest near = nearest__begin(name, strlen(name));

	for (uint32_t i = 0; i < l->rs->list_names.n; i++)
		nearest__try(&near, l->rs->lists[i].name);
	rules__lint(l->rs, LINT_UNKNOWN_LIST, at,
		    "there is no list '%s': this compares with the text%s%s%s", name,
		    near.name ? "; did you mean '" : "", near.name ? near.name : "",
		    near.name ? "'?" : "");
}

static void look_at(struct lint *l, const struct eng_check *c, struct eng_text text,
		    const struct rules_ctx *ctx)
{
	if (!takes_list(c) || c->rhs == RHS_OPERAND)
		return;
	if (!c->n_values)
		rules__lint(l->rs, LINT_EMPTY_LIST,
			    ctx__condition(l->rs, c->values_pos, text, ctx),
			    "the list is empty: this is never true");
	else if (text.p[c->values_pos.off] != '(' && !find_list(l->rs, c->values[0].p))
		unknown_list(l, c->values[0].p, ctx__condition(l->rs, c->values_pos, text, ctx));
}

static void walk(struct lint *l, const struct eng_ast *a, struct eng_text text,
		 const struct rules_ctx *ctx)
{
	for (uint32_t i = 0; i < a->n_kids; i++)
		walk(l, a->kids[i], text, ctx);
	if (a->kind == N_CHECK)
		look_at(l, &a->check, text, ctx);
}

void lint__lists(struct lint *l, const char *text, const struct rules_ctx *ctx)
{
	struct eng_text whole = { text, (uint32_t)strlen(text) };
	struct eng_ast *a;

	/* what needs a list's text to be a condition at all is not looked at */
	if (!eng_filter__parse(text, whole.len, 1000, &l->mem, &a, NULL) && a->size <= MAX_NODES)
		walk(l, a, whole, ctx);
}
