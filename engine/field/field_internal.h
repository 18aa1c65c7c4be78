/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field_internal - what the files of engine/field share: extraction routines and ways to give a value.
 */
#ifndef ENG_FIELD_INTERNAL_H
#define ENG_FIELD_INTERNAL_H

#include <string.h>

#include "engine/field/field.h"
#include "format/base/alloc.h"

/* Field ids: F_proc_name. */
enum eng_field_id {
#define FIELD(id, name, type, ptype, arg, scope, flags, source, get, doc) F_##id,
#include "engine/field/fields.def"
#undef FIELD
	F__N
};

/* Settle what depends on the argument: type, scope, which parameter. */
int field__refine(struct eng_fref *ref, struct err *err);

typedef bool eng_get_fn(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out);

eng_get_fn get_none, get_evt, get_thread, get_fd;

static inline bool give_str(struct eng_vals *out, const char *p, size_t len)
{
	out->n = 1;
	out->v[0].type = T_STR;
	out->v[0].str.p = p;
	out->v[0].str.len = (uint32_t)len;
	return true;
}

static inline bool give_text(struct eng_vals *out, const char *p)
{
	return give_str(out, p, strlen(p));
}

/* A string of the state; missing if NULL. */
static inline bool give_estr(struct eng_vals *out, const struct eng_str *s)
{
	return s && give_str(out, s->s, s->len);
}

static inline bool give_s64(struct eng_vals *out, int64_t v)
{
	out->n = 1;
	out->v[0].type = T_S64;
	out->v[0].s = v;
	return true;
}

static inline bool give_u64(struct eng_vals *out, uint64_t v)
{
	out->n = 1;
	out->v[0].type = T_U64;
	out->v[0].u = v;
	return true;
}

static inline bool give_bool(struct eng_vals *out, bool v)
{
	out->n = 1;
	out->v[0].type = T_BOOL;
	out->v[0].b = v;
	return true;
}

#endif
