// SPDX-License-Identifier: Apache-2.0
/* Widths of columns for any width, and bars. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/ui/ui_layout.h"

static const struct ins_width cols[] = {
	{ 7, 7, 0, false }, { 8, 8, 2, false }, { 12, 16, 3, false }, { 10, 30, 0, true },
};
#define N (sizeof(cols) / sizeof(cols[0]))

static void expect(int width, int a, int b, int c, int d)
{
	int w[N];

	ins_layout__columns(cols, N, width, w);
	if (w[0] != a || w[1] != b || w[2] != c || w[3] != d)
		fail_msg("width %d: %d %d %d %d", width, w[0], w[1], w[2], w[3]);
}

static void columns(void **state)
{
	(void)state;
	expect(40, 7, 8, 12, 10);	/* all at their least */
	expect(39, 7, 8, 0, 22);	/* the highest rank goes */
	expect(27, 7, 8, 0, 10);
	expect(26, 7, 0, 0, 18);
	expect(18, 7, 0, 0, 10);
	expect(17, 7, 0, 0, 9);		/* what may not go gives way, the last first */
	expect(50, 7, 8, 12, 20);	/* the flexible one first becomes comfortable */
	expect(62, 7, 8, 14, 30);	/* then others grow */
	expect(100, 7, 8, 16, 66);	/* the rest is its own */
}

/* Never wider than there is room, never a column of no width that was to stay. */
static void columns_any_width(void **state)
{
	uint32_t x = 99;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct ins_width want[8];
		int w[8], sum = 0, in = 0, width;
		unsigned n = 1 + (unsigned)round % 8;

		for (unsigned i = 0; i < n; i++) {
			x = x * 1103515245u + 12345u;
			want[i] = (struct ins_width){ 1 + (int)(x >> 16) % 20, 0,
						     (int)(x >> 20) % 4,
						      (x >> 28) % 3 == 0 };
			want[i].max = want[i].min + (int)(x >> 24) % 20;
		}
		width = 20 + round % 200;
		ins_layout__columns(want, n, width, w);
		for (unsigned i = 0; i < n; i++) {
			assert_true(w[i] >= 0);
			assert_true(w[i] > 0 || want[i].rank > 0);
			assert_true(want[i].flex || w[i] <= want[i].max);
			sum += w[i];
			in += w[i] > 0;
		}
		assert_true(sum + in - 1 <= width || sum == in);
	}
}

static void bars(void **state)
{
	uint64_t v[100] = { 0 };
	struct ins_screen s;
	struct buf out = { 0 };

	(void)state;
	v[0] = 8;
	v[50] = 4;
	v[99] = 1;
	ins_screen__init(&s, 10, 1, true);
	ins_bar__draw(&s, 0, 0, 10, ST_BAR, v, 100, -1, -1);
	ins_screen__dump(&s, false, &out);
	buf__u8(&out, 0);
	assert_string_equal((char *)out.p,
			    "\u2588\u00b7\u00b7\u00b7\u00b7\u2584\u00b7\u00b7\u00b7\u2581\n");
	/* a column holds the slots that it says */
	for (int w = 1; w <= 300; w += 7)
		for (unsigned i = 0; i < 100; i++) {
			int c = ins_bar__column(i, 100, w);

			assert_true(c >= 0 && c < w);
			if (w <= 100) {
				assert_true(ins_bar__slot(c, 100, w) <= i);
				assert_true(ins_bar__slot(c + 1, 100, w) > i);
			}
		}
	ins_bar__draw(&s, 0, 0, 0, ST_BAR, v, 100, -1, -1);
	ins_bar__draw(&s, 0, 0, 2000, ST_BAR, v, 100, -1, -1);
	buf__done(&out);
	ins_screen__done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns), cmocka_unit_test(columns_any_width),
			cmocka_unit_test(bars),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
