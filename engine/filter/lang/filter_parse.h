/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_parse - what the two halves of the parser share: expressions (filter_parse.c) and
 * fields with their transformers (filter_operand.c).
 *
 * Each production that upstream's parser counts against the depth limit is counted, so that the
 * same texts pass and fail: a parenthesis costs 5, `not(` 4, a plain comparison 7.
 */
#ifndef ENG_FILTER_PARSE_H
#define ENG_FILTER_PARSE_H

#include "engine/filter/lang/filter_lex.h"

struct parser {
	struct lexer lex;
	unsigned depth, max_depth;
	const void *origin;
};

/* A growing list of pointers in the making; ends up in the arena. */
struct kids {
	void **p;
	size_t n, cap;
};

int parser__start(struct parser *p, const char *text, size_t len, unsigned max_depth,
		  struct arena *mem,
		  struct err *err);
/* Begin and end a production. leave returns r. */
int parser__enter(struct parser *p);
int parser__leave(struct parser *p, int r);
/* A syntax error at the place reached, unless the lexer has already said what is wrong. */
int parser__fail(struct parser *p, const char *what);
struct eng_text parser__tok(struct parser *p);	/* the last token, copied */
void kids__add(struct kids *k, void *kid, struct arena *mem);

/* The name of a transformer and its parenthesis; not val, which stands on the right side only. */
bool parser__lex_call(struct parser *p, enum eng_call *ret);
/* The field name, or `name(`, has been taken. */
int parser__field(struct parser *p, struct eng_pos pos, struct eng_operand **ret);
int parser__call(struct parser *p, enum eng_call call, struct eng_pos pos,
		 struct eng_operand **ret);
/* A transformer or val() on the right side; *ret stays NULL if there is none. */
int parser__try_operand(struct parser *p, struct eng_operand **ret);

#endif
