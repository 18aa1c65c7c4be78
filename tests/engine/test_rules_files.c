// SPDX-License-Identifier: Apache-2.0
/* Several files of rules: each is tried when it comes, all together with the last, and the program is of those that are on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/rules/rules.h"
#include "format/base/err.h"

#define RULE(name, condition, more) \
	"- rule: " name "\n  desc: d\n  condition: " condition "\n  output: o %evt.type\n  priority: NOTICE\n" more

static int load(struct eng_ruleset *rs, const char *name, const char *text, bool more, struct err *err)
{
	*err = (struct err){ 0 };
	eng_ruleset__more_to_come(rs, more);
	return eng_ruleset__load_text(rs, name, text, strlen(text), err);
}

/* The names of the rules that have a condition in the program. */
static const char *compiled(struct eng_ruleset *rs)
{
	static char names[64];
	const struct eng_rule *rules;
	unsigned n;

	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	rules = eng_ruleset__rules(rs, &n);
	names[0] = 0;
	for (unsigned i = 0; i < n; i++)
		if (rules[i].cond >= 0) {
			assert_ptr_equal(eng_ruleset__by_cond(rs, rules[i].cond), &rules[i]);
			strcat(names, rules[i].name);
		}
	return names;
}

static const char three[] = RULE("a", "evt.type = open", "") RULE("b", "evt.type = read", "  enabled: false\n")
	RULE("c", "evt.type = write and nothing.there = 1", "  skip-if-unknown-filter: true\n");

static void those_that_are_on_are_compiled(void **state)
{
	struct eng_ruleset *rs;
	struct err err;

	(void)state;
	eng_ruleset__new(&rs);
	assert_int_equal(load(rs, "1", three, true, &err), 0);
	assert_int_equal(load(rs, "2", RULE("d", "evt.type = close", ""), false, &err), 0);
	assert_string_equal(compiled(rs), "ad");
	assert_string_equal(compiled(rs), "ad");
	eng_ruleset__select(rs, true, "b", NULL);
	eng_ruleset__select(rs, false, "d", NULL);
	assert_string_equal(compiled(rs), "ab");
	assert_int_equal(load(rs, "3", RULE("e", "evt.type = dup", ""), false, &err), 0);
	assert_string_equal(compiled(rs), "abe");
	eng_ruleset__free(rs);
}

static void an_error_is_found_in_its_file(void **state)
{
	struct eng_ruleset *rs;
	struct err err;

	(void)state;
	eng_ruleset__new(&rs);
	assert_int_equal(load(rs, "1", three, true, &err), 0);
	assert_true(load(rs, "2", RULE("d", "comes_later", ""), true, &err) < 0);
	assert_string_equal(err.file, "2");
	/* what was not right is tried again */
	assert_true(load(rs, "3", RULE("e", "evt.type = dup", ""), true, &err) < 0);
	assert_string_equal(err.file, "2");
	assert_int_equal(load(rs, "4", "- macro: comes_later\n  condition: evt.type = dup2\n", false, &err), 0);
	assert_string_equal(compiled(rs), "ade");
	eng_ruleset__free(rs);
}

static void what_a_later_file_breaks_is_found_with_the_last(void **state)
{
	struct eng_ruleset *rs;
	struct err err;

	(void)state;
	eng_ruleset__new(&rs);
	assert_int_equal(load(rs, "1", "- list: ports\n  items: [80]\n" RULE("a", "fd.sport in (ports)", ""), true, &err), 0);
	assert_int_equal(load(rs, "2", "- list: ports\n  items: [not_a_port]\n", true, &err), 0);
	assert_true(load(rs, "3", RULE("b", "evt.type = dup", ""), false, &err) < 0);
	assert_string_equal(err.file, "1");
	eng_ruleset__free(rs);
}

/* Rules behind the one that is wrong have not been looked at. */
static void of_a_set_that_is_wrong_nothing_unknown_is_shown(void **state)
{
	struct eng_ruleset *rs;
	const struct eng_rule *r;
	struct err err;
	unsigned n;

	(void)state;
	eng_ruleset__new(&rs);
	assert_int_equal(load(rs, "r", RULE("a", "evt.type = open", "") RULE("b", "there.is.none = 1", "")
			      RULE("c", "evt.type = close", ""), false, &err), -FMT_E_VALUE);
	r = eng_ruleset__rules(rs, &n);
	assert_int_equal(n, 2);
	assert_string_equal(r[1].name, "b");
	assert_true(r[1].cond < 0);
	assert_null(eng_ruleset__by_cond(rs, 0));
	eng_ruleset__free(rs);
}

/* Sets in three files each. */
static const struct {
	const char *what, *files[3];
} sets[] = {
	{ "it only grows", {
		"- list: la\n  items: [cat, 'a b']\n- macro: ma\n  condition: proc.name in (la)\n"
		RULE("a", "evt.type = open and ma", "") RULE("b", "evt.type = read and proc.name = sh", ""),
		"- list: lb\n  items: [la, dog]\n- macro: mb\n  condition: ma or proc.name in (lb)\n" RULE("c", "evt.type = open and mb", ""),
		RULE("d", "evt.type = close and not ma and proc.name = sh", "") } },
	{ "a list comes later than a condition that has its name", {
		"- macro: ma\n  condition: proc.name in (la, dog)\n" RULE("a", "evt.type = open and ma", ""),
		RULE("b", "evt.type = open and proc.pname in (x, la)", ""),
		"- list: la\n  items: [cat, rat]\n" RULE("c", "evt.type = read", "") } },
	{ "a list comes later than one that has its name", {
		"- list: lb\n  items: [la]\n" RULE("a", "evt.type = open and proc.name in (lb)", ""),
		"- list: la\n  items: [cat, rat]\n",
		"- list: lb\n  items: [la]\n" RULE("c", "evt.type = read and proc.name in (lb)", "") } },
	{ "a list changes", {
		"- list: la\n  items: [cat]\n" RULE("a", "evt.type = open and proc.name in (la)", ""),
		"- list: la\n  items: [rat]\n  override:\n    items: append\n" RULE("b", "evt.type = open and proc.pname in (la)", ""),
		RULE("c", "evt.type = close and proc.name in (la)", "") } },
	{ "a macro changes", {
		"- macro: ma\n  condition: evt.type = open\n" RULE("a", "ma and proc.name = cat", ""),
		"- macro: ma\n  condition: evt.type = read\n",
		RULE("c", "ma and proc.name = rat", "") } },
	{ "the same is said again", {
		"- list: la\n  items: [cat]\n- macro: ma\n  condition: evt.type = open and proc.name in (la)\n" RULE("a", "ma", ""),
		"- list: la\n  items: [cat]\n- macro: ma\n  condition: evt.type = open and proc.name in (la)\n" RULE("b", "ma and fd.num >= 0", ""),
		"- macro: ma\n  condition: evt.type = open and proc.name in (la)\n" RULE("c", "not ma and evt.type = close", "") } },
	{ "rules change", {
		RULE("a", "evt.type = open", "") RULE("b", "evt.type = read", ""),
		"- rule: a\n  condition: and proc.name = cat\n  override:\n    condition: append\n",
		"- rule: b\n  enabled: false\n" RULE("c", "evt.type = close", "") } },
	{ "there is something to warn of in the first file", {
		"- list: unused\n  items: [cat]\n- macro: ma\n  condition: proc.name = proc.pname\n"
		RULE("a", "evt.type = open and ma and evt.dir = <", "") RULE("b", "evt.type = open and there.is.none = 1", "  skip-if-unknown-filter: true\n"),
		RULE("c", "evt.type = close and ma", ""),
		"- macro: unused_too\n  condition: evt.type = dup\n" } },
};

static void describe(struct eng_ruleset *rs, struct buf *out)
{
	unsigned n, n_rules;
	const struct eng_diag *d = eng_ruleset__diags(rs, &n);
	const struct eng_rule *r;

	for (unsigned i = 0; i < n; i++)
		buf__printf(out, "%s %s %s %s\n", d[i].code, d[i].item_type, d[i].item_name, d[i].message);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	r = eng_ruleset__rules(rs, &n_rules);
	for (unsigned i = 0; i < n_rules; i++)
		buf__printf(out, "%s %d %d %s\n", r[i].name, r[i].cond, r[i].enabled, r[i].output);
	eng_prog__dump(eng_ruleset__prog(rs), out);
	buf__u8(out, 0);
	eng_ruleset__free(rs);
}

/* What is kept of earlier files must not be told from what is compiled all at once. */
static void files_make_what_one_file_makes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		struct buf all = { 0 }, at_once = { 0 }, one_by_one = { 0 };
		struct eng_ruleset *rs;
		struct err err;

		print_message("%s\n", sets[i].what);
		for (unsigned k = 0; k < 3; k++)
			buf__puts(&all, sets[i].files[k]);
		buf__u8(&all, 0);
		eng_ruleset__new(&rs);
		assert_int_equal(load(rs, "r", (char *)all.p, false, &err), 0);
		describe(rs, &at_once);
		eng_ruleset__new(&rs);
		for (unsigned k = 0; k < 3; k++)
			assert_int_equal(load(rs, "r", sets[i].files[k], k < 2, &err), 0);
		describe(rs, &one_by_one);
		assert_string_equal((char *)one_by_one.p, (char *)at_once.p);
		buf__done(&all);
		buf__done(&at_once);
		buf__done(&one_by_one);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_are_on_are_compiled),
		cmocka_unit_test(an_error_is_found_in_its_file),
		cmocka_unit_test(what_a_later_file_breaks_is_found_with_the_last),
		cmocka_unit_test(of_a_set_that_is_wrong_nothing_unknown_is_shown),
		cmocka_unit_test(files_make_what_one_file_makes),
	};

	return cmocka_run_group_tests_name("engine/rules_files", tests, NULL, NULL);
}
