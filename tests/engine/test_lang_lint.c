// SPDX-License-Identifier: Apache-2.0
/*
 * What lint says: lang/lint.tsv, one condition a line, and lang/shadow.tsv, two conditions in the
 * order of their rules. And how it is kept quiet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/lint/lint.h"
#include "tests/engine/lang_tsv.h"

/* Known to all conditions of the tables. */
static const char common[] =
	"- {list: shells, items: [sh, bash]}\n"
	"- {list: to_be_filled, items: []}\n"
	"- {macro: switched_off, condition: (evt.num = 0)}\n"
	"- {macro: opens, condition: 'evt.type in (open, openat) and evt.arg.flags contains O_CREAT'}\n"
	"- {macro: changes, condition: '(evt.type = open and evt.arg.flags contains O_TRUNC) or "
	"(evt.type = chmod and evt.arg.mode contains S_ISUID)'}\n";

static void add_rule(struct buf *b, const char *name, const char *source, const char *cond)
{
	buf__printf(b, "- rule: %s\n  desc: d\n  output: o\n  priority: INFO\n  source: %s\n"
		    "  condition: >\n    %s\n", name, source, cond);
}

static const char *source_of(const char *cond)
{
	return strstr(cond, "ka.") ? "k8s_audit" : "syscall";
}

static struct eng_ruleset *lint(struct buf *b)
{
	struct eng_ruleset *rs;
	struct err err = { 0 };

	assert_int_equal(eng_ruleset__new(&rs), 0);
	if (eng_ruleset__load_text(rs, "lint.yaml", (char *)b->p, b->len, &err) < 0)
		fail_msg("line %u: %s", err.line, err.msg);
	eng_lint__run(rs);
	return rs;
}

/* The lines of the result that are findings of lint. */
static char *findings(const struct eng_ruleset *rs, struct arena *mem)
{
	struct buf b = { 0 }, all = { 0 };
	char *out, *save;

	eng_ruleset__result_text(rs, false, &all);
	buf__u8(&all, 0);
	for (char *l = strtok_r((char *)all.p, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strstr(l, "LINT_"))
			buf__printf(&b, "%s\n", l);
	out = arena__strndup(mem, (char *)b.p, b.len);
	buf__done(&b);
	buf__done(&all);
	return out;
}

/* "lint.yaml:14:9: warning: CODE, in rule 'r': MESSAGE": CODE, COL (in the condition), MESSAGE. */
static bool is_said(const char *text, const struct tsv_line *l)
{
	char want[64];
	const char *hit = text;

	snprintf(want, sizeof(want), "warning: %s,", l->col[1]);
	while ((hit = strstr(hit, want))) {
		const char *line = hit, *msg = strstr(hit, "': ");
		unsigned at_line, col;

		while (line > text && line[-1] != '\n')
			line--;
		if (sscanf(line, "lint.yaml:%u:%u:", &at_line, &col) == 2 && msg &&
		    (!l->col[2][0] || col == (unsigned)atoi(l->col[2]) + 4) &&
		    !strncmp(msg + 3, l->col[3], strlen(l->col[3])))
			return true;
		hit++;
	}
	return false;
}

static void conditions(void **state)
{
	struct tsv t;

	(void)state;
	tsv__open(&t, "lint.tsv", 100);
	for (size_t i = 0; i < t.n; i++) {
		const struct tsv_line *l = &t.lines[i];
		struct buf b = { 0 };
		struct eng_ruleset *rs;
		char *text;

		buf__puts(&b, common);
		add_rule(&b, "r", source_of(l->col[0]), l->col[0]);
		rs = lint(&b);
		text = findings(rs, &t.mem);
		if (!strcmp(l->col[1], "-") ? strstr(text, "LINT_") != NULL : !is_said(text, l))
			tsv__fail(&t, l, "%s", text);
		eng_ruleset__free(rs);
		buf__done(&b);
	}
	tsv__close(&t);
}

static void shadows(void **state)
{
	struct tsv t;

	(void)state;
	tsv__open(&t, "shadow.tsv", 30);
	for (size_t i = 0; i < t.n; i++) {
		const struct tsv_line *l = &t.lines[i];
		struct buf b = { 0 };
		struct eng_ruleset *rs;
		char *text;
		bool said;

		buf__puts(&b, common);
		add_rule(&b, "first", source_of(l->col[0]), l->col[0]);
		add_rule(&b, "later", source_of(l->col[1]), l->col[1]);
		rs = lint(&b);
		text = findings(rs, &t.mem);
		said = strstr(text, "LINT_SHADOWED, in rule 'later'") != NULL;
		if (said != !strcmp(l->col[2], "yes"))
			tsv__fail(&t, l, "%s", text);
		eng_ruleset__free(rs);
		buf__done(&b);
	}
	tsv__close(&t);
}

/* How many findings the text has. */
static unsigned count(const char *text)
{
	struct buf b = { 0 };
	struct arena mem = { 0 };
	struct eng_ruleset *rs;
	unsigned n = 0;

	buf__puts(&b, text);
	rs = lint(&b);
	for (const char *at = findings(rs, &mem); (at = strstr(at, "LINT_")); at++)
		n++;
	eng_ruleset__free(rs);
	buf__done(&b);
	arena__done(&mem);
	return n;
}

#define RULE(comment, line)							\
	"- rule: r" comment "\n  desc: d\n  output: o\n  priority: INFO\n"	\
	"  condition: evt.type = open and fd.directory = /etc/" line "\n"

static void a_comment_keeps_it_quiet(void **state)
{
	(void)state;
	assert_int_equal(count(RULE("", "")), 1);
	assert_int_equal(count(RULE(" # lint: off", "")), 0);
	assert_int_equal(count(RULE("", " # lint: off")), 0);
	assert_int_equal(count(RULE(" # lint: off LINT_IMPOSSIBLE_VALUE", "")), 0);
	assert_int_equal(count(RULE(" # lint: off LINT_SHADOWED", "")), 1);
	assert_int_equal(count(RULE(" # lint: off LINT_SHADOWED LINT_IMPOSSIBLE_VALUE", "")), 0);
	assert_int_equal(count("# lint: off\n" RULE("", "")), 1);	/* says nothing of the rule */
}

static void a_macro_is_spoken_of_once(void **state)
{
	static const char text[] =
		"- {macro: m, condition: evt.type = open and fd.directory = /etc/}\n"
		"- {rule: a, desc: d, condition: m and proc.name = a, output: o, priority: INFO}\n"
		"- {rule: b, desc: d, condition: m and proc.name = b, output: o, priority: INFO}\n";

	(void)state;
	assert_int_equal(count(text), 1);
}

static void rules_that_are_off_shadow_nothing(void **state)
{
	static const char text[] =
		"- {rule: a, desc: d, condition: evt.type = open, output: o, priority: INFO, "
		"enabled: false}\n"
		"- {rule: b, desc: d, condition: evt.type = open and proc.name = b, output: o, "
		"priority: INFO}\n";

	(void)state;
	assert_int_equal(count(text), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(shadows),
		cmocka_unit_test(a_comment_keeps_it_quiet),
		cmocka_unit_test(a_macro_is_spoken_of_once),
		cmocka_unit_test(rules_that_are_off_shadow_nothing),
	};

	return cmocka_run_group_tests_name("engine/lang_lint", tests, NULL, NULL);
}
