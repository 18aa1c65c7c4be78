// SPDX-License-Identifier: Apache-2.0
/* find_two against a loop over single bytes, on texts of few letters and all lengths around sixteen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/base/find_two.h"

static size_t plain(const char *p, size_t n, size_t gap, struct find_byte a, struct find_byte b)
{
	for (size_t i = 0; i + gap < n; i++)
		if (((uint8_t)p[i] | a.fold) == a.is && ((uint8_t)p[i + gap] | b.fold) == b.is)
			return i;
	return n;
}

static void finds_what_a_plain_loop_finds(void **state)
{
	static const struct find_byte bytes[] = { { 'x', 0 }, { 'x', 0x20 }, { '/', 0 }, { '/', 1 }, { 0xe9, 0 }, { 'Q', 0 } };
	static const char letters[] = "xXabcdefgh/.\xe9\xc9-_0123456789";
	uint32_t seed = 1, found = 0;

	(void)state;
	for (unsigned turn = 0; turn < 60000; turn++) {
		size_t n, gap;
		struct find_byte a, b;
		char *p;

		seed = seed * 1664525u + 1013904223u;
		n = seed >> 8 & 63;
		gap = (seed >> 14 & 7) * (seed >> 17 & 7);
		a = bytes[(seed >> 20) % 6];
		b = bytes[(seed >> 24) % 6];
		p = malloc(n ? n : 1);	/* of its very size: a read behind it is noticed */
		assert_non_null(p);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525u + 1013904223u;
			p[i] = letters[(seed >> 8) % (sizeof(letters) - 1)];
		}
		assert_int_equal(find_two(p, n, gap, a, b), plain(p, n, gap, a, b));
		found += plain(p, n, gap, a, b) < n;
		free(p);
	}
	assert_true(found > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds_what_a_plain_loop_finds) };

	return cmocka_run_group_tests_name("format/find_two", tests, NULL, NULL);
}
