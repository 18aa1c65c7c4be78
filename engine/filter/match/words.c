// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/filter/match/words.h"

static inline uint32_t pair_of(const char *p)
{
	uint16_t pair;

	memcpy(&pair, p, sizeof(pair));
	return pair & 0x5f5fu;
}

static inline uint32_t chain_of(uint32_t bytes)
{
	return (bytes * 0x9e3779b1u >> 24) % WORDS_CHAINS;
}

/* Of the first bytes of a text, or the last. */
#define EDGE 4u
static inline uint32_t edge_of(const char *p)
{
	uint32_t edge;

	memcpy(&edge, p, sizeof(edge));
	return chain_of(edge | 0x20202020u);
}

/* --- Building --------------------------------------------------------------------------------- */

static void add(struct words *w, uint32_t *chain, struct word word)
{
	word.next = chain ? *chain : 0;
	w->words = xgrow(w->words, &w->cap_words, w->n_words + 1, sizeof(*w->words));
	w->words[w->n_words++] = word;
	if (chain)
		*chain = (uint32_t)w->n_words;
}

/* By its rarest byte and the one before it. */
static void add_pair(struct words *w, struct word word)
{
	uint32_t pair;

	word.at = match_rarest(word.p, word.len);
	word.at -= word.at > 0;
	pair = pair_of(word.p + word.at);
	add(w, &w->chains[chain_of(pair)], word);
	w->pairs[pair] = w->has_pairs = true;
}

bool words__add(struct words *w, const char *p, uint32_t len, enum word_place place, uint64_t of)
{
	struct word word = { .p = p, .len = len, .place = (uint8_t)place, .of = of };

	if (len < WORDS_SHORTEST)
		return false;
	if (place == WORD_IS_TEXT || place == WORD_IS_DIR)
		add(w, NULL, word);
	else if (place == WORD_STARTS)
		add(w, len < EDGE ? &w->short_heads : &w->heads[edge_of(p)], word);
	else if (place == WORD_ENDS)
		add(w, len < EDGE ? &w->short_tails : &w->tails[edge_of(p + len - EDGE)], word);
	else
		add_pair(w, word);
	return true;
}

struct match_str words__part(const char *p, uint32_t len, const char *ends)
{
	uint32_t from = 0, best = 0, best_len = 0;

	for (uint32_t i = 0; i <= len; i++) {
		if (i < len && p[i] && !strchr(ends, p[i]))
			continue;
		if (i - from > best_len) {
			best = from;
			best_len = i - from;
		}
		from = i + 1;
		if (i < len && (p[i] == '[' || p[i] == '\\'))
			break;
	}
	return (struct match_str){ p + best, best_len };
}

static void build_set(const struct words *w, enum word_place place, struct match_set *set, struct arena *mem)
{
	struct match_str *strs = xmalloc((w->n_words + 1) * sizeof(*strs));
	uint64_t *of = xmalloc((w->n_words + 1) * sizeof(*of));
	uint32_t n = 0;

	for (size_t i = 0; i < w->n_words; i++) {
		if (w->words[i].place != place)
			continue;
		strs[n] = (struct match_str){ w->words[i].p, w->words[i].len };
		of[n++] = w->words[i].of;
	}
	match_set__build(set, strs, of, n, mem);
	free(strs);
	free(of);
}

void words__build(struct words *w, struct arena *mem)
{
	build_set(w, WORD_IS_TEXT, &w->texts, mem);
	build_set(w, WORD_IS_DIR, &w->dirs, mem);
}

void words__done(struct words *w)
{
	free(w->words);
}

/* --- Looking ---------------------------------------------------------------------------------- */

static bool same_folded(const char *a, const char *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if ((a[i] | 0x20) != (b[i] | 0x20))
			return false;
	return true;
}

/*
 * The words of this chain that are where their byte is p[i], or end the text if they are words that do; those that are
 * of nobody but found are left out.
 */
static inline uint64_t words_at(const struct words *w, uint32_t chain, const char *p, uint32_t len, uint32_t i, uint64_t found)
{
	for (uint32_t k = chain; k; k = w->words[k - 1].next) {
		const struct word *word = &w->words[k - 1];
		uint32_t at = word->place == WORD_ENDS ? len - word->len : i - word->at;

		/* what would begin before the text begins far behind it */
		if (word->of & ~found && at <= len && len - at >= word->len && same_folded(p + at, word->p, word->len))
			found |= word->of;
	}
	return found;
}

static uint64_t whole(const struct words *w, const char *p, uint32_t len)
{
	const char *slash = w->dirs.n ? memrchr(p, '/', len) : NULL;

	return match_set__of(&w->texts, p, len) | match_set__of(&w->dirs, p, len) |
	       (slash ? match_set__of(&w->dirs, p, (uint32_t)(slash - p)) : 0);
}

static uint64_t at_the_ends(const struct words *w, const char *p, uint32_t len, uint64_t found)
{
	if (len >= EDGE) {
		found = words_at(w, w->heads[edge_of(p)], p, len, 0, found);
		found = words_at(w, w->tails[edge_of(p + len - EDGE)], p, len, 0, found);
	}
	found = words_at(w, w->short_heads, p, len, 0, found);
	return words_at(w, w->short_tails, p, len, 0, found);
}

#define STRIDE 8u

/* Four pairs that stand one behind the other: in which order they come does not matter. */
static inline bool any_of_four(const struct words *w, const char *p)
{
	uint64_t four;

	memcpy(&four, p, sizeof(four));
	four &= 0x5f5f5f5f5f5f5f5full;
	return w->pairs[four & 0xffff] | w->pairs[four >> 16 & 0xffff] | w->pairs[four >> 32 & 0xffff] |
	       w->pairs[four >> 48];
}

/* The words that are found by a pair that begins at one of these places. */
static uint64_t words_from(const struct words *w, const char *p, uint32_t len, uint32_t from, uint32_t to, uint64_t found)
{
	for (uint32_t i = from; i < to; i++) {
		uint32_t pair = pair_of(p + i);

		if (w->pairs[pair])
			found = words_at(w, w->chains[chain_of(pair)], p, len, i, found);
	}
	return found;
}

uint64_t words__in(const struct words *w, const char *p, uint32_t len, uint64_t enough)
{
	uint64_t found = at_the_ends(w, p, len, whole(w, p, len));
	uint32_t i = 0;

	if (!w->has_pairs || !len)
		return found;
	for (; len - i > STRIDE && found != enough; i += STRIDE)
		if (__builtin_expect(any_of_four(w, p + i) | any_of_four(w, p + i + 1), 0))
			found = words_from(w, p, len, i, i + STRIDE, found);
	return found != enough ? words_from(w, p, len, i, len - 1, found) : found;
}
