// SPDX-License-Identifier: Apache-2.0
/* The run over all rules, and what the passes ask of single checks. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/lint/lint_internal.h"

/* The number of what buf holds; buf is emptied. */
static uint32_t number_of(struct strtab *t, struct buf *b)
{
	uint32_t id = strtab__add(t, (char *)b->p, (uint32_t)b->len, (uint32_t)b->len);

	b->len = 0;
	return id;
}

const struct lint_check *lint__check(struct lint *l, const struct eng_check *c)
{
	uint32_t id = strtab__find(&l->checks, (const char *)&c, sizeof(c), sizeof(c));
	struct eng_ast whole = { .kind = N_CHECK, .check = *c };
	struct eng_pred_ctx x = { .mem = &l->mem };
	struct lint_check *k;
	struct buf b = { 0 };

	if (id)
		return l->known[id - 1];
	id = strtab__add(&l->checks, (const char *)&c, sizeof(c), sizeof(c));
	l->known = xgrow(l->known, &l->cap_known, id, sizeof(*l->known));
	k = l->known[id - 1] = arena__zalloc(&l->mem, sizeof(*k));
	if (eng_pred__compile(c, &x, &k->pred) < 0)
		k->pred = NULL;
	eng_operand__print(c->left, &b);
	k->left = number_of(&l->lefts, &b);
	eng_ast__print(&whole, &b);
	k->text = number_of(&l->texts, &b);
	buf__done(&b);
	return k;
}

const struct eng_pred *lint__pred(struct lint *l, const struct eng_check *c)
{
	return lint__check(l, c)->pred;
}

uint32_t lint__left(struct lint *l, const struct eng_check *c)
{
	return lint__check(l, c)->left;
}

void lint__say(struct lint *l, enum rules_code code, const struct eng_ast *at, struct eng_pos pos,
	       const char *fmt, ...)
{
	const struct cond_origin *o = at->origin;
	char key[96], msg[700];
	va_list ap;
	int n;

	l->found++;
	n = snprintf(key, sizeof(key), "%p %u %d", (const void *)o, pos.off, code);
	if (!o || strtab__find(&l->said, key, (uint32_t)n, (uint32_t)n))
		return;
	strtab__add(&l->said, key, (uint32_t)n, (uint32_t)n);
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	rules__lint(l->rs, code, ctx__place(l->rs, l->rule, o, pos), "%s", msg);
}

/* --- Single checks ---------------------------------------------------------------------------- */

bool lint__is_simple(const struct eng_pred *p)
{
	return (p->mode == PM_ONE || p->mode == PM_EXISTS) && !p->left->type.list &&
	       p->left->type.type != T_DYNAMIC && !p->two_sided &&
	       p->type.type != T_NET && !eng_expr__is_field(p->left, "evt.num");
}

bool lint__is_choice(const struct eng_pred *p)
{
	return p->mode == PM_ONE && (p->op == OP_EQ || p->op == OP_IN) && !p->mod && p->n_lits;
}

bool lint__value(const struct eng_pred *p, uint32_t i, struct eng_lit *ret)
{
	if (i >= p->n_lits)
		return false;
	*ret = p->lits[i];
	ret->v.type = p->type.type;
	return true;
}

bool lint__holds(struct lint *l, const struct eng_pred *p, const struct eng_lit *v)
{
	struct eng_vals left = { .n = 1, .v = { v->v } };

	return p->mode == PM_EXISTS || eng_pred__eval(p, NULL, &left, NULL, l->scratch);
}

/* --- The run ---------------------------------------------------------------------------------- */

static void lint_rule(struct lint *l, uint32_t i)
{
	const struct eng_ast *a = l->rs->trees[i];

	l->rule = &l->rs->rules[i];
	l->found = 0;
	lint__lists(l, l->rule->cond, l->rule->cond_ctx);
	if (!a || a->size > MAX_NODES)
		return;
	lint__values(l, a);
	lint__types(l, a);
	if (!l->found)
		lint__contradictions(l, a);
}

void eng_lint__run(struct eng_ruleset *rs)
{
	struct lint l = { .rs = rs, .scratch = match_scratch__new() };

	for (uint32_t i = 0; i < rs->macro_names.n; i++)
		lint__lists(&l, rs->macros[i].cond, rs->macros[i].cond_ctx);
	for (uint32_t i = 0; i < rs->n_out; i++)
		lint_rule(&l, i);
	lint__shadows(&l);
	for (uint32_t i = 0; i < l.checks.n; i++)
		if (l.known[i]->pred)
			eng_pred__done(l.known[i]->pred);
	free(l.known);
	strtab__done(&l.lefts);
	strtab__done(&l.texts);
	strtab__done(&l.checks);
	strtab__done(&l.said);
	match_scratch__free(l.scratch);
	arena__done(&l.mem);
}
