// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "engine/field/field_internal.h"

static const struct eng_field fields[] = {
#define FIELD(id_, name_, type_, ptype_, arg_, scope_, flags_, source_, get_, doc_)		\
	[F_##id_] = { .name = name_, .type = type_, .ptype = ptype_, .arg = arg_,		\
		      .scope = scope_, .flags = flags_, .source = source_, .doc = doc_,	\
		      .get = get_, .id = F_##id_ },
#include "engine/field/fields.def"
#undef FIELD
};

const struct eng_field *eng_field__all(size_t *ret_n)
{
	*ret_n = F__N;
	return fields;
}

bool eng_field__get(const struct eng_fref *ref, const struct eng_ctx *ctx, bool for_filter,
		    struct eng_vals *out)
{
	out->n = 0;
	out->is_list = false;
	out->for_filter = for_filter;
	out->missing = !ref->field->get(ref, ctx, out);
	return !out->missing;
}

int field__refine(struct eng_fref *ref, struct err *err)
{
	(void)ref;
	(void)err;
	return 0;
}

static const char *const type_names[] = {
	[T_STR] = "string", [T_BYTES] = "bytebuf", [T_BOOL] = "bool", [T_DOUBLE] = "double",
	[T_RELTIME] = "reltime", [T_ABSTIME] = "abstime", [T_PORT] = "port", [T_IP] = "ipaddr",
	[T_NET] = "ipnet", [T_DYNAMIC] = "dynamic",
};

const char *eng_type__name(const struct eng_field *f)
{
	return f->type < sizeof(type_names) / sizeof(*type_names) && type_names[f->type] ?
	       type_names[f->type] : fmt_ptype_names[f->ptype];
}

void eng_val__text(const struct eng_fref *ref, const struct eng_vals *v, struct buf *out)
{
	(void)ref;
	if (v->missing || !v->n)
		return;
	if (v->v[0].type == T_STR)
		buf__add(out, v->v[0].str.p, v->v[0].str.len);
	else
		buf__printf(out, "%lld", (long long)v->v[0].s);
}

void eng_val__json(const struct eng_fref *ref, const struct eng_vals *v, struct buf *out)
{
	if (v->missing || !v->n)
		buf__puts(out, "null");
	else
		eng_val__text(ref, v, out);
}

void eng_event__args(const struct eng_ctx *ctx, uint32_t max_bytes, struct buf *out)
{
	(void)ctx;
	(void)max_bytes;
	(void)out;
}

bool eng_event__arg(const struct eng_ctx *ctx, unsigned param, uint32_t max_bytes, struct buf *out)
{
	(void)ctx;
	(void)param;
	(void)max_bytes;
	(void)out;
	return false;
}
