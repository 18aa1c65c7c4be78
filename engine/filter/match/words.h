/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words - which of many words are in a text, in one pass over it.
 *
 * Each word is found by two of its bytes that are rare together; what a whole text is equal to, and what it begins or
 * ends with, by looking there alone. Letters are compared without their case, but for words that are a whole text or a
 * directory: more is found than there is, never less.
 *
 * The texts are untrusted: no search takes longer than looking for each word by itself.
 */
#ifndef ENG_WORDS_H
#define ENG_WORDS_H

#include "engine/filter/match/match.h"

#define WORDS_PAIRS 0x5f60u		/* two bytes without the bit that tells the case of letters, and the highest */
#define WORDS_CHAINS 256u
#define WORDS_SHORTEST 2u		/* bytes */

enum word_place {
	WORD_ANYWHERE, WORD_STARTS, WORD_ENDS,
	WORD_IS_TEXT,			/* it is the whole text */
	WORD_IS_DIR,			/* the whole text, or what stands before its last slash */
};

struct word {
	const char *p;			/* borrowed */
	uint32_t len, at;		/* which of its bytes it is found by */
	uint32_t next;			/* of its chain: number + 1 */
	uint8_t place;			/* enum word_place */
	uint64_t of;
};

struct words {
	bool has_pairs, pairs[WORDS_PAIRS];	/* of which some word is found by */
	uint32_t chains[WORDS_CHAINS];	/* words by that pair: number + 1 */
	uint32_t heads[WORDS_CHAINS], tails[WORDS_CHAINS];	/* those at an end of the text, by what stands there */
	uint32_t short_heads, short_tails;	/* those that are too short for that */
	struct word *words;
	size_t n_words, cap_words;
	struct match_set texts, dirs;
};

/* of: bits that the caller knows the word by. False: it is too short to be looked for. */
bool words__add(struct words *w, const char *p, uint32_t len, enum word_place place, uint64_t of);
/*
 * The longest part of a pattern that has none of the bytes in `ends`; what stands behind a bracket or a backslash is
 * left out.
 */
struct match_str words__part(const char *pattern, uint32_t len, const char *ends);
/* After the last word. */
void words__build(struct words *w, struct arena *mem);
void words__done(struct words *w);
/* The bits of the words in a text; no more is looked for when these are all of `enough`. */
uint64_t words__in(const struct words *w, const char *p, uint32_t len, uint64_t enough);

#endif
