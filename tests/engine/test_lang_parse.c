// SPDX-License-Identifier: Apache-2.0
/* What the parser accepts, how it prints it back, and what it says of the rest: lang/parse.tsv. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/lang/filter_ast.h"
#include "tests/engine/lang_tsv.h"

static char *print(const struct eng_ast *a, struct arena *mem)
{
	struct buf b = { 0 };
	char *s;

	eng_ast__print(a, &b);
	s = arena__strndup(mem, (char *)b.p, b.len);
	buf__done(&b);
	return s;
}

/* ok TEXT PRINTED: and what is printed parses to the same again. */
static void accepts(struct tsv *t, const struct tsv_line *l, unsigned depth)
{
	struct eng_ast *a, *b;
	struct err err = { 0 };
	char *first, *again;

	if (eng_filter__parse(l->col[1], l->len[1], depth, &t->mem, &a, &err) < 0) {
		tsv__fail(t, l, "refused at %u:%u: %s", err.line, err.col, err.msg);
		return;
	}
	first = print(a, &t->mem);
	if (l->n > 2 && strcmp(first, l->col[2]))
		tsv__fail(t, l, "printed as: %s", first);
	if (eng_filter__parse(first, strlen(first), 100000, &t->mem, &b, &err) < 0) {
		tsv__fail(t, l, "its print is refused: %s: %s", first, err.msg);
		return;
	}
	again = print(b, &t->mem);
	if (strcmp(first, again))
		tsv__fail(t, l, "its print prints as: %s", again);
}

/* err TEXT LINE:COL MESSAGE: the message begins so. */
static void refuses(struct tsv *t, const struct tsv_line *l, unsigned depth)
{
	struct err err = { 0 };
	struct eng_ast *a;
	char place[32];

	if (eng_filter__parse(l->col[1], l->len[1], depth, &t->mem, &a, &err) >= 0) {
		tsv__fail(t, l, "accepted as: %s", print(a, &t->mem));
		return;
	}
	snprintf(place, sizeof(place), "%u:%u", err.line, err.col);
	if (strcmp(place, l->col[2]))
		tsv__fail(t, l, "refused at %s: %s\n%s", place, err.msg, err.snippet);
	if (strncmp(err.msg, l->col[3], strlen(l->col[3])))
		tsv__fail(t, l, "says: %s", err.msg);
}

static void parser_follows_the_table(void **state)
{
	struct tsv t;

	(void)state;
	tsv__open(&t, "parse.tsv", 150);
	for (size_t i = 0; i < t.n; i++) {
		const struct tsv_line *l = &t.lines[i];
		/* ok and err: the depth of libraries; ok1000 and err1000: of rules */
		unsigned depth = strstr(l->col[0], "1000") ? 1000 : 100;

		if (!strncmp(l->col[0], "ok", 2))
			accepts(&t, l, depth);
		else
			refuses(&t, l, depth);
	}
	tsv__close(&t);
}

static void caret_points_at_the_place(void **state)
{
	static const char text[] = "proc.name = bash and\n  fd.name startwith /etc";
	struct arena mem = { 0 };
	struct err err = { 0 };
	struct eng_ast *a;

	(void)state;
	assert_int_equal(eng_filter__parse(text, strlen(text), 100, &mem, &a, &err), -FMT_E_SYNTAX);
	assert_int_equal(err.line, 2);
	assert_int_equal(err.col, 11);
	assert_int_equal(err.offset, 31);
	assert_string_equal(err.snippet, "      fd.name startwith /etc\n              ^");
	arena__done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parser_follows_the_table),
		cmocka_unit_test(caret_points_at_the_place),
	};

	return cmocka_run_group_tests_name("engine/lang_parse", tests, NULL, NULL);
}
