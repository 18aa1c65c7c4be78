// SPDX-License-Identifier: Apache-2.0
/*
 * The gates of a list by the words that could open them: a condition about twenty programs is not looked at for a
 * process that is none of them.
 */
#include <stdlib.h>

#include "engine/filter/prog/prog.h"

#define MOST_NODES 32u			/* in the clause of a condition */
#define MOST_STEPS 500u			/* to find it */
#define FEWEST_CONDS 8u			/* that have one: else an index is not worth it */

/* Predicates of which one must be true for a gate to be open; n 0: none are known. */
struct clause {
	uint32_t node[MOST_NODES], n;
};

static bool is_key(const struct eng_prog *p, uint32_t node)
{
	const struct prog_node *n = &p->nodes[node];

	return n->kind == NK_PRED && n->group && !p->groups[n->group - 1].patience && p->preds[n->pred]->op != OP_NE;
}

static void find_clause(const struct eng_prog *p, node_ref ref, unsigned *steps, struct clause *ret);

/* Of all that must be true, that with the fewest predicates. */
static void find_least(const struct eng_prog *p, const struct prog_node *n, unsigned *steps, struct clause *ret)
{
	for (uint32_t i = 0; i < n->n_kids && ret->n != 1; i++) {
		struct clause one;

		find_clause(p, p->kids[n->kids + i], steps, &one);
		if (one.n && (!ret->n || one.n < ret->n))
			*ret = one;
	}
}

/* Of alternatives, all together. */
static void find_all(const struct eng_prog *p, const struct prog_node *n, unsigned *steps, struct clause *ret)
{
	for (uint32_t i = 0; i < n->n_kids; i++) {
		struct clause one;

		find_clause(p, ref_not(p->kids[n->kids + i]), steps, &one);
		if (!one.n || ret->n + one.n > MOST_NODES) {
			ret->n = 0;
			return;
		}
		memcpy(ret->node + ret->n, one.node, one.n * sizeof(*one.node));
		ret->n += one.n;
	}
}

static void find_clause(const struct eng_prog *p, node_ref ref, unsigned *steps, struct clause *ret)
{
	const struct prog_node *n = ref_node(p, ref);

	ret->n = 0;
	if (!*steps || !--*steps)
		return;
	if (n->kind == NK_AND && ref & 1)
		find_all(p, n, steps, ret);
	else if (n->kind == NK_AND)
		find_least(p, n, steps, ret);
	else if (!(ref & 1) && is_key(p, ref >> 1))
		ret->node[ret->n++] = ref >> 1;
}

/* --- The index of a list ---------------------------------------------------------------------- */

static uint64_t bit_of(const struct eng_prog *p, uint32_t node)
{
	return 1ull << p->nodes[node].memo % 64;
}

static struct prog_key *key_for(struct eng_prog *p, struct prog_index *x, uint32_t node)
{
	uint32_t group = p->nodes[node].group;

	for (uint32_t k = 0; k < x->n_keys; k++)
		if (p->nodes[x->keys[k].node].group == group)
			return &x->keys[k];
	x->keys[x->n_keys] = (struct prog_key){ .node = node };
	return &x->keys[x->n_keys++];
}

static void add_bits(struct eng_prog *p, struct prog_index *x, const struct clause *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		key_for(p, x, c->node[i])->bits |= bit_of(p, c->node[i]);
}

static void add_cond(struct eng_prog *p, const struct prog_list *l, struct prog_index *x, const struct clause *c,
		     uint32_t cond)
{
	x->indexed[cond >> 6] |= 1ull << (cond & 63);
	for (uint32_t i = 0; i < c->n; i++) {
		struct prog_key *k = key_for(p, x, c->node[i]);

		key__mask(k, bit_of(p, c->node[i]), l->words)[cond >> 6] |= 1ull << (cond & 63);
	}
}

static void index_gates(struct eng_prog *p, struct prog_list *l, enum eng_level lv)
{
	struct clause *clauses = xcalloc(l->n, sizeof(*clauses));
	struct prog_index *x = arena__zalloc(&p->mem, sizeof(*x));
	uint32_t n = 0;

	x->keys = arena__zalloc(&p->mem, p->n_groups * sizeof(*x->keys));
	x->indexed = arena__zalloc(&p->mem, l->words * sizeof(*x->indexed));
	for (uint32_t c = 0; c < l->n; c++) {
		unsigned steps = MOST_STEPS;

		find_clause(p, l->gates[lv][c], &steps, &clauses[c]);
		add_bits(p, x, &clauses[c]);
		n += clauses[c].n != 0;
	}
	for (uint32_t k = 0; k < x->n_keys; k++)
		x->keys[k].masks = arena__zalloc(&p->mem, (size_t)__builtin_popcountll(x->keys[k].bits) * l->words *
							  sizeof(uint64_t));
	for (uint32_t c = 0; c < l->n; c++)
		if (clauses[c].n)
			add_cond(p, l, x, &clauses[c], c);
	if (n >= FEWEST_CONDS)
		l->index[lv] = x;
	free(clauses);
}

void prog__index(struct eng_prog *p)
{
	for (uint32_t i = 0; p->n_groups && i < p->n_lists; i++)
		for (unsigned lv = LV_CALL; lv <= LV_FD; lv++)
			if (p->lists[i]->gates[lv])
				index_gates(p, p->lists[i], lv);
}
