// SPDX-License-Identifier: Apache-2.0
/* What compiles and what does not, and what is warned of: lang/types.tsv. */
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

static void note(void *arg, const char *code, const char *msg)
{
	struct buf *b = arg;

	buf__printf(b, "%s: %s\n", code, msg);
}

/* The number of event types, of those of plain system calls and others that rules see. */
static unsigned count_types(const struct eng_prog *p, int cond)
{
	const uint8_t *types = eng_prog__types(p, cond);
	unsigned n = 0;

	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		n += types[i / 8] >> (i & 7) & 1;
	return n;
}

static void check_types(struct tsv *t, const struct tsv_line *l, struct eng_prog *p, int cond)
{
	const uint8_t *types = eng_prog__types(p, cond);
	char *names = l->col[2], *save;
	unsigned n = 0;

	assert_int_equal(eng_prog__seal(p, NULL), 0);
	if (!strcmp(names, "all")) {
		if (count_types(p, cond) < 400)
			tsv__fail(t, l, "only %u types", count_types(p, cond));
		return;
	}
	if (!strcmp(names, "none"))
		names[0] = 0;
	for (char *w = strtok_r(names, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		int id = fmt_event__by_name(w[0] == '-' ? w + 1 : w);
		bool has = id >= 0 && types[id / 8] >> (id & 7) & 1;

		n += w[0] != '-';
		if (has != (w[0] != '-'))
			tsv__fail(t, l, "%s is %s", w, has ? "there" : "not there");
		if (w[0] == '-')
			n = count_types(p, cond);	/* only what is not there is listed */
	}
	if (n != count_types(p, cond))
		tsv__fail(t, l, "%u types", count_types(p, cond));
}

static void check_line(struct tsv *t, const struct tsv_line *l)
{
	struct buf warnings = { 0 };
	struct err err = { 0 };
	struct eng_prog *p;
	struct eng_ast *a;
	char place[32];
	int cond;

	if (eng_filter__parse(l->col[1], l->len[1], 1000, &t->mem, &a, &err) < 0) {
		tsv__fail(t, l, "does not parse: %s", err.msg);
		return;
	}
	assert_int_equal(eng_prog__new(&p), 0);
	cond = eng_prog__add(p, a, note, &warnings, &err);
	buf__u8(&warnings, 0);
	snprintf(place, sizeof(place), "%u:%u", err.line, err.col);
	if (!strcmp(l->col[0], "err")) {
		if (cond >= 0)
			tsv__fail(t, l, "compiles");
		else if (strcmp(place, l->col[2]))
			tsv__fail(t, l, "refused at %s: %s", place, err.msg);
		else if (strncmp(err.msg, l->col[3], strlen(l->col[3])))
			tsv__fail(t, l, "says: %s", err.msg);
	} else if (cond < 0) {
		tsv__fail(t, l, "refused at %s: %s", place, err.msg);
	} else if (!strcmp(l->col[0], "types")) {
		check_types(t, l, p, cond);
	} else if (!strcmp(l->col[0], "warn")) {
		if (!strstr((char *)warnings.p, l->col[2]))
			tsv__fail(t, l, "warnings: %s", (char *)warnings.p);
	} else if (warnings.len > 1) {
		tsv__fail(t, l, "warns: %s", (char *)warnings.p);
	}
	buf__done(&warnings);
	eng_prog__free(p);
}

static void compiler_follows_the_table(void **state)
{
	struct tsv t;

	(void)state;
	tsv__open(&t, "types.tsv", 350);
	for (size_t i = 0; i < t.n; i++)
		check_line(&t, &t.lines[i]);
	tsv__close(&t);
}

/* --- Operators: lang/operators.tsv ------------------------------------------------------------ */

static const char *const all_ops[] = {
	"exists", "=", "==", "!=", "<", "<=", ">", ">=", "contains", "icontains", "bcontains",
	"startswith", "bstartswith", "endswith", "glob", "iglob", "regex", "in", "intersects",
	"pmatch",
};
#define N_OPS (sizeof(all_ops) / sizeof(*all_ops))

/* The operators of a line, each with a blank on both sides. */
static char *ops_of(const struct tsv_line *l)
{
	const char *given = l->col[1];

	if (!strcmp(given, "numeric"))
		given = "exists = == != < <= > >= in intersects";
	else if (!strcmp(given, "equal"))
		given = "exists = == != in intersects";
	else if (!strcmp(given, "any"))
		given = "exists = == != < <= > >= contains icontains startswith endswith glob iglob "
			"regex in intersects pmatch";
	return xasprintf(" %s %s", given, strstr(given, "= ") && !strstr(given, "==") ? "== " : "");
}

static bool takes(struct tsv *t, const char *field, const char *op, const char *value)
{
	bool list = !strcmp(op, "in") || !strcmp(op, "intersects") || !strcmp(op, "pmatch");
	bool order = op[0] == '<' || op[0] == '>';
	/* only numbers may follow <; a text is compared with what they look like */
	char *text = !strcmp(op, "exists") ? xasprintf("%s exists", field) :
		     xasprintf(list ? "%s %s (%s)" : "%s %s %s", field, op, order ? "1" : value);
	struct eng_prog *p;
	struct eng_ast *a;
	bool ok;

	assert_int_equal(eng_prog__new(&p), 0);
	assert_int_equal(eng_filter__parse(text, strlen(text), 100, &t->mem, &a, NULL), 0);
	ok = eng_prog__add(p, a, NULL, NULL, NULL) >= 0;
	eng_prog__free(p);
	free(text);
	return ok;
}

static void operators_go_with_types(void **state)
{
	struct tsv t;

	(void)state;
	tsv__open(&t, "operators.tsv", 40);
	for (size_t i = 0; i < t.n; i++) {
		const struct tsv_line *l = &t.lines[i];
		char *ops = ops_of(l);

		for (unsigned k = 0; k < N_OPS; k++) {
			char *word = xasprintf(" %s ", all_ops[k]);
			bool want = strstr(ops, word);

			if (takes(&t, l->col[0], all_ops[k], l->col[2]) != want)
				tsv__fail(&t, l, "%s is %s", all_ops[k],
					  want ? "refused" : "taken");
			free(word);
		}
		free(ops);
	}
	tsv__close(&t);
}

/* The same comparison in several conditions is one predicate, whatever way it is written. */
static void predicates_are_there_once(void **state)
{
	static const char *const conds[] = {
		"proc.name = bash and evt.type = open", "proc.name==\"bash\" or fd.num > 3",
		"not proc.name='bash' and fd.num>3", "not(fd.num > 3 or not proc.name = bash)",
	};
	struct arena mem = { 0 };
	struct eng_prog *p;
	struct buf b = { 0 };
	struct eng_ast *a;

	(void)state;
	assert_int_equal(eng_prog__new(&p), 0);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(eng_filter__parse(conds[i], strlen(conds[i]), 100, &mem, &a, NULL),
				 0);
		assert_int_equal(eng_prog__add(p, a, NULL, NULL, NULL), (int)i);
	}
	assert_int_equal(eng_prog__seal(p, NULL), 0);
	eng_prog__dump(p, &b);
	buf__u8(&b, 0);
	assert_non_null(strstr((char *)b.p, "predicates: 3\n"));
	buf__done(&b);
	eng_prog__free(p);
	arena__done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiler_follows_the_table),
		cmocka_unit_test(operators_go_with_types),
		cmocka_unit_test(predicates_are_there_once),
	};

	return cmocka_run_group_tests_name("engine/lang_types", tests, NULL, NULL);
}
