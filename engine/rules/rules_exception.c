// SPDX-License-Identifier: Apache-2.0
/* Exceptions: read, checked, and turned into the end of a condition. */
#include <string.h>

#include "engine/rules/ruleset.h"

#define MAX_CONDITION (8u << 20)	/* bytes, with exceptions and lists put in */

bool entry__given(const struct def_entry *e)
{
	return e->is_list ? e->n_items : e->text && *e->text;
}

/* --- Reading ---------------------------------------------------------------------------------- */

/* A scalar, or a sequence of entries. Anything else counts as not given. */
static int read_entry(struct eng_ruleset *rs, const struct yaml_node *v, const char *key,
		      const struct rules_ctx *ctx, struct def_entry *ret)
{
	const struct rules_ctx *in = ctx__node(rs, v, "value for", key, ctx);
	int r = 0;

	if (v->kind == Y_SCALAR) {
		if (!v->len)
			return rules__error(rs, LOAD_ERR_YAML_VALIDATE, in,
					    "Value must be non-empty");
		if (memchr(v->text, 0, v->len))
			return rules__error(rs, LOAD_ERR_YAML_VALIDATE, in,
					    "Could not decode scalar value");
		ret->text = v->text;
	}
	if (v->kind == Y_SEQ) {
		ret->is_list = true;
		ret->n_items = v->n;
		ret->items = arena__zalloc(&rs->mem, v->n * sizeof(*ret->items));
		for (uint32_t i = 0; i < v->n && !r; i++)
			r = read_entry(rs, v->kids[i], "",
				       ctx__node(rs, v->kids[i], "exception", "", in),
				       &ret->items[i]);
	}
	return r;
}

static int read_values(struct eng_ruleset *rs, const struct yaml_node *ex, bool append,
		       struct def_exception *e)
{
	const struct yaml_node *v = yaml_node__get(ex, "values");
	const struct rules_ctx *in;
	int r = 0;

	if (!v && append)
		rules__warn(rs, LOAD_APPEND_NO_VALUES, e->ctx,
			    "Overriding/appending exception with no values");
	if (!v)
		return 0;
	in = ctx__node(rs, v, "exception values", "", e->ctx);
	if (v->kind != Y_SEQ)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, in,
				    "Rule exception values must be a sequence");
	e->n_values = v->n;
	e->values = arena__zalloc(&rs->mem, v->n * sizeof(*e->values));
	for (uint32_t i = 0; i < v->n && !r; i++)
		r = read_entry(rs, v->kids[i], "",
			       ctx__node(rs, v->kids[i], "exception value", "", in), &e->values[i]);
	return r;
}

static int read_exception(struct eng_ruleset *rs, const struct yaml_node *ex,
			  const struct rules_ctx *list_ctx,
			  const struct rules_ctx *up, bool append, struct def_exceptions *all)
{
	const struct rules_ctx *tmp = ctx__node(rs, ex, "exception", "", list_ctx);
	const struct yaml_node *fields = yaml_node__get(ex, "fields"),
		*comps = yaml_node__get(ex, "comps");
	struct def_exception *e = &all->p[all->n];
	int r;

	if (ex->kind != Y_MAP)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, tmp,
				    "Rule exception must be a mapping");
	r = get_text(rs, ex, "name", GET_REQUIRED, tmp, &e->name);
	if (r < 0)
		return r;
	e->ctx = ctx__node(rs, ex, "exception", e->name, up);
	for (uint32_t i = 0; i < all->n; i++)
		if (!strcmp(all->p[i].name, e->name))
			rules__warn(rs, LOAD_EXCEPTION_NAME_NOT_UNIQUE, e->ctx,
				    "Multiple definitions of exception '%s' in the same rule",
				    e->name);
	if (!fields && !append)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, e->ctx,
				    "Item has no mapping for key 'fields'");
	if (fields)
		r = read_entry(rs, fields, "fields", e->ctx, &e->fields);
	if (!r && comps)
		r = read_entry(rs, comps, "comps", e->ctx, &e->comps);
	if (!r)
		r = read_values(rs, ex, append, e);
	all->n++;
	return r;
}

int read_exceptions(struct eng_ruleset *rs, const struct yaml_node *item,
		    const struct rules_ctx *up, bool append,
		    struct def_exceptions *ret)
{
	const struct yaml_node *exs = yaml_node__get(item, "exceptions");
	const struct rules_ctx *ctx;
	int r = 0;

	*ret = (struct def_exceptions){ 0 };
	if (!exs || exs->kind == Y_NULL)
		return 0;
	ctx = ctx__node(rs, exs, "exceptions", "", up);
	if (exs->kind != Y_SEQ)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Rule exceptions must be a sequence");
	ret->p = arena__zalloc(&rs->mem, exs->n * sizeof(*ret->p));
	for (uint32_t i = 0; i < exs->n && !r; i++)
		r = read_exception(rs, exs->kids[i], ctx, up, append, ret);
	return r;
}

/* --- Checking --------------------------------------------------------------------------------- */

static void trim(struct eng_ruleset *rs, struct def_entry *e)
{
	const char *s = e->text ? e->text : "";
	size_t n;

	s += strspn(s, " \t\r\n");
	n = strlen(s);
	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	e->text = arena__strndup(&rs->mem, s, n);
}

static bool is_list_op(enum eng_op op)
{
	return op == OP_IN || op == OP_PMATCH || op == OP_INTERSECTS;
}

/* A name of a field, or a transformer of some, as the left side of a comparison has it. */
static bool is_left_side(const char *text, const char *source)
{
	struct arena mem = { 0 };
	const struct eng_operand *at;
	struct eng_operand *o;
	struct eng_expr *x;
	size_t used;
	bool ok;

	ok = text && !eng_filter__parse_operand(text, strlen(text), 100, &mem, &o, &used, NULL) &&
		!text[used] &&
	     !eng_expr__compile(o, &mem, &x, &at, NULL) &&
	     !source__check_operand(o, source, NULL);
	arena__done(&mem);
	return ok;
}

static int check_field(struct eng_ruleset *rs, const struct def_exception *e, const char *field,
		       const char *source)
{
	if (!source || is_left_side(field, source))
		return 0;
	return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx, "'%s' is not a supported filter field",
			    field ? field : "");
}

static int check_several(struct eng_ruleset *rs, struct def_exception *e, const char *source)
{
	enum eng_op op;
	enum eng_mod mod;
	int r = 0;

	if (!entry__given(&e->comps)) {
		e->comps = (struct def_entry){ .is_list = true, .n_items = e->fields.n_items };
		e->comps.items = arena__zalloc(&rs->mem,
					       e->fields.n_items * sizeof(*e->comps.items));
		for (uint32_t i = 0; i < e->fields.n_items; i++)
			e->comps.items[i].text = "=";
	}
	if (!e->comps.is_list || e->fields.n_items != e->comps.n_items)
		return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
				    "Fields and comps lists must have equal length");
	for (uint32_t i = 0; i < e->comps.n_items; i++) {
		struct def_entry *c = &e->comps.items[i];

		trim(rs, c);
		if (eng_op__parse(c->text, strlen(c->text), &op, &mod) < 0)
			return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					    "'%s' is not a supported comparison operator", c->text);
	}
	for (uint32_t i = 0; i < e->fields.n_items && !r; i++)
		r = check_field(rs, e, e->fields.items[i].text, source);
	return r;
}

static int check_single(struct eng_ruleset *rs, struct def_exception *e, const char *source)
{
	enum eng_op op;
	enum eng_mod mod;

	if (!entry__given(&e->comps))
		e->comps = (struct def_entry){ .text = "in" };
	if (e->comps.is_list)
		return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
				    "Fields and comps must both be strings");
	trim(rs, &e->comps);
	if (eng_op__parse(e->comps.text, strlen(e->comps.text), &op, &mod) < 0 ||
	    (!mod && !is_list_op(op)))
		return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
				    "When fields is a single value, comps must be one of (in, "
				    "pmatch, intersects) or a modifier operator (e.g. startswith "
				    "oneof)");
	return check_field(rs, e, e->fields.text, source);
}

int exception__check(struct eng_ruleset *rs, struct def_exception *e, const char *source)
{
	return e->fields.is_list ? check_several(rs, e, source) :
	       check_single(rs, e, source);
}

/* --- Into the condition ----------------------------------------------------------------------- */

/* A value with a blank gets quotes unless it has some. */
static void put_value(struct buf *b, const char *v)
{
	bool quote = strchr(v, ' ') && v[0] != '"' && v[0] != '\'';

	buf__printf(b, quote ? "\"%s\"" : "%s", v);
}

static const char *text_of(const struct def_entry *e)
{
	return e->text ? e->text : "";
}

static int put_single(struct eng_ruleset *rs, const struct def_exception *e, struct buf *b)
{
	for (uint32_t i = 0; i < e->n_values; i++) {
		if (e->values[i].is_list)
			return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					    "Expected values array to contain a list of strings");
		if (i)
			buf__puts(b, ", ");
		else
			buf__printf(b, "(%s %s (", e->fields.text, e->comps.text);
		put_value(b, text_of(&e->values[i]));
	}
	if (e->n_values)
		buf__puts(b, "))");
	return 0;
}

/* One field of a row: " field op value". */
static void put_cell(const struct def_entry *field, const struct def_entry *comp,
		     const struct def_entry *v,
		     struct buf *b)
{
	enum eng_op op;
	enum eng_mod mod;

	buf__printf(b, " %s %s ", text_of(field), comp->text);
	if (v->is_list) {
		buf__puts(b, "(");
		for (uint32_t i = 0; i < v->n_items; i++) {
			buf__puts(b, i ? ", " : "");
			put_value(b, text_of(&v->items[i]));
		}
		buf__puts(b, ")");
		return;
	}
	if (!eng_op__parse(comp->text, strlen(comp->text), &op, &mod) && (mod || is_list_op(op)))
		buf__printf(b, text_of(v)[0] == '(' ? "%s" : "(%s)", text_of(v));
	else
		put_value(b, text_of(v));
}

static int put_rows(struct eng_ruleset *rs, const struct def_exception *e, struct buf *b)
{
	if (!e->n_values)
		return 0;
	buf__puts(b, "(");
	for (uint32_t i = 0; i < e->n_values; i++) {
		const struct def_entry *row = &e->values[i];

		if (row->n_items != e->fields.n_items)
			return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					    "Fields and values lists must have equal length");
		buf__puts(b, i ? " or (" : "(");
		for (uint32_t k = 0; k < row->n_items; k++) {
			buf__puts(b, k ? " and " : "");
			put_cell(&e->fields.items[k], &e->comps.items[k], &row->items[k], b);
		}
		buf__puts(b, ")");
	}
	buf__puts(b, ")");
	return 0;
}

int exceptions__apply(struct eng_ruleset *rs, const struct def_rule *r, struct arena *mem,
		      struct eng_text *ret)
{
	struct buf all = { 0 }, one = { 0 };
	int rc = 0;

	if (!r->exceptions.n) {
		*ret = (struct eng_text){ r->cond, (uint32_t)strlen(r->cond) };
		return 0;
	}
	buf__printf(&all, "(%s)", r->cond);
	for (uint32_t i = 0; i < r->exceptions.n && !rc; i++) {
		const struct def_exception *e = &r->exceptions.p[i];

		one.len = 0;
		rc = e->fields.is_list ? put_rows(rs, e, &one) : put_single(rs, e, &one);
		if (one.len) {
			buf__puts(&all, " and not ");
			buf__add(&all, one.p, one.len);
		}
		if (!rc && all.len > MAX_CONDITION)
			rc = rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					  "Condition becomes too long with its exceptions");
	}
	if (!rc)
		*ret = (struct eng_text){ arena__strndup(mem, (char *)all.p, all.len),
					 (uint32_t)all.len };
	buf__done(&all);
	buf__done(&one);
	return rc;
}
