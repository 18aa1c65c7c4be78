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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_are_on_are_compiled),
		cmocka_unit_test(an_error_is_found_in_its_file),
		cmocka_unit_test(what_a_later_file_breaks_is_found_with_the_last),
	};

	return cmocka_run_group_tests_name("engine/rules_files", tests, NULL, NULL);
}
