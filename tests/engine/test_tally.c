// SPDX-License-Identifier: Apache-2.0
/* How often the condition of a rule with a threshold has held: windows, keys, what is forgotten; and what is wrong with a threshold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/alert/tally.h"
#include "format/base/alloc.h"
#include "format/file/source.h"

#define S 1000000000ull

static struct eng_ruleset *rules_of(const char *threshold)
{
	char *text = xasprintf("- rule: r\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: NOTICE\n"
			       "  spoor_threshold: %s\n", threshold);
	struct eng_ruleset *rs;
	struct err err = { 0 };

	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_int_equal(eng_ruleset__load_text(rs, "t", text, strlen(text), &err), 0);
	assert_int_equal(eng_ruleset__compile(rs, &err), 0);
	free(text);
	return rs;
}

struct bench {
	struct eng_ruleset *rs;
	struct eng_tally *t;
	const struct eng_rule *rule;
};

static struct bench begin(const char *threshold)
{
	struct bench b = { .rs = rules_of(threshold) };
	unsigned n;

	b.t = eng_tally__new(b.rs);
	assert_non_null(b.t);
	b.rule = eng_ruleset__rules(b.rs, &n);
	assert_int_equal(n, 1);
	return b;
}

static void end(struct bench *b)
{
	eng_tally__free(b->t);
	eng_ruleset__free(b->rs);
}

static bool add(struct bench *b, uint64_t ts, const char *key)
{
	struct buf k = { .p = (uint8_t *)key, .len = strlen(key) };

	return eng_tally__add(b->t, b->rule, ts, &k);
}

static void windows(void **state)
{
	struct bench b = begin("{count: 3, within: 10s}");

	(void)state;
	assert_false(add(&b, 100 * S, ""));
	assert_false(add(&b, 105 * S, ""));
	assert_false(add(&b, 110 * S + 1, ""));		/* the first is too long ago */
	assert_true(add(&b, 115 * S, ""));
	assert_false(add(&b, 115 * S, ""));		/* it has begun anew */
	assert_false(add(&b, 115 * S, ""));
	assert_true(add(&b, 115 * S, ""));
	/* a log is not always in order */
	assert_false(add(&b, 200 * S, ""));
	assert_false(add(&b, 190 * S, ""));
	assert_true(add(&b, 195 * S, ""));
	end(&b);
}

/* More than there is room for at first, and round the ring many times. */
static void many(void **state)
{
	struct bench b = begin("{count: 1000, within: 999ns}");
	uint64_t n = 0;

	(void)state;
	for (uint64_t i = 0; i < 5000; i++)
		n += add(&b, 10 * S + 2 * i, "");
	assert_int_equal(n, 0);				/* 1000 of them always take 1998 ns */
	for (uint64_t i = 0; i < 2000; i++)
		n += add(&b, 20 * S + i, "");
	assert_int_equal(n, 2);
	end(&b);
}

static void keys(void **state)
{
	struct bench b = begin("{count: 2, within: 1m, by: [proc.name, user.name]}");
	char name[32];

	(void)state;
	assert_false(add(&b, S, "a"));
	assert_false(add(&b, S, "b"));
	assert_true(add(&b, S, "a"));
	assert_true(add(&b, S, "b"));
	/* whoever was counted last is remembered longest */
	assert_false(add(&b, 2 * S, "early"));
	assert_false(add(&b, 2 * S, "kept"));
	for (unsigned i = 0; i < ENG_TALLY_KEYS - 2; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_false(add(&b, 3 * S, name));
	}
	assert_int_equal(eng_tally__forgotten(b.t), 2);	/* a and b */
	assert_true(add(&b, 4 * S, "kept"));
	assert_false(add(&b, 4 * S, "one more"));	/* early goes */
	assert_int_equal(eng_tally__forgotten(b.t), 3);
	assert_false(add(&b, 4 * S, "early"));
	assert_true(add(&b, 4 * S, "n4000"));
	eng_tally__reset(b.t);
	assert_int_equal(eng_tally__forgotten(b.t), 0);
	assert_false(add(&b, 4 * S, "n3000"));
	end(&b);
}

/* A reader that leaves out what nobody reads is told what is counted by. */
static void what_is_counted_by_is_asked_for(void **state)
{
	static const struct { const char *type, *by; bool payload, cpu; } cases[] = {
		{ "write", "proc.name", false, false }, { "write", "evt.buffer", true, false },
		{ "write", "evt.cpu", false, true }, { "open", "evt.buffer", false, false },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		char *text = xasprintf("- {rule: r, desc: d, condition: evt.type = %s, output: o, priority: NOTICE, "
				       "spoor_threshold: {count: 2, within: 5s, by: [%s]}}\n", cases[k].type, cases[k].by);
		struct fmt_want w = { .by_type = true, .no_payload = true, .no_cpu = true };
		struct eng_ruleset *rs;
		struct err err = { 0 };

		assert_int_equal(eng_ruleset__new(&rs), 0);
		assert_int_equal(eng_ruleset__load_text(rs, "t", text, strlen(text), &err), 0);
		assert_int_equal(eng_ruleset__compile(rs, &err), 0);
		eng_ruleset__want(rs, &w);
		if (w.no_payload == cases[k].payload || w.no_cpu == cases[k].cpu)
			fail_msg("%s by %s: payload %d, processor %d", cases[k].type, cases[k].by, !w.no_payload, !w.no_cpu);
		eng_ruleset__free(rs);
		free(text);
	}
}

static void none(void **state)
{
	const char *text = "- {rule: r, desc: d, condition: evt.type = open, output: o, priority: NOTICE}\n";
	struct eng_ruleset *rs;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_int_equal(eng_ruleset__load_text(rs, "t", text, strlen(text), &err), 0);
	assert_int_equal(eng_ruleset__compile(rs, &err), 0);
	assert_null(eng_tally__new(rs));
	assert_int_equal(eng_tally__forgotten(NULL), 0);
	eng_tally__reset(NULL);
	eng_tally__free(NULL);
	eng_ruleset__free(rs);
}

static void what_is_wrong(void **state)
{
	static const struct { const char *text, *code, *says; } cases[] = {
		{ "3", "LOAD_ERR_YAML_VALIDATE", "mapping" },
		{ "[count]", "LOAD_ERR_YAML_VALIDATE", "mapping" },
		{ "{within: 5s}", "LOAD_ERR_YAML_VALIDATE", "'count'" },
		{ "{count: 3}", "LOAD_ERR_YAML_VALIDATE", "'within'" },
		{ "{count: 1, within: 5s}", "LOAD_ERR_YAML_VALIDATE", "2 to 1000" },
		{ "{count: 1001, within: 5s}", "LOAD_ERR_YAML_VALIDATE", "2 to 1000" },
		{ "{count: -3, within: 5s}", "LOAD_ERR_YAML_VALIDATE", "decode" },
		{ "{count: 3, within: soon}", "LOAD_ERR_YAML_VALIDATE", "duration" },
		{ "{count: 3, within: 25h}", "LOAD_ERR_YAML_VALIDATE", "duration" },
		{ "{count: 3, within: 0s}", "LOAD_ERR_YAML_VALIDATE", "duration" },
		{ "{count: 3, within: 5s, by: proc.name}", "LOAD_ERR_YAML_VALIDATE", "sequence" },
		{ "{count: 3, within: 5s, by: [proc.nam]}", "LOAD_ERR_COMPILE_OUTPUT", "proc.name" },
		{ "{count: 3, within: 5s, by: [ka.user.name]}", "LOAD_ERR_COMPILE_OUTPUT", "ka.user.name" },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		char *text = xasprintf("- {rule: r, desc: d, condition: evt.type = open, output: o, priority: NOTICE, spoor_threshold: %s}\n",
				       cases[k].text);
		const struct eng_diag *d;
		struct eng_ruleset *rs;
		struct err err = { 0 };
		unsigned n;

		assert_int_equal(eng_ruleset__new(&rs), 0);
		assert_true(eng_ruleset__load_text(rs, "t", text, strlen(text), &err) < 0);
		d = eng_ruleset__diags(rs, &n);
		if (!n || !d[0].is_error || strcmp(d[0].code, cases[k].code) || !strstr(d[0].message, cases[k].says))
			fail_msg("%s: %s %s", cases[k].text, n ? d[0].code : "nothing", n ? d[0].message : "");
		eng_ruleset__free(rs);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(windows), cmocka_unit_test(many), cmocka_unit_test(keys), cmocka_unit_test(none),
		cmocka_unit_test(what_is_counted_by_is_asked_for),
		cmocka_unit_test(what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
