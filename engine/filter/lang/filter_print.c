// SPDX-License-Identifier: Apache-2.0
/* Names of operators, and trees as text in their canonical form. */
#include <string.h>

#include "engine/filter/lang/filter_ast.h"

const char *const eng_op_names[OP__N] = {
	[OP_EXISTS] = "exists",
	[OP_EQ] = "=", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">=",
	[OP_CONTAINS] = "contains", [OP_ICONTAINS] = "icontains", [OP_BCONTAINS] = "bcontains",
	[OP_STARTSWITH] = "startswith", [OP_BSTARTSWITH] = "bstartswith",
	[OP_ENDSWITH] = "endswith",
	[OP_GLOB] = "glob", [OP_IGLOB] = "iglob", [OP_REGEX] = "regex",
	[OP_IN] = "in", [OP_INTERSECTS] = "intersects", [OP_PMATCH] = "pmatch",
};
const char *const eng_mod_names[4] = { "", "oneof", "anyof", "allof" };
const char *const eng_call_names[CALL__N] = {
	[CALL_TOLOWER] = "tolower", [CALL_TOUPPER] = "toupper", [CALL_B64] = "b64",
	[CALL_BASENAME] = "basename", [CALL_LEN] = "len", [CALL_JOIN] = "join",
	[CALL_CONCAT] = "concat", [CALL_GETOPT] = "getopt", [CALL_VAL] = "val",
};

static bool takes_mod(enum eng_op op)
{
	return op == OP_EQ || op == OP_NE || (op >= OP_CONTAINS && op <= OP_REGEX);
}

int eng_op__parse(const char *s, size_t len, enum eng_op *ret_op, enum eng_mod *ret_mod)
{
	const char *blank = memchr(s, ' ', len);
	size_t n = blank ? (size_t)(blank - s) : len, rest;
	unsigned op = n == 2 && !memcmp(s, "==", 2) ? OP_EQ : 0, mod = MOD_NONE;

	if (op != OP_EQ)
		while (op < OP__N && (strlen(eng_op_names[op]) != n ||
				      memcmp(eng_op_names[op], s, n)))
			op++;
	if (op == OP__N)
		return -FMT_E_UNKNOWN;
	if (blank) {
		rest = len - n - 1;
		for (mod = MOD_ONEOF; mod <= MOD_ALLOF; mod++)
			if (strlen(eng_mod_names[mod]) == rest &&
			    !memcmp(eng_mod_names[mod], blank + 1, rest))
				break;
		if (mod > MOD_ALLOF || !takes_mod(op))
			return -FMT_E_UNKNOWN;
	}
	*ret_op = op;
	*ret_mod = mod;
	return 0;
}

static void print_quoted(struct eng_text t, struct buf *out)
{
	static const char from[] = "\b\f\n\r\t\\\"", to[] = "bfnrt\\\"";

	buf__puts(out, "\"");
	for (uint32_t i = 0; i < t.len; i++) {
		const char *k = memchr(from, t.p[i], sizeof(from) - 1);

		/*
		 * a string cannot end in two backslashes; a backslash and a blank are a backslash
		 * too
		 */
		if (t.p[i] == '\\' && i == t.len - 1)
			buf__puts(out, "\\ ");
		else if (k)
			buf__printf(out, "\\%c", to[k - from]);
		else if (t.p[i] == 0)
			buf__puts(out, "\\x00");
		else
			buf__add(out, &t.p[i], 1);
	}
	buf__puts(out, "\"");
}

/* Bytes that cannot stand unquoted in a literal, in an argument. */
enum { IN_LITERAL = 1, IN_ARG = 2 };
static const uint8_t special[256] = {
	[0] = 3, [' '] = 3, ['\t'] = 3, ['\r'] = 3, ['\n'] = 3, ['\b'] = 3, ['\f'] = 3, ['\v'] = 3, ['='] = 3,
	['\\'] = 3, ['"'] = 3, ['\''] = 3,
	['('] = IN_LITERAL, [')'] = IN_LITERAL, [','] = IN_LITERAL, ['['] = IN_ARG, [']'] = IN_ARG,
};

static bool holds_special(struct eng_text t, uint8_t where)
{
	uint8_t found = 0;

	for (uint32_t i = 0; i < t.len; i++)
		found |= special[(uint8_t)t.p[i]];
	return found & where;
}

void eng_text__print(struct eng_text t, struct buf *out)
{
	if (!t.len || holds_special(t, IN_LITERAL))
		print_quoted(t, out);
	else
		buf__add(out, t.p, t.len);
}

static void print_arg(struct eng_text t, struct buf *out)
{
	buf__puts(out, "[");
	if (!t.len || holds_special(t, IN_ARG))
		print_quoted(t, out);
	else
		buf__add(out, t.p, t.len);
	buf__puts(out, "]");
}

void eng_operand__print(const struct eng_operand *o, struct buf *out)
{
	switch (o->kind) {
	case OPD_LITERAL:
		print_quoted(o->name, out);
		return;
	case OPD_FIELD:
		buf__add(out, o->name.p, o->name.len);
		break;
	case OPD_CALL:
		buf__puts(out, eng_call_names[o->call]);
		/* fall through */
	case OPD_LIST:
		buf__puts(out, "(");
		for (uint32_t i = 0; i < o->n_kids; i++) {
			buf__puts(out, i ? "," : "");
			eng_operand__print(o->kids[i], out);
		}
		buf__puts(out, ")");
	}
	if (o->has_arg)
		print_arg(o->arg, out);
}

struct eng_text eng_operand__field_text(const struct eng_operand *o, struct arena *mem)
{
	struct buf b = { 0 };
	struct eng_text t;

	buf__add(&b, o->name.p, o->name.len);
	if (o->has_arg) {
		buf__puts(&b, "[\"");
		for (uint32_t i = 0; i < o->arg.len; i++) {
			if (o->arg.p[i] == '"' || o->arg.p[i] == '\\')
				buf__puts(&b, "\\");
			buf__add(&b, &o->arg.p[i], 1);
		}
		buf__puts(&b, "\"]");
	}
	t = (struct eng_text){ arena__strndup(mem, (char *)b.p, b.len), (uint32_t)b.len };
	buf__done(&b);
	return t;
}

static void print_check(const struct eng_check *c, struct buf *out)
{
	eng_operand__print(c->left, out);
	buf__puts(out, " ");
	buf__puts(out, eng_op_names[c->op]);
	buf__puts(out, c->mod ? " " : "");
	buf__puts(out, eng_mod_names[c->mod]);
	if (c->rhs != RHS_NONE)
		buf__puts(out, " ");
	switch (c->rhs) {
	case RHS_VALUE:
		eng_text__print(c->values[0], out);
		break;
	case RHS_LIST:
		buf__puts(out, "(");
		for (uint32_t i = 0; i < c->n_values; i++) {
			buf__puts(out, i ? ", " : "");
			eng_text__print(c->values[i], out);
		}
		buf__puts(out, ")");
		break;
	case RHS_OPERAND:
		eng_operand__print(c->right, out);
	}
}

void eng_ast__print(const struct eng_ast *a, struct buf *out)
{
	switch (a->kind) {
	case N_AND:
	case N_OR:
		buf__puts(out, "(");
		for (uint32_t i = 0; i < a->n_kids; i++) {
			if (i)
				buf__puts(out, a->kind == N_AND ? " and " : " or ");
			eng_ast__print(a->kids[i], out);
		}
		buf__puts(out, ")");
		break;
	case N_NOT:
		if (a->kids[0]->kind == N_NOT) {	/* not(not(x)) */
			eng_ast__print(a->kids[0]->kids[0], out);
			break;
		}
		buf__puts(out, "not ");
		eng_ast__print(a->kids[0], out);
		break;
	case N_CHECK:
		print_check(&a->check, out);
		break;
	case N_MACRO:
		buf__add(out, a->macro.p, a->macro.len);
		break;
	}
}
