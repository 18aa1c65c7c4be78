// SPDX-License-Identifier: Apache-2.0
/* The index by event type: conditions specialised for a type, split into gates and tests. */
#include <stdlib.h>

#include "engine/filter/prog/prog.h"

struct seal {
	struct eng_prog *p;
	unsigned type;
	/* what each node becomes for the type at hand: valid if mark is the type's */
	node_ref *becomes;
	uint32_t *mark;
	size_t cap_becomes, cap_mark;
	/*
	 * the test of the list at hand that each reference has: valid if test_mark is the list's
	 * number + 1
	 */
	uint32_t *test_of, *test_mark;
	size_t cap_test_of, cap_test_mark;
	size_t cap_tests;
	struct match_scratch *match;
	struct arena scratch;
};

static void room_for(struct seal *s)
{
	size_t was = s->cap_mark;

	s->becomes = xgrow(s->becomes, &s->cap_becomes, s->p->n_nodes, sizeof(*s->becomes));
	s->mark = xgrow(s->mark, &s->cap_mark, s->p->n_nodes, sizeof(*s->mark));
	memset(s->mark + was, 0, (s->cap_mark - was) * sizeof(*s->mark));
	was = s->cap_test_mark;
	s->test_of = xgrow(s->test_of, &s->cap_test_of, s->p->n_nodes * 2, sizeof(*s->test_of));
	s->test_mark = xgrow(s->test_mark, &s->cap_test_mark, s->p->n_nodes * 2,
			     sizeof(*s->test_mark));
	memset(s->test_mark + was, 0, (s->cap_test_mark - was) * sizeof(*s->test_mark));
}

/* A parameter that events of this type do not have makes the predicate false. */
static bool lacks_param(const struct eng_expr *x, unsigned type)
{
	if (x->kind == X_FIELD)
		return x->ref.param_of && x->ref.param_of[type] < 0;
	if (x->kind == X_LITERAL)
		return false;
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (lacks_param(x->kids[i], type))
			return true;
	return false;
}

/* Fields of the type level look at nothing but type and info. */
static bool eval_for_type(struct seal *s, const struct eng_pred *pred)
{
	struct fmt_ev ev = { .info = &fmt_events[s->type], .type = (uint16_t)s->type };
	struct eng_ctx ctx = { .ev = &ev };
	struct eng_vals left, right;
	bool has_left, has_right = false, hit;

	has_left = eng_expr__get(pred->left, &ctx, true, &s->scratch, &left);
	if (has_left && pred->right)
		has_right = eng_expr__get(pred->right, &ctx, true, &s->scratch, &right);
	hit = eng_pred__eval(pred, &ctx, has_left ? &left : NULL, has_right ? &right : NULL,
			     s->match);
	arena__reset(&s->scratch);
	return hit;
}

static node_ref specialise_pred(struct seal *s, uint32_t node)
{
	const struct eng_pred *pred = s->p->preds[s->p->nodes[node].pred];

	if (lacks_param(pred->left, s->type) || (pred->right && lacks_param(pred->right, s->type)))
		return REF_FALSE;
	if (pred->level == LV_TYPE)
		return eval_for_type(s, pred) ? REF_TRUE : REF_FALSE;
	return node * 2;
}

static node_ref specialise(struct seal *s, node_ref ref)
{
	uint32_t node = ref >> 1;
	node_ref out, *parts;
	uint32_t n, kids;

	if (s->mark[node] == s->type + 1)
		return s->becomes[node] ^ (ref & 1);
	if (s->p->nodes[node].kind == NK_TRUE) {
		out = REF_TRUE;
	} else if (s->p->nodes[node].kind == NK_PRED) {
		out = specialise_pred(s, node);
	} else {
		n = s->p->nodes[node].n_kids;
		kids = s->p->nodes[node].kids;
		parts = xmalloc(n * sizeof(*parts));
		for (uint32_t i = 0; i < n; i++)
			parts[i] = specialise(s, s->p->kids[kids + i]);
		out = prog__and(s->p, parts, n);
		free(parts);
		room_for(s);
	}
	s->mark[node] = s->type + 1;
	s->becomes[node] = out;
	return out ^ (ref & 1);
}

/* --- Lists ------------------------------------------------------------------------------------ */

static bool same_list(const struct prog_list *l, const uint32_t *conds, const node_ref *refs,
		      uint32_t n, bool opens)
{
	return l->n == n && l->opens_fd == opens && !memcmp(l->conds, conds, n * sizeof(*conds)) &&
	       !memcmp(l->refs, refs, n * sizeof(*refs));
}

static struct prog_list *find_list(struct eng_prog *p, const uint32_t *conds, const node_ref *refs,
				   uint32_t n,
				   bool opens)
{
	for (uint32_t i = 0; i < p->n_lists; i++)
		if (same_list(p->lists[i], conds, refs, n, opens))
			return p->lists[i];
	return NULL;
}

/* Where a part of a condition belongs in this list: a gate's level, or LV_EVENT for the tests. */
static enum eng_level place_of(const struct eng_prog *p, const struct prog_list *l, node_ref ref)
{
	enum eng_level level = ref_node(p, ref)->level;

	if (level == LV_NAME && !l->opens_fd)
		return LV_FD;
	/* the descriptor is new each time: nothing to remember */
	if (level == LV_FD && l->opens_fd)
		return LV_EVENT;
	return level == LV_TYPE ? LV_EVENT : level;
}

static uint64_t *new_mask(struct eng_prog *p, const struct prog_list *l)
{
	return arena__zalloc(&p->mem, l->words * sizeof(uint64_t));
}

static void need_test(struct seal *s, struct prog_list *l, node_ref ref, uint32_t cond)
{
	if (s->test_mark[ref] != l->id + 1) {
		l->tests = xgrow(l->tests, &s->cap_tests, l->n_tests + 1, sizeof(*l->tests));
		l->tests[l->n_tests] = (struct prog_test){ ref, new_mask(s->p, l) };
		s->test_mark[ref] = l->id + 1;
		s->test_of[ref] = l->n_tests++;
	}
	l->tests[s->test_of[ref]].mask[cond >> 6] |= 1ull << (cond & 63);
}

static void split_cond(struct seal *s, struct prog_list *l, uint32_t c)
{
	struct eng_prog *p = s->p;
	const struct prog_node *top = ref_node(p, l->refs[c]);
	bool is_and = top->kind == NK_AND && !(l->refs[c] & 1);
	uint32_t n = is_and ? top->n_kids : 1, kids = top->kids, counts[LV__N] = { 0 };
	node_ref *parts[LV__N];

	for (unsigned lv = 0; lv < LV__N; lv++)
		parts[lv] = xmalloc(n * sizeof(node_ref));
	for (uint32_t i = 0; i < n; i++) {
		node_ref ref = is_and ? p->kids[kids + i] : l->refs[c];
		enum eng_level lv = place_of(p, l, ref);

		if (ref != REF_TRUE)
			parts[lv][counts[lv]++] = ref;
	}
	for (uint32_t i = 0; i < counts[LV_EVENT]; i++)
		need_test(s, l, parts[LV_EVENT][i], c);
	for (unsigned lv = LV_CALL; lv <= LV_FD; lv++) {
		if (counts[lv] && !l->gates[lv])
			l->gates[lv] = arena__zalloc(&p->mem,
						     l->n * sizeof(node_ref));	/* zero is "true" */
		if (counts[lv])
			l->gates[lv][c] = prog__and(p, parts[lv], counts[lv]);
	}
	for (unsigned lv = 0; lv < LV__N; lv++)
		free(parts[lv]);
}

static unsigned bits(const uint64_t *mask, uint32_t words)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < words; i++)
		n += (unsigned)__builtin_popcountll(mask[i]);
	return n;
}

struct ranked {
	struct prog_test test;
	uint64_t rank;
	bool late;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->late != y->late)
		return x->late - y->late;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->test.ref < y->test.ref ? -1 : x->test.ref > y->test.ref;
}

/* what a test may cost for each condition that it can take away */
#define EARLY_COST 3u

static bool needs(const struct prog_test *t, uint32_t cond)
{
	return t->mask[cond >> 6] >> (cond & 63) & 1;
}

static void keep_late(struct eng_prog *p, struct prog_list *l, const struct ranked *r, uint32_t n)
{
	uint32_t total = 0, k = 0;

	for (uint32_t i = 0; i < n; i++)
		total += bits(r[i].test.mask, l->words);
	l->late = arena__alloc(&p->mem, total * sizeof(*l->late));
	l->late_at = arena__alloc(&p->mem, (l->n + 1) * sizeof(*l->late_at));
	for (uint32_t c = 0; c < l->n; c++) {
		l->late_at[c] = k;
		for (uint32_t i = 0; i < n; i++)
			if (needs(&r[i].test, c))
				l->late[k++] = r[i].test.ref;
	}
	l->late_at[l->n] = k;
}

/*
 * Cheap tests first, and among them those that many conditions need; the others go to their
 * conditions.
 */
static void order_tests(struct eng_prog *p, struct prog_list *l)
{
	struct ranked *r = xmalloc((l->n_tests + 1) * sizeof(*r));
	struct prog_test *early;
	uint32_t n_early = 0;

	for (uint32_t i = 0; i < l->n_tests; i++) {
		uint32_t cost = ref_node(p, l->tests[i].ref)->cost,
			users = bits(l->tests[i].mask, l->words);

		r[i] = (struct ranked){ l->tests[i], (uint64_t)cost * 1024 / users,
				       cost > EARLY_COST * users };
		n_early += !r[i].late;
	}
	qsort(r, l->n_tests, sizeof(*r), by_rank);
	early = arena__alloc(&p->mem, n_early * sizeof(*early));
	for (uint32_t i = 0; i < n_early; i++)
		early[i] = r[i].test;
	keep_late(p, l, r + n_early, l->n_tests - n_early);
	free(l->tests);
	l->tests = early;
	l->n_tests = n_early;
	free(r);
}

static struct prog_list *new_list(struct seal *s, const uint32_t *conds, const node_ref *refs,
				  uint32_t n,
				  bool opens)
{
	struct eng_prog *p = s->p;
	struct prog_list *l = arena__zalloc(&p->mem, sizeof(*l));

	s->cap_tests = 0;
	l->id = p->n_lists;
	l->n = n;
	l->words = (n + 63) / 64;
	l->opens_fd = opens;
	l->conds = arena__alloc(&p->mem, n * sizeof(*conds));
	l->refs = arena__alloc(&p->mem, n * sizeof(*refs));
	memcpy(l->conds, conds, n * sizeof(*conds));
	memcpy(l->refs, refs, n * sizeof(*refs));
	for (uint32_t c = 0; c < n; c++)
		split_cond(s, l, c);
	order_tests(p, l);
	for (unsigned lv = LV_CALL; lv <= LV_FD; lv++) {
		if (!l->gates[lv])
			continue;
		/* counted from 0 here, placed by lay_out */
		l->mask_at[lv] = p->memo[lv].n_bits_words;
		p->memo[lv].n_bits_words += l->words;
	}
	p->lists = xgrow(p->lists, &p->cap_lists, p->n_lists + 1, sizeof(*p->lists));
	p->lists[p->n_lists++] = l;
	return l;
}

/* Each node that a level remembers gets its bits there. */
static void lay_out(struct eng_prog *p)
{
	prog__group(p);
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		struct prog_node *n = &p->nodes[i];

		if (n->kind != NK_TRUE && !n->group && n->level >= LV_CALL && n->level <= LV_FD)
			n->memo = p->memo[n->level].n_nodes++;
	}
	/*
	 * where descriptors are remembered, their names are too: name nodes come first in the same
	 * bits
	 */
	for (uint32_t i = 0; i < p->n_nodes; i++)
		if (p->nodes[i].level == LV_FD && p->nodes[i].kind != NK_TRUE)
			p->nodes[i].memo += p->memo[LV_NAME].n_nodes;
	p->memo[LV_FD].n_nodes += p->memo[LV_NAME].n_nodes;
	for (unsigned lv = LV_CALL; lv <= LV_FD; lv++) {
		struct memo_layout *m = &p->memo[lv];

		m->masks_at = (m->n_nodes + 63) / 64;
		m->n_bits_words += m->masks_at;
		m->words = MEMO_KNOWN + 2 * m->n_bits_words;
	}
	for (uint32_t i = 0; i < p->n_lists; i++)
		for (unsigned lv = LV_CALL; lv <= LV_FD; lv++)
			p->lists[i]->mask_at[lv] += p->memo[lv].masks_at;
}

static void seal_type(struct seal *s, uint32_t *conds, node_ref *refs)
{
	struct eng_prog *p = s->p;
	bool opens = fmt_events[s->type].flags & EF_OPENS_FD;
	uint32_t n = 0;

	for (uint32_t c = 0; c < p->n_conds; c++) {
		node_ref ref;

		if (!evt_set__has(&p->conds[c].types, s->type))
			continue;
		ref = specialise(s, p->conds[c].ref);
		if (ref == REF_FALSE)
			continue;
		room_for(s);
		conds[n] = c;
		refs[n++] = ref;
	}
	if (!n)
		return;
	p->by_type[s->type] = find_list(p, conds, refs, n, opens);
	if (!p->by_type[s->type])
		p->by_type[s->type] = new_list(s, conds, refs, n, opens);
	room_for(s);
}

static int8_t param_named(unsigned type, const char *name)
{
	for (unsigned i = 0; fmt_event(type) && i < fmt_events[type].n_params; i++)
		if (!strcmp(fmt_events[type].params[i].name, name))
			return (int8_t)i;
	return -1;
}

int eng_prog__seal(struct eng_prog *p, struct err *err)
{
	struct seal s = { .p = p };
	uint32_t *conds = xmalloc((p->n_conds + 1) * sizeof(*conds));
	node_ref *refs = xmalloc((p->n_conds + 1) * sizeof(*refs));

	(void)err;
	s.match = match_scratch__new();
	room_for(&s);
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++) {
		p->flags_of[i] = param_named(i, "flags");
		p->mode_of[i] = param_named(i, "mode");
		if (!fmt_event(i))
			continue;
		s.type = i;
		seal_type(&s, conds, refs);
	}
	lay_out(p);
	prog__index(p);
	name_filter__build(&p->names, p->preds, p->n_preds, &p->mem);
	p->sealed = true;
	/* a condition's types are those in whose lists it is */
	for (uint32_t c = 0; c < p->n_conds; c++)
		p->conds[c].types = (struct evt_set){ 0 };
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		for (uint32_t k = 0; p->by_type[i] && k < p->by_type[i]->n; k++)
			evt_set__add(&p->conds[p->by_type[i]->conds[k]].types, i);
	match_scratch__free(s.match);
	arena__done(&s.scratch);
	free(s.becomes);
	free(s.mark);
	free(s.test_of);
	free(s.test_mark);
	free(conds);
	free(refs);
	return 0;
}
