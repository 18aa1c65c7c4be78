// SPDX-License-Identifier: Apache-2.0
/* The graph: nodes, each once. */
#include <stdlib.h>
#include <string.h>

#include "engine/filter/prog/prog.h"

#define MAX_COST 100000u
#define MAX_FLAT 4096u			/* parts of one conjunction; more stay nested */

/* --- Look-ups --------------------------------------------------------------------------------- */

static void index__grow(struct hash_index *x, index_hash_fn *hash, const void *arg)
{
	uint32_t slots = x->slots ? (x->mask + 1) * 2 : 64;

	free(x->slots);
	x->slots = xcalloc(slots, sizeof(*x->slots));
	x->mask = slots - 1;
	for (uint32_t i = 0; i < x->n; i++) {
		uint32_t at = (uint32_t)hash(arg, i) & x->mask;

		while (x->slots[at])
			at = (at + 1) & x->mask;
		x->slots[at] = i + 1;
	}
}

uint32_t *index__slot(struct hash_index *x, uint64_t h, index_hash_fn *hash, index_same_fn *same, const void *arg,
		      const void *key)
{
	uint32_t at;

	if (!x->slots || x->n * 2 > x->mask)
		index__grow(x, hash, arg);
	for (at = (uint32_t)h & x->mask; x->slots[at]; at = (at + 1) & x->mask)
		if (same(arg, x->slots[at] - 1, key))
			break;
	return &x->slots[at];
}

void index__clear(struct hash_index *x)
{
	if (x->slots)
		memset(x->slots, 0, ((size_t)x->mask + 1) * sizeof(*x->slots));
	x->n = 0;
}

static uint64_t node_hash_of(const struct prog_node *n, const node_ref *kids)
{
	uint64_t h = prog__mix(n->kind, n->pred);

	for (uint32_t i = 0; i < n->n_kids; i++)
		h = prog__mix(h, kids[i]);
	return h;
}

static uint64_t node_hash(const void *arg, uint32_t i)
{
	const struct eng_prog *p = arg;

	return node_hash_of(&p->nodes[i], p->kids + p->nodes[i].kids);
}

struct node_key {
	const struct prog_node *node;
	const node_ref *kids;
};

static bool node_same(const void *arg, uint32_t i, const void *key)
{
	const struct eng_prog *p = arg;
	const struct node_key *k = key;
	const struct prog_node *n = &p->nodes[i];

	return n->kind == k->node->kind && n->pred == k->node->pred &&
		n->n_kids == k->node->n_kids &&
	       (!n->n_kids || !memcmp(p->kids + n->kids, k->kids, n->n_kids * sizeof(node_ref)));
}

/* --- Nodes ------------------------------------------------------------------------------------ */

node_ref prog__add_node(struct eng_prog *p, struct prog_node n, const node_ref *kids)
{
	struct node_key key = { &n, kids };
	uint32_t *slot = index__slot(&p->node_index, node_hash_of(&n, kids), node_hash, node_same,
				     p, &key);

	if (*slot)
		return (*slot - 1) * 2;
	n.kids = p->n_kids;
	n.memo = UINT32_MAX;
	if (n.n_kids) {
		p->kids = xgrow(p->kids, &p->cap_kids, p->n_kids + n.n_kids, sizeof(*p->kids));
		memcpy(p->kids + p->n_kids, kids, n.n_kids * sizeof(*kids));
		p->n_kids += n.n_kids;
	}
	p->nodes = xgrow(p->nodes, &p->cap_nodes, p->n_nodes + 1, sizeof(*p->nodes));
	p->nodes[p->n_nodes] = n;
	*slot = ++p->n_nodes;
	p->node_index.n = p->n_nodes;
	return (p->n_nodes - 1) * 2;
}

static int by_cost(const void *left, const void *right, void *prog)
{
	node_ref a = *(const node_ref *)left, b = *(const node_ref *)right;
	const struct prog_node *x = ref_node(prog, a), *y = ref_node(prog, b);

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	if (x->work != y->work)
		return x->work < y->work ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* Conjunctions among the parts give their own parts. */
static node_ref *flatten(const struct eng_prog *p, const node_ref *parts, uint32_t n,
			 uint32_t *ret_n)
{
	uint32_t total = 0, k = 0;
	node_ref *out;

	for (uint32_t i = 0; i < n; i++)
		total += ref_node(p, parts[i])->kind == NK_AND && !(parts[i] & 1) ?
			 ref_node(p, parts[i])->n_kids : 1;
	if (total > MAX_FLAT && total > n)
		total = 0;
	out = xmalloc((total ? total : n) * sizeof(*out));
	for (uint32_t i = 0; i < n; i++) {
		const struct prog_node *node = ref_node(p, parts[i]);

		if (total && node->kind == NK_AND && !(parts[i] & 1)) {
			memcpy(out + k, p->kids + node->kids, node->n_kids * sizeof(*out));
			k += node->n_kids;
		} else {
			out[k++] = parts[i];
		}
	}
	*ret_n = k;
	return out;
}

/* The parts of what a negated part negates: of not (a and b), a and b; of not a, a. */
static const node_ref *parts_of_negated(const struct eng_prog *p, const node_ref *part,
					node_ref *one, uint32_t *ret_n)
{
	const struct prog_node *n = ref_node(p, *part);

	if (*part & 1 && n->kind == NK_AND) {
		*ret_n = n->n_kids;
		return p->kids + n->kids;
	}
	*one = ref_not(*part);
	*ret_n = 1;
	return one;
}

static bool among(node_ref ref, const node_ref *set, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (set[i] == ref)
			return true;
	return false;
}

/* What all negated parts have in common, into out (room for the first one's parts). */
static uint32_t find_common(const struct eng_prog *p, const node_ref *parts, uint32_t n,
			    node_ref *out)
{
	node_ref one;
	uint32_t n_set, k;
	const node_ref *set = parts_of_negated(p, &parts[0], &one, &k);

	memcpy(out, set, k * sizeof(*out));
	for (uint32_t i = 1; i < n && k; i++) {
		uint32_t left = 0;

		set = parts_of_negated(p, &parts[i], &one, &n_set);
		for (uint32_t c = 0; c < k; c++)
			if (among(out[c], set, n_set))
				out[left++] = out[c];
		k = left;
	}
	return k;
}

/* A negated part without what is common: not (common and rest) becomes not rest. */
static node_ref without(struct eng_prog *p, node_ref part, const node_ref *common,
			uint32_t n_common)
{
	node_ref one, r, *rest;
	uint32_t n, k = 0;
	const node_ref *set = parts_of_negated(p, &part, &one, &n);

	rest = xmalloc((n + 1) * sizeof(*rest));
	for (uint32_t i = 0; i < n; i++)
		if (!among(set[i], common, n_common))
			rest[k++] = set[i];
	r = ref_not(prog__and(p, rest, k));
	free(rest);
	return r;
}

#define MAX_FACTOR 64u			/* parts looked through for what they have in common */

/*
 * (a and b) or (a and c) is a and (b or c): what all alternatives need can be asked first, and
 * alone. As conjunctions: parts that are all negated. REF_NONE: they have nothing in common.
 */
static node_ref factor(struct eng_prog *p, const node_ref *parts, uint32_t n)
{
	uint32_t n_common, n_first;
	node_ref one, *common, *rest, r;

	if (n < 2 || n > MAX_FACTOR)
		return REF_NONE;
	parts_of_negated(p, &parts[0], &one, &n_first);
	if (n_first > MAX_FACTOR)
		return REF_NONE;
	common = xmalloc((n_first + 1) * sizeof(*common));
	n_common = find_common(p, parts, n, common);
	if (!n_common) {
		free(common);
		return REF_NONE;
	}
	rest = xmalloc(n * sizeof(*rest));
	for (uint32_t i = 0; i < n; i++)
		rest[i] = without(p, parts[i], common, n_common);
	common[n_common] = ref_not(prog__and(p, rest, n));
	r = ref_not(prog__and(p, common, n_common + 1));
	free(rest);
	free(common);
	return r;
}

#define MAX_INSERTED 32u		/* parts that are put in order one by one: more take too long that way */

static void sort(struct eng_prog *p, node_ref *parts, uint32_t n)
{
	if (n > MAX_INSERTED) {
		qsort_r(parts, n, sizeof(*parts), by_cost, p);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		node_ref part = parts[i];
		uint32_t at = i;

		for (; at && by_cost(&parts[at - 1], &part, p) > 0; at--)
			parts[at] = parts[at - 1];
		parts[at] = part;
	}
}

/* Sorted parts without doubles and constants; *ret_n = 0 and REF_FALSE if they contradict. */
static node_ref reduce(struct eng_prog *p, node_ref *parts, uint32_t n, uint32_t *ret_n)
{
	uint32_t k = 0;

	sort(p, parts, n);
	for (uint32_t i = 0; i < n; i++) {
		if (parts[i] == REF_TRUE || (k && parts[k - 1] == parts[i]))
			continue;
		if (parts[i] == REF_FALSE || (k && parts[k - 1] == ref_not(parts[i]))) {
			*ret_n = 0;
			return REF_FALSE;
		}
		parts[k++] = parts[i];
	}
	*ret_n = k;
	return REF_TRUE;
}

node_ref prog__and(struct eng_prog *p, node_ref *parts, uint32_t n)
{
	struct prog_node node = { .kind = NK_AND, .level = LV_TYPE };
	uint32_t cost = 1, work = 1;
	node_ref *flat = flatten(p, parts, n, &n), r;

	r = reduce(p, flat, n, &n);
	if (n == 1)
		r = flat[0];
	if (n < 2)
		goto out;
	r = factor(p, flat, n);
	if (r != REF_NONE)
		goto out;
	for (uint32_t i = 0; i < n; i++) {
		node.level = (uint8_t)eng_level__join(node.level, ref_node(p, flat[i])->level);
		cost += ref_node(p, flat[i])->cost;
		work += ref_node(p, flat[i])->work;
	}
	node.n_kids = n;
	node.cost = is_kept_long(node.level) ? 1 : cost < MAX_COST ? cost : MAX_COST;
	node.work = work < MAX_COST ? work : MAX_COST;
	r = prog__add_node(p, node, flat);
out:
	free(flat);
	return r;
}
