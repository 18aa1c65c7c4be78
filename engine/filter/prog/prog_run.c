// SPDX-License-Identifier: Apache-2.0
/*
 * The hot loop: which conditions does this event satisfy? See prog.h for the plan. Nothing is
 * allocated per event.
 */
#include <stdlib.h>

#include "engine/filter/prog/prog_eval.h"

/* --- Events ----------------------------------------------------------------------------------- */

static bool any(const uint64_t *mask, uint32_t words)
{
	uint64_t all = 0;

	for (uint32_t w = 0; w < words; w++)
		all |= mask[w];
	return all;
}

static bool any_both(const uint64_t *a, const uint64_t *b, uint32_t words)
{
	uint64_t all = 0;

	for (uint32_t w = 0; w < words; w++)
		all |= a[w] & b[w];
	return all;
}

/* One part of one condition; memo: what its level remembers, or NULL. */
static bool eval_for(struct eng_run *r, node_ref ref, uint32_t cond, uint64_t *memo, uint32_t width)
{
	struct run_mark before = run_profile__mark(r->profile);
	bool v = memo ? run__eval_kept(r, ref, memo, width) : run__eval(r, ref);

	if (__builtin_expect(r->profile != NULL, 0))
		run_profile__cond(r->profile, r->list->conds[cond], before);
	return v;
}

static bool eval_test(struct eng_run *r, const struct prog_test *t)
{
	struct run_mark before = run_profile__mark(r->profile);
	bool v = run__eval(r, t->ref);

	if (__builtin_expect(r->profile != NULL, 0))
		run_profile__conds(r->profile, r->list, r->alive, t->mask, before);
	return v;
}

#define WORTH_AN_INDEX 8u		/* gates that are to be worked out */

static bool is_worth_it(const struct eng_run *r, enum eng_level lv, const uint64_t *known)
{
	unsigned n = 0;

	if (!r->list->index[lv])
		return false;
	for (uint32_t w = 0; w < r->list->words; w++)
		n += (unsigned)__builtin_popcountll(r->alive[w] & ~known[w]);
	return n >= WORTH_AN_INDEX;
}

/* Which gates can be open, as far as an index tells. */
static void look_up_open(struct eng_run *r, enum eng_level lv, uint64_t *memo, uint32_t width)
{
	const struct prog_index *x = r->list->index[lv];
	struct run_mark before = run_profile__mark(r->profile);
	uint32_t words = r->list->words;

	for (uint32_t w = 0; w < words; w++)
		r->open[w] = ~x->indexed[w];
	for (uint32_t i = 0; i < x->n_keys; i++) {
		const struct prog_key *k = &x->keys[i];

		run__eval_kept(r, k->node * 2, memo, width);
		for (uint64_t hits = memo[MEMO_KNOWN + width + (r->p->nodes[k->node].memo >> 6)] & k->bits; hits;
		     hits &= hits - 1)
			for (uint32_t w = 0; w < words; w++)
				r->open[w] |= key__mask(k, hits & -hits, words)[w];
	}
	if (__builtin_expect(r->profile != NULL, 0))
		run_profile__conds(r->profile, r->list, r->alive, x->indexed, before);
}

/* The gates of one word of conditions that are still possible and not known yet; those that are not in can be closed. */
static void pass_word(struct eng_run *r, enum eng_level lv, uint32_t w, uint64_t *memo, uint64_t can)
{
	const struct prog_list *l = r->list;
	const node_ref *gates = l->gates[lv] + w * 64;
	uint32_t width = run_memo__width(r, lv);
	uint64_t *known = memo ? memo + MEMO_KNOWN + l->mask_at[lv] + w : NULL;
	uint64_t left = r->alive[w] & ~(known ? *known : 0), open = 0;

	for (uint64_t todo = left & can; todo; todo &= todo - 1) {
		unsigned i = (unsigned)__builtin_ctzll(todo);

		open |= (uint64_t)eval_for(r, gates[i], w * 64 + i, memo, width) << i;
	}
	r->alive[w] &= ~left | open;
	if (!known)
		return;
	*known |= left;
	known[width] = (known[width] & ~left) | open;
}

/* The gates of all conditions that are still possible; memo: what their level remembers, or NULL. */
static void pass_gates(struct eng_run *r, enum eng_level lv, uint64_t *memo)
{
	const struct prog_list *l = r->list;
	bool indexed = memo && is_worth_it(r, lv, memo + MEMO_KNOWN + l->mask_at[lv]);

	if (indexed)
		look_up_open(r, lv, memo, run_memo__width(r, lv));
	for (uint32_t w = 0; w < l->words; w++)
		if (r->alive[w])
			pass_word(r, lv, w, memo, indexed ? r->open[w] : UINT64_MAX);
}

/*
 * Take away the conditions whose gate is closed; know_all: ask for those that are not known, else
 * leave them.
 */
static bool pass_level(struct eng_run *r, enum eng_level lv, bool know_all)
{
	const struct prog_list *l = r->list;
	uint64_t *memo, *known, left = 0, unknown = 0;
	uint32_t width;

	if (!l->gates[lv])
		return true;
	memo = run_memo__of(r, lv);
	if (memo) {
		width = run_memo__width(r, lv);
		known = memo + MEMO_KNOWN + l->mask_at[lv];
		for (uint32_t w = 0; w < l->words; w++) {
			r->alive[w] &= ~known[w] | known[width + w];
			left |= r->alive[w];
			unknown |= r->alive[w] & ~known[w];
		}
		if (!unknown || !know_all)
			return left;
	}
	if (know_all)
		pass_gates(r, lv, memo);
	return any(r->alive, l->words);
}

static bool pass_tests(struct eng_run *r)
{
	const struct prog_list *l = r->list;

	for (uint32_t i = 0; i < l->n_tests; i++) {
		const struct prog_test *t = &l->tests[i];

		if (!any_both(r->alive, t->mask, l->words) || eval_test(r, t))
			continue;
		for (uint32_t w = 0; w < l->words; w++)
			r->alive[w] &= ~t->mask[w];
		if (!any(r->alive, l->words))
			return false;
	}
	return true;
}

static bool passes_late(struct eng_run *r, uint32_t cond)
{
	const struct prog_list *l = r->list;

	for (uint32_t i = l->late_at[cond]; i < l->late_at[cond + 1]; i++)
		if (!eval_for(r, l->late[i], cond, NULL, 0))
			return false;
	return true;
}

static bool pass_late(struct eng_run *r)
{
	const struct prog_list *l = r->list;

	for (uint32_t w = 0; w < l->words; w++) {
		for (uint64_t left = r->alive[w]; left; left &= left - 1) {
			unsigned i = (unsigned)__builtin_ctzll(left);

			if (!passes_late(r, w * 64 + i))
				r->alive[w] &= ~(1ull << i);
		}
	}
	return any(r->alive, l->words);
}

static bool pass_names(struct eng_run *r)
{
	return pass_level(r, LV_NAME, true) && pass_level(r, LV_FD, true);
}

/* Events of a process before all is asked of it: most processes do little, and most rules are about that. */
#define PATIENCE 16u

static bool is_worth_knowing(struct eng_run *r)
{
	return !r->list->n_tests || ++run_memo__of(r, LV_PROC)[MEMO_USES] > PATIENCE;
}

/* What all names of a class have in common is asked for at once: nearly all opens end here. */
static bool pass_class(struct eng_run *r)
{
	if (!r->list->opens_fd || !run_memo__of(r, LV_NAME) || !r->name_is_shared)
		return true;
	return pass_level(r, LV_NAME, true);
}

/*
 * What is asked of a process holds for all its events: for one that does much it is asked first, for all conditions.
 * Else, as of a name or a descriptor, which may be seen once, what is known is used first, and the rest is asked for
 * after tests that cost next to nothing, for the few conditions that are left; after all tests if it will not be
 * remembered (a failed call with a relative path).
 */
static bool pass_all(struct eng_run *r)
{
	bool know;

	if (!pass_class(r) || !pass_level(r, LV_CALL, true))
		return false;
	know = is_worth_knowing(r);
	if (!pass_level(r, LV_PROC, know) || !pass_level(r, LV_NAME, false) ||
	    !pass_level(r, LV_FD, false) || !pass_tests(r))
		return false;
	if (!know && !pass_level(r, LV_PROC, true))
		return false;
	if (r->list->opens_fd && !r->ctx->fd_name_id)
		return pass_late(r) && pass_names(r);
	return pass_names(r) && pass_late(r);
}

static void next_event(struct eng_run *r, const struct eng_ctx *ctx, const struct prog_list *l)
{
	r->ctx = ctx;
	r->list = l;
	memset(r->at, 0, sizeof(r->at));
	if (r->scratch.used)
		arena__reset(&r->scratch);
	if (++r->gen < 1u << 31)
		return;
	/* once in two thousand million events: old marks must not look new */
	r->gen = 1;
	memset(r->known, 0, r->p->n_nodes * sizeof(*r->known));
	for (uint32_t i = 0; i < r->p->n_exprs; i++)
		r->slots[i].gen = 0;
}

unsigned eng_run__match(struct eng_run *r, const struct eng_ctx *ctx, bool first, uint32_t *hits,
			unsigned max)
{
	const struct prog_list *l = r->p->by_type[ctx->ev->type];
	bool found = false;
	unsigned n = 0;

	if (!l)
		return 0;
	next_event(r, ctx, l);
	for (uint32_t w = 0; w < l->words; w++)
		r->alive[w] = r->enabled[l->id][w];
	if (r->profile)
		run_profile__event(r->profile, l, r->alive);
	if (!pass_all(r))
		return 0;
	for (uint32_t w = 0; w < l->words; w++) {
		for (uint64_t left = r->alive[w]; left && n < max; left &= left - 1) {
			uint32_t c = l->conds[w * 64 + (unsigned)__builtin_ctzll(left)];

			if (first && found && !r->p->conds[c].aside)
				continue;
			found |= !r->p->conds[c].aside;
			hits[n++] = c;
			if (r->profile)
				r->profile->costs.conds[c].hits++;
			if (first && !r->p->any_aside)
				return n;
		}
	}
	return n;
}

void eng_run__batch(struct eng_run *r, const struct fmt_batch *b)
{
	(void)b;
	r->batch++;
}

void eng_run__enable(struct eng_run *r, int cond, bool on)
{
	for (uint32_t i = 0; i < r->p->n_lists; i++) {
		const struct prog_list *l = r->p->lists[i];

		for (uint32_t c = 0; c < l->n; c++) {
			if (l->conds[c] != (uint32_t)cond)
				continue;
			if (on)
				r->enabled[i][c >> 6] |= 1ull << (c & 63);
			else
				r->enabled[i][c >> 6] &= ~(1ull << (c & 63));
		}
	}
}

/* How often a predicate below the node was given up. Parts that conditions share count in each. */
static uint64_t gave_up_below(const struct eng_run *r, uint32_t node, uint8_t *seen)
{
	const struct prog_node *n = &r->p->nodes[node];
	uint64_t sum = 0;

	if (seen[node])
		return 0;
	seen[node] = 1;
	if (n->kind == NK_PRED)
		return r->gave_up[n->pred];
	for (uint32_t i = 0; i < n->n_kids; i++)
		sum += gave_up_below(r, r->p->kids[n->kids + i] >> 1, seen);
	return sum;
}

uint64_t eng_run__gave_up(const struct eng_run *r, int cond)
{
	uint8_t *seen;
	uint64_t n;

	if (!r->n_gave_up)
		return 0;
	seen = xcalloc(r->p->n_nodes, 1);
	n = gave_up_below(r, r->p->conds[cond].ref >> 1, seen);
	free(seen);
	return n;
}

void eng_run__profile(struct eng_run *r)
{
	if (!r->profile)
		r->profile = run_profile__new(r->p);
}

void eng_run__costs(const struct eng_run *r, struct eng_profile *into)
{
	if (r->profile)
		run_profile__add(r->profile, into);
}

int eng_run__new(struct eng_run **ret, const struct eng_prog *p)
{
	struct eng_run *r = xcalloc(1, sizeof(*r));
	uint32_t words = 1;

	r->p = p;
	r->known = xcalloc(p->n_nodes, sizeof(*r->known));
	r->slots = xcalloc(p->n_exprs, sizeof(*r->slots));
	r->enabled = xcalloc(p->n_lists, sizeof(*r->enabled));
	for (uint32_t i = 0; i < p->n_lists; i++) {
		const struct prog_list *l = p->lists[i];

		r->enabled[i] = xcalloc(l->words, sizeof(uint64_t));
		for (uint32_t c = 0; c < l->n; c++)
			r->enabled[i][c >> 6] |= 1ull << (c & 63);
		words = l->words > words ? l->words : words;
	}
	r->alive = xcalloc(words, sizeof(*r->alive));
	r->open = xcalloc(words, sizeof(*r->open));
	run_memo__init(r);
	r->args = xmalloc((p->n_arg_memos + 1) * sizeof(*r->args));
	memset(r->args, 0xff, (p->n_arg_memos + 1) * sizeof(*r->args));
	r->match = match_scratch__new();
	r->gave_up = xcalloc(p->n_preds + 1, sizeof(*r->gave_up));
	*ret = r;
	return 0;
}

void eng_run__free(struct eng_run *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->p->n_lists; i++)
		free(r->enabled[i]);
	run_memo__done(r);
	free(r->enabled);
	free(r->alive);
	free(r->open);
	free(r->args);
	free(r->known);
	free(r->slots);
	run_profile__free(r->profile);
	free(r->gave_up);
	match_scratch__free(r->match);
	arena__done(&r->scratch);
	free(r);
}
