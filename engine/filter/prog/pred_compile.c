// SPDX-License-Identifier: Apache-2.0
/* Comparisons compiled: operators against types, literals into values, right sides against left. */
#include <string.h>

#include "engine/filter/evt_set.h"
#include "engine/filter/prog/pred.h"

#define MAX_LITERALS (1u << 20)

/* --- Operators and types ---------------------------------------------------------------------- */

static bool op_in(enum eng_op op, uint32_t set)
{
	return set >> op & 1;
}

#define EQUALITY (1u << OP_EQ | 1u << OP_NE | 1u << OP_IN | 1u << OP_INTERSECTS)
#define ORDER (1u << OP_LT | 1u << OP_LE | 1u << OP_GT | 1u << OP_GE)
#define PARTS (1u << OP_CONTAINS | 1u << OP_STARTSWITH | 1u << OP_ENDSWITH)
#define PATTERNS (1u << OP_ICONTAINS | 1u << OP_GLOB | 1u << OP_IGLOB | 1u << OP_PMATCH | \
		  1u << OP_REGEX)
#define HEX_PARTS (1u << OP_BCONTAINS | 1u << OP_BSTARTSWITH)

static bool list_type_ok(struct eng_vtype t)
{
	switch (t.type) {
	case T_STR:
	case T_RELTIME:
	case T_ABSTIME:
	case T_BOOL:
	case T_IP:
	case T_NET:
		return true;
	}
	return t.ptype == PT_U64;
}

static uint32_t ops_of(struct eng_vtype t, const char **ret_word)
{
	switch (t.type) {
	case T_STR:
		*ret_word = "string filters";
		return EQUALITY | ORDER | PARTS | PATTERNS;
	case T_BYTES:
		*ret_word = "buffer filters";
		return EQUALITY | PARTS | HEX_PARTS;
	case T_IP:
	case T_NET:
		*ret_word = "ip address and network filters";
		return EQUALITY;
	case T_BOOL:
		*ret_word = "numeric filters";
		return EQUALITY;
	}
	*ret_word = "numeric filters";
	return EQUALITY | ORDER;
}

static bool has_no_ops(struct eng_vtype t)
{
	return t.type != T_STR && t.type != T_BYTES && t.type != T_IP && t.type != T_NET &&
	       (t.ptype == PT_SOCKADDR || t.ptype == PT_SOCKTUPLE || t.ptype == PT_FDLIST ||
		t.ptype == PT_SIGSET);
}

int eng_pred__check_type(enum eng_op op, enum eng_mod mod, struct eng_vtype t, struct err *err)
{
	const char *word;
	uint32_t ops;

	(void)mod;		/* changes nothing: the operator is checked as it is */
	if (op == OP_EXISTS)
		return 0;
	if (t.list && !list_type_ok(t))
		return err__set(err, -FMT_E_VALUE,
				"filter error: list filters are not supported for type '%s'",
				eng_vtype__name(t));
	if (t.list) {
		if (op_in(op, 1u << OP_IN | 1u << OP_INTERSECTS))
			return 0;
		return err__set(err, -FMT_E_VALUE,
				"filter error: '%s' operator not supported for list filters",
				eng_op_names[op]);
	}
	if (has_no_ops(t))
		return err__set(err, -FMT_E_VALUE,
				"filter error: '%s' operator not supported for type '%s'",
				eng_op_names[op], eng_vtype__name(t));
	ops = ops_of(t, &word);
	if (!op_in(op, ops))
		return err__set(err, -FMT_E_VALUE,
				"filter error: '%s' operator not supported for %s",
				eng_op_names[op], word);
	return 0;
}

/* The class of a parameter's type, for evt.rawarg. */
static struct eng_vtype settle(struct eng_vtype t)
{
	if (t.type != T_DYNAMIC)
		return t;
	switch (t.ptype) {
	case PT_STR:
	case PT_PATH:
	case PT_RELPATH:
	case PT_STRLIST:
		t.type = T_STR;
		break;
	case PT_BYTES:
		t.type = T_BYTES;
		break;
	case PT_BOOL:
		t.type = T_BOOL;
		break;
	case PT_PORT:
		t.type = T_PORT;
		break;
	case PT_RELTIME:
		t.type = T_RELTIME;
		break;
	case PT_ABSTIME:
		t.type = T_ABSTIME;
		break;
	default:
		t.type = T_U64;
		t.type = eng_vtype__is_signed(t) ? T_S64 : T_U64;
	}
	return t;
}

/* --- Literals --------------------------------------------------------------------------------- */

static bool is_text(const struct eng_pred *p)
{
	return p->type.type == T_STR || p->type.type == T_BYTES;
}

/* evt.type compares with names of events only; the kernel's other names mean the same event. */
static int check_event_name(struct eng_pred *p, struct eng_lit *lit, struct err *err)
{
	const char *near;
	int id;

	if (!eng_expr__is_field(p->left, "evt.type") || p->op == OP_REGEX)
		return 0;
	if (!strcmp(lit->v.str.p, EVT_UNKNOWN_NAME))
		return 0;
	id = fmt_event__by_name(lit->v.str.p);
	if (id >= 0) {
		lit->v.str.p = fmt_events[id].name;
		lit->v.str.len = (uint32_t)strlen(lit->v.str.p);
		return 0;
	}
	near = eng_event__nearest(lit->v.str.p);
	if (near)
		return err__set(err, -FMT_E_UNKNOWN, "unknown event type %s; did you mean '%s'?",
				lit->v.str.p, near);
	return err__set(err, -FMT_E_UNKNOWN, "unknown event type %s", lit->v.str.p);
}

static int read_literals(struct eng_pred *p, const struct eng_check *c, struct eng_pred_ctx *x)
{
	int r;

	if (c->n_values > MAX_LITERALS)
		return err__set(x->err, -FMT_E_LIMIT, "list has more than %u values", MAX_LITERALS);
	p->lits = arena__alloc(x->mem, c->n_values * sizeof(*p->lits));
	p->n_lits = c->n_values;
	for (uint32_t i = 0; i < c->n_values; i++) {
		if (x->warn)
			eng_pred__warn_literal(p->op, c->values[i], x->warn, x->warn_arg);
		if (p->op == OP_BCONTAINS || p->op == OP_BSTARTSWITH)
			r = eng_lit__hex(c->values[i], x->mem, &p->lits[i], x->err);
		else
			r = eng_lit__parse(p->type, c->values[i], &p->lits[i], x->err);
		if (!r)
			r = check_event_name(p, &p->lits[i], x->err);
		if (r < 0)
			return r;
		if (is_text(p))
			p->lits[i].rare = match_rarest(p->lits[i].v.str.p, p->lits[i].v.str.len);
	}
	return 0;
}

static struct match_str *literal_strs(struct eng_pred *p, struct arena *mem)
{
	struct match_str *s = arena__alloc(mem, p->n_lits * sizeof(*s));

	for (uint32_t i = 0; i < p->n_lits; i++)
		s[i] = (struct match_str){ p->lits[i].v.str.p, p->lits[i].v.str.len };
	return s;
}

static int build_regexes(struct eng_pred *p, struct eng_pred_ctx *x)
{
	int r = 0;

	p->regexes = arena__zalloc(x->mem, p->n_lits * sizeof(*p->regexes));
	for (uint32_t i = 0; i < p->n_lits && !r; i++)
		r = match_regex__new(p->lits[i].v.str.p, p->lits[i].v.str.len, &p->regexes[i],
				     x->err);
	return r;
}

static int build_matchers(struct eng_pred *p, struct eng_pred_ctx *x)
{
	switch (p->op) {
	case OP_REGEX:
		return build_regexes(p, x);
	case OP_GLOB:
	case OP_IGLOB:
		p->globs = arena__alloc(x->mem, p->n_lits * sizeof(*p->globs));
		for (uint32_t i = 0; i < p->n_lits; i++)
			p->globs[i] = match_glob__new(p->lits[i].v.str.p, p->lits[i].v.str.len,
						      p->op == OP_IGLOB, x->mem);
		break;
	case OP_PMATCH:
		p->paths = match_paths__new(literal_strs(p, x->mem), p->n_lits, x->mem);
		break;
	case OP_IN:
	case OP_INTERSECTS:
		if (is_text(p))
			match_set__build(&p->set, literal_strs(p, x->mem), NULL, p->n_lits, x->mem);
		break;
	}
	return 0;
}

/* --- How values make an answer ---------------------------------------------------------------- */

/* No value is in an empty list; of a list field, an empty value is. */
static bool is_never(const struct eng_pred *p)
{
	bool set_op = p->op == OP_IN || p->op == OP_INTERSECTS || p->op == OP_PMATCH;

	return (set_op || p->mod) && !p->right && !p->n_lits && !p->type.list;
}

/*
 * Of fields with several values (ancestors, both sides of a connection) some value must pass the
 * whole test, its modifier included; `!=` on the sides of a connection is about both. (Upstream
 * looks such values up with a length of zero in `in`, and forgets modifiers. What was meant is done
 * here.)
 */
static void set_mode(struct eng_pred *p)
{
	const struct eng_expr *l = p->left;
	bool many = l->kind == X_FIELD && (l->ref.field->flags & FF_TWO_SIDED ||
					   (l->ref.field->flags & FF_ANY_ANCESTOR &&
					    !l->ref.has_arg));

	p->two_sided = l->kind == X_FIELD && l->ref.field->flags & FF_TWO_SIDED;
	if (p->op == OP_EXISTS)
		p->mode = PM_EXISTS;
	else if (p->right)
		p->mode = PM_FIELD;
	else if (is_never(p))
		p->mode = PM_NEVER;
	else if (p->type.list)
		p->mode = p->op == OP_IN ? PM_SUBSET : PM_MEETS;
	else if (many)
		p->mode = p->two_sided && p->op == OP_NE ? PM_ALL : PM_ANY;
	else
		p->mode = PM_ONE;
	if (p->mod == MOD_ANYOF && p->op == OP_EQ && is_text(p) && p->mode != PM_NEVER) {
		p->op = OP_IN;
		p->mod = MOD_NONE;
	}
}

/* Is it the same for all numbers that are not negative, and for all that are? */
static bool asks_sign(const struct eng_pred *p)
{
	if (p->mode != PM_ONE || p->mod || p->type.type != T_S64)
		return false;
	switch (p->op) {
	case OP_GE:
	case OP_LT:
		return p->lits[0].v.s == 0;
	case OP_GT:
	case OP_LE:
		return p->lits[0].v.s == -1;
	}
	return false;
}

/* Whether a descriptor came of it, or whether it failed, is known of the call. */
static void set_level(struct eng_pred *p)
{
	if (asks_sign(p) &&
	    (eng_expr__is_field(p->left, "fd.num") || eng_expr__is_field(p->left, "evt.rawres")))
		p->level = LV_CALL;
}

static void set_together(struct eng_pred *p)
{
	if (p->mode != PM_ONE || p->left->type.type != T_STR || (p->level != LV_PROC && p->level != LV_NAME))
		return;
	switch (p->op) {
	case OP_EQ:
	case OP_NE:
	case OP_IN:
		p->together = p->mod ? TOGETHER_NOT : TOGETHER_WHOLE;
		break;
	case OP_STARTSWITH:
	case OP_ENDSWITH:
		p->together = TOGETHER_ENDS;
		break;
	case OP_CONTAINS:
	case OP_ICONTAINS:
	case OP_GLOB:
	case OP_IGLOB:
		p->together = TOGETHER_PARTS;
		break;
	}
}

/* Of having the value. */
static unsigned cost_of_value(const struct eng_expr *x)
{
	/* made into text for the occasion */
	static const char *const made[] = { "evt.arg", "evt.args", "proc.env", "proc.exeline", "thread.cap_permitted",
					   "thread.cap_inheritable", "thread.cap_effective" };

	if (x->kind == X_CALL && x->call == CALL_BASENAME)
		return cost_of_value(x->kids[0]);
	if (x->kind != X_FIELD)
		return 20;
	if (x->ref.field->flags & FF_ANY_ANCESTOR)
		return 10;
	for (unsigned i = 0; i < sizeof(made) / sizeof(*made); i++)
		if (!strcmp(x->ref.field->name, made[i]))
			return 15;
	return 0;
}

static void set_cost(struct eng_pred *p)
{
	static const uint8_t by_op[OP__N] = {
		[OP_EXISTS] = 1, [OP_EQ] = 2, [OP_NE] = 2,
		[OP_LT] = 2, [OP_LE] = 2, [OP_GT] = 2, [OP_GE] = 2,
		[OP_STARTSWITH] = 2, [OP_BSTARTSWITH] = 2, [OP_ENDSWITH] = 2,
		[OP_IN] = 3, [OP_INTERSECTS] = 3,
		[OP_CONTAINS] = 6, [OP_BCONTAINS] = 6, [OP_ICONTAINS] = 10,
		[OP_PMATCH] = 12, [OP_GLOB] = 15, [OP_IGLOB] = 15, [OP_REGEX] = 60,
	};
	unsigned cost = p->together == TOGETHER_WHOLE ? 1 : by_op[p->op];

	if (p->mod && !p->together)
		cost *= p->n_lits ? p->n_lits : 1;
	cost += p->right ? 20 : cost_of_value(p->left);
	p->cost = (uint8_t)(cost < 100 ? cost : 100);
}

/* --- Right sides that are fields -------------------------------------------------------------- */

static int check_right(struct eng_pred *p, struct eng_pred_ctx *x)
{
	struct eng_vtype l = p->left->type, r = p->right->type;
	const struct eng_expr *lf = p->left, *rf = p->right;

	if (p->op == OP_PMATCH || p->op == OP_REGEX)
		return err__set(x->err, -FMT_E_VALUE,
				"operator '%s' doesn't support right-hand side fields",
				eng_op_names[p->op]);
	if (l.type == T_NET)
		return err__set(x->err, -FMT_E_VALUE,
				"field type 'IPNET' doesn't support right-hand side fields");
	if (lf->kind == X_FIELD && lf->ref.field->flags & FF_NO_RHS)
		return err__set(x->err, -FMT_E_VALUE,
				"field '%s' can't be compared with a right-hand side field",
				lf->ref.field->name);
	if (rf->kind == X_FIELD && rf->ref.field->flags & FF_NO_RHS)
		return err__set(x->err, -FMT_E_VALUE,
				"field '%s' can't be used as a right-hand side field",
				rf->ref.field->name);
	if (l.type != r.type || l.ptype != r.ptype || l.list != r.list)
		return err__set(x->err, -FMT_E_VALUE,
				"the left side has type '%s'%s while the right-hand side has "
				"incompatible type '%s'%s",
				eng_vtype__name(l), l.list ? " (list)" : "", eng_vtype__name(r),
				r.list ? " (list)" : "");
	return 0;
}

static int compile_side(const struct eng_operand *o, struct eng_pred_ctx *x, struct eng_expr **ret)
{
	const struct eng_operand *at;
	int r = eng_expr__compile(o, x->mem, ret, &at, x->err);

	if (r < 0)
		x->at = at->pos;
	return r;
}

static int compile_right(struct eng_pred *p, const struct eng_check *c, struct eng_pred_ctx *x)
{
	int r;

	x->at = c->right->pos;
	r = compile_side(c->right, x, &p->right);
	if (r < 0)
		return r;
	p->level = (uint8_t)eng_level__join(p->level, p->right->level);
	return check_right(p, x);
}

/* evt.around[T] = D: the event is within D milliseconds of T. */
static int check_around(struct eng_pred *p, struct err *err)
{
	if (p->op != OP_EQ || p->mod)
		return err__set(err, -FMT_E_VALUE,
				"filter error: evt.around is compared with '=' only");
	p->mode = PM_AROUND;
	p->level = LV_EVENT;
	return 0;
}

static int compile_values(struct eng_pred *p, const struct eng_check *c, struct eng_pred_ctx *x)
{
	int r;

	x->at = c->values_pos;
	r = read_literals(p, c, x);
	if (r < 0)
		return r;
	if (p->left->kind == X_FIELD && !strcmp(p->left->ref.field->name, "evt.around"))
		return check_around(p, x->err);
	set_mode(p);
	r = build_matchers(p, x);
	if (!r && p->mode != PM_NEVER)
		p->test = eng_pred__test_for(p->op, p->type);
	return r;
}

int eng_pred__compile(const struct eng_check *c, struct eng_pred_ctx *x, struct eng_pred **ret)
{
	struct eng_pred *p = arena__zalloc(x->mem, sizeof(*p));
	int r;

	x->at = c->left->pos;
	p->op = c->op;
	p->mod = c->mod;
	p->source = c;
	r = compile_side(c->left, x, &p->left);
	if (r < 0)
		return r;
	p->type = settle(p->left->type);
	p->level = p->left->level;
	r = eng_pred__check_type(p->op, p->mod, p->type, x->err);
	if (!r && c->rhs == RHS_OPERAND)
		r = compile_right(p, c, x);
	if (!r && (c->rhs == RHS_VALUE || c->rhs == RHS_LIST))
		r = compile_values(p, c, x);
	else if (!r)
		set_mode(p);
	if (r < 0) {
		eng_pred__done(p);
		return r;
	}
	p->plain = p->mode == PM_ONE && !p->mod && p->left->type.type != T_DYNAMIC;
	set_level(p);
	set_together(p);
	set_cost(p);
	*ret = p;
	return 0;
}

void eng_pred__done(struct eng_pred *p)
{
	for (uint32_t i = 0; p->regexes && i < p->n_lits; i++)
		match_regex__free(p->regexes[i]);
	p->regexes = NULL;
}
