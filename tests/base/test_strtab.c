// SPDX-License-Identifier: Apache-2.0
/* The table of strings: what is put in is found, once; what is appended gets the next numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/base/strtab.h"

static void each_once(void **state)
{
	struct strtab t = { 0 };
	uint32_t a, b, cut;

	(void)state;
	assert_int_equal(strtab__find(&t, "a", 1, 1), 0);
	a = strtab__add(&t, "a", 1, 1);
	b = strtab__add(&t, "b", 1, 1);
	cut = strtab__add(&t, "a", 1, 9);
	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_int_equal(cut, 3);	/* the same bytes of a longer string are another string */
	assert_int_equal(strtab__add(&t, "a", 1, 1), a);
	assert_int_equal(strtab__find(&t, "a", 1, 9), cut);
	assert_int_equal(strtab__find(&t, "c", 1, 1), 0);
	assert_int_equal(t.n, 3);
	strtab__done(&t);
}

static void append(void **state)
{
	struct strtab t = { 0 };
	struct fmt_str *s;
	char *p;

	(void)state;
	assert_non_null(strtab__append(&t, 0, 0));	/* a dictionary may be there and empty */
	assert_int_equal(t.n, 0);
	p = arena__alloc(&t.mem, 4);
	memcpy(p, "x\0y", 4);
	s = strtab__append(&t, 2, 4);
	s[0] = (struct fmt_str){ p, 1, 1 };
	s[1] = (struct fmt_str){ p + 2, 1, 1 };
	assert_int_equal(strtab__find(&t, "y", 1, 1), 2);
	assert_int_equal(strtab__add(&t, "x", 1, 1), 1);
	assert_int_equal(strtab__add(&t, "z", 1, 1), 3);
	strtab__done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_once), cmocka_unit_test(append) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
