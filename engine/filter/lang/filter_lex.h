/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_lex - the tokens of the condition language.
 *
 * There is no token stream: what a word is depends on where it stands (`in` is an operator after a
 * field and a value after `=`). The parser asks for the token that it could use, and the lexer
 * takes it or leaves the place unchanged.
 */
#ifndef ENG_FILTER_LEX_H
#define ENG_FILTER_LEX_H

#include "engine/filter/lang/filter_ast.h"

struct lexer {
	const char *text;
	size_t len;
	struct eng_pos pos;
	struct eng_text tok;		/* the last token taken; quoted ones with their escapes
					 * resolved */
	struct arena *mem;
	struct err *err;
	bool failed;			/* a quoted string held a bad escape: err is set */
};

static inline size_t lex__left(const struct lexer *l)
{
	return l->len - l->pos.off;
}

/* Blanks: true if there was at least one. Never changes tok. */
bool lex__blank(struct lexer *l);
/* A fixed word, whatever follows it. */
bool lex__word(struct lexer *l, const char *w);
/* The same, and at least one blank, which is taken too. */
bool lex__word_blank(struct lexer *l, const char *w);
bool lex__identifier(struct lexer *l);
bool lex__field_name(struct lexer *l);
bool lex__bare_arg(struct lexer *l);
bool lex__number(struct lexer *l);	/* hexadecimal too */
bool lex__bare_string(struct lexer *l);
/* "..." or '...'. False without an error if there is none or it does not end; see failed. */
bool lex__quoted(struct lexer *l);
/* `not` and white space behind it. */
bool lex__not(struct lexer *l);

/* Fail at a place: err gets message, place and caret. Returns the code. */
int lex__fail(struct lexer *l, struct eng_pos at, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
