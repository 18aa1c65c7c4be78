// SPDX-License-Identifier: Apache-2.0
/* The value of predicates and conjunctions: nothing is worked out twice for what it depends on. */
#include "engine/filter/prog/prog_eval.h"

/* --- Predicates ------------------------------------------------------------------------------- */

static const struct eng_vals *value_of(struct eng_run *r, uint32_t slot)
{
	struct run_slot *s = &r->slots[slot];

	if (s->gen != r->gen) {
		s->gen = r->gen;
		s->present = eng_expr__get(r->p->exprs[slot], r->ctx, true, &r->scratch, &s->vals);
	}
	return s->present ? &s->vals : NULL;
}

static bool eval_plain(struct eng_run *r, const struct eng_pred *p)
{
	const struct eng_vals *left = value_of(r, p->slot);

	return left && p->test(p, &left->v[0], 0, r->match);
}

/* Texts of flags are long to make, and the same flags come again and again. */
static bool eval_arg(struct eng_run *r, const struct eng_pred *p)
{
	const struct fmt_ev *ev = r->ctx->ev;
	int param = p->left->ref.param_of[ev->type];
	struct arg_memo *m = &r->args[p->arg_memo];
	uint64_t v;
	unsigned way;

	if (param < 0 || !eng_ptype__stands_alone(ev->info->params[param].type) ||
	    !fmt_ev__int(ev, (unsigned)param, &v))
		return eval_plain(r, p);
	way = (unsigned)((v * 0x9e3779b97f4a7c15ull) >> 61) % ARG_WAYS;
	if (m->way[way].value != v || m->way[way].type != ev->type) {
		m->way[way].hit = eval_plain(r, p);
		m->way[way].value = v;
		m->way[way].type = ev->type;
	}
	return m->way[way].hit;
}

static bool eval_any(struct eng_run *r, const struct eng_pred *p)
{
	const struct eng_vals *left = value_of(r, p->slot), *right = NULL;

	if (left && p->right)
		right = value_of(r, p->right_slot);
	return eng_pred__eval(p, r->ctx, left, right, r->match);
}

/* What may be given up on a text that would take too long. */
static bool eval_limited(struct eng_run *r, const struct eng_pred *p)
{
	uint64_t before = match_scratch__gave_up(r->match);
	bool v = p->plain ? eval_plain(r, p) : eval_any(r, p);

	if (match_scratch__gave_up(r->match) != before) {
		r->gave_up[p->index]++;
		r->n_gave_up++;
	}
	return v;
}

static bool eval_pred(struct eng_run *r, const struct eng_pred *p)
{
	if (p->arg_memo != UINT32_MAX)
		return eval_arg(r, p);
	if (p->op == OP_REGEX || p->mode == PM_FIELD)
		return eval_limited(r, p);
	return p->plain ? eval_plain(r, p) : eval_any(r, p);
}

static bool eval_timed(struct eng_run *r, uint32_t pred)
{
	uint64_t t = run_profile__now();
	bool hit = eval_pred(r, r->p->preds[pred]);

	run_profile__pred(r->profile, pred, run_profile__since(r->profile, t), hit);
	return hit;
}

static inline bool work_out(struct eng_run *r, uint32_t pred)
{
	if (__builtin_expect(r->profile != NULL, 0))
		return eval_timed(r, pred);
	return eval_pred(r, r->p->preds[pred]);
}

/* --- Groups ----------------------------------------------------------------------------------- */

/* The predicates whose words are in the text are tried one by one: they are few, and words are but a part of some. */
static uint64_t try_some(struct eng_run *r, const struct prog_group *g, uint64_t some)
{
	uint64_t hits = 0;

	for (; some; some &= some - 1) {
		uint32_t bit = (uint32_t)__builtin_ctzll(some);

		hits |= (uint64_t)eval_pred(r, r->p->preds[g->preds[bit - g->shift]]) << bit;
	}
	return hits;
}

static uint64_t find_hits(struct eng_run *r, const struct prog_group *g)
{
	const struct eng_vals *vals = value_of(r, g->slot);
	const struct eng_val *text = vals ? &vals->v[0] : NULL;

	if (!text)
		return 0;
	if (g->parts)
		return try_some(r, g, words__in(g->parts, text->str.p, text->str.len, g->mask));
	return match_set__of(&g->wholes, text->str.p, text->str.len) ^ g->negated;
}

/* Each is charged with its part. */
static uint64_t find_hits_timed(struct eng_run *r, const struct prog_group *g)
{
	uint64_t t = run_profile__now(), hits = find_hits(r, g), ns = run_profile__since(r->profile, t);

	for (uint32_t i = 0; i < g->n; i++)
		run_profile__pred(r->profile, g->preds[i], ns / g->n + (i < ns % g->n), hits >> (g->shift + i) & 1);
	return hits;
}

/* A predicate of a group is asked for: is it quicker to look for it alone, as long as few have been asked for? */
static bool is_alone(const struct eng_run *r, const struct prog_group *g, uint32_t pred, uint64_t known)
{
	return g->patience && r->p->preds[pred]->n_lits == 1 &&
	       (unsigned)__builtin_popcountll(known & g->mask) < g->patience;
}

/* The answers of all that are in the group of a node, into the word that they have. False: not yet. */
static bool answer_group(struct eng_run *r, const struct prog_node *n, uint64_t *known, uint32_t width)
{
	const struct prog_group *g = &r->p->groups[n->group - 1];
	uint64_t hits;

	if (is_alone(r, g, n->pred, *known))
		return false;
	hits = __builtin_expect(r->profile != NULL, 0) ? find_hits_timed(r, g) : find_hits(r, g);
	*known |= g->mask;
	known[width] = (known[width] & ~g->mask) | hits;
	return true;
}

/* --- Nodes ------------------------------------------------------------------------------------ */

/* All parts of what is remembered at a level are of that level, or remembered with it. */
bool run__eval_kept(struct eng_run *r, node_ref ref, uint64_t *memo, uint32_t width)
{
	const struct prog_node *n = ref_node(r->p, ref);
	const node_ref *kids = r->p->kids + n->kids;
	uint64_t *known, bit;
	bool v = true;

	if (n->kind == NK_TRUE)
		return !(ref & 1);
	known = memo + MEMO_KNOWN + (n->memo >> 6);
	bit = 1ull << (n->memo & 63);
	if (*known & bit)
		return ((known[width] & bit) != 0) != (ref & 1);
	if (n->group && answer_group(r, n, known, width))
		return ((known[width] & bit) != 0) != (ref & 1);
	if (n->kind == NK_PRED)
		v = work_out(r, n->pred);
	else
		for (uint32_t i = 0; v && i < n->n_kids; i++)
			v = run__eval_kept(r, kids[i], memo, width);
	*known |= bit;
	known[width] = v ? known[width] | bit : known[width] & ~bit;
	return v != (ref & 1);
}

bool run__eval(struct eng_run *r, node_ref ref)
{
	const struct prog_node *n = ref_node(r->p, ref);
	const node_ref *kids = r->p->kids + n->kids;
	uint64_t *memo = n->kind == NK_TRUE ? NULL : run_memo__of(r, n->level);
	uint32_t *known = &r->known[ref >> 1];
	bool v = true;

	if (memo)
		return run__eval_kept(r, ref, memo, run_memo__width(r, n->level));
	if (*known >> 1 == r->gen)
		return (*known & 1) != (ref & 1);
	if (n->kind == NK_PRED)
		v = work_out(r, n->pred);
	else
		for (uint32_t i = 0; v && i < n->n_kids; i++)
			v = run__eval(r, kids[i]);
	*known = r->gen << 1 | v;
	return v != (ref & 1);
}
