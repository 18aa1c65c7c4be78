// SPDX-License-Identifier: Apache-2.0
/* Tests of one value against one literal, by operator and class of type. */
#include <string.h>

#include "engine/filter/prog/pred.h"
#include "format/base/find_two.h"

#define TEST(name) static bool name(const struct eng_pred *p, const struct eng_val *v, uint32_t i, \
				    struct match_scratch *s)
#define UNUSED_I ((void)i, (void)s)

/* --- Texts and bytes -------------------------------------------------------------------------- */

static int compare_text(const struct eng_val *a, const struct eng_val *b)
{
	uint32_t n = a->str.len < b->str.len ? a->str.len : b->str.len;
	int r = n ? memcmp(a->str.p, b->str.p, n) : 0;

	return r ? r : a->str.len < b->str.len ? -1 : a->str.len > b->str.len;
}

static bool same_text(const struct eng_val *a, const struct eng_val *b)
{
	return a->str.len == b->str.len && (!a->str.len || !memcmp(a->str.p, b->str.p, a->str.len));
}

TEST(text_eq)
{
	(void)s;
	return same_text(v, &p->lits[i].v);
}

TEST(text_ne)
{
	(void)s;
	return !same_text(v, &p->lits[i].v);
}

TEST(text_order)
{
	int r = compare_text(v, &p->lits[i].v);

	(void)s;
	return p->op == OP_LT ? r < 0 : p->op == OP_LE ? r <= 0 : p->op == OP_GT ? r > 0 : r >= 0;
}

TEST(text_contains)
{
	const struct eng_lit *l = &p->lits[i];

	(void)s;
	return match_find(v->str.p, v->str.len, l->v.str.p, l->v.str.len, l->rare);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool same_folded(const char *a, const char *b, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (lower(a[k]) != lower(b[k]))
			return false;
	return true;
}

static struct find_byte either_case(char c)
{
	c = lower(c);
	return (struct find_byte){ (uint8_t)c, c >= 'a' && c <= 'z' ? 'a' ^ 'A' : 0 };
}

TEST(text_icontains)
{
	const char *word = p->lits[i].v.str.p, *at = v->str.p;
	size_t n = p->lits[i].v.str.len, left = v->str.len, hit;

	(void)s;
	if (!n || n > left)
		return !n;
	while ((hit = find_two(at, left, n - 1, either_case(word[0]), either_case(word[n - 1]))) < left) {
		if (same_folded(at + hit, word, (uint32_t)n))
			return true;
		at += hit + 1;
		left -= hit + 1;
	}
	return false;
}

TEST(text_starts)
{
	const struct eng_val *l = &p->lits[i].v;

	(void)s;
	return v->str.len >= l->str.len && !memcmp(v->str.p, l->str.p, l->str.len);
}

TEST(text_ends)
{
	const struct eng_val *l = &p->lits[i].v;

	(void)s;
	return v->str.len >= l->str.len && !memcmp(v->str.p + v->str.len - l->str.len, l->str.p,
						   l->str.len);
}

TEST(text_glob)
{
	(void)s;
	return match_glob(p->globs[i], v->str.p, v->str.len);
}

TEST(text_regex)
{
	return match_regex(p->regexes[i], s, v->str.p, v->str.len);
}

TEST(text_in)
{
	UNUSED_I;
	return match_set__has(&p->set, v->str.p, v->str.len);
}

TEST(text_pmatch)
{
	UNUSED_I;
	return match_paths(p->paths, v->str.p, v->str.len);
}

/* --- Numbers ---------------------------------------------------------------------------------- */

#define NUMBER_TESTS(name, field)							\
TEST(name##_eq) { (void)s; return v->field == p->lits[i].v.field; }			\
TEST(name##_ne) { (void)s; return v->field != p->lits[i].v.field; }			\
TEST(name##_lt) { (void)s; return v->field < p->lits[i].v.field; }			\
TEST(name##_le) { (void)s; return v->field <= p->lits[i].v.field; }			\
TEST(name##_gt) { (void)s; return v->field > p->lits[i].v.field; }			\
TEST(name##_ge) { (void)s; return v->field >= p->lits[i].v.field; }			\
static eng_test_fn *const name##_tests[] = {						\
	[OP_EQ] = name##_eq, [OP_NE] = name##_ne, [OP_LT] = name##_lt, [OP_LE] = name##_le,	\
	[OP_GT] = name##_gt, [OP_GE] = name##_ge,						\
}
NUMBER_TESTS(signed, s);
NUMBER_TESTS(unsigned, u);
NUMBER_TESTS(double, d);
NUMBER_TESTS(bool, b);

/* Lists of numbers are short: looked through one by one. */
TEST(signed_in)
{
	UNUSED_I;
	for (uint32_t k = 0; k < p->n_lits; k++)
		if (p->lits[k].v.s == v->s)
			return true;
	return false;
}

TEST(double_in)
{
	UNUSED_I;
	for (uint32_t k = 0; k < p->n_lits; k++)
		if (p->lits[k].v.d == v->d)
			return true;
	return false;
}

TEST(bool_in)
{
	UNUSED_I;
	for (uint32_t k = 0; k < p->n_lits; k++)
		if (p->lits[k].v.b == v->b)
			return true;
	return false;
}

/* --- Addresses -------------------------------------------------------------------------------- */

static bool same_ip(const struct eng_val *a, const struct eng_val *b)
{
	return a->ip.family == b->ip.family && !memcmp(a->ip.a, b->ip.a,
						       a->ip.family == 2 ? 4 : 16);
}

TEST(ip_eq)
{
	(void)s;
	return same_ip(v, &p->lits[i].v);
}

TEST(ip_ne)
{
	(void)s;
	return !same_ip(v, &p->lits[i].v);
}

TEST(ip_in)
{
	UNUSED_I;
	for (uint32_t k = 0; k < p->n_lits; k++)
		if (same_ip(v, &p->lits[k].v))
			return true;
	return false;
}

TEST(net_eq)
{
	(void)s;
	return eng_net__holds(&p->lits[i].net, v->ip.family, v->ip.a);
}

TEST(net_ne)
{
	(void)s;
	return !eng_net__holds(&p->lits[i].net, v->ip.family, v->ip.a);
}

TEST(net_in)
{
	UNUSED_I;
	for (uint32_t k = 0; k < p->n_lits; k++)
		if (eng_net__holds(&p->lits[k].net, v->ip.family, v->ip.a))
			return true;
	return false;
}

static eng_test_fn *test_text(enum eng_op op)
{
	switch (op) {
	case OP_EQ: return text_eq;
	case OP_NE: return text_ne;
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE: return text_order;
	case OP_CONTAINS:
	case OP_BCONTAINS: return text_contains;
	case OP_ICONTAINS: return text_icontains;
	case OP_STARTSWITH:
	case OP_BSTARTSWITH: return text_starts;
	case OP_ENDSWITH: return text_ends;
	case OP_GLOB:
	case OP_IGLOB: return text_glob;
	case OP_REGEX: return text_regex;
	case OP_IN:
	case OP_INTERSECTS: return text_in;
	case OP_PMATCH: return text_pmatch;
	default: return NULL;
	}
}

static eng_test_fn *test_number(enum eng_op op, struct eng_vtype t)
{
	if (op == OP_IN || op == OP_INTERSECTS)
		return t.type == T_DOUBLE ? double_in : t.type == T_BOOL ? bool_in : signed_in;
	if (op < OP_EQ || op > OP_GE)
		return NULL;
	if (t.type == T_DOUBLE)
		return double_tests[op];
	if (t.type == T_BOOL)
		return bool_tests[op];
	return eng_vtype__is_signed(t) ? signed_tests[op] : unsigned_tests[op];
}

static eng_test_fn *test_address(enum eng_op op, bool net)
{
	switch (op) {
	case OP_EQ: return net ? net_eq : ip_eq;
	case OP_NE: return net ? net_ne : ip_ne;
	case OP_IN:
	case OP_INTERSECTS: return net ? net_in : ip_in;
	default: return NULL;
	}
}

eng_test_fn *eng_pred__test_for(enum eng_op op, struct eng_vtype t)
{
	switch (t.type) {
	case T_STR:
	case T_BYTES:
		return test_text(op);
	case T_IP:
	case T_NET:
		return test_address(op, t.type == T_NET);
	}
	return test_number(op, t);
}

/* --- One answer from the values --------------------------------------------------------------- */

static unsigned class_of(uint8_t type)
{
	switch (type) {
	case T_STR:
	case T_BYTES:
		return 1;
	case T_IP:
	case T_NET:
		return 2;
	case T_DOUBLE:
		return 3;
	case T_BOOL:
		return 4;
	}
	return 0;
}

/* A dynamic field can turn out to hold something else than the literal was read as. */
static bool fits(const struct eng_pred *p, const struct eng_val *v)
{
	return class_of(v->type) == class_of(p->type.type);
}

static uint32_t count(const struct eng_pred *p, const struct eng_val *v, struct match_scratch *s,
		      uint32_t enough)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_lits && n < enough; i++)
		n += p->test(p, v, i, s);
	return n;
}

/* A literal is short; a field may be as long as what it is compared with. */
#define MAX_PAIR_STEPS (1u << 26)

/* One value against one value of another field: the literal's place is taken by it. */
static bool test_pair(const struct eng_pred *p, const struct eng_val *a, const struct eng_val *b,
		      enum eng_op op, struct match_scratch *s)
{
	struct eng_lit lit = { .v = *b };
	struct eng_pred one = *p;

	if (class_of(a->type) != class_of(b->type))
		return false;
	one.lits = &lit;
	one.n_lits = 1;
	one.op = (uint8_t)op;
	if ((op == OP_GLOB || op == OP_IGLOB || op == OP_ICONTAINS) &&
	    (uint64_t)a->str.len * b->str.len > MAX_PAIR_STEPS)
		return match_scratch__give_up(s);
	if (op == OP_CONTAINS)
		return !b->str.len || memmem(a->str.p, a->str.len, b->str.p, b->str.len);
	if (op == OP_GLOB || op == OP_IGLOB) {
		struct arena mem = { 0 };
		bool hit = match_glob(match_glob__new(b->str.p, b->str.len, op == OP_IGLOB, &mem),
				      a->str.p,
				      a->str.len);

		arena__done(&mem);
		return hit;
	}
	return eng_pred__test_for(op, p->type)(&one, a, 0, s);
}

static bool among(const struct eng_pred *p, const struct eng_val *a, const struct eng_vals *right,
		  struct match_scratch *s)
{
	for (uint32_t i = 0; i < right->n; i++)
		if (test_pair(p, a, eng_vals__at(right, i), OP_EQ, s))
			return true;
	return false;
}

static bool eval_field(const struct eng_pred *p, const struct eng_vals *left,
		       const struct eng_vals *right,
		       struct match_scratch *s)
{
	bool hit;

	if (!right)
		return false;
	if (p->op != OP_IN && p->op != OP_INTERSECTS)
		return left->n && right->n &&
		       test_pair(p, eng_vals__at(left, 0), eng_vals__at(right, 0), p->op, s);
	for (uint32_t i = 0; i < left->n; i++) {
		hit = among(p, eng_vals__at(left, i), right, s);
		if (hit != (p->op == OP_IN))
			return hit;
	}
	return p->op == OP_IN && (left->is_list || left->n);
}

static bool is_around(const struct eng_pred *p, const struct fmt_ev *ev)
{
	uint64_t ts = fmt_ev__ts(ev), t = p->left->ref.index, ms = p->lits[0].v.u;
	uint64_t away = ts > t ? ts - t : t - ts;

	return away / 1000000 < ms || (away / 1000000 == ms && away % 1000000 == 0);
}

/* Does one value pass the test, its modifier included? */
static bool passes(const struct eng_pred *p, const struct eng_val *v, struct match_scratch *s)
{
	if (!fits(p, v))
		return false;
	switch (p->mod) {
	case MOD_ONEOF:
		return count(p, v, s, 2) == 1;
	case MOD_ANYOF:
		return count(p, v, s, 1);
	case MOD_ALLOF:
		return p->n_lits && count(p, v, s, p->n_lits) == p->n_lits;
	}
	return p->test(p, v, 0, s);
}

bool eng_pred__eval(const struct eng_pred *p, const struct eng_ctx *ctx,
		    const struct eng_vals *left,
		    const struct eng_vals *right, struct match_scratch *s)
{
	/* upstream asks for a descriptor, not for addresses */
	if (p->mode == PM_EXISTS && p->two_sided)
		return ctx->fd;
	if (p->mode == PM_AROUND)
		return is_around(p, ctx->ev);
	if (!left || p->mode == PM_NEVER)
		return false;
	switch (p->mode) {
	case PM_EXISTS:
		return true;
	case PM_ONE:
		return left->n && passes(p, eng_vals__at(left, 0), s);
	case PM_ANY:
	case PM_MEETS:
		for (uint32_t i = 0; i < left->n; i++)
			if (passes(p, eng_vals__at(left, i), s))
				return true;
		return false;
	case PM_ALL:
	case PM_SUBSET:
		for (uint32_t i = 0; i < left->n; i++)
			if (!passes(p, eng_vals__at(left, i), s))
				return false;
		return p->mode == PM_SUBSET || left->n;
	case PM_FIELD:
		return eval_field(p, left, right, s);
	}
	return false;
}
