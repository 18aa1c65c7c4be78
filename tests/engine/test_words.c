// SPDX-License-Identifier: Apache-2.0
/* Words in texts: what one pass finds is what is there, whatever the words and wherever they stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/match/words.h"

#define TURNS 300u
#define TEXTS 60u
#define MOST_WORDS 64u

static uint32_t seed = 7;

static uint32_t next_random(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Few letters, in both cases, and bytes that differ from them in one bit only: words are met often, and nearly. */
static uint32_t make(char *to, uint32_t most)
{
	static const char bytes[] = "aaaabbbbabAB//.-_nN\x0e@`\xe1\x81\0 ";
	uint32_t n = next_random(most + 1);

	for (uint32_t i = 0; i < n; i++)
		to[i] = bytes[next_random(sizeof(bytes))];
	return n;
}

static bool same(const char *a, const char *b, uint32_t n, bool folded)
{
	for (uint32_t i = 0; i < n; i++)
		if (folded ? (a[i] | 0x20) != (b[i] | 0x20) : a[i] != b[i])
			return false;
	return true;
}

static bool is_in(const struct word *w, const char *p, uint32_t len, bool folded)
{
	const char *slash = memrchr(p, '/', len);

	switch (w->place) {
	case WORD_STARTS:
		return len >= w->len && same(p, w->p, w->len, folded);
	case WORD_ENDS:
		return len >= w->len && same(p + len - w->len, w->p, w->len, folded);
	case WORD_IS_DIR:
		if (slash && slash - p == w->len && same(p, w->p, w->len, folded))
			return true;
		break;
	case WORD_ANYWHERE:
		for (uint32_t i = 0; i + w->len <= len; i++)
			if (same(p + i, w->p, w->len, folded))
				return true;
		return false;
	}
	return len == w->len && same(p, w->p, w->len, folded);
}

/* Texts are in memory of their own, so that who reads behind one is found out. */
static void check(const struct words *w, const char *made, uint32_t len, unsigned *ret_found)
{
	uint64_t must = 0, may = 0, found, all = w->n_words < 64 ? (1ull << w->n_words) - 1 : UINT64_MAX;
	char *text = malloc(len ? len : 1);

	memcpy(text, made, len);
	for (uint32_t i = 0; i < w->n_words; i++) {
		must |= (uint64_t)is_in(&w->words[i], text, len, false) << i;
		may |= (uint64_t)is_in(&w->words[i], text, len, true) << i;
	}
	found = words__in(w, text, len, all);
	assert_int_equal(must & ~found, 0);
	assert_int_equal(found & ~may, 0);
	*ret_found += (unsigned)__builtin_popcountll(found);
	free(text);
}

static void one_pass_finds_what_is_there(void **state)
{
	static const enum word_place places[] = { WORD_ANYWHERE, WORD_STARTS, WORD_ENDS, WORD_IS_TEXT, WORD_IS_DIR };
	unsigned found = 0;

	(void)state;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		char chars[MOST_WORDS][12], text[60];
		struct words *w = xcalloc(1, sizeof(*w));
		struct arena mem = { 0 };

		for (uint32_t i = 0, n = 1 + next_random(MOST_WORDS); i < n; i++) {
			uint32_t len = make(chars[i], next_random(2) ? 4 : sizeof(chars[i]));

			assert_int_equal(words__add(w, chars[i], len, places[next_random(5)], 1ull << w->n_words),
					 len >= WORDS_SHORTEST);
		}
		words__build(w, &mem);
		for (unsigned i = 0; i < TEXTS; i++)
			check(w, text, make(text, next_random(2) ? 10 : sizeof(text)), &found);
		for (uint32_t i = 0; i < w->n_words; i++)
			check(w, w->words[i].p, w->words[i].len, &found);
		words__done(w);
		free(w);
		arena__done(&mem);
	}
	assert_true(found > TURNS * TEXTS / 2);
}

static void what_is_enough_ends_the_search(void **state)
{
	static const char text[] = "one word and another word, and more";
	struct words *w = xcalloc(1, sizeof(*w));
	struct arena mem = { 0 };

	(void)state;
	assert_true(words__add(w, "another", 7, WORD_ANYWHERE, 1));
	assert_true(words__add(w, "more", 4, WORD_ANYWHERE, 1));
	assert_true(words__add(w, "absent", 6, WORD_ANYWHERE, 2));
	words__build(w, &mem);
	assert_int_equal(words__in(w, text, sizeof(text) - 1, 1), 1);
	assert_int_equal(words__in(w, text, sizeof(text) - 1, 3), 1);
	assert_int_equal(words__in(w, text, 0, 3), 0);
	words__done(w);
	free(w);
	arena__done(&mem);
}

static void check_part(const char *pattern, const char *part)
{
	struct match_str s = words__part(pattern, (uint32_t)strlen(pattern), "*?[\\");

	assert_int_equal(s.len, strlen(part));
	assert_memory_equal(s.p, part, s.len);
}

static void a_pattern_has_a_longest_part(void **state)
{
	(void)state;
	check_part("*ab?abc*a", "abc");
	check_part("aa[bbbb]cccc", "aa");	/* nothing is known behind a bracket */
	check_part("a\\*cccc", "a");
	check_part("abcd", "abcd");
	check_part("**", "");
	check_part("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_pass_finds_what_is_there),
		cmocka_unit_test(what_is_enough_ends_the_search),
		cmocka_unit_test(a_pattern_has_a_longest_part),
	};

	return cmocka_run_group_tests_name("engine/words", tests, NULL, NULL);
}
