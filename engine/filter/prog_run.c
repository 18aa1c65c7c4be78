// SPDX-License-Identifier: Apache-2.0
/*
 * The hot loop: which conditions does this event satisfy? See prog.h for the plan. Nothing is
 * allocated per event; everything remembered is bounded, and what is thrown out is only asked for
 * again.
 */
#include <stdlib.h>

#include "engine/filter/prog_profile.h"

#define MEMO_BYTES (8u << 20)		/* at most, per level */
#define MEMO_MOST 4096u			/* entries at most: a power of two */

/* What is remembered of processes, descriptors or names: entries of layout->words each. */
struct memo_table {
	const struct memo_layout *layout;
	uint64_t *words;
	uint32_t mask;			/* entries - 1 */
};

/* The value of a field or transformer for the event at hand: valid if gen is the event's. */
struct run_slot {
	uint32_t gen;
	bool present;
	struct eng_vals vals;
};

/* Answers of a test of evt.arg.X where X is a number that alone makes the text. */
#define ARG_WAYS 8u
struct arg_memo {
	struct {
		uint64_t value;
		uint16_t type;		/* of the event; 0xffff: free */
		bool hit;
	} way[ARG_WAYS];
};

struct eng_run {
	const struct eng_prog *p;
	const struct eng_ctx *ctx;
	const struct prog_list *list;
	uint32_t gen;			/* of the event at hand */
	uint64_t batch;			/* number of the batch at hand */
	uint32_t *known;		/* per node: gen * 2 + value; of another event if gen
					 * differs */
	struct run_slot *slots;
	struct memo_table memo[LV__N];
	struct arg_memo *args;
	uint64_t *at[LV__N];		/* the event's entries, found when first needed */
	uint64_t **enabled;		/* per list: mask of the conditions that are on */
	uint64_t *alive;		/* conditions still possible, as wide as the widest list */
	struct match_scratch *match;
	uint64_t n_gave_up, *gave_up;	/* matches that were given up: all, and by predicate */
	struct arena scratch;
	struct run_profile *profile;	/* NULL: not asked for */
};

static bool eval(struct eng_run *r, node_ref ref);

/* --- Memos ------------------------------------------------------------------------------------ */

static uint32_t table_entries(const struct memo_layout *m)
{
	uint32_t n = MEMO_MOST;

	while (n > 16 && (size_t)n * m->words * sizeof(uint64_t) > MEMO_BYTES)
		n /= 2;
	return n;
}

/* The entry for a key; what another key left there is forgotten. */
static uint64_t *table__at(struct memo_table *t, uint32_t hash, uint64_t key0, uint64_t key1)
{
	const struct memo_layout *m = t->layout;
	uint64_t *e = t->words + (size_t)(hash & t->mask) * m->words;

	if (e[0] == key0 && e[1] == key1)
		return e;
	e[0] = key0;
	e[1] = key1;
	memset(e + MEMO_USES, 0, (1 + m->n_bits_words) * sizeof(*e));
	return e;
}

static uint64_t *find_memo(struct eng_run *r, enum eng_level level)
{
	const struct eng_ctx *c = r->ctx;
	struct memo_table *t = &r->memo[level];

	switch (level) {
	case LV_PROC:
		return table__at(t, c->thread->slot, c->thread->epoch, c->proc->epoch);
	case LV_NAME:
		return table__at(t, c->fd_name_id, r->batch << 32 | c->fd_name_id,
				 c->fd->type + 1u);
	default:
		/*
		 * no descriptor: one entry for "not known", one for "not about one"; epochs are
		 * never 0
		 */
		if (!c->fd)
			return table__at(t, c->has_fd_num, 0, c->has_fd_num + 1u);
		return table__at(t, c->fd->slot, c->fd->epoch, 0);
	}
}

/* The event's entry of a level, NULL if it has none there. */
static inline uint64_t *memo_of(struct eng_run *r, enum eng_level level)
{
	if (level == LV_NAME || level == LV_FD) {
		if (!r->list->opens_fd)
			level = LV_FD;		/* names are remembered with their descriptors */
		else if (level == LV_FD || !r->ctx->fd_name_id || !r->ctx->fd)
			return NULL;
	} else if (level != LV_PROC) {
		return NULL;
	}
	if (!r->at[level])
		r->at[level] = find_memo(r, level);
	return r->at[level];
}

/* --- Nodes ------------------------------------------------------------------------------------ */

static const struct eng_vals *value_of(struct eng_run *r, uint32_t slot)
{
	struct run_slot *s = &r->slots[slot];

	if (s->gen != r->gen) {
		s->gen = r->gen;
		s->present = eng_expr__get(r->p->exprs[slot], r->ctx, true, &r->scratch, &s->vals);
	}
	return s->present ? &s->vals : NULL;
}

/* Numbers whose text does not depend on anything else: not those that are resolved to names. */
static bool makes_text_alone(enum fmt_ptype t)
{
	return t <= PT_ERRNO || t == PT_SYSCALLID || t == PT_SIGTYPE || t == PT_PORT ||
	       (t >= PT_FLAGS8 && t <= PT_MODE);
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

	if (param < 0 || !makes_text_alone(ev->info->params[param].type) ||
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

	if (p->plain)
		return left && p->test(p, &left->v[0], 0, r->match);
	if (left && p->right)
		right = value_of(r, p->right_slot);
	return eng_pred__eval(p, r->ctx, left, right, r->match);
}

/* What may be given up on a text that would take too long. */
static bool eval_limited(struct eng_run *r, const struct eng_pred *p)
{
	uint64_t before = match_scratch__gave_up(r->match);
	bool v = eval_any(r, p);

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
	return eval_any(r, p);
}

static bool eval_timed(struct eng_run *r, uint32_t pred)
{
	uint64_t t = run_profile__now();
	bool hit = eval_pred(r, r->p->preds[pred]);

	run_profile__pred(r->profile, pred, t, hit);
	return hit;
}

static bool compute(struct eng_run *r, const struct prog_node *n)
{
	const node_ref *kids = r->p->kids + n->kids;

	if (n->kind == NK_PRED)
		return r->profile ? eval_timed(r, n->pred) : eval_pred(r, r->p->preds[n->pred]);
	for (uint32_t i = 0; i < n->n_kids; i++)
		if (!eval(r, kids[i]))
			return false;
	return true;
}

static inline const struct memo_layout *layout_of(const struct eng_run *r, enum eng_level level)
{
	return r->memo[level == LV_NAME && !r->list->opens_fd ? LV_FD : level].layout;
}

static bool eval_remembered(struct eng_run *r, const struct prog_node *n, uint64_t *memo)
{
	uint64_t *known = memo + MEMO_KNOWN + (n->memo >> 6), bit = 1ull << (n->memo & 63);
	uint64_t *value = known + layout_of(r, n->level)->n_bits_words;
	bool v;

	if (*known & bit)
		return *value & bit;
	v = compute(r, n);
	*known |= bit;
	*value = v ? *value | bit : *value & ~bit;
	return v;
}

static bool eval_node(struct eng_run *r, uint32_t node)
{
	const struct prog_node *n = &r->p->nodes[node];
	uint64_t *memo;
	bool v;

	if (n->level != LV_EVENT) {
		if (n->kind == NK_TRUE)
			return true;
		memo = memo_of(r, n->level);
		if (memo)
			return eval_remembered(r, n, memo);
	}
	if (r->known[node] >> 1 == r->gen)
		return r->known[node] & 1;
	v = compute(r, n);
	r->known[node] = r->gen << 1 | v;
	return v;
}

static bool eval(struct eng_run *r, node_ref ref)
{
	return eval_node(r, ref >> 1) != (ref & 1);
}

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

/* One part of one condition. */
static bool eval_for(struct eng_run *r, node_ref ref, uint32_t cond)
{
	struct run_mark before = run_profile__mark(r->profile);
	bool v = eval(r, ref);

	if (r->profile)
		run_profile__cond(r->profile, r->list->conds[cond], before);
	return v;
}

static bool eval_test(struct eng_run *r, const struct prog_test *t)
{
	struct run_mark before = run_profile__mark(r->profile);
	bool v = eval(r, t->ref);

	if (r->profile)
		run_profile__conds(r->profile, r->list, r->alive, t->mask, before);
	return v;
}

/* The gates of one word of conditions that are still possible and not known yet. */
static void pass_word(struct eng_run *r, enum eng_level lv, uint32_t w, uint64_t *known,
		      uint64_t *value)
{
	const node_ref *gates = r->list->gates[lv] + w * 64;
	uint64_t left = r->alive[w] & ~(known ? *known : 0), open = 0;

	for (uint64_t todo = left; todo; todo &= todo - 1) {
		unsigned i = (unsigned)__builtin_ctzll(todo);

		open |= (uint64_t)eval_for(r, gates[i], w * 64 + i) << i;
	}
	r->alive[w] &= ~left | open;
	if (!known)
		return;
	*known |= left;
	*value = (*value & ~left) | open;
}

/*
 * Take away the conditions whose gate is closed; know_all: ask for those that are not known, else
 * leave them.
 */
static bool pass_level(struct eng_run *r, enum eng_level lv, bool know_all)
{
	const struct prog_list *l = r->list;
	uint64_t *known = NULL, *value = NULL;

	if (!l->gates[lv])
		return true;
	if (memo_of(r, lv)) {
		known = r->at[lv] + MEMO_KNOWN + l->mask_at[lv];
		value = known + r->memo[lv].layout->n_bits_words;
	}
	for (uint32_t w = 0; w < l->words; w++) {
		if (known)
			r->alive[w] &= ~known[w] | value[w];
		if (know_all)
			pass_word(r, lv, w, known ? known + w : NULL, known ? value + w : NULL);
	}
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
		if (!eval_for(r, l->late[i], cond))
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
	return !r->list->n_tests || ++memo_of(r, LV_PROC)[MEMO_USES] > PATIENCE;
}

/*
 * What is asked of a process holds for all its events: for one that does much it is asked first, for all conditions.
 * Else, as of a name or a descriptor, which may be seen once, what is known is used first, and the rest is asked for
 * after tests that cost next to nothing, for the few conditions that are left; after all tests if it will not be
 * remembered (the call failed to open).
 */
static bool pass_all(struct eng_run *r)
{
	bool know = is_worth_knowing(r);

	if (!pass_level(r, LV_PROC, know) || !pass_level(r, LV_NAME, false) ||
	    !pass_level(r, LV_FD, false) || !pass_tests(r))
		return false;
	if (!know && !pass_level(r, LV_PROC, true))
		return false;
	if (r->list->opens_fd && !r->ctx->fd)
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
	unsigned n = 0;

	if (!l)
		return 0;
	next_event(r, ctx, l);
	memcpy(r->alive, r->enabled[l->id], l->words * sizeof(*r->alive));
	if (r->profile)
		run_profile__event(r->profile, l, r->alive);
	if (!pass_all(r))
		return 0;
	for (uint32_t w = 0; w < l->words; w++) {
		for (uint64_t left = r->alive[w]; left && n < max; left &= left - 1) {
			hits[n++] = l->conds[w * 64 + (unsigned)__builtin_ctzll(left)];
			if (r->profile)
				r->profile->costs.conds[hits[n - 1]].hits++;
			if (first)
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
	for (unsigned lv = LV_PROC; lv <= LV_FD; lv++) {
		uint32_t n = table_entries(&p->memo[lv]);

		r->memo[lv] = (struct memo_table){ .layout = &p->memo[lv], .mask = n - 1 };
		r->memo[lv].words = xcalloc((size_t)n * p->memo[lv].words, sizeof(uint64_t));
	}
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
	for (unsigned lv = 0; lv < LV__N; lv++)
		free(r->memo[lv].words);
	free(r->enabled);
	free(r->alive);
	free(r->args);
	free(r->known);
	free(r->slots);
	run_profile__free(r->profile);
	free(r->gave_up);
	match_scratch__free(r->match);
	arena__done(&r->scratch);
	free(r);
}
