// SPDX-License-Identifier: Apache-2.0
/*
 * Fields, transformers and their arguments: the operands of the condition grammar, which is stated
 * in filter.h.
 */
#include <string.h>

#include "engine/filter/lang/filter_parse.h"

/* offsets are 32 bits wide; no honest condition is near this */
#define MAX_TEXT (16u << 20)

void kids__add(struct kids *k, void *kid, struct arena *mem)
{
	if (k->n == k->cap) {
		void **p;

		k->cap = k->cap ? k->cap * 2 : 4;
		p = arena__alloc(mem, k->cap * sizeof(*p));
		if (k->n)
			memcpy(p, k->p, k->n * sizeof(*p));
		k->p = p;
	}
	k->p[k->n++] = kid;
}

int parser__fail(struct parser *p, const char *what)
{
	if (p->lex.failed)		/* the lexer has said it better */
		return -FMT_E_SYNTAX;
	return lex__fail(&p->lex, p->lex.pos, -FMT_E_SYNTAX, "%s", what);
}

int parser__enter(struct parser *p)
{
	if (++p->depth < p->max_depth)
		return 0;
	p->depth--;
	return lex__fail(&p->lex, p->lex.pos, -FMT_E_LIMIT, "exceeded max depth limit of %u",
			 p->max_depth);
}

int parser__leave(struct parser *p, int r)
{
	p->depth--;
	return r;
}

struct eng_text parser__tok(struct parser *p)
{
	struct eng_text t = p->lex.tok;

	return (struct eng_text){ arena__strndup(p->lex.mem, t.p, t.len), t.len };
}

int parser__start(struct parser *p, const char *text, size_t len, unsigned max_depth,
		  struct arena *mem,
		 struct err *err)
{
	*p = (struct parser){ .max_depth = max_depth };
	p->lex = (struct lexer){ .text = text, .len = len, .mem = mem, .err = err,
				 .pos = { .line = 1, .col = 1 } };
	if (len > MAX_TEXT)
		return err__set(err, -FMT_E_LIMIT, "condition is longer than %u bytes", MAX_TEXT);
	return 0;
}

static struct eng_operand *new_operand(struct parser *p, enum eng_operand_kind kind,
				       struct eng_pos pos)
{
	struct eng_operand *o = arena__zalloc(p->lex.mem, sizeof(*o));

	o->kind = kind;
	o->pos = pos;
	return o;
}

static struct eng_operand *new_literal(struct parser *p, struct eng_pos pos)
{
	struct eng_operand *o = new_operand(p, OPD_LITERAL, pos);

	o->name = parser__tok(p);
	return o;
}

static int parse_bracket(struct parser *p, struct eng_operand *o)
{
	if (!lex__word(&p->lex, "["))
		return 0;
	if (!lex__quoted(&p->lex) && (p->lex.failed || !lex__bare_arg(&p->lex)))
		return parser__fail(p,
				    "expected a valid field argument: a quoted string or a bare "
				    "string");
	o->has_arg = true;
	o->arg = parser__tok(p);
	if (!lex__word(&p->lex, "]"))
		return parser__fail(p, "expected a ']' token");
	return 0;
}

/* The field name has been taken. */
int parser__field(struct parser *p, struct eng_pos pos, struct eng_operand **ret)
{
	struct eng_operand *o;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	o = new_operand(p, OPD_FIELD, pos);
	o->name = parser__tok(p);
	o->field = eng_field__find(o->name.p, o->name.len);
	*ret = o;
	return parser__leave(p, parse_bracket(p, o));
}

/*
 * The name of a transformer and its parenthesis; val stands on the right side of a comparison only.
 */
bool parser__lex_call(struct parser *p, enum eng_call *ret)
{
	static const char *const words[CALL__N] = {
		[CALL_TOLOWER] = "tolower(", [CALL_TOUPPER] = "toupper(", [CALL_B64] = "b64(",
		[CALL_BASENAME] = "basename(", [CALL_LEN] = "len(", [CALL_JOIN] = "join(",
		[CALL_CONCAT] = "concat(", [CALL_GETOPT] = "getopt(",
	};

	for (unsigned i = 0; i < CALL__N; i++) {
		if (words[i] && lex__word(&p->lex, words[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static int parse_list_element(struct parser *p, struct eng_operand **ret)
{
	struct eng_pos pos = p->lex.pos;
	enum eng_call call;

	if (lex__field_name(&p->lex))
		return parser__field(p, pos, ret);
	if (parser__lex_call(p, &call))
		return parser__call(p, call, pos, ret);
	if (lex__quoted(&p->lex) || (!p->lex.failed && lex__number(&p->lex))) {
		*ret = new_literal(p, pos);
		return 0;
	}
	return parser__fail(p,
			    "expected transformer list argument: field, transformer, quoted "
			    "string, or number");
}

/* The opening parenthesis has been taken. */
static int parse_operand_list(struct parser *p, struct eng_pos pos, struct eng_operand **ret)
{
	struct eng_operand *o = new_operand(p, OPD_LIST, pos), *kid;
	struct kids kids = { 0 };
	int r;

	lex__blank(&p->lex);
	if (!lex__word(&p->lex, ")")) {
		do {
			lex__blank(&p->lex);
			r = parse_list_element(p, &kid);
			if (r < 0)
				return r;
			kids__add(&kids, kid, p->lex.mem);
			lex__blank(&p->lex);
		} while (lex__word(&p->lex, ","));
		if (!lex__word(&p->lex, ")"))
			return parser__fail(p, "expected ')'");
	}
	o->kids = (struct eng_operand **)kids.p;
	o->n_kids = (uint32_t)kids.n;
	*ret = o;
	return 0;
}

static int parse_call_arg(struct parser *p, struct eng_operand **ret)
{
	struct eng_pos pos = p->lex.pos;
	enum eng_call call;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	if (lex__number(&p->lex) || lex__quoted(&p->lex))
		*ret = new_literal(p, pos);
	else if (p->lex.failed)
		r = -FMT_E_SYNTAX;
	else if (lex__word(&p->lex, "("))
		r = parse_operand_list(p, pos, ret);
	else if (parser__lex_call(p, &call))
		r = parser__call(p, call, pos, ret);
	else if (lex__field_name(&p->lex))
		r = parser__field(p, pos, ret);
	else
		r = parser__fail(p,
				 "expected field transformer argument: field, transformer, quoted "
				 "string, number, or transformer list");
	return parser__leave(p, r);
}

static int unclosed(struct parser *p)
{
	return parser__fail(p, "expected a ')' token closing the transformer");
}

/* `name(` has been taken. */
int parser__call(struct parser *p, enum eng_call call, struct eng_pos pos, struct eng_operand **ret)
{
	struct eng_operand *o, *kid;
	struct kids kids = { 0 };
	int r = parser__enter(p);

	if (r < 0)
		return r;
	o = new_operand(p, OPD_CALL, pos);
	o->call = (uint8_t)call;
	lex__blank(&p->lex);
	do {
		r = parse_call_arg(p, &kid);
		if (r < 0)
			return parser__leave(p, r);
		kids__add(&kids, kid, p->lex.mem);
		lex__blank(&p->lex);
	} while (lex__word(&p->lex, ","));
	if (!lex__word(&p->lex, ")"))
		return parser__leave(p, unclosed(p));
	o->kids = (struct eng_operand **)kids.p;
	o->n_kids = (uint32_t)kids.n;
	*ret = o;
	return parser__leave(p, parse_bracket(p, o));
}

/* `val(` has been taken: exactly one field. */
static int parse_val(struct parser *p, struct eng_pos pos, struct eng_operand **ret)
{
	struct eng_operand *o = new_operand(p, OPD_CALL, pos);
	struct eng_pos field_pos;
	int r;

	o->call = CALL_VAL;
	lex__blank(&p->lex);
	field_pos = p->lex.pos;
	if (!lex__field_name(&p->lex))
		return parser__fail(p, "expected a field within 'val' transformer");
	o->kids = arena__alloc(p->lex.mem, sizeof(*o->kids));
	o->n_kids = 1;
	r = parser__field(p, field_pos, &o->kids[0]);
	if (r < 0)
		return r;
	lex__blank(&p->lex);
	if (!lex__word(&p->lex, ")"))
		return unclosed(p);
	*ret = o;
	return parse_bracket(p, o);
}

/* A transformer or val() on the right side; *ret stays NULL if there is none. */
int parser__try_operand(struct parser *p, struct eng_operand **ret)
{
	struct eng_pos pos;
	enum eng_call call;
	int r = parser__enter(p);

	if (r < 0)
		return r;
	lex__blank(&p->lex);
	pos = p->lex.pos;
	if (lex__word(&p->lex, "val("))
		r = parse_val(p, pos, ret);
	else if (parser__lex_call(p, &call))
		r = parser__call(p, call, pos, ret);
	return parser__leave(p, r);
}

int eng_filter__parse_operand(const char *text, size_t len, unsigned max_depth, struct arena *mem,
			      struct eng_operand **ret, size_t *ret_used, struct err *err)
{
	struct eng_operand *o = NULL;
	struct parser p;
	enum eng_call call;
	int r;

	r = parser__start(&p, text, len, max_depth, mem, err);
	if (r < 0)
		return r;
	r = parser__enter(&p);
	if (r < 0)
		return r;
	if (lex__field_name(&p.lex))
		r = parser__field(&p, (struct eng_pos){ 0, 1, 1 }, &o);
	else if (parser__lex_call(&p, &call))
		r = parser__call(&p, call, (struct eng_pos){ 0, 1, 1 }, &o);
	else
		r = parser__fail(&p, "expected a field or a transformer");
	if (!r) {
		*ret = o;
		*ret_used = p.lex.pos.off;
	}
	return r;
}
