// SPDX-License-Identifier: Apache-2.0
/* The program for people. */
#include <stdlib.h>

#include "engine/filter/prog/prog.h"
#include "format/base/text.h"

#define MAX_TYPES_SHOWN 16u
/* bytes of an explanation; a tree with shared macros can print far larger */
#define MAX_EXPLAIN (1u << 20)

/* --- Dump ------------------------------------------------------------------------------------- */

static void dump_ref(const struct eng_prog *p, node_ref ref, struct buf *out)
{
	const struct prog_node *n = ref_node(p, ref);

	if (n->kind == NK_TRUE)
		buf__puts(out, ref & 1 ? "false" : "true");
	else
		buf__printf(out, "%s%c%u", ref & 1 ? "not " : "", n->kind == NK_PRED ? 'p' : 'n',
			    n->kind == NK_PRED ? n->pred : ref >> 1);
}

static void dump_preds(const struct eng_prog *p, struct buf *out)
{
	uint32_t *users = xcalloc(p->n_preds + 1, sizeof(*users));

	for (uint32_t i = 0; i < p->n_nodes; i++)
		for (uint32_t k = 0; k < p->nodes[i].n_kids; k++) {
			const struct prog_node *kid = ref_node(p, p->kids[p->nodes[i].kids + k]);

			if (kid->kind == NK_PRED)
				users[kid->pred]++;
		}
	buf__printf(out, "predicates: %u\n", p->n_preds);
	for (uint32_t i = 0; i < p->n_preds; i++) {
		buf__printf(out, "  p%-4u %-8s cost %-3u users %-3u ", i,
			    eng_level_names[p->preds[i]->level],
			    p->preds[i]->cost, users[i]);
		text__safe(out, p->preds[i]->text.p, p->preds[i]->text.len);
		buf__puts(out, "\n");
	}
	free(users);
}

static void dump_nodes(const struct eng_prog *p, struct buf *out)
{
	buf__printf(out, "nodes: %u\n", p->n_nodes);
	for (uint32_t i = 0; i < p->n_nodes; i++) {
		const struct prog_node *n = &p->nodes[i];

		if (n->kind != NK_AND)
			continue;
		buf__printf(out, "  n%-4u %-8s ", i, eng_level_names[n->level]);
		for (uint32_t k = 0; k < n->n_kids; k++) {
			buf__puts(out, k ? " and " : "");
			dump_ref(p, p->kids[n->kids + k], out);
		}
		buf__puts(out, "\n");
	}
}

static void dump_conds(const struct eng_prog *p, struct buf *out)
{
	buf__printf(out, "conditions: %u\n", p->n_conds);
	for (uint32_t i = 0; i < p->n_conds; i++) {
		unsigned types = 0;

		for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
			types += evt_set__has(&p->conds[i].types, t);
		buf__printf(out, "  c%-4u types %-4u = ", i, types);
		dump_ref(p, p->conds[i].ref, out);
		buf__puts(out, "\n");
	}
}

static void dump_list(const struct eng_prog *p, const struct prog_list *l, struct buf *out)
{
	unsigned types = 0;

	buf__printf(out, "  list %u:", l->id);
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		if (p->by_type[t] == l && ++types <= MAX_TYPES_SHOWN)
			buf__printf(out, " %s", fmt_events[t].name);
	if (types > MAX_TYPES_SHOWN)
		buf__printf(out, " and %u more", types - MAX_TYPES_SHOWN);
	buf__puts(out, "\n");
	for (uint32_t c = 0; c < l->n; c++) {
		buf__printf(out, "    c%-4u = ", l->conds[c]);
		dump_ref(p, l->refs[c], out);
		for (unsigned lv = LV_CALL; lv <= LV_FD; lv++) {
			if (!l->gates[lv] || l->gates[lv][c] == REF_TRUE)
				continue;
			buf__printf(out, "; gate %s ", eng_level_names[lv]);
			dump_ref(p, l->gates[lv][c], out);
		}
		for (uint32_t i = l->late_at[c]; i < l->late_at[c + 1]; i++) {
			buf__puts(out, i == l->late_at[c] ? "; late " : ", ");
			dump_ref(p, l->late[i], out);
		}
		buf__puts(out, "\n");
	}
	for (uint32_t t = 0; t < l->n_tests; t++) {
		buf__puts(out, "    test ");
		dump_ref(p, l->tests[t].ref, out);
		buf__puts(out, " for");
		for (uint32_t c = 0; c < l->n; c++)
			if (l->tests[t].mask[c >> 6] >> (c & 63) & 1)
				buf__printf(out, " c%u", l->conds[c]);
		buf__puts(out, "\n");
	}
}

void eng_prog__dump(const struct eng_prog *p, struct buf *out)
{
	dump_preds(p, out);
	dump_nodes(p, out);
	dump_conds(p, out);
	buf__printf(out, "lists by event type: %u\n", p->n_lists);
	for (uint32_t i = 0; i < p->n_lists; i++)
		dump_list(p, p->lists[i], out);
}

void eng_prog__print(const struct eng_prog *p, int cond, struct buf *out)
{
	eng_ast__print(p->conds[cond].ast, out);
}

/* --- Explain ---------------------------------------------------------------------------------- */

struct explain {
	const struct eng_prog *p;
	const struct eng_ctx *ctx;
	struct match_scratch *match;
	struct arena scratch;
	struct buf *out;
	size_t limit;
	uint8_t *known;			/* per node: 0 not yet, 1 false, 2 true */
};

static bool value(struct explain *x, node_ref ref)
{
	const struct prog_node *n = ref_node(x->p, ref);
	struct eng_vals left, right;
	const struct eng_pred *pred;
	bool has_left, has_right, v = true;

	if (x->known[ref >> 1])
		return (x->known[ref >> 1] == 2) != (ref & 1);
	if (n->kind == NK_AND) {
		for (uint32_t i = 0; i < n->n_kids && v; i++)
			v = value(x, x->p->kids[n->kids + i]);
	} else if (n->kind == NK_PRED) {
		pred = x->p->preds[n->pred];
		has_left = eng_expr__get(pred->left, x->ctx, true, &x->scratch, &left);
		has_right = pred->right && eng_expr__get(pred->right, x->ctx, true, &x->scratch,
							 &right);
		v = eng_pred__eval(pred, x->ctx, has_left ? &left : NULL, has_right ? &right : NULL,
				   x->match);
		arena__reset(&x->scratch);
	}
	x->known[ref >> 1] = v ? 2 : 1;
	return v != (ref & 1);
}

static void print_value(struct explain *x, const struct eng_val *v, const struct eng_expr *e)
{
	struct eng_vals one = { .n = 1, .v = { *v }, .scratch = &x->scratch };
	struct buf b = { 0 };

	if (v->type == T_STR || v->type == T_BYTES || e->kind != X_FIELD) {
		buf__puts(x->out, "'");
		if (v->type == T_STR || v->type == T_BYTES)
			text__safe(x->out, v->str.p, v->str.len < 200 ? v->str.len : 200);
		else
			buf__printf(x->out, "%llu", (unsigned long long)v->u);
		buf__puts(x->out, "'");
		return;
	}
	eng_val__text(&e->ref, &one, &b);
	text__safe(x->out, (char *)b.p, b.len);
	buf__done(&b);
}

/* What the left side is for this event. */
static void print_left(struct explain *x, node_ref ref)
{
	const struct prog_node *n = ref_node(x->p, ref);
	const struct eng_expr *e;
	struct eng_vals v;

	if (n->kind != NK_PRED)
		return;
	e = x->p->preds[n->pred]->left;
	buf__puts(x->out, "    [");
	eng_operand__print(e->source, x->out);
	if (!eng_expr__get(e, x->ctx, true, &x->scratch, &v)) {
		buf__puts(x->out, " is missing");
	} else {
		buf__puts(x->out, " is ");
		for (uint32_t i = 0; i < v.n && i < 16; i++) {
			buf__puts(x->out, i ? ", " : "");
			print_value(x, eng_vals__at(&v, i), e);
		}
		if (!v.n)
			buf__puts(x->out, "an empty list");
	}
	buf__puts(x->out, "]");
	arena__reset(&x->scratch);
}

static node_ref tree_ref(struct explain *x, const struct eng_ast *a)
{
	node_ref ref = prog__ref_of(x->p, a);

	return ref == REF_NONE ? REF_FALSE : ref;
}

/* decides: this part's value is what made the whole what it is. */
static void explain(struct explain *x, const struct eng_ast *a, unsigned level, bool decides)
{
	node_ref ref = tree_ref(x, a);
	bool v = value(x, ref), enough = a->kind == N_OR, found = false;

	if (x->out->len > x->limit)
		return;
	buf__printf(x->out, "%c %-5s  %*s", decides ? '*' : ' ', v ? "true" : "false",
		    (int)level * 2, "");
	if (a->kind == N_CHECK)
		eng_ast__print(a, x->out);
	else
		buf__puts(x->out, a->kind == N_AND ? "and" : a->kind == N_OR ? "or" : "not");
	if (a->macro.len)
		buf__printf(x->out, "    (macro %.*s)", (int)a->macro.len, a->macro.p);
	if (a->kind == N_CHECK)
		print_left(x, ref);
	buf__puts(x->out, "\n");
	for (uint32_t i = 0; i < a->n_kids; i++) {
		bool kid = value(x, tree_ref(x, a->kids[i]));
		/* one true part decides an `or`, one false part an `and`; else all of them do */
		bool matters = a->kind == N_NOT || v != enough || (kid == enough && !found);

		found |= kid == enough;
		explain(x, a->kids[i], level + 1, decides && matters);
	}
}

void eng_prog__explain(const struct eng_prog *p, int cond, const struct eng_ctx *ctx,
		       struct buf *out)
{
	struct explain x = { .p = p, .ctx = ctx, .out = out, .limit = out->len + MAX_EXPLAIN };

	x.match = match_scratch__new();
	x.known = xcalloc(p->n_nodes, 1);
	explain(&x, p->conds[cond].ast, 0, true);
	if (out->len > x.limit)
		buf__puts(out, "... (cut: the condition is very large)\n");
	match_scratch__free(x.match);
	free(x.known);
	arena__done(&x.scratch);
}
