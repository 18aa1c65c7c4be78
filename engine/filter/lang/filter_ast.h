/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_ast - the tree that the parser makes of a condition.
 *
 * Ownership: a tree and its texts live in the arena that was given to the parser; nothing is freed
 * singly.
 *            Texts are counted and NUL-terminated; literals may hold NULs (from \x00).
 */
#ifndef ENG_FILTER_AST_H
#define ENG_FILTER_AST_H

#include "engine/filter/filter.h"

struct eng_pos {
	uint32_t off;			/* bytes from the start of the text */
	uint32_t line, col;		/* 1-based; col counts bytes */
};

struct eng_text {
	const char *p;
	uint32_t len;
};

enum eng_op {
	OP_EXISTS,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE,
	OP_CONTAINS, OP_ICONTAINS, OP_BCONTAINS, OP_STARTSWITH, OP_BSTARTSWITH, OP_ENDSWITH,
	OP_GLOB, OP_IGLOB, OP_REGEX,
	OP_IN, OP_INTERSECTS, OP_PMATCH,
	OP__N
};
enum eng_mod { MOD_NONE, MOD_ONEOF, MOD_ANYOF, MOD_ALLOF };

extern const char *const eng_op_names[OP__N];
extern const char *const eng_mod_names[4];

/*
 * "startswith", "==" or "=" and so on, or "startswith oneof" where mods are allowed. 0 or
 * -FMT_E_UNKNOWN.
 */
int eng_op__parse(const char *s, size_t len, enum eng_op *ret_op, enum eng_mod *ret_mod);

enum eng_call {			/* transformers */
	CALL_TOLOWER, CALL_TOUPPER, CALL_B64, CALL_BASENAME, CALL_LEN, CALL_JOIN, CALL_CONCAT,
	CALL_GETOPT, CALL_VAL, CALL__N
};
extern const char *const eng_call_names[CALL__N];

enum eng_operand_kind { OPD_FIELD, OPD_CALL, OPD_LITERAL, OPD_LIST };

/* Something with a value: proc.name, tolower(proc.name), "text", (a.b, "c"). */
struct eng_operand {
	uint8_t kind;			/* enum eng_operand_kind */
	uint8_t call;			/* OPD_CALL: enum eng_call */
	bool has_arg;			/* [arg] is there */
	struct eng_pos pos;
	struct eng_text name;		/* OPD_FIELD: name without argument; OPD_LITERAL: the
					 * text */
	struct eng_text arg;
	const struct eng_field *field;	/* OPD_FIELD: that the name stands for, without its argument; NULL: none */
	struct eng_operand **kids;	/* OPD_CALL, OPD_LIST */
	uint32_t n_kids;
};

enum eng_rhs { RHS_NONE, RHS_VALUE, RHS_LIST, RHS_OPERAND };

struct eng_check {
	uint8_t op, mod;		/* enum eng_op, eng_mod */
	uint8_t rhs;			/* enum eng_rhs */
	struct eng_operand *left, *right;	/* right: RHS_OPERAND */
	struct eng_text *values;	/* RHS_VALUE (one), RHS_LIST */
	uint32_t n_values;
	struct eng_pos values_pos;
};

struct eng_ast {
	uint8_t kind;			/* enum eng_node */
	bool open;			/* a macro's name stands somewhere in it */
	uint32_t size, depth;		/* nodes and levels of the tree, its own included */
	struct eng_pos pos;
	struct eng_ast **kids;		/* N_AND, N_OR; N_NOT has one */
	uint32_t n_kids;
	struct eng_text macro;		/* N_MACRO: its name; other kinds: the macro that this was,
					 * len 0 if none */
	struct eng_check check;		/* N_CHECK */
	const void *origin;		/* as given to eng_filter__parse_from: whose text it was */
};

/*
 * As eng_filter__parse; every node remembers origin, so that an error in a macro can be shown in
 * the macro.
 */
int eng_filter__parse_from(const void *origin, const char *text, size_t len, unsigned max_depth,
			   struct arena *mem, struct eng_ast **ret, struct err *err);

/* Set open, size and depth of a node from its kids. */
void eng_ast__sum(struct eng_ast *a);

/*
 * Parse a field or transformer expression at the start of text, as output formats use it. Sets
 * *ret_used to the bytes taken. Limits and errors as eng_filter__parse.
 */
int eng_filter__parse_operand(const char *text, size_t len, unsigned max_depth, struct arena *mem,
			      struct eng_operand **ret, size_t *ret_used, struct err *err);

/* "proc.aname[2]" as eng_field__resolve takes it, in mem. */
struct eng_text eng_operand__field_text(const struct eng_operand *o, struct arena *mem);
void eng_operand__print(const struct eng_operand *o, struct buf *out);
/* A literal as the canonical form shows it: quoted where it must be. */
void eng_text__print(struct eng_text t, struct buf *out);

/*
 * Put macros in the place of their names. get gives the tree of a macro, or NULL if there is none.
 * The result shares what did not change; *a itself may be replaced. used is told every macro that
 * was taken. Errors: -FMT_E_UNKNOWN undefined macro; -FMT_E_VALUE a macro that needs itself;
 * -FMT_E_LIMIT: the result would be too large. *ret_pos is the place of the name in the tree that
 * was given.
 */
struct eng_macro_env {
	const struct eng_ast *(*get)(void *arg, struct eng_text name);
	void (*used)(void *arg, struct eng_text name);
	void *arg;
};
int eng_ast__expand(struct eng_ast **a, const struct eng_macro_env *env, struct arena *mem,
		    struct eng_pos *ret_pos, struct err *err);

#endif
