/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_value - the types of values, literals, and expressions that give values: fields and
 * transformers.
 *
 * Expressions are compiled once and are constant then; evaluation takes its memory from the
 * caller's scratch.
 */
#ifndef ENG_FILTER_VALUE_H
#define ENG_FILTER_VALUE_H

#include "engine/filter/lang/filter_ast.h"

/* The type of a value: the class that decides how it is handled, and Falco's exact type. */
struct eng_vtype {
	uint8_t type;			/* enum eng_type */
	uint8_t ptype;			/* enum fmt_ptype */
	bool list;
};
const char *eng_vtype__name(struct eng_vtype t);
bool eng_vtype__is_signed(struct eng_vtype t);
/* Bytes of a number, 1, 2, 4 or 8: literals are cut to it. */
unsigned eng_vtype__width(struct eng_vtype t);

/* Longest text, pattern or byte string that a comparison may hold. */
#define ENG_MAX_LITERAL 255u

/* A network: addresses that agree with a in the first `bits` bits. */
struct eng_net {
	uint8_t family, bits;
	uint8_t a[16];
};
bool eng_net__holds(const struct eng_net *n, uint8_t family, const uint8_t *a);

struct eng_lit {
	struct eng_val v;		/* texts are borrowed from the tree */
	struct eng_net net;		/* T_NET */
	uint32_t rare;			/* T_STR, T_BYTES: place of the byte that is rarest in what
					 * is searched */
};
/* Read a literal as a value of type t. 0 or negative with the message in err. */
int eng_lit__parse(struct eng_vtype t, struct eng_text text, struct eng_lit *ret, struct err *err);
/* "0a1b" to bytes, for bcontains and bstartswith. */
int eng_lit__hex(struct eng_text text, struct arena *mem, struct eng_lit *ret, struct err *err);

/*
 * How long an answer holds, from a short list of what it depends on. Levels are joined when parts
 * are: two that neither holds the other make LV_EVENT.
 */
enum eng_level {
	LV_TYPE,			/* the type of the event */
	LV_CALL,			/* its flags and mode, how it failed, whether it has a descriptor */
	LV_PROC,			/* process and thread */
	LV_NAME,			/* name and kind of the descriptor at hand */
	LV_FD,				/* anything of the descriptor */
	LV_EVENT,
	LV__N
};
extern const char *const eng_level_names[LV__N];
enum eng_level eng_level__join(enum eng_level a, enum eng_level b);

enum eng_expr_kind { X_FIELD, X_LITERAL, X_LIST, X_CALL };

struct eng_expr {
	uint8_t kind;			/* enum eng_expr_kind */
	uint8_t call;			/* X_CALL */
	uint8_t level;			/* enum eng_level */
	char option;			/* getopt()[c]; 0: none */
	struct eng_vtype type;		/* of the result */
	struct eng_vtype base;		/* before transformers were applied, as upstream checks
					 * concat */
	struct eng_fref ref;		/* X_FIELD */
	struct eng_text text;		/* X_LITERAL */
	struct eng_expr **kids;
	uint32_t n_kids;
	const struct eng_operand *source;
};

/*
 * Resolve and check an operand. 0 or negative with err; unknown fields are -FMT_E_UNKNOWN. *ret_at
 * is the operand that is wrong.
 */
int eng_expr__compile(const struct eng_operand *o, struct arena *mem, struct eng_expr **ret,
		      const struct eng_operand **ret_at, struct err *err);
/*
 * The value for one event; false if missing. filter: as a condition reads it (ancestor fields
 * without index give all ancestors, two-sided fields both sides); else as an output does. out and
 * what it points to live until scratch is reset.
 */
bool eng_expr__get(const struct eng_expr *x, const struct eng_ctx *ctx, bool filter,
		   struct arena *scratch,
		   struct eng_vals *out);
/*
 * What its value needs of a reader besides the parameters of its events: taken out of what w says is not asked for.
 * payload: such an event can have bytes that were read or written (prog_want.c).
 */
void eng_expr__want(const struct eng_expr *x, bool payload, struct fmt_want *w);
/* Is it the bare field of this name, without transformers and argument? */
bool eng_expr__is_field(const struct eng_expr *x, const char *name);

/* Apply a transformer to values (filter_transform.c). false: no value. */
bool eng_transform(const struct eng_expr *x, struct eng_vals *args, struct arena *scratch,
		   struct eng_vals *out);

/* Element i of single or list values. */
static inline const struct eng_val *eng_vals__at(const struct eng_vals *v, uint32_t i)
{
	return v->is_list ? &v->list[i] : &v->v[0];
}

#endif
