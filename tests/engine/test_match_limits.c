// SPDX-License-Identifier: Apache-2.0
/* Patterns on texts that an attacker would choose: every test ends soon, and says so where it gave up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/match/match.h"

#define LONG (1u << 20)

/* n times a, then end. */
static char *many(uint32_t n, const char *end)
{
	char *s = xmalloc(n + strlen(end) + 1);

	memset(s, 'a', n);
	strcpy(s + n, end);
	return s;
}

/* The answer of a pattern for a text, and whether it was given up. */
static bool answer(const char *pattern, const char *text, bool *ret_gave_up)
{
	struct match_scratch *s = match_scratch__new();
	struct match_regex *re;
	bool hit;

	assert_int_equal(match_regex__new(pattern, (uint32_t)strlen(pattern), &re, NULL), 0);
	hit = match_regex(re, s, text, (uint32_t)strlen(text));
	*ret_gave_up = match_scratch__gave_up(s) > 0;
	match_regex__free(re);
	match_scratch__free(s);
	return hit;
}

/* They make a backtracking matcher run for years; here they are answered, on long texts too. */
static void nested_repeats_are_answered(void **state)
{
	static const char *const patterns[] = {
		"(a+)+$", "(a+)+b", "(a*)*b", "(a|aa)+b", "(.*)*x", "(a|a)*b", "([a-z]+)*[0-9]", ".*.*.*.*=.*",
	};
	static const uint32_t lengths[] = { 30, 3000, 100000 };

	(void)state;
	for (size_t l = 0; l < sizeof(lengths) / sizeof(*lengths); l++) {
		char *text = many(lengths[l], "!");

		for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
			bool gave_up;

			assert_false(answer(patterns[i], text, &gave_up));
			assert_false(gave_up);
		}
		free(text);
	}
}

static void a_right_answer_at_the_end_of_a_long_text_is_found(void **state)
{
	char *text = many(100000, "b");
	bool gave_up;

	(void)state;
	assert_true(answer("(a+)+b", text, &gave_up));
	assert_false(gave_up);
	assert_true(answer("(a|aa)*b", text, &gave_up));
	assert_false(gave_up);
	free(text);
}

/* What must follow hundreds of paths at once is answered for texts of ordinary length, and given up on huge ones. */
static void too_many_paths_are_given_up_and_counted(void **state)
{
	static const char pattern[] = "(a|aa|aaa|b){1,90}((a|aa){1,90}[cd])+";
	char *ordinary = many(40, "ac"), *huge = many(LONG, "!");
	bool gave_up;

	(void)state;
	assert_true(answer(pattern, ordinary, &gave_up));
	assert_false(gave_up);
	assert_false(answer(pattern, huge, &gave_up));
	assert_true(gave_up);
	free(ordinary);
	free(huge);
}

static void wildcards_take_text_times_pattern_at_most(void **state)
{
	struct arena mem = { 0 };
	char *text = many(LONG, "!");
	struct match_glob *g = match_glob__new("*a*a*a*a*a*a*a*a*a*a*b", 22, false, &mem);

	(void)state;
	assert_false(match_glob(g, text, LONG + 1));
	g = match_glob__new("*a*a*a*a*a*a*a*a*a*a*!", 22, true, &mem);
	assert_true(match_glob(g, text, LONG + 1));
	arena__done(&mem);
	free(text);
}

/* Each part of a pattern looks at one component: doubling the levels does not double the work again and again. */
static void path_patterns_look_once(void **state)
{
	enum { LEVELS = 60, PATTERNS = 12 };
	static char patterns[PATTERNS][LEVELS * 3 + 2];
	struct match_str strs[PATTERNS];
	struct arena mem = { 0 };
	char text[LEVELS * 2 + 1];
	struct match_paths *m;

	(void)state;
	for (unsigned i = 0; i < PATTERNS; i++) {
		for (unsigned k = 0; k < LEVELS; k++)
			memcpy(patterns[i] + k * 3, (k + i) % 2 ? "/*a" : "/a*", 3);
		patterns[i][LEVELS * 3] = 'b';
		strs[i] = (struct match_str){ patterns[i], LEVELS * 3 + 1 };
	}
	for (unsigned k = 0; k < LEVELS; k++)
		memcpy(text + k * 2, "/a", 2);
	m = match_paths__new(strs, PATTERNS, &mem);
	assert_false(match_paths(m, text, LEVELS * 2));
	text[LEVELS * 2] = 'b';
	assert_true(match_paths(m, text, LEVELS * 2 + 1));
	arena__done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested_repeats_are_answered),
		cmocka_unit_test(a_right_answer_at_the_end_of_a_long_text_is_found),
		cmocka_unit_test(too_many_paths_are_given_up_and_counted),
		cmocka_unit_test(wildcards_take_text_times_pattern_at_most),
		cmocka_unit_test(path_patterns_look_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
