// SPDX-License-Identifier: Apache-2.0
/* Operands compiled: fields resolved, transformers checked, and the value of both for an event. */
#include <string.h>

#include "engine/filter/lang/filter_value.h"

const char *const eng_level_names[LV__N] = {
	[LV_TYPE] = "type", [LV_CALL] = "call", [LV_PROC] = "process", [LV_NAME] = "fd name", [LV_FD] = "fd",
		[LV_EVENT] = "event",
};

enum eng_level eng_level__join(enum eng_level a, enum eng_level b)
{
	if (a == b || b == LV_TYPE)
		return a;
	if (a == LV_TYPE)
		return b;
	if ((a == LV_NAME && b == LV_FD) || (a == LV_FD && b == LV_NAME))
		return LV_FD;
	return LV_EVENT;
}

bool eng_expr__is_field(const struct eng_expr *x, const char *name)
{
	return x->kind == X_FIELD && !x->ref.has_arg && !strcmp(x->ref.field->name, name);
}

struct compile {
	struct arena *mem;
	struct err *err;
	const struct eng_operand *at;
};

static int compile(struct compile *c, const struct eng_operand *o, struct eng_expr **ret);

static int bad(struct compile *c, const struct eng_operand *o, const char *what)
{
	c->at = o;
	return err__set(c->err, -FMT_E_VALUE, "%s", what);
}

static struct eng_expr *new_expr(struct compile *c, enum eng_expr_kind kind,
				 const struct eng_operand *o)
{
	struct eng_expr *x = arena__zalloc(c->mem, sizeof(*x));

	x->kind = kind;
	x->source = o;
	return x;
}

/* These need only the kind and the name of a descriptor: many descriptors share an answer. */
static bool is_name_only(const struct eng_field *f)
{
	static const char *const names[] = { "fd.name", "fd.nameraw", "fd.directory", "fd.filename", "fd.type",
					    "fd.typechar" };

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(f->name, names[i]))
			return true;
	return false;
}

static enum eng_level field_level(const struct eng_fref *ref)
{
	switch (ref->scope) {
	case SCOPE_TYPE: return LV_TYPE;
	case SCOPE_CALL: return LV_CALL;
	case SCOPE_PROC: return LV_PROC;
	case SCOPE_FD: return is_name_only(ref->field) ? LV_NAME : LV_FD;
	}
	return LV_EVENT;
}

static int compile_field(struct compile *c, const struct eng_operand *o, struct eng_expr **ret)
{
	struct eng_text text = o->has_arg ? eng_operand__field_text(o, c->mem) : o->name;
	struct eng_expr *x = new_expr(c, X_FIELD, o);
	struct err why = { 0 };
	int r;

	r = eng_field__resolve(text.p, text.len, c->mem, &x->ref, &why);
	if (r < 0) {
		c->at = o;
		if (r == -FMT_E_UNKNOWN)
			return err__set(c->err, r,
					"filter_check called with nonexistent field %.*s (%s)",
					(int)o->name.len, o->name.p, why.msg);
		return err__set(c->err, r, "%s", why.msg);
	}
	x->type = (struct eng_vtype){ x->ref.type, x->ref.ptype, x->ref.field->flags & FF_LIST };
	x->base = x->type;
	x->level = (uint8_t)field_level(&x->ref);
	*ret = x;
	return 0;
}

static const struct eng_vtype TEXT = { T_STR, PT_STR, false };
static const struct eng_vtype TEXT_LIST = { T_STR, PT_STR, true };

static int compile_kids(struct compile *c, const struct eng_operand *o, struct eng_expr *x)
{
	int r;

	x->n_kids = o->n_kids;
	x->kids = arena__alloc(c->mem, o->n_kids * sizeof(*x->kids));
	for (uint32_t i = 0; i < o->n_kids; i++) {
		r = compile(c, o->kids[i], &x->kids[i]);
		if (r < 0)
			return r;
		x->level = (uint8_t)eng_level__join(x->level, x->kids[i]->level);
	}
	return 0;
}

/* tolower and the like: one operand, whose type they keep or turn into a number. */
static int check_unary(struct compile *c, const struct eng_operand *o, struct eng_expr *x)
{
	struct eng_expr *in = x->kids[0];
	struct eng_vtype t = in->type;
	bool ok = t.type == T_STR;

	if (o->has_arg)
		return bad(c, o, "filter error: this transformer does not support field arguments");
	if (in->kind == X_FIELD && in->ref.field->flags & FF_NO_TRANSFORMER) {
		c->at = o;
		return err__set(c->err, -FMT_E_VALUE, "field '%s' does not support transformers",
				in->ref.field->name);
	}
	if (x->call == CALL_LEN)
		ok = ok || t.type == T_BYTES || t.list;
	else if (x->call == CALL_B64)
		ok = (ok && t.ptype != PT_PATH && t.ptype != PT_RELPATH) || t.type == T_BYTES;
	if (!ok) {
		c->at = o;
		return err__set(c->err, -FMT_E_VALUE,
				"can't add field transformer: type '%s' is not supported by '%s' "
				"transformer",
				eng_vtype__name(t), eng_call_names[x->call]);
	}
	x->type = x->call == CALL_LEN ? (struct eng_vtype){ T_U64, PT_U64, false } : t;
	x->base = in->base;
	return 0;
}

static bool is_charbuf(struct eng_vtype t)
{
	return t.type == T_STR && t.ptype != PT_PATH && t.ptype != PT_RELPATH && !t.list;
}

static int check_join(struct compile *c, const struct eng_operand *o, struct eng_expr *x)
{
	if (x->n_kids != 2)
		return bad(c, o, "join() requires exactly 2 arguments: separator and list");
	if (x->kids[0]->base.list)
		return bad(c, o,
			   "join() first argument (separator) must be a single value, not a list");
	if (!x->kids[1]->base.list)
		return bad(c, o, "join() second argument must be a list");
	return 0;
}

static int check_concat(struct compile *c, const struct eng_operand *o, struct eng_expr *x)
{
	if (x->n_kids < 2)
		return bad(c, o, "concat() requires at least 2 arguments");
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!is_charbuf(x->kids[i]->base))
			return bad(c, o, "concat() arguments must be strings");
	return 0;
}

static int check_getopt(struct compile *c, const struct eng_operand *o, struct eng_expr *x)
{
	struct eng_vtype list = x->kids[0]->base;

	if (x->n_kids != 2)
		return bad(c, o, "getopt() requires exactly 2 arguments: args list and optstring");
	if (!list.list)
		return bad(c, o, "getopt() first argument must be a list");
	if (x->kids[1]->base.list)
		return bad(c, o, "getopt() second argument (optstring) must be a single value");
	list.list = false;
	if (!is_charbuf(list) || !is_charbuf(x->kids[1]->base))
		return bad(c, o, "getopt() arguments must be strings");
	if (o->has_arg && o->arg.len != 1)
		return bad(c, o, "getopt() field argument must be a single option character");
	x->option = o->has_arg ? o->arg.p[0] : 0;
	if (o->has_arg && !x->option)
		return bad(c, o, "getopt() field argument must be a single option character");
	return 0;
}

static bool takes_several(enum eng_call call)
{
	return call == CALL_JOIN || call == CALL_CONCAT || call == CALL_GETOPT;
}

static int compile_call(struct compile *c, const struct eng_operand *o, struct eng_expr **ret)
{
	struct eng_expr *x;
	int r;

	if (o->call == CALL_VAL) {
		if (o->has_arg)
			return bad(c, o,
				   "filter error: transformer 'val' does not support field "
				   "arguments");
		return compile(c, o->kids[0], ret);
	}
	x = new_expr(c, X_CALL, o);
	x->call = o->call;
	r = compile_kids(c, o, x);
	if (r < 0)
		return r;
	if (!takes_several(o->call) && x->n_kids != 1)
		return bad(c, o, "filter error: this transformer takes exactly one argument");
	if (!takes_several(o->call)) {
		r = check_unary(c, o, x);
	} else {
		r = o->call == CALL_JOIN ? check_join(c, o, x) :
		    o->call == CALL_CONCAT ? check_concat(c, o, x) : check_getopt(c, o, x);
		if (!r && o->has_arg && o->call != CALL_GETOPT)
			r = bad(c, o,
				"filter error: this transformer does not support field arguments");
		x->type = o->call == CALL_GETOPT && !o->has_arg ? TEXT_LIST : TEXT;
		x->base = x->type;
	}
	*ret = x;
	return r;
}

static bool is_listable(struct eng_vtype t)
{
	return t.type != T_NET && t.type != T_DYNAMIC;
}

static int compile_list(struct compile *c, const struct eng_operand *o, struct eng_expr **ret)
{
	struct eng_expr *x = new_expr(c, X_LIST, o);
	int r = compile_kids(c, o, x);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!is_listable(x->kids[i]->type))
			return bad(c, o->kids[i], "a list cannot hold a field of this type");
	x->type = x->base = TEXT_LIST;
	*ret = x;
	return 0;
}

static int compile_literal(struct compile *c, const struct eng_operand *o, struct eng_expr **ret)
{
	struct eng_expr *x = new_expr(c, X_LITERAL, o);

	if (memchr(o->name.p, 0, o->name.len))
		return bad(c, o, "filter error: filter value cannot contain a NUL byte (\\x00)");
	x->type = x->base = TEXT;
	x->text = o->name;
	*ret = x;
	return 0;
}

static int compile(struct compile *c, const struct eng_operand *o, struct eng_expr **ret)
{
	switch (o->kind) {
	case OPD_FIELD:
		return compile_field(c, o, ret);
	case OPD_CALL:
		return compile_call(c, o, ret);
	case OPD_LIST:
		return compile_list(c, o, ret);
	}
	return compile_literal(c, o, ret);
}

int eng_expr__compile(const struct eng_operand *o, struct arena *mem, struct eng_expr **ret,
		      const struct eng_operand **ret_at, struct err *err)
{
	struct compile c = { .mem = mem, .err = err, .at = o };
	int r = compile(&c, o, ret);

	if (r < 0)
		*ret_at = c.at;
	return r;
}

/* --- Values ----------------------------------------------------------------------------------- */

static struct eng_val text_val(const char *p, uint32_t len)
{
	struct eng_val v = { .type = T_STR };

	v.str.p = p;
	v.str.len = len;
	return v;
}

/* An element of a list: texts stay, everything else becomes text. */
static struct eng_val list_element(const struct eng_expr *x, const struct eng_vals *one,
				   struct arena *scratch)
{
	struct buf b = { 0 };
	struct eng_val v;

	if (one->v[0].type == T_STR || one->v[0].type == T_BYTES)
		return one->v[0];
	if (x->kind == X_FIELD)
		eng_val__text(&x->ref, one, &b);
	else
		buf__printf(&b, "%llu", (unsigned long long)one->v[0].u);
	v = text_val(arena__strndup(scratch, (char *)b.p, b.len), (uint32_t)b.len);
	buf__done(&b);
	return v;
}

static bool get_list(const struct eng_expr *x, const struct eng_ctx *ctx, bool filter,
		     struct arena *scratch,
		     struct eng_vals *out)
{
	struct eng_val *list = NULL;
	uint32_t n = 0, cap = 0;

	for (uint32_t i = 0; i < x->n_kids; i++) {
		struct eng_vals one;

		if (!eng_expr__get(x->kids[i], ctx, filter, scratch, &one))
			return false;
		if (n + one.n > cap) {
			struct eng_val *more;

			cap = (n + one.n) * 2 + x->n_kids;
			more = arena__alloc(scratch, cap * sizeof(*more));
			if (n)
				memcpy(more, list, n * sizeof(*more));
			list = more;
		}
		if (!one.is_list)
			list[n++] = list_element(x->kids[i], &one, scratch);
		for (uint32_t k = 0; one.is_list && k < one.n; k++)
			list[n++] = one.list[k];
	}
	out->is_list = true;
	out->n = n;
	out->list = list;
	return true;
}

static bool get_call(const struct eng_expr *x, const struct eng_ctx *ctx, bool filter,
		     struct arena *scratch,
		     struct eng_vals *out)
{
	struct eng_vals *args = arena__zalloc(scratch, x->n_kids * sizeof(*args));

	for (uint32_t i = 0; i < x->n_kids; i++)
		if (!eng_expr__get(x->kids[i], ctx, filter, scratch, &args[i]))
			return false;
	return eng_transform(x, args, scratch, out);
}

bool eng_expr__get(const struct eng_expr *x, const struct eng_ctx *ctx, bool filter,
		   struct arena *scratch,
		   struct eng_vals *out)
{
	out->scratch = scratch;
	out->n = 0;
	out->is_list = false;
	switch (x->kind) {
	case X_FIELD:
		return eng_field__get(&x->ref, ctx, filter, out);
	case X_LITERAL:
		out->n = 1;
		out->v[0] = text_val(x->text.p, x->text.len);
		return true;
	case X_LIST:
		return get_list(x, ctx, filter, scratch, out);
	}
	return get_call(x, ctx, filter, scratch, out);
}
