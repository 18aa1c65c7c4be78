// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdlib.h>

#include "engine/filter/evt_set.h"

#define WORDS (FMT_MAX_EVENTS / 64)

struct walk {
	const struct evt_set *all;	/* events that the condition may see */
	struct eng_pos *at;
	struct err *err;
};

/*
 * What a part of a condition says of event types; it says something only if `says`, and only then
 * can be turned.
 */
struct part {
	struct evt_set set;
	bool says;
};

static struct evt_set all_events;
static pthread_once_t all_once = PTHREAD_ONCE_INIT;

static void find_all(void)
{
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (fmt_event(i) && !(fmt_events[i].flags & EF_KEYFRAME))
			evt_set__add(&all_events, i);
}

void evt_set__all(struct evt_set *s)
{
	pthread_once(&all_once, find_all);
	*s = all_events;
}

void evt_set__add_rows(struct evt_set *s)
{
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (fmt_event(i) && fmt_events[i].flags & EF_KEYFRAME)
			evt_set__add(s, i);
}

void evt_set__keep_source(struct evt_set *s, const char *source)
{
	bool audit = !strcmp(source, "k8s_audit");

	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t entry = EV_k8s_audit / 64 == i ? 1ull << EV_k8s_audit % 64 : 0;

		s->w[i] &= audit ? entry : ~entry;
	}
}

unsigned evt_set__codes(const struct evt_set *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < WORDS; i++)
		n += (unsigned)__builtin_popcountll(s->w[i]);
	return n * 2;
}

static void invert(const struct walk *w, struct part *p)
{
	if (!p->says)
		return;
	for (unsigned i = 0; i < WORDS; i++)
		p->set.w[i] = w->all->w[i] & ~p->set.w[i];
}

/*
 * (Upstream has one pair of codes for all calls that it gives no parameters, so that there evt.type
 * != X keeps all of them out if X is one. Here every call has its own.)
 */
static void add_name(struct evt_set *s, const char *name)
{
	int id = fmt_event__by_name(name);

	if (id >= 0)
		evt_set__add(s, (unsigned)id);
}

static bool is_bare_field(const struct eng_operand *o, const char *name)
{
	return o->kind == OPD_FIELD && !o->has_arg && o->name.len == strlen(name) &&
	       !memcmp(o->name.p, name, o->name.len);
}

static bool is_type_field(const struct eng_operand *o)
{
	return is_bare_field(o, "evt.type") || is_bare_field(o, "syscall.type");
}

static bool holds_type_field(const struct eng_operand *o)
{
	if (o->kind != OPD_CALL && o->kind != OPD_LIST)
		return is_type_field(o);
	for (uint32_t i = 0; i < o->n_kids; i++)
		if (holds_type_field(o->kids[i]))
			return true;
	return false;
}

static bool parse_num(struct eng_text t, uint64_t *ret)
{
	char *end;

	*ret = strtoull(t.p, &end, 10);
	return end != t.p && !*end;
}

static enum evt_verdict judge_list(const struct eng_check *c)
{
	uint64_t n;

	for (uint32_t i = 0; i < c->n_values; i++)
		if (!parse_num(c->values[i], &n) || n)
			return EVT_DEPENDS;
	return EVT_NEVER;
}

enum evt_verdict evt_set__judge(const struct eng_check *c)
{
	uint64_t n;

	if (!is_bare_field(c->left, "evt.num"))
		return EVT_DEPENDS;
	if (c->op == OP_IN && c->rhs == RHS_LIST)
		return judge_list(c);
	if (c->rhs != RHS_VALUE || c->mod || !parse_num(c->values[0], &n))
		return EVT_DEPENDS;
	switch (c->op) {
	case OP_EQ: return n ? EVT_DEPENDS : EVT_NEVER;
	case OP_NE: return n ? EVT_DEPENDS : EVT_ALWAYS;
	case OP_LT: return n > 1 ? EVT_DEPENDS : EVT_NEVER;
	case OP_LE: return n ? EVT_DEPENDS : EVT_NEVER;
	case OP_GT: return n ? EVT_DEPENDS : EVT_ALWAYS;
	case OP_GE: return n > 1 ? EVT_DEPENDS : EVT_ALWAYS;
	}
	return EVT_DEPENDS;
}

static int refuse(struct walk *w, struct eng_pos at, const char *what)
{
	*w->at = at;
	return err__set(w->err, -FMT_E_UNSUPPORTED, "%s", what);
}

static int check_part(struct walk *w, const struct eng_check *c, bool negated, struct part *ret)
{
	bool names = (c->op == OP_EQ || c->op == OP_NE || c->op == OP_IN) && !c->mod;
	enum evt_verdict num = evt_set__judge(c);

	ret->set = *w->all;
	ret->says = false;
	if (num != EVT_DEPENDS) {
		ret->says = true;
		if (num == EVT_NEVER)
			ret->set = (struct evt_set){ 0 };
	} else if (names && c->left->kind == OPD_CALL && holds_type_field(c->left)) {
		return refuse(w, c->left->pos,
			      "event code search does not support `evt.type` checks with "
					       "transformers");
	} else if (names && is_type_field(c->left)) {
		if (c->rhs == RHS_OPERAND)
			return refuse(w, c->right->pos, "right-hand field comparisons on "
				      "`evt.type`/`syscall.type` checks are not supported by event "
				      "code search");
		ret->says = true;
		ret->set = (struct evt_set){ 0 };
		for (uint32_t i = 0; i < c->n_values; i++)
			add_name(&ret->set, c->values[i].p);
		if (c->op == OP_NE)
			invert(w, ret);
	} else if (c->op == OP_EXISTS && is_type_field(c->left)) {
		ret->says = true;
	}
	if (negated)
		invert(w, ret);
	return 0;
}

static int walk(struct walk *w, const struct eng_ast *a, bool negated, struct part *ret)
{
	bool meet = (a->kind == N_AND) != negated;	/* De Morgan: under not, `and` is a union */
	struct part kid;
	int r;

	if (a->kind == N_NOT)
		return walk(w, a->kids[0], !negated, ret);
	if (a->kind == N_CHECK)
		return check_part(w, &a->check, negated, ret);
	ret->says = false;
	if (a->kind == N_MACRO || meet)
		ret->set = *w->all;
	else
		ret->set = (struct evt_set){ 0 };
	for (uint32_t i = 0; i < a->n_kids; i++) {
		r = walk(w, a->kids[i], negated, &kid);
		if (r < 0)
			return r;
		for (unsigned k = 0; k < WORDS; k++) {
			if (meet)
				ret->set.w[k] &= kid.set.w[k];
			else
				ret->set.w[k] |= kid.set.w[k];
		}
	}
	return 0;
}

int evt_set__of(const struct eng_ast *a, const struct evt_set *all, struct evt_set *ret, struct eng_pos *ret_at,
		struct err *err)
{
	struct walk w = { .all = all, .at = ret_at, .err = err };
	struct part p;
	int r = walk(&w, a, false, &p);

	if (!r)
		*ret = p.set;
	return r;
}
