// SPDX-License-Identifier: Apache-2.0
/* Recursive descent over expressions and comparisons; the grammar is stated in filter.h. */
#include <string.h>

#include "engine/filter/lang/filter_parse.h"
#include "format/base/nearest.h"

static int parse_or(struct parser *p, struct eng_ast **ret);

static struct eng_ast *new_node(struct parser *p, enum eng_node kind, struct eng_pos pos)
{
	struct eng_ast *a = arena__zalloc(p->lex.mem, sizeof(*a));

	a->kind = kind;
	a->pos = pos;
	a->size = 1;
	a->depth = 1;
	a->open = kind == N_MACRO;
	a->origin = p->origin;
	return a;
}

/* --- Comparisons ------------------------------------------------------------------------------ */

#define ONE_OF_TRANSFORMERS "tolower, toupper, b64, basename, len, join, concat, getopt, val"

static void set_value(struct parser *p, struct eng_check *c, struct eng_pos pos)
{
	c->rhs = RHS_VALUE;
	c->values = arena__alloc(p->lex.mem, sizeof(*c->values));
	c->values[0] = parser__tok(p);
	c->n_values = 1;
	c->values_pos = pos;
}

static bool take_string(struct lexer *l)
{
	return lex__quoted(l) || (!l->failed && lex__bare_string(l));
}

/* A value that take finds, or an operand, at the right; what is said where there is neither. */
static int parse_right(struct parser *p, struct eng_check *c, bool (*take)(struct lexer *l),
		       const char *what)
{
	struct eng_pos pos;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	pos = p->lex.pos;
	r = parser__try_operand(p, &c->right);
	if (!r && c->right)
		c->rhs = RHS_OPERAND;
	else if (!r && take(&p->lex))
		set_value(p, c, pos);
	else if (!r)
		r = parser__fail(p, what);
	return parser__leave(p, r);
}

#define OR_TRANSFORMER "value or a field with a valid transformer: one of " ONE_OF_TRANSFORMERS

static int parse_number_value(struct parser *p, struct eng_check *c)
{
	return parse_right(p, c, lex__number, "expected a number " OR_TRANSFORMER);
}

static int parse_string_value(struct parser *p, struct eng_check *c)
{
	return parse_right(p, c, take_string, "expected a string " OR_TRANSFORMER);
}

/* An element of a list of values: a production of its own for the depth limit. */
static int parse_value(struct parser *p, struct kids *values)
{
	struct eng_text *t;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	if (take_string(&p->lex)) {
		t = arena__alloc(p->lex.mem, sizeof(*t));
		*t = parser__tok(p);
		kids__add(values, t, p->lex.mem);
	} else {
		r = parser__fail(p, "expected a string value");
	}
	return parser__leave(p, r);
}

/* `(` has been taken. */
static int parse_values(struct parser *p, struct eng_check *c, struct eng_pos pos)
{
	struct kids values = { 0 };
	int r;

	lex__blank(&p->lex);
	if (!lex__word(&p->lex, ")")) {
		do {
			r = parse_value(p, &values);
			if (r < 0)
				return r;
			lex__blank(&p->lex);
		} while (lex__word(&p->lex, ","));
		if (!lex__word(&p->lex, ")"))
			return parser__fail(p, "expected a ')' token");
	}
	c->rhs = RHS_LIST;
	c->values_pos = pos;
	c->n_values = (uint32_t)values.n;
	c->values = arena__alloc(p->lex.mem, values.n * sizeof(*c->values));
	for (size_t i = 0; i < values.n; i++)
		c->values[i] = *(struct eng_text *)values.p[i];
	return 0;
}

/* A list, a name that stands for one, or (operands) a transformer. */
static int parse_list_value(struct parser *p, struct eng_check *c, bool operands)
{
	struct eng_pos pos;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	pos = p->lex.pos;
	if (lex__word(&p->lex, "("))
		return parser__leave(p, parse_values(p, c, pos));
	if (operands)
		r = parser__try_operand(p, &c->right);
	if (!r && c->right)
		c->rhs = RHS_OPERAND;
	else if (!r && lex__identifier(&p->lex))
		set_value(p, c, pos);
	else if (!r)
		r = parser__fail(p,
				 operands ?
				 "expected a list, an identifier, or a field with a valid "
				       "transformer: one of " ONE_OF_TRANSFORMERS :
			 "expected a list or an identifier");
	return parser__leave(p, r);
}

static bool lex_string_op(struct parser *p, enum eng_op *ret, bool *ret_word)
{
	static const struct { const char *word; enum eng_op op; bool blank; } ops[] = {
		{ "==", OP_EQ, false }, { "=", OP_EQ, false }, { "!=", OP_NE, false },
		{ "glob", OP_GLOB, true }, { "iglob", OP_IGLOB, true },
		{ "contains", OP_CONTAINS, true }, { "icontains", OP_ICONTAINS, true },
		{ "bcontains", OP_BCONTAINS, true }, { "startswith", OP_STARTSWITH, true },
		{ "bstartswith", OP_BSTARTSWITH, true }, { "endswith", OP_ENDSWITH, true },
		{ "regex", OP_REGEX, true },
	};

	for (unsigned i = 0; i < sizeof(ops) / sizeof(*ops); i++) {
		if (ops[i].blank ? lex__word_blank(&p->lex, ops[i].word) :
		    lex__word(&p->lex, ops[i].word)) {
			*ret = ops[i].op;
			*ret_word = ops[i].blank;
			return true;
		}
	}
	return false;
}

/* After a modifier: does a list or a name follow, and not the rest of the expression? */
static bool list_follows(const struct parser *p)
{
	static const char *const words[] = { "and", "or", "not" };
	struct lexer peek = p->lex;
	const char *s = peek.text + peek.pos.off;
	size_t left = lex__left(&peek);

	for (unsigned i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (left >= n && !memcmp(s, words[i], n) &&
		    (left == n || !((s[n] >= '0' && s[n] <= '9') ||
				    ((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z'))))
			return false;
	}
	return (left && *s == '(') || lex__identifier(&peek);
}

static bool lex_modifier(struct parser *p, enum eng_mod *ret)
{
	struct lexer saved = p->lex;

	for (unsigned i = MOD_ONEOF; i <= MOD_ALLOF; i++) {
		if (!lex__word_blank(&p->lex, eng_mod_names[i]))
			continue;
		if (list_follows(p)) {
			*ret = i;
			return true;
		}
		p->lex = saved;
	}
	return false;
}

static bool lex_number_op(struct parser *p, enum eng_op *ret)
{
	static const struct { const char *word; enum eng_op op; } ops[] = {
		{ "<=", OP_LE }, { "<", OP_LT }, { ">=", OP_GE }, { ">", OP_GT },
	};

	for (unsigned i = 0; i < 4; i++) {
		if (lex__word(&p->lex, ops[i].word)) {
			*ret = ops[i].op;
			return true;
		}
	}
	return false;
}

static bool lex_list_op(struct parser *p, enum eng_op *ret)
{
	static const struct { const char *word; enum eng_op op; } ops[] = {
		{ "intersects", OP_INTERSECTS }, { "in", OP_IN }, { "pmatch", OP_PMATCH },
	};

	for (unsigned i = 0; i < 3; i++) {
		if (lex__word(&p->lex, ops[i].word)) {
			*ret = ops[i].op;
			return true;
		}
	}
	return false;
}

static int parse_operator(struct parser *p, struct eng_check *c)
{
	enum eng_op op = OP_EXISTS;
	enum eng_mod mod = MOD_NONE;
	bool word = false;
	int r = 0;

	lex__blank(&p->lex);
	if (lex__word(&p->lex, "exists")) {
		c->rhs = RHS_NONE;
	} else if (lex_number_op(p, &op)) {
		r = parse_number_value(p, c);
	} else if (lex_string_op(p, &op, &word)) {
		if ((lex__blank(&p->lex) || word) && lex_modifier(p, &mod))
			r = parse_list_value(p, c, false);
		else
			r = parse_string_value(p, c);
	} else if (lex_list_op(p, &op)) {
		r = parse_list_value(p, c, true);
	} else {
		r = parser__fail(p,
				 "expected a valid check operator: one of exists, <=, <, >=, >, "
				 "==, =, !=, glob, iglob, contains, icontains, bcontains, "
				 "startswith, bstartswith, endswith, regex, intersects, in, "
				 "pmatch");
	}
	c->op = (uint8_t)op;
	c->mod = (uint8_t)mod;
	return r;
}

static int parse_condition(struct parser *p, struct eng_operand *left, struct eng_pos pos,
			   struct eng_ast **ret)
{
	struct eng_ast *a;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	a = new_node(p, N_CHECK, pos);
	a->check.left = left;
	*ret = a;
	return parser__leave(p, parse_operator(p, &a->check));
}

/* --- Expressions ------------------------------------------------------------------------------ */

/* `(` has been taken. */
static int parse_parenthesis(struct parser *p, struct eng_ast **ret)
{
	int r = parser__enter(p);

	if (r < 0)
		return r;
	r = parse_or(p, ret);
	lex__blank(&p->lex);
	if (!r && !lex__word(&p->lex, ")"))
		r = parser__fail(p, "expected a ')' token");
	return parser__leave(p, r);
}

static int parse_check(struct parser *p, struct eng_ast **ret)
{
	struct eng_operand *left;
	struct eng_pos pos;
	enum eng_call call;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	pos = p->lex.pos;
	if (lex__word(&p->lex, "(")) {
		r = parse_parenthesis(p, ret);
	} else if (lex__field_name(&p->lex)) {
		r = parser__field(p, pos, &left);
		if (!r)
			r = parse_condition(p, left, pos, ret);
	} else if (parser__lex_call(p, &call)) {
		r = parser__call(p, call, pos, &left);
		if (!r)
			r = parse_condition(p, left, pos, ret);
	} else if (lex__identifier(&p->lex)) {
		*ret = new_node(p, N_MACRO, pos);
		(*ret)->macro = parser__tok(p);
	} else {
		r = parser__fail(p, "expected a '(' token, a field check, or an identifier");
	}
	return parser__leave(p, r);
}

static int parse_not(struct parser *p, struct eng_ast **ret)
{
	struct eng_pos pos;
	bool negated = false;
	struct eng_ast *kid = NULL;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	pos = p->lex.pos;
	while (lex__not(&p->lex))
		negated = !negated;
	if (lex__word(&p->lex, "not(")) {
		negated = !negated;
		r = parse_parenthesis(p, &kid);
	} else {
		r = parse_check(p, &kid);
	}
	if (!r && negated) {
		*ret = new_node(p, N_NOT, pos);
		(*ret)->kids = arena__alloc(p->lex.mem, sizeof(kid));
		(*ret)->kids[0] = kid;
		(*ret)->n_kids = 1;
		eng_ast__sum(*ret);
	} else if (!r) {
		*ret = kid;
	}
	return parser__leave(p, r);
}

static int parse_and(struct parser *p, struct eng_ast **ret);

/* What follows `and` and `or`: a blank and the next operand, or a parenthesis at once. */
static int parse_next(struct parser *p, bool is_or, struct eng_ast **ret)
{
	if (lex__blank(&p->lex))
		return is_or ? parse_and(p, ret) : parse_not(p, ret);
	if (lex__word(&p->lex, "("))
		return parse_parenthesis(p, ret);
	return parser__fail(p,
			    is_or ? "expected blank or '(' after 'or'" :
			    "expected blank or '(' after 'and'");
}

static int parse_chain(struct parser *p, bool is_or, struct eng_ast **ret)
{
	struct eng_pos pos = p->lex.pos;
	struct eng_ast *kid = NULL;
	struct kids kids = { 0 };
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	r = is_or ? parse_and(p, &kid) : parse_not(p, &kid);
	while (!r) {
		kids__add(&kids, kid, p->lex.mem);
		lex__blank(&p->lex);
		if (!lex__word(&p->lex, is_or ? "or" : "and"))
			break;
		r = parse_next(p, is_or, &kid);
	}
	if (!r && kids.n == 1) {
		*ret = kids.p[0];
	} else if (!r) {
		*ret = new_node(p, is_or ? N_OR : N_AND, pos);
		(*ret)->kids = (struct eng_ast **)kids.p;
		(*ret)->n_kids = (uint32_t)kids.n;
		eng_ast__sum(*ret);
	}
	return parser__leave(p, r);
}

static int parse_and(struct parser *p, struct eng_ast **ret)
{
	return parse_chain(p, false, ret);
}

static int parse_or(struct parser *p, struct eng_ast **ret)
{
	return parse_chain(p, true, ret);
}

/* What stands behind a complete expression; a name and a parenthesis may be a transformer. */
static int unexpected(struct parser *p)
{
	struct lexer *l = &p->lex;
	struct eng_text name = l->tok;
	struct nearest near = nearest__begin(name.p, name.len);

	for (unsigned i = 0; l->text[l->pos.off] == '(' && i < CALL__N; i++)
		nearest__try(&near, eng_call_names[i]);
	return lex__fail(l, l->pos, -FMT_E_SYNTAX,
			 "unexpected token after '%.*s', expecting 'or', 'and'%s%s%s",
			 (int)(name.len < 200 ? name.len : 200), name.p,
			 near.name ? "; did you mean the transformer '" : "",
			 near.name ? near.name : "", near.name ? "'?" : "");
}

int eng_filter__parse_from(const void *origin, const char *text, size_t len, unsigned max_depth,
			   struct arena *mem, struct eng_ast **ret, struct err *err)
{
	struct eng_ast *a = NULL;
	struct parser p;
	int r;

	r = parser__start(&p, text, len, max_depth, mem, err);
	if (r < 0)
		return r;
	p.origin = origin;
	if (!len)
		return lex__fail(&p.lex, p.lex.pos, -FMT_E_SYNTAX, "filter input string is empty");
	r = parse_or(&p, &a);
	if (!r && lex__left(&p.lex))
		r = unexpected(&p);
	if (!r)
		*ret = a;
	return r;
}

int eng_filter__parse(const char *text, size_t len, unsigned max_depth, struct arena *mem,
		      struct eng_ast **ret, struct err *err)
{
	return eng_filter__parse_from(NULL, text, len, max_depth, mem, ret, err);
}
