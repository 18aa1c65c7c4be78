/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pred - predicates: one comparison, compiled for its types and operands.
 *
 * Compiling checks all there is to check: operators against types, literals, right sides. A missing
 * left or right side makes every predicate false.
 */
#ifndef ENG_PRED_H
#define ENG_PRED_H

#include "engine/filter/lang/filter_value.h"
#include "engine/filter/match/match.h"

/* How the values of the left side make one answer. */
enum eng_pred_mode {
	PM_NEVER,			/* false whatever the event */
	PM_EXISTS,
	PM_ONE,				/* the value passes the test */
	PM_ANY,				/* some value does: ancestors, either side of an fd */
	PM_ALL,				/* both sides do: != on fd.ip and its kind */
	PM_SUBSET,			/* list field, in: all elements are listed */
	PM_MEETS,			/* list field, intersects: some element is listed */
	PM_FIELD,			/* compared with another field or transformer */
	PM_AROUND,			/* evt.around: the event's time against the field's
					 * argument */
};

/*
 * Whether it can be answered together with others that ask for words in the same text. Only answers that are
 * remembered are: else most were for nothing.
 */
enum eng_together {
	TOGETHER_NOT,
	TOGETHER_WHOLE,			/* is the text one of some words? */
	TOGETHER_ENDS,			/* it begins or ends with one of some words, or the answer is no */
	TOGETHER_PARTS,			/* it holds one of some words, or the answer is no */
};

struct eng_pred;

/* Does value v pass the test with literal number i? */
typedef bool eng_test_fn(const struct eng_pred *p, const struct eng_val *v, uint32_t i,
			 struct match_scratch *s);

struct eng_pred {
	uint8_t op, mod;		/* enum eng_op, eng_mod */
	uint8_t mode;			/* enum eng_pred_mode */
	uint8_t level;			/* enum eng_level */
	uint8_t cost;			/* rough, for ordering: 1 cheap .. 100 */
	bool two_sided;
	bool plain;			/* one value of the type that the test is for: test() is all
					 * there is to do */
	struct eng_expr *left, *right;
	/* private to prog: */
	struct eng_text text;		/* canonical form: what makes two predicates one */
	bool silent;			/* there is nothing to warn of */
	uint32_t index;			/* among the program's predicates; UINT32_MAX: none of them */
	uint32_t slot, right_slot;	/* where a run keeps the values: private to prog */
	uint8_t together;		/* enum eng_together */
	uint32_t arg_memo;		/* a test of evt.arg.X: where a run keeps answers by X's
					 * number; else UINT32_MAX */
	eng_test_fn *test;
	struct eng_vtype type;		/* what is compared */
	struct eng_lit *lits;
	uint32_t n_lits;
	struct match_set set;		/* in, intersects, = anyof, != allof on texts and bytes */
	struct match_paths *paths;
	struct match_glob **globs;
	struct match_regex **regexes;
	const struct eng_check *source;	/* borrowed from the tree */
};

struct eng_pred_ctx {
	struct arena *mem;
	eng_warn_fn warn;		/* may be NULL */
	void *warn_arg;
	struct err *err;
	struct eng_pos at;		/* where the error is */
};

/* 0 with *ret in mem (release with eng_pred__done), or negative with err and at set. */
int eng_pred__compile(const struct eng_check *check, struct eng_pred_ctx *c, struct eng_pred **ret);
void eng_pred__done(struct eng_pred *p);	/* frees what does not live in the arena */

/* The answer, given the values of both sides (NULL: missing; right only for PM_FIELD). */
bool eng_pred__eval(const struct eng_pred *p, const struct eng_ctx *ctx,
		    const struct eng_vals *left,
		    const struct eng_vals *right, struct match_scratch *s);

/*
 * The routine that tests one value (pred_test.c), or NULL if the operator does not go with the
 * class.
 */
eng_test_fn *eng_pred__test_for(enum eng_op op, struct eng_vtype t);
/* May this operator be used on values of this type? The message goes to err. */
int eng_pred__check_type(enum eng_op op, enum eng_mod mod, struct eng_vtype t, struct err *err);

/*
 * Warn of a literal that looks like a field, a transformer or a pattern without wildcards
 * (pred_warn.c).
 */
void eng_pred__warn_literal(enum eng_op op, struct eng_text text, eng_warn_fn warn, void *arg);
/* Known event name that is nearest to a wrong one, or NULL. */
const char *eng_event__nearest(const char *name);

#endif
