// SPDX-License-Identifier: Apache-2.0
/* Patterns against texts: lang/match.tsv, and wildcards against the C library's own. */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "engine/filter/match/match.h"
#include "tests/engine/lang_tsv.h"

static bool glob(const char *pattern, const char *text, bool fold, struct arena *mem)
{
	return match_glob(match_glob__new(pattern, (uint32_t)strlen(pattern), fold, mem), text,
			  (uint32_t)strlen(text));
}

/* "a|b|c" as paths. */
static bool pmatch(const char *paths, const char *text, struct arena *mem)
{
	struct match_str strs[16];
	uint32_t n = 0;

	for (const char *p = paths; n < 16; p++) {
		size_t l = strcspn(p, "|");

		strs[n++] = (struct match_str){ p, (uint32_t)l };
		p += l;
		if (!*p)
			break;
	}
	return match_paths(match_paths__new(strs, n, mem), text, (uint32_t)strlen(text));
}

/* yes, no, or error with its message. */
static const char *regex(const struct tsv_line *l, struct match_scratch *s, struct err *err)
{
	struct match_regex *re;
	bool hit;

	if (match_regex__new(l->col[1], (uint32_t)l->len[1], &re, err) < 0)
		return "error";
	hit = match_regex(re, s, l->col[2], (uint32_t)l->len[2]);
	match_regex__free(re);
	return hit ? "yes" : "no";
}

static void check_line(struct tsv *t, const struct tsv_line *l, struct match_scratch *s)
{
	bool fold = !strcmp(l->col[0], "iglob");
	struct err err = { 0 };
	const char *got;

	if (!strcmp(l->col[0], "regex")) {
		got = regex(l, s, &err);
		if (!strcmp(got, "error") && !strstr(err.msg, l->col[4]))
			tsv__fail(t, l, "says: %s", err.msg);
	} else if (!strcmp(l->col[0], "pmatch")) {
		got = pmatch(l->col[1], l->col[2], &t->mem) ? "yes" : "no";
	} else {
		got = glob(l->col[1], l->col[2], fold, &t->mem) ? "yes" : "no";
		if (!fnmatch(l->col[1], l->col[2], fold ? FNM_CASEFOLD : 0) != !strcmp(got, "yes"))
			tsv__fail(t, l, "the C library disagrees");
	}
	if (strcmp(got, l->col[3]))
		tsv__fail(t, l, "%s", got);
}

static void matchers_follow_the_table(void **state)
{
	struct match_scratch *s = match_scratch__new();
	struct tsv t;

	(void)state;
	tsv__open(&t, "match.tsv", 120);
	for (size_t i = 0; i < t.n; i++)
		check_line(&t, &t.lines[i], s);
	match_scratch__free(s);
	tsv__close(&t);
}

static uint32_t seed = 12345;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void random_text(char *s, const char *alphabet, unsigned max)
{
	unsigned n = rnd(max + 1);

	for (unsigned i = 0; i < n; i++)
		s[i] = alphabet[rnd((uint32_t)strlen(alphabet))];
	s[n] = 0;
}

/*
 * Classes, equivalences and ranges over them are left to the table: the C library takes more as a
 * pattern there than it says.
 */
static void globs_agree_with_the_c_library(void **state)
{
	char pattern[16], text[16];
	unsigned hits = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		struct arena mem = { 0 };
		bool fold = rnd(2), got;

		random_text(pattern, "aAb-*?[]!\\/^", 10);
		random_text(text, "aAb-[]!\\/^", 6);
		got = glob(pattern, text, fold, &mem);
		hits += got;
		if (got != !fnmatch(pattern, text, fold ? FNM_CASEFOLD : 0))
			fail_msg("'%s' on '%s'%s: we say %d", pattern, text, fold ? ", fold" : "",
				 got);
		arena__done(&mem);
	}
	assert_true(hits > 4000);
}

/* Of this process: the machine may have other things to do. */
static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/*
 * Patterns that make backtracking matchers run for years, on texts that an attacker would choose.
 */
static void no_pattern_takes_forever(void **state)
{
	static const char *const patterns[] = { "(a*)*b", "(a|aa)+b",
					       "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b",
					       "(a?){200}a{200}b" };
	struct match_scratch *s = match_scratch__new();
	struct arena mem = { 0 };
	char text[2001];
	double from = seconds();

	(void)state;
	memset(text, 'a', 2000);
	text[2000] = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct match_regex *re;

		assert_int_equal(match_regex__new(patterns[i], (uint32_t)strlen(patterns[i]), &re,
						  NULL), 0);
		assert_false(match_regex(re, s, text, 2000));
		match_regex__free(re);
	}
	assert_false(glob("*a*a*a*a*a*a*a*a*a*a*b", text, false, &mem));
	assert_true(seconds() - from < 20);
	match_scratch__free(s);
	arena__done(&mem);
}

/* What the steps of the first matcher are not enough for, the second one still finds. */
static void a_match_behind_the_limit_is_found(void **state)
{
	struct match_scratch *s = match_scratch__new();
	struct match_regex *re;
	char text[40];

	(void)state;
	memset(text, 'a', 39);
	text[39] = 0;
	assert_int_equal(match_regex__new("(a*)*(a|b)(a*)*[ac]a", 20, &re, NULL), 0);
	assert_true(match_regex(re, s, text, 39));
	match_regex__free(re);
	assert_int_equal(match_regex__new("((a+)+)+$|(a+)+b|a{39}", 22, &re, NULL), 0);
	assert_true(match_regex(re, s, text, 39));
	match_regex__free(re);
	match_scratch__free(s);
}

static void sets_hold_what_was_put_in(void **state)
{
	struct arena mem = { 0 };
	struct match_str strs[1000];
	struct match_set set;
	char key[8];

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%u", i % 500);
		strs[i] = (struct match_str){ arena__strndup(&mem, key, strlen(key)),
					     (uint32_t)strlen(key) };
	}
	match_set__build(&set, strs, NULL, 1000, &mem);
	assert_int_equal(set.n, 500);
	for (uint32_t i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(match_set__has(&set, key, (uint32_t)strlen(key)), i < 500);
	}
	assert_false(match_set__has(&set, "", 0));
	match_set__build(&set, NULL, NULL, 0, &mem);
	assert_false(match_set__has(&set, "", 0));
	strs[0] = (struct match_str){ "", 0 };
	match_set__build(&set, strs, NULL, 1, &mem);
	assert_true(match_set__has(&set, "", 0));
	arena__done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matchers_follow_the_table),
		cmocka_unit_test(globs_agree_with_the_c_library),
		cmocka_unit_test(no_pattern_takes_forever),
		cmocka_unit_test(a_match_behind_the_limit_is_found),
		cmocka_unit_test(sets_hold_what_was_put_in),
	};

	return cmocka_run_group_tests_name("engine/lang_match", tests, NULL, NULL);
}
