// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <arpa/inet.h>
#include <stdlib.h>

#include "engine/field/field_internal.h"
#include "format/base/text.h"

static const struct eng_field fields[] = {
#define FIELD(id_, name_, type_, ptype_, arg_, scope_, flags_, source_, get_, doc_)		\
	[F_##id_] = { .name = name_, .type = T_##type_, .ptype = PT_##ptype_,			\
		      .arg = ARG_##arg_, .scope = SCOPE_##scope_, .flags = flags_,		\
		      .source = source_, .doc = doc_, .get = get_, .id = F_##id_ },
#include "engine/field/fields.def"
#undef FIELD
};

const struct eng_field *eng_field__all(size_t *ret_n)
{
	*ret_n = F__N;
	return fields;
}

bool eng_field__is_of(const struct eng_field *f, const char *source)
{
	return !f->source[0] || !strcmp(f->source, source);
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

bool get_none(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	(void)ref;
	(void)ctx;
	(void)out;
	return false;
}

bool give_buf(struct eng_vals *out, struct buf *b)
{
	give_str(out, arena__strndup(out->scratch, (char *)b->p, b->len), b->len);
	buf__done(b);
	return true;
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

/* --- text ------------------------------------------------------------------------------------- */

void text__dots(struct buf *out, const char *p, size_t n)
{
	buf__reserve(out, n);
	for (size_t i = 0; i < n; i++)
		out->p[out->len + i] = p[i] >= 32 && p[i] < 127 ? (uint8_t)p[i] : '.';
	out->len += n;
}

static void number(const struct eng_fref *ref, const struct eng_val *v, struct buf *out)
{
	if (ref->field->flags & FF_HEX)
		buf__printf(out, "%" PRIX32, (uint32_t)v->u);
	else if (ref->field->flags & FF_PAD9)
		buf__printf(out, "%09" PRIu64, v->u);
	else if (v->type == T_S64)
		buf__printf(out, "%" PRId64, v->s);
	else
		buf__printf(out, "%" PRIu64, v->u);
}

static void one_text(const struct eng_fref *ref, const struct eng_val *v, struct buf *out)
{
	char ip[INET6_ADDRSTRLEN];

	switch (v->type) {
	case T_STR:
		buf__add(out, v->str.p, v->str.len);
		break;
	case T_BYTES:
		text__dots(out, v->str.p, v->str.len);
		break;
	case T_BOOL:
		buf__puts(out, v->b ? "true" : "false");
		break;
	case T_DOUBLE:
		buf__printf(out, "%.1f", v->d);
		break;
	case T_IP:
		if (inet_ntop(v->ip.family, v->ip.a, ip, sizeof(ip)))
			buf__puts(out, ip);
		break;
	case T_NET:
		buf__puts(out, "<IPNET>");
		break;
	default:
		number(ref, v, out);
	}
}

#define MAX_LIST_TEXT 1023u

void eng_val__text(const struct eng_fref *ref, const struct eng_vals *v, struct buf *out)
{
	size_t start = out->len;

	if (v->missing)
		return;
	if (!v->is_list) {
		one_text(ref, &v->v[0], out);
		return;
	}
	buf__puts(out, "(");
	for (uint32_t i = 0; i < v->n; i++) {
		if (i)
			buf__puts(out, ",");
		one_text(ref, &v->list[i], out);
	}
	buf__puts(out, ")");
	if (out->len - start > MAX_LIST_TEXT)
		out->len = start + MAX_LIST_TEXT;
}

/* Fields whose text means a moment are numbers in JSON, and so are the times that are padded. */
static bool is_time(const struct eng_fref *ref)
{
	switch (ref->field->id) {
	case F_evt_time:
	case F_evt_time_s:
	case F_evt_time_iso8601:
	case F_evt_datetime:
	case F_evt_datetime_s:
	case F_evt_outputtime:
		return true;
	}
	return false;
}

static void one_json(const struct eng_fref *ref, const struct eng_val *v, struct buf *out)
{
	struct buf text = { 0 };

	switch (v->type) {
	case T_S64:
		if (ref->field->flags & FF_HEX)
			break;
		buf__printf(out, "%" PRId64, v->s);
		return;
	case T_U64:
	case T_RELTIME:
	case T_ABSTIME:
	case T_PORT:
		buf__printf(out, "%" PRIu64, v->u);
		return;
	case T_BOOL:
		buf__puts(out, v->b ? "true" : "false");
		return;
	case T_DOUBLE:
		buf__printf(out, "%.17g", v->d);
		return;
	}
	one_text(ref, v, &text);
	buf__puts(out, "\"");
	text__json(out, (char *)text.p, text.len);
	buf__puts(out, "\"");
	buf__done(&text);
}

void eng_val__json(const struct eng_fref *ref, const struct eng_vals *v, struct buf *out)
{
	if (v->missing) {
		buf__puts(out, "null");
	} else if (is_time(ref)) {
		buf__printf(out, "%" PRIu64, v->ns);
	} else if (!v->is_list) {
		one_json(ref, &v->v[0], out);
	} else if (!v->n) {
		buf__puts(out, "null");
	} else {
		for (uint32_t i = 0; i < v->n; i++) {
			buf__puts(out, i ? "," : "[");
			one_json(ref, &v->list[i], out);
		}
		buf__puts(out, "]");
	}
}
