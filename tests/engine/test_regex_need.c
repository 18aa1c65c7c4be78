// SPDX-License-Identifier: Apache-2.0
/* What a regular expression needs: that nothing which matches is kept out, and that what is needed is found. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/match/regex_need.h"

static bool holds(const char *pattern, const char *text)
{
	struct regex_need n;
	bool r;

	regex_need__find(&n, pattern, (uint32_t)strlen(pattern));
	r = regex_need__holds(&n, text, (uint32_t)strlen(text));
	regex_need__done(&n);
	return r;
}

static void words_that_must_be_there_are_looked_for(void **state)
{
	static const struct { const char *pattern, *has, *lacks; } cases[] = {
		{ ".*eval .*base64 .*", "eval x base64 y", "eval x y" },
		{ ".*(curl|wget) .*", "wget x", "wge x" },
		{ "(.* )?(/etc|/root)(/.*)?", "/root", "/tmp" },
		{ ".*[(][)] *[{].*", "f() {", "f( {" },
		{ "ab+c?d", "abbd", "ad" },
		{ "(foo|(bar|baz)+)x*", "baz", "ba" },
		{ "a|b", "b", "c" },
		{ "x[.]y", "x.y", "xy" },
		{ "\\[x\\]", "[x]", "x" },
		{ "(abc){2}", "abcabc", "ab" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(holds(cases[i].pattern, cases[i].has));
		assert_false(holds(cases[i].pattern, cases[i].lacks));
	}
}

/* What may be left out, or is not understood, is not needed. */
static void nothing_is_needed_where_nothing_is_sure(void **state)
{
	static const char *const patterns[] = {
		"", ".*", "a*", "a?", "(abc)?", "a|", "(a|b*)", "[ab]", "[^a]", "a{0,3}", "\\d", "x{|y}z", "é*", "(a|()|b)",
		"\\x41", "[[:alpha:]]", "[]a]", "[^]]", "a**", "(?:a)",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		assert_true(holds(patterns[i], "~"));
}

static uint32_t rnd(uint32_t n)
{
	static uint32_t x = 7;

	x = x * 1664525 + 1013904223;
	return (x >> 9) % n;
}

static void put_pattern(char *out, unsigned depth)
{
	static const char *const atoms[] = { "a", "b", "c", "ab", ".", "[ab]", "[c]", "[^a]", "\\.", "[]b]" };
	static const char *const how[] = { "", "", "", "*", "+", "?", "{2}", "{0,1}", "{1,}" };

	for (unsigned i = 1 + rnd(4); i; i--) {
		if (depth < 3 && !rnd(4)) {
			strcat(out, "(");
			put_pattern(out, depth + 1);
			strcat(out, ")");
		} else {
			strcat(out, atoms[rnd(10)]);
		}
		strcat(out, how[rnd(9)]);
		if (!rnd(6) && i > 1)
			strcat(out, "|");
	}
}

/* The C library is asked whether made patterns match made texts. */
static void whatever_matches_has_what_is_needed(void **state)
{
	static char pattern[4096], whole[4200];
	unsigned matched = 0;

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char text[16] = "";
		regex_t re;

		*pattern = 0;
		put_pattern(pattern, 0);
		snprintf(whole, sizeof(whole), "^(%s)$", pattern);
		if (strlen(pattern) > 60 || regcomp(&re, whole, REG_EXTENDED | REG_NOSUB))
			continue;
		for (unsigned k = 0; k < 12; k++) {
			unsigned len = rnd(9);

			for (unsigned c = 0; c < len; c++)
				text[c] = "abc.]"[rnd(5)];
			text[len] = 0;
			if (regexec(&re, text, 0, NULL, 0))
				continue;
			matched++;
			if (!holds(pattern, text))
				fail_msg("'%s' matches '%s'", pattern, text);
		}
		regfree(&re);
	}
	assert_true(matched > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_that_must_be_there_are_looked_for),
		cmocka_unit_test(nothing_is_needed_where_nothing_is_sure),
		cmocka_unit_test(whatever_matches_has_what_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
