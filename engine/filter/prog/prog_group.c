// SPDX-License-Identifier: Apache-2.0
/* Predicates that compare the same text with words: one look-up answers all of them. */
#include <stdlib.h>

#include "engine/filter/prog/prog.h"

static const struct eng_pred *pred_of(const struct eng_prog *p, uint32_t node)
{
	return p->preds[p->nodes[node].pred];
}

/* In order of what they ask for. */
static int by_slot(const void *left, const void *right, void *prog)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	uint32_t x = pred_of(prog, a)->slot, y = pred_of(prog, b)->slot;

	return x != y ? (x < y ? -1 : 1) : a < b ? -1 : a > b;
}

static uint32_t find_nodes(struct eng_prog *p, uint32_t *nodes)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		if (p->nodes[i].kind == NK_PRED && pred_of(p, i)->looked_up)
			nodes[n++] = i;
	if (n)
		qsort_r(nodes, n, sizeof(*nodes), by_slot, p);
	return n;
}

/* The answers are in one word of what is remembered. */
static void place_group(struct eng_prog *p, struct prog_group *g, const uint32_t *nodes, uint32_t n)
{
	struct memo_layout *m = &p->memo[p->nodes[nodes[0]].level];

	if (m->n_nodes % 64 + n > 64)
		m->n_nodes += 64 - m->n_nodes % 64;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t bit = 1ull << m->n_nodes % 64;

		p->nodes[nodes[i]].memo = m->n_nodes++;
		p->nodes[nodes[i]].group = p->n_groups + 1;
		g->mask |= bit;
		if (pred_of(p, nodes[i])->op == OP_NE)
			g->negated |= bit;
	}
}

static void add_words(struct eng_prog *p, struct prog_group *g, const uint32_t *nodes, uint32_t n)
{
	uint32_t n_words = 0, k = 0;
	struct match_str *words;
	uint64_t *of;

	for (uint32_t i = 0; i < n; i++)
		n_words += pred_of(p, nodes[i])->n_lits;
	words = xmalloc((n_words + 1) * sizeof(*words));
	of = xmalloc((n_words + 1) * sizeof(*of));
	for (uint32_t i = 0; i < n; i++) {
		const struct eng_pred *pred = pred_of(p, nodes[i]);

		for (uint32_t l = 0; l < pred->n_lits; l++) {
			words[k] = (struct match_str){ pred->lits[l].v.str.p, pred->lits[l].v.str.len };
			of[k++] = 1ull << p->nodes[nodes[i]].memo % 64;
		}
	}
	match_set__build(&g->words, words, of, n_words, &p->mem);
	free(words);
	free(of);
}

static void add_group(struct eng_prog *p, const uint32_t *nodes, uint32_t n)
{
	struct prog_group g = { .slot = pred_of(p, nodes[0])->slot };

	place_group(p, &g, nodes, n);
	g.n = n;
	g.nodes = arena__alloc(&p->mem, n * sizeof(*nodes));
	memcpy(g.nodes, nodes, n * sizeof(*nodes));
	add_words(p, &g, nodes, n);
	p->groups = xgrow(p->groups, &p->cap_groups, p->n_groups + 1, sizeof(*p->groups));
	p->groups[p->n_groups++] = g;
}

void prog__group(struct eng_prog *p)
{
	uint32_t *nodes = xmalloc((p->n_nodes + 1) * sizeof(*nodes)), n = find_nodes(p, nodes), end;

	for (uint32_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && end < i + 64; end++)
			if (pred_of(p, nodes[end])->slot != pred_of(p, nodes[i])->slot)
				break;
		if (end > i + 1)
			add_group(p, nodes + i, end - i);
	}
	free(nodes);
}
