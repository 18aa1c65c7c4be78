// SPDX-License-Identifier: Apache-2.0
/* Conditions into the graph: predicates compiled, each once, and trees made into nodes. */
#include <stdlib.h>
#include <string.h>

#include "engine/filter/prog/prog.h"
#include "format/base/strtab.h"

/* --- Predicates ------------------------------------------------------------------------------- */

static bool is_same(struct eng_text a, struct eng_text b)
{
	return a.len == b.len && !memcmp(a.p, b.p, a.len);
}

static uint64_t expr_hash(const void *arg, uint32_t i)
{
	const struct eng_prog *p = arg;

	return strtab__hash(p->expr_texts[i].p, p->expr_texts[i].len);
}

static bool expr_same(const void *arg, uint32_t i, const void *key)
{
	const struct eng_prog *p = arg;

	return is_same(p->expr_texts[i], *(const struct eng_text *)key);
}

static struct eng_text keep_text(struct eng_prog *p, struct eng_text t)
{
	return (struct eng_text){ arena__strndup(&p->mem, t.p, t.len), t.len };
}

static struct eng_text text_in(const struct buf *b)
{
	return (struct eng_text){ (char *)b->p, (uint32_t)b->len };
}

static uint32_t add_expr(struct eng_prog *p, struct eng_expr *x, struct buf *b)
{
	struct eng_text key;
	uint32_t *slot;

	b->len = 0;
	eng_operand__print(x->source, b);
	key = text_in(b);
	slot = index__slot(&p->expr_index, strtab__hash(key.p, key.len), expr_hash, expr_same, p,
			   &key);
	if (*slot)
		return *slot - 1;
	p->exprs = xgrow(p->exprs, &p->cap_exprs, p->n_exprs + 1, sizeof(*p->exprs));
	p->expr_texts = xgrow(p->expr_texts, &p->cap_expr_texts, p->n_exprs + 1, sizeof(*p->expr_texts));
	p->exprs[p->n_exprs] = x;
	p->expr_texts[p->n_exprs] = keep_text(p, key);
	*slot = ++p->n_exprs;
	p->expr_index.n = p->n_exprs;
	return p->n_exprs - 1;
}

struct adding {
	struct eng_prog *p;
	eng_warn_fn warn;
	void *warn_arg;
	struct err *err;
	struct eng_pos at;
	unsigned n_warned;
	struct buf text;		/* for the moment */
};

static void count_warning(void *arg, const char *code, const char *msg)
{
	struct adding *x = arg;

	x->n_warned++;
	x->warn(x->warn_arg, code, msg);
}

static bool is_arg(const struct eng_expr *x)
{
	return x->kind == X_FIELD && x->ref.param_of && !strcmp(x->ref.field->name, "evt.arg");
}

static node_ref pred_node(struct eng_prog *p, uint32_t pred)
{
	struct prog_node n = { .kind = NK_PRED, .pred = pred, .level = p->preds[pred]->level };
	enum evt_verdict verdict = evt_set__judge(p->preds[pred]->source);

	if (p->preds[pred]->mode == PM_NEVER || verdict == EVT_NEVER)
		return REF_FALSE;
	if (verdict == EVT_ALWAYS)
		return REF_TRUE;
	n.work = p->preds[pred]->cost;
	n.cost = is_kept_long(n.level) ? 1 : n.work;
	return prog__add_node(p, n, NULL);
}

static uint64_t known_hash(const void *arg, uint32_t i)
{
	const struct eng_prog *p = arg;

	return strtab__hash(p->known[i]->text.p, p->known[i]->text.len);
}

static bool known_same(const void *arg, uint32_t i, const void *key)
{
	const struct eng_prog *p = arg;

	return is_same(p->known[i]->text, *(const struct eng_text *)key);
}

static void use_pred(struct adding *x, struct eng_pred *pred)
{
	struct eng_prog *p = x->p;

	if (pred->index != UINT32_MAX)
		return;
	pred->index = p->n_preds++;
	p->preds = xgrow(p->preds, &p->cap_preds, p->n_preds, sizeof(*p->preds));
	p->preds[pred->index] = pred;
	pred->slot = add_expr(p, pred->left, &x->text);
	pred->arg_memo = pred->plain && is_arg(pred->left) ? p->n_arg_memos++ : UINT32_MAX;
	pred->right_slot = pred->right ? add_expr(p, pred->right, &x->text) : 0;
}

static int add_check(struct adding *x, const struct eng_ast *a, node_ref *ret)
{
	struct eng_pred_ctx c = { .mem = &x->p->mem, .warn = x->warn ? count_warning : NULL,
				 .warn_arg = x, .err = x->err };
	struct eng_prog *p = x->p;
	unsigned warned = x->n_warned;
	struct eng_pred *pred, *known;
	struct eng_text key;
	uint32_t *slot;
	int r;

	p->culprit = a;
	x->text.len = 0;
	eng_ast__print(a, &x->text);
	key = text_in(&x->text);
	slot = index__slot(&p->known_index, strtab__hash(key.p, key.len), known_hash, known_same, p, &key);
	known = *slot ? p->known[*slot - 1] : NULL;
	/* compiled even if it is known: each place has its own warnings */
	if (!known || (x->warn && !known->silent)) {
		r = eng_pred__compile(&a->check, &c, &pred);
		x->at = c.at;
		if (r < 0)
			return r;
		if (known)
			eng_pred__done(pred);
	}
	if (!known) {
		known = pred;
		known->text = keep_text(p, key);
		known->silent = x->warn && x->n_warned == warned;
		known->index = UINT32_MAX;
		p->known = xgrow(p->known, &p->cap_known, p->n_known + 1, sizeof(*p->known));
		p->known[p->n_known++] = known;
		*slot = p->known_index.n = p->n_known;
	}
	use_pred(x, known);
	*ret = pred_node(p, known->index);
	return 0;
}

/* --- Trees ------------------------------------------------------------------------------------ */

static uint32_t seen_at(const struct eng_prog *p, const struct eng_ast *a)
{
	uint32_t at = (uint32_t)prog__mix(1, (uintptr_t)a) & (p->seen_slots - 1);

	while (p->seen[at].ast && p->seen[at].ast != a)
		at = (at + 1) & (p->seen_slots - 1);
	return at;
}

node_ref prog__ref_of(const struct eng_prog *p, const struct eng_ast *a)
{
	uint32_t at;

	if (!p->seen_slots)
		return REF_NONE;
	at = seen_at(p, a);
	return p->seen[at].ast ? p->seen[at].ref : REF_NONE;
}

/* again: it has something to warn of, in every condition that has it. */
static void remember(struct eng_prog *p, const struct eng_ast *a, node_ref ref, bool again)
{
	uint32_t at, n = p->seen_slots;

	if (p->n_seen * 2 >= n) {
		struct prog_seen *old = p->seen;

		p->seen_slots = n ? n * 2 : 256;
		p->seen = xcalloc(p->seen_slots, sizeof(*p->seen));
		for (uint32_t i = 0; i < n; i++)
			if (old[i].ast)
				p->seen[seen_at(p, old[i].ast)] = old[i];
		free(old);
	}
	at = seen_at(p, a);
	p->n_seen += !p->seen[at].ast;
	p->seen[at].ast = a;
	p->seen[at].ref = ref;
	p->seen[at].again = again;
}

static int add_tree(struct adding *x, const struct eng_ast *a, node_ref *ret);

/* Parts of `and`, or of `or` turned around. */
static int add_chain(struct adding *x, const struct eng_ast *a, node_ref *ret)
{
	node_ref turn = a->kind == N_OR, *parts = xmalloc(a->n_kids * sizeof(*parts));
	int r = 0;

	for (uint32_t i = 0; i < a->n_kids && !r; i++) {
		r = add_tree(x, a->kids[i], &parts[i]);
		parts[i] ^= turn;
	}
	if (!r)
		*ret = prog__and(x->p, parts, a->n_kids) ^ turn;
	free(parts);
	return r;
}

static int add_tree(struct adding *x, const struct eng_ast *a, node_ref *ret)
{
	unsigned warned = x->n_warned;
	uint32_t at;
	int r = 0;

	if (x->p->seen_slots) {
		at = seen_at(x->p, a);
		if (x->p->seen[at].ast && !x->p->seen[at].again) {
			*ret = x->p->seen[at].ref;
			return 0;
		}
	}
	switch (a->kind) {
	case N_AND:
	case N_OR:
		r = add_chain(x, a, ret);
		break;
	case N_NOT:
		r = add_tree(x, a->kids[0], ret);
		*ret = ref_not(*ret);
		break;
	case N_CHECK:
		r = add_check(x, a, ret);
		break;
	case N_MACRO:
		x->at = a->pos;
		x->p->culprit = a;
		return err__set(x->err, -FMT_E_UNKNOWN,
				"filter error: unexpected identifier '%.*s'", (int)a->macro.len, a->macro.p);
	}
	if (!r)
		remember(x->p, a, *ret, x->n_warned != warned);
	return r;
}

int eng_prog__new(struct eng_prog **ret)
{
	struct eng_prog *p = xcalloc(1, sizeof(*p));

	/* never NULL: places in it are taken freely */
	p->kids = xgrow(NULL, &p->cap_kids, 1, sizeof(*p->kids));
	prog__add_node(p, (struct prog_node){ .kind = NK_TRUE, .level = LV_TYPE }, NULL);
	evt_set__all(&p->all);
	*ret = p;
	return 0;
}

void eng_prog__begin_anew(struct eng_prog *p)
{
	for (uint32_t i = 0; i < p->n_known; i++)
		p->known[i]->index = UINT32_MAX;
	if (p->seen_slots)
		memset(p->seen, 0, p->seen_slots * sizeof(*p->seen));
	index__clear(&p->expr_index);
	index__clear(&p->node_index);
	p->n_preds = p->n_exprs = p->n_nodes = p->n_kids = p->n_conds = p->n_seen = p->n_arg_memos = 0;
	p->any_aside = false;
	p->culprit = NULL;
	prog__add_node(p, (struct prog_node){ .kind = NK_TRUE, .level = LV_TYPE }, NULL);
}

void eng_prog__see_rows(struct eng_prog *p)
{
	evt_set__add_rows(&p->all);
}

void eng_prog__free(struct eng_prog *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->n_known; i++)
		eng_pred__done(p->known[i]);
	free(p->known_index.slots);
	free(p->expr_index.slots);
	free(p->node_index.slots);
	free(p->known);
	free(p->preds);
	free(p->exprs);
	free(p->expr_texts);
	free(p->nodes);
	prog__ungroup(p);
	free(p->kids);
	free(p->seen);
	free(p->conds);
	free(p->lists);
	name_filter__done(&p->names);
	arena__done(&p->mem);
	free(p);
}

void eng_prog__limit(struct eng_prog *p, int c, const char *source)
{
	evt_set__keep_source(&p->conds[c].types, source);
}

void eng_prog__aside(struct eng_prog *p, int c)
{
	p->conds[c].aside = true;
	p->any_aside = true;
}

/* Conditions that refuse leave their predicates behind; nothing refers to them. */
int eng_prog__add(struct eng_prog *p, const struct eng_ast *ast, eng_warn_fn warn, void *arg,
		  struct err *err)
{
	struct adding x = { .p = p, .warn = warn, .warn_arg = arg, .err = err };
	struct prog_cond c = { .ast = ast };
	int r;

	p->culprit = ast;
	r = add_tree(&x, ast, &c.ref);
	buf__done(&x.text);
	if (!r) {
		p->culprit = ast;
		r = evt_set__of(ast, &p->all, &c.types, &x.at, err);
	}
	if (r < 0) {
		if (err && !err->line) {
			err->line = x.at.line;
			err->col = x.at.col;
			err->offset = x.at.off;
		}
		return r;
	}
	p->conds = xgrow(p->conds, &p->cap_conds, p->n_conds + 1, sizeof(*p->conds));
	p->conds[p->n_conds] = c;
	return (int)p->n_conds++;
}

const uint8_t *eng_prog__types(const struct eng_prog *p, int c)
{
	return (const uint8_t *)p->conds[c].types.w;
}

unsigned eng_prog__codes(const struct eng_prog *p, int c)
{
	return evt_set__codes(&p->conds[c].types);
}

const struct eng_ast *eng_prog__culprit(const struct eng_prog *p)
{
	return p->culprit;
}
