// SPDX-License-Identifier: Apache-2.0
/* What conditions ask of a reader: only what a field can read of an event that can match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/filter.h"
#include "format/file/source.h"

static const struct {
	const char *condition;
	bool payload;			/* is asked for */
	bool seen;			/* by what is printed of a match, if that reads any */
} cases[] = {
	{ "evt.type = openat and fd.name = /a", false, false },
	{ "evt.type in (rename, socket) and evt.args contains a", false, false },
	{ "evt.type = write and fd.name = /a", false, true },
	{ "evt.type = write and evt.args contains a", true, true },
	{ "evt.type = recvfrom and evt.buffer contains a", true, true },
	{ "evt.type = write and evt.arg.data contains a", true, true },
	{ "evt.type in (openat, write) and evt.arg.name contains a", false, false },
	{ "evt.args contains a", true, true },
};

static void processors_are_asked_for_if_they_are_read(void **state)
{
	const char *const texts[] = { "evt.type = openat and evt.cpu = 1", "evt.type = openat and evt.num > 1" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct fmt_want w = { .by_type = true, .no_cpu = true };
		struct arena mem = { 0 };
		struct eng_prog *p;
		struct eng_ast *ast;

		assert_int_equal(eng_prog__new(&p), 0);
		assert_int_equal(eng_filter__parse(texts[i], strlen(texts[i]), 100, &mem, &ast, NULL), 0);
		assert_true(eng_prog__add(p, ast, NULL, NULL, NULL) >= 0);
		assert_int_equal(eng_prog__seal(p, NULL), 0);
		eng_prog__want(p, &w);
		assert_int_equal(w.no_cpu, i);
		eng_prog__free(p);
		arena__done(&mem);
	}
}

static void payload_is_asked_for_where_it_can_be_read(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fmt_want w = { .by_type = true, .no_payload = true };
		const char *text = cases[i].condition;
		struct arena mem = { 0 };
		struct eng_prog *p;
		struct eng_ast *ast;
		int cond;

		assert_int_equal(eng_prog__new(&p), 0);
		assert_int_equal(eng_filter__parse(text, strlen(text), 100, &mem, &ast, NULL), 0);
		cond = eng_prog__add(p, ast, NULL, NULL, NULL);
		assert_true(cond >= 0);
		assert_int_equal(eng_prog__seal(p, NULL), 0);
		eng_prog__want(p, &w);
		if (w.no_payload == cases[i].payload || eng_prog__sees_payload(p, cond) != cases[i].seen)
			fail_msg("%s: asked for %d, seen %d", text, !w.no_payload, eng_prog__sees_payload(p, cond));
		eng_prog__free(p);
		arena__done(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processors_are_asked_for_if_they_are_read),
		cmocka_unit_test(payload_is_asked_for_where_it_can_be_read),
	};

	return cmocka_run_group_tests_name("engine/prog_want", tests, NULL, NULL);
}
