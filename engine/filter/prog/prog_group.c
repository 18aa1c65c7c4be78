// SPDX-License-Identifier: Apache-2.0
/* Predicates that ask for words in the same text: one look-up, or one pass over the text, answers all of them. */
#include <stdlib.h>

#include "engine/filter/prog/prog.h"

#define MOST_GROUPS 256u		/* each takes some memory; what is asked of few texts more gains little */

/* The nodes of one group. */
struct grouping {
	struct eng_prog *p;
	const uint32_t *nodes;
	uint32_t n;
};

static const struct eng_pred *pred_of(const struct eng_prog *p, uint32_t node)
{
	return p->preds[p->nodes[node].pred];
}

/* --- Which ------------------------------------------------------------------------------------ */

/* A word that is in each text that passes the test with literal i; it may be too short to be looked for. */
static struct match_str word_of(const struct eng_pred *p, uint32_t i)
{
	struct match_str word = { p->lits[i].v.str.p, p->lits[i].v.str.len };

	return p->op == OP_GLOB || p->op == OP_IGLOB ? words__part(word.p, word.len, "*?[\\") : word;
}

static bool is_grouped(const struct eng_pred *p)
{
	for (uint32_t i = 0; p->together > TOGETHER_WHOLE && i < p->n_lits; i++)
		if (word_of(p, i).len < WORDS_SHORTEST)
			return false;
	return p->together != TOGETHER_NOT;
}

/* In order of what they ask for, and how. */
static int by_text(const void *left, const void *right, void *prog)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	const struct eng_pred *x = pred_of(prog, a), *y = pred_of(prog, b);

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->together != y->together)
		return x->together < y->together ? -1 : 1;
	return a < b ? -1 : a > b;
}

static uint32_t find_nodes(struct eng_prog *p, uint32_t *nodes)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_nodes; i++)
		if (p->nodes[i].kind == NK_PRED && is_grouped(pred_of(p, i)))
			nodes[n++] = i;
	if (n)
		qsort_r(nodes, n, sizeof(*nodes), by_text, p);
	return n;
}

/* --- Making one ------------------------------------------------------------------------------- */

static uint64_t bit_of(const struct grouping *x, uint32_t i)
{
	return 1ull << x->p->nodes[x->nodes[i]].memo % 64;
}

/* The answers are in one word of what is remembered. */
static void place_group(struct grouping *x, struct prog_group *g)
{
	struct eng_prog *p = x->p;
	struct memo_layout *m = &p->memo[p->nodes[x->nodes[0]].level];

	if (m->n_nodes % 64 + x->n > 64)
		m->n_nodes += 64 - m->n_nodes % 64;
	g->shift = m->n_nodes % 64;
	for (uint32_t i = 0; i < x->n; i++) {
		p->nodes[x->nodes[i]].memo = m->n_nodes++;
		p->nodes[x->nodes[i]].group = p->n_groups + 1;
		g->mask |= bit_of(x, i);
		if (pred_of(p, x->nodes[i])->op == OP_NE)
			g->negated |= bit_of(x, i);
	}
}

static uint32_t count_words(const struct grouping *x)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < x->n; i++)
		n += pred_of(x->p, x->nodes[i])->n_lits;
	return n;
}

static void add_wholes(const struct grouping *x, struct prog_group *g)
{
	uint32_t n = count_words(x), k = 0;
	struct match_str *words = xmalloc((n + 1) * sizeof(*words));
	uint64_t *of = xmalloc((n + 1) * sizeof(*of));

	for (uint32_t i = 0; i < x->n; i++) {
		const struct eng_pred *pred = pred_of(x->p, x->nodes[i]);

		for (uint32_t l = 0; l < pred->n_lits; l++) {
			words[k] = (struct match_str){ pred->lits[l].v.str.p, pred->lits[l].v.str.len };
			of[k++] = bit_of(x, i);
		}
	}
	match_set__build(&g->wholes, words, of, n, &x->p->mem);
	free(words);
	free(of);
}

static enum word_place place_of(const struct eng_pred *p)
{
	return p->op == OP_STARTSWITH ? WORD_STARTS : p->op == OP_ENDSWITH ? WORD_ENDS : WORD_ANYWHERE;
}

/* Looking for a word takes a quarter of the time of one pass for all, and often the first answers are enough. */
#define PATIENCE 4u

static void add_parts(const struct grouping *x, struct prog_group *g)
{
	g->parts = arena__zalloc(&x->p->mem, sizeof(*g->parts));
	g->patience = pred_of(x->p, x->nodes[0])->together == TOGETHER_PARTS ? PATIENCE : 0;
	for (uint32_t i = 0; i < x->n; i++) {
		const struct eng_pred *pred = pred_of(x->p, x->nodes[i]);

		for (uint32_t l = 0; l < pred->n_lits; l++) {
			struct match_str word = word_of(pred, l);

			words__add(g->parts, word.p, word.len, place_of(pred), bit_of(x, i));
		}
	}
	words__build(g->parts, &x->p->mem);
}

static void add_group(struct grouping *x)
{
	struct eng_prog *p = x->p;
	const struct eng_pred *first = pred_of(p, x->nodes[0]);
	struct prog_group g = { .slot = first->slot, .n = x->n };

	place_group(x, &g);
	g.preds = arena__alloc(&p->mem, x->n * sizeof(*g.preds));
	for (uint32_t i = 0; i < x->n; i++)
		g.preds[i] = p->nodes[x->nodes[i]].pred;
	if (first->together == TOGETHER_WHOLE)
		add_wholes(x, &g);
	else
		add_parts(x, &g);
	p->groups = xgrow(p->groups, &p->cap_groups, p->n_groups + 1, sizeof(*p->groups));
	p->groups[p->n_groups++] = g;
}

void prog__group(struct eng_prog *p)
{
	uint32_t *nodes = xmalloc((p->n_nodes + 1) * sizeof(*nodes)), n = find_nodes(p, nodes), end;

	for (uint32_t i = 0; i < n && p->n_groups < MOST_GROUPS; i = end) {
		const struct eng_pred *first = pred_of(p, nodes[i]), *next;
		struct grouping x = { p, nodes + i, 0 };

		for (end = i + 1; end < n && end < i + 64; end++) {
			next = pred_of(p, nodes[end]);
			if (next->slot != first->slot || next->together != first->together)
				break;
		}
		x.n = end - i;
		if (x.n > 1)
			add_group(&x);
	}
	free(nodes);
}

void prog__ungroup(struct eng_prog *p)
{
	for (uint32_t i = 0; i < p->n_groups; i++)
		if (p->groups[i].parts)
			words__done(p->groups[i].parts);
	free(p->groups);
}
