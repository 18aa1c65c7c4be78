// SPDX-License-Identifier: Apache-2.0
/* Keys and their names, the table of actions, key scripts, and the line that is typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/term/script.h"
#include "inspect/ui/prompt/prompt.h"

static void names(void **state)
{
	static const char *const good[] = { "<Enter>", "<Esc>", "<Tab>", "<S-Tab>", "<Up>",
					   "<PgDn>", "<Home>",
					    "<F1>", "<F12>", "<C-l>", "<lt>", "<Backspace>",
						    "<Del>", "a", "?" };
	static const char *const bad[] = { "<", "<>", "<Nope>", "<F0>", "<F13>", "<C->", "\xff",
					  "" };
	uint32_t key;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct buf name = { 0 };

		assert_int_equal(ins_key__parse(good[i], strlen(good[i]), &key), strlen(good[i]));
		ins_key__name(key, &name);
		buf__u8(&name, 0);
		assert_string_equal((char *)name.p, good[i]);
		buf__done(&name);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ins_key__parse(bad[i], strlen(bad[i]), &key), 0);
}

/*
 * Every key of the table is one, means one thing, and every action can be reached and is explained.
 */
static void table(void **state)
{
	(void)state;
	for (unsigned a = ACT_NONE + 1; a < ACT__N; a++) {
		const struct ins_action_info *i = &ins_actions[a];
		const char *p = i->keys;

		assert_true(*p);
		assert_true(*i->help || (a > ACT_VIEW_1 && a <= ACT_VIEW_9));
		assert_true(i->group < KEYS__N && i->where);
		while (*p) {
			size_t len = strcspn(p, " ");
			uint32_t key;

			assert_int_equal(ins_key__parse(p, len, &key), len);
			assert_int_equal(ins_key__action(key), a);
			p += len;
			p += strspn(p, " ");
		}
	}
	assert_int_equal(ins_key__action('\001'), ACT_NONE);
}

static void script(void **state)
{
	static const char text[] = "# comment\n"
				   "2j<Enter>\n"
				   "dump first\n"
				   "resize 100x30\n"
				   "click 3,4\n"
				   "/a b<Enter>\r\n"
				   "dump";
	struct ins_script s = { 0 };

	(void)state;
	assert_int_equal(ins_script__parse(&s, text, strlen(text), NULL), 0);
	assert_int_equal(s.n, 3 + 1 + 1 + 1 + 5 + 1);
	assert_int_equal(s.steps[2].in.key, IK_ENTER);
	assert_int_equal(s.steps[3].kind, STEP_DUMP);
	assert_string_equal(s.steps[3].title, "first");
	assert_int_equal(s.steps[4].kind, STEP_RESIZE);
	assert_int_equal(s.steps[4].in.x, 100);
	assert_int_equal(s.steps[5].in.kind, IN_MOUSE);
	assert_int_equal(s.steps[5].in.y, 4);
	assert_int_equal(s.steps[8].in.key, ' ');
	assert_int_equal(s.steps[11].kind, STEP_DUMP);
	ins_script__done(&s);
}

static void script_errors(void **state)
{
	static const struct { const char *text; unsigned line, col; } bad[] = {
		{ "ab\nc<Nope>\n", 2, 2 }, { "resize 3x3\n", 1, 1 }, { "a\n\xff\n", 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ins_script s = { 0 };
		struct err e = { 0 };

		assert_true(ins_script__parse(&s, bad[i].text, strlen(bad[i].text), &e) < 0);
		assert_int_equal(e.line, bad[i].line);
		assert_int_equal(e.col, bad[i].col);
		assert_true(e.msg[0]);
		ins_script__done(&s);
	}
}

static enum ins_prompt_result type(struct ins_prompt *p, const char *keys)
{
	enum ins_prompt_result r = PROMPT_MORE;

	for (size_t n = strlen(keys), at = 0; at < n;) {
		uint32_t key;

		at += ins_key__parse(keys + at, n - at, &key);
		r = ins_prompt__key(p, key);
	}
	return r;
}

static void prompt(void **state)
{
	struct ins_prompt p = { 0 };

	(void)state;
	ins_prompt__open(&p, ASK_SEARCH, "");
	assert_int_equal(type(&p, "ab\xc3\xa9x<Left><Backspace>"), PROMPT_MORE);
	assert_string_equal(p.text, "abx");
	type(&p, "<Home>><End>!<Left><Left><Del>");
	assert_string_equal(p.text, ">ab!");
	type(&p, "<C-u>");
	assert_string_equal(p.text, "!");
	type(&p, "<End> one two<C-w>");
	assert_string_equal(p.text, "! one ");
	assert_int_equal(type(&p, "<Enter>"), PROMPT_DONE);
	ins_prompt__close(&p, true);
	ins_prompt__open(&p, ASK_SEARCH, "");
	type(&p, "<Up>");
	assert_string_equal(p.text, "! one ");
	type(&p, "<Down>");
	assert_string_equal(p.text, "");
	assert_int_equal(type(&p, "<Backspace>"), PROMPT_CANCEL);
	ins_prompt__open(&p, ASK_SEARCH, "x");
	assert_int_equal(type(&p, "<Esc>"), PROMPT_CANCEL);
	ins_prompt__done(&p);
}

/* More than fits is refused, not cut into the middle of something. */
static void prompt_full(void **state)
{
	struct ins_prompt p = { 0 };

	(void)state;
	ins_prompt__open(&p, ASK_SEARCH, "");
	for (int i = 0; i < 3 * INS_PROMPT_MAX; i++)
		ins_prompt__key(&p, 0x6f22);
	assert_true(p.len < INS_PROMPT_MAX && p.len % 3 == 0);
	assert_int_equal(strlen(p.text), p.len);
	ins_prompt__done(&p);
}

static void completion(void **state)
{
	struct ins_prompt p = { 0 };

	(void)state;
	ins_prompt__open(&p, ASK_FILTER, "");
	type(&p, "proc.nam<Tab>");
	assert_string_equal(p.text, "proc.name ");
	type(&p, "= sh and proc.p<Tab>");
	assert_true(strstr(p.hint, "proc.pid"));
	assert_true(strstr(p.hint, "proc.pname"));
	assert_string_equal(p.text, "proc.name = sh and proc.p");
	type(&p, "qq<Tab>");
	assert_string_equal(p.hint, "no field begins with this");
	ins_prompt__done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(table), cmocka_unit_test(script),
		cmocka_unit_test(script_errors), cmocka_unit_test(prompt),
			cmocka_unit_test(prompt_full),
		cmocka_unit_test(completion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
