// SPDX-License-Identifier: Apache-2.0
/*
 * What conditions mean: lang/eval.tsv, on the events of lang_world. Each condition is tried in a
 * program of its own and in one program with all others, whose memos and order of tests must change
 * nothing, and as it is explained.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/filter.h"
#include "tests/engine/lang_tsv.h"
#include "tests/engine/lang_world.h"

struct trial {
	struct eng_prog *prog;
	struct eng_run *run;
	uint32_t n_conds;
	uint32_t *hits;
	uint32_t *got;			/* per condition: bit set = event matches */
	bool explained;			/* compare with the explanation's verdict */
	unsigned wrong;
	struct tsv *t;
	const struct tsv_line *line;
};

static struct eng_ast *parse(struct tsv *t, const struct tsv_line *l)
{
	struct err err = { 0 };
	struct eng_ast *a = NULL;

	if (eng_filter__parse(l->col[0], l->len[0], 1000, &t->mem, &a, &err) < 0)
		tsv__fail(t, l, "does not parse: %s", err.msg);
	return a;
}

static void begin(void *arg, const struct fmt_batch *b)
{
	struct trial *tr = arg;

	eng_run__batch(tr->run, b);
}

static void check_explanation(struct trial *tr, unsigned event, const struct eng_ctx *ctx, bool hit)
{
	struct buf b = { 0 };

	eng_prog__explain(tr->prog, 0, ctx, &b);
	buf__u8(&b, 0);
	if (strncmp((char *)b.p, hit ? "* true" : "* false", 6))
		tsv__fail(tr->t, tr->line, "%s is explained otherwise:\n%s", lang_events[event],
			  (char *)b.p);
	buf__done(&b);
}

static void on_event(void *arg, unsigned event, const struct eng_ctx *ctx)
{
	struct trial *tr = arg;
	unsigned n, again;
	uint32_t first;

	n = eng_run__match(tr->run, ctx, false, tr->hits, tr->n_conds);
	for (unsigned i = 0; i < n; i++)
		tr->got[tr->hits[i]] |= 1u << event;
	first = n ? tr->hits[0] : UINT32_MAX;
	/* asked again, now that everything is remembered, and for the first only */
	again = eng_run__match(tr->run, ctx, false, tr->hits, tr->n_conds);
	tr->wrong += again != n;
	again = eng_run__match(tr->run, ctx, true, tr->hits, tr->n_conds);
	tr->wrong += again != (n > 0) || (n && tr->hits[0] != first);
	if (tr->explained)
		check_explanation(tr, event, ctx, n);
}

static void run_trial(struct trial *tr)
{
	assert_int_equal(eng_prog__seal(tr->prog, NULL), 0);
	assert_int_equal(eng_run__new(&tr->run, tr->prog), 0);
	tr->hits = xcalloc(tr->n_conds, sizeof(*tr->hits));
	tr->got = xcalloc(tr->n_conds, sizeof(*tr->got));
	lang_world(on_event, begin, tr);
	assert_int_equal(tr->wrong, 0);
	eng_run__free(tr->run);
	free(tr->hits);
}

static char *names(uint32_t got, struct arena *mem)
{
	struct buf b = { 0 };
	char *s;

	for (unsigned i = 0; i < LANG_EVENTS; i++)
		if (got >> i & 1)
			buf__printf(&b, "%s%s", b.len ? " " : "", lang_events[i]);
	if (!b.len)
		buf__puts(&b, "-");
	s = arena__strndup(mem, (char *)b.p, b.len);
	buf__done(&b);
	return s;
}

static void alone(struct tsv *t, const struct tsv_line *l, const struct eng_ast *a)
{
	struct trial tr = { .n_conds = 1, .explained = true, .t = t, .line = l };
	struct err err = { 0 };

	assert_int_equal(eng_prog__new(&tr.prog), 0);
	if (eng_prog__add(tr.prog, a, NULL, NULL, &err) < 0) {
		tsv__fail(t, l, "does not compile: %s", err.msg);
	} else {
		run_trial(&tr);
		if (strcmp(names(tr.got[0], &t->mem), l->col[1]))
			tsv__fail(t, l, "matches %s", names(tr.got[0], &t->mem));
		free(tr.got);
	}
	eng_prog__free(tr.prog);
}

static void conditions_mean_what_the_table_says(void **state)
{
	struct tsv t;

	(void)state;
	tsv__open(&t, "eval.tsv", 500);
	for (size_t i = 0; i < t.n; i++) {
		const struct eng_ast *a = parse(&t, &t.lines[i]);

		if (a)
			alone(&t, &t.lines[i], a);
	}
	tsv__close(&t);
}

static void all_together_mean_the_same(void **state)
{
	struct trial tr = { 0 };
	struct tsv t;

	(void)state;
	tsv__open(&t, "eval.tsv", 500);
	assert_int_equal(eng_prog__new(&tr.prog), 0);
	tr.n_conds = (uint32_t)t.n;
	for (size_t i = 0; i < t.n; i++)
		assert_int_equal(eng_prog__add(tr.prog, parse(&t, &t.lines[i]), NULL, NULL, NULL),
				 (int)i);
	run_trial(&tr);
	for (size_t i = 0; i < t.n; i++)
		if (strcmp(names(tr.got[i], &t.mem), t.lines[i].col[1]))
			tsv__fail(&t, &t.lines[i], "matches %s", names(tr.got[i], &t.mem));
	free(tr.got);
	eng_prog__free(tr.prog);
	tsv__close(&t);
}

/* Comparisons of one text, more than fit into a word: what answers many at once gives each its own. */
#define N_WORDS (sizeof(words) / sizeof(*words))
static const char *const words[] = {
	"cat", "bash", "sh", "nginx", "/etc/shadow", "/dev", "/usr/bin/cat", "/usr/bin/ls", "shadow", "SHADOW", "-c id", "cat /etc/shadow", "t",
	"e", "s", "/", "", "\xc3", "/etc/gshadow", "ls",
};
static const char *const sides[] = {
	"proc.name", "proc.cmdline", "proc.args", "fd.name", "basename(proc.exepath)", "basename(fd.name)", "proc.env[PATH]",
};
static const char *const tests_of_texts[] = {
	"%s = \"%s\"", "%s != \"%s\"", "%s in (\"%s\", \"%s\")", "%s contains \"%s\"", "%s icontains \"%s\"", "%s startswith \"%s\"",
	"%s endswith \"%s\"", "%s contains anyof (\"%s\", \"%s\")", "%s startswith oneof (\"%s\", \"%s\")",
	"%s endswith allof (\"%s\", \"%s\")", "%s icontains anyof (\"%s\", \"%s\")",
};
#define N_SIDES (sizeof(sides) / sizeof(*sides))
#define N_TESTS (sizeof(tests_of_texts) / sizeof(*tests_of_texts))
#define N_TEXTS (N_SIDES * N_TESTS * N_WORDS)

static void put_comparison(struct buf *out, unsigned i)
{
	unsigned word = i % N_WORDS, test = i / N_WORDS % N_TESTS, side = i / N_WORDS / N_TESTS;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf__printf(out, tests_of_texts[test], sides[side], words[word], words[(word * 7 + test) % N_WORDS]);
#pragma GCC diagnostic pop
}

static const struct eng_ast *parse_text(struct buf *text, struct arena *mem)
{
	struct eng_ast *a;

	/* the tree borrows from it */
	assert_int_equal(eng_filter__parse(arena__strndup(mem, (char *)text->p, text->len), text->len, 100, mem, &a, NULL), 0);
	buf__done(text);
	return a;
}

static const struct eng_ast *nth_comparison(unsigned i, struct arena *mem)
{
	struct buf text = { 0 };

	put_comparison(&text, i);
	return parse_text(&text, mem);
}

static void put_random(struct buf *out, uint32_t *seed, unsigned depth)
{
	*seed = *seed * 1664525u + 1013904223u;
	if (!depth || *seed >> 30 == 0) {
		put_comparison(out, (*seed >> 8) % N_TEXTS);
		return;
	}
	buf__puts(out, *seed >> 29 & 1 ? "(" : "not (");
	put_random(out, seed, depth - 1);
	for (unsigned n = *seed >> 20 & 3; n; n--) {
		buf__puts(out, depth % 2 ? " and " : " or ");
		put_random(out, seed, depth - 1);
	}
	buf__puts(out, ")");
}

/* Alternatives of comparisons, and what they are alternatives in: as rules are. */
static const struct eng_ast *nth_combination(unsigned i, struct arena *mem)
{
	struct buf text = { 0 };
	uint32_t seed = i * 2654435761u + 1;

	if (i % 2)
		buf__puts(&text, "evt.type in (openat, execve, connect, write) and ");
	put_random(&text, &seed, 3 + i % 2);
	return parse_text(&text, mem);
}

static void compare_with_each_alone(unsigned n, const struct eng_ast *(*nth)(unsigned i, struct arena *mem))
{
	struct trial all = { .n_conds = n };
	struct arena mem = { 0 };
	unsigned matched = 0;

	assert_int_equal(eng_prog__new(&all.prog), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(eng_prog__add(all.prog, nth(i, &mem), NULL, NULL, NULL), (int)i);
	run_trial(&all);
	for (unsigned i = 0; i < n; i++) {
		struct trial one = { .n_conds = 1 };

		assert_int_equal(eng_prog__new(&one.prog), 0);
		assert_int_equal(eng_prog__add(one.prog, nth(i, &mem), NULL, NULL, NULL), 0);
		run_trial(&one);
		assert_int_equal(all.got[i], one.got[0]);
		matched += one.got[0] != 0;
		free(one.got);
		eng_prog__free(one.prog);
	}
	assert_true(matched > n / 10 && matched < n * 9 / 10);
	free(all.got);
	eng_prog__free(all.prog);
	arena__done(&mem);
}

static void comparisons_of_one_text_keep_their_own_answers(void **state)
{
	(void)state;
	compare_with_each_alone(N_TEXTS, nth_comparison);
}

static void conditions_keep_their_own_answers_among_many(void **state)
{
	(void)state;
	compare_with_each_alone(400, nth_combination);
}

struct switching {
	struct eng_run *run;
	unsigned with, without;
};

static void switch_off(void *arg, unsigned event, const struct eng_ctx *ctx)
{
	struct switching *s = arg;
	uint32_t hits[2];

	(void)event;
	s->with += eng_run__match(s->run, ctx, false, hits, 2);
	eng_run__enable(s->run, 0, false);
	s->without += eng_run__match(s->run, ctx, false, hits, 2);
	eng_run__enable(s->run, 0, true);
}

static void a_condition_can_be_switched_off(void **state)
{
	static const char *const conds[] = { "evt.type = openat", "proc.name = cat" };
	struct switching s = { 0 };
	struct arena mem = { 0 };
	struct eng_prog *p;
	struct eng_ast *a;

	(void)state;
	assert_int_equal(eng_prog__new(&p), 0);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(eng_filter__parse(conds[i], strlen(conds[i]), 100, &mem, &a, NULL),
				 0);
		assert_int_equal(eng_prog__add(p, a, NULL, NULL, NULL), (int)i);
	}
	assert_int_equal(eng_prog__seal(p, NULL), 0);
	assert_int_equal(eng_run__new(&s.run, p), 0);
	lang_world(switch_off, NULL, &s);
	assert_int_equal(s.with, 5 + 4);
	assert_int_equal(s.without, 4);
	eng_run__free(s.run);
	eng_prog__free(p);
	arena__done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_mean_what_the_table_says),
		cmocka_unit_test(all_together_mean_the_same),
		cmocka_unit_test(comparisons_of_one_text_keep_their_own_answers),
		cmocka_unit_test(conditions_keep_their_own_answers_among_many),
		cmocka_unit_test(a_condition_can_be_switched_off),
	};

	return cmocka_run_group_tests_name("engine/lang_eval", tests, NULL, NULL);
}
