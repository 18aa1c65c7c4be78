// SPDX-License-Identifier: Apache-2.0
/*
 * Cells: safe whatever the text, wide characters whole, cut and scrolled where asked; breaking of
 * lines.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inspect/term/screen.h"

static char line[4096];

/* The first line of a screen as dumped. */
static const char *first_line(const struct ins_screen *s)
{
	struct buf out = { 0 };

	ins_screen__dump(s, false, &out);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn((char *)out.p, "\n"), (char *)out.p);
	buf__done(&out);
	return line;
}

static void plain_text(void **state)
{
	struct ins_screen s;

	(void)state;
	ins_screen__init(&s, 10, 2, true);
	assert_int_equal(ins_screen__puts(&s, 0, 2, 8, ST_TEXT, "abc"), 3);
	assert_string_equal(first_line(&s), "  abc");
	ins_screen__clear(&s);
	assert_int_equal(ins_screen__puts(&s, 0, 0, 5, ST_TEXT, "abcdefgh"), 5);
	assert_string_equal(first_line(&s), "abcd\u2026");
	ins_screen__clear(&s);
	ins_screen__right(&s, 0, 0, 10, ST_TEXT, "end");
	assert_string_equal(first_line(&s), "       end");
	/* outside: nothing happens */
	ins_screen__puts(&s, 5, 0, 5, ST_TEXT, "x");
	ins_screen__puts(&s, -1, 0, 5, ST_TEXT, "x");
	ins_screen__puts(&s, 0, 20, 5, ST_TEXT, "x");
	assert_string_equal(first_line(&s), "       end");
	ins_screen__done(&s);
}

static void wide_text(void **state)
{
	struct ins_screen s;

	(void)state;
	ins_screen__init(&s, 8, 1, true);
	assert_int_equal(ins_screen__puts(&s, 0, 0, 8, ST_TEXT, "\u6f22\u5b57x"), 5);
	assert_string_equal(first_line(&s), "\u6f22\u5b57x");
	/* half a character is never shown */
	ins_screen__clear(&s);
	assert_int_equal(ins_screen__puts(&s, 0, 0, 4, ST_TEXT, "\u6f22\u5b57\u6f22"), 4);
	assert_string_equal(first_line(&s), "\u6f22 \u2026");
	/* overwriting one half blanks the other */
	ins_screen__clear(&s);
	ins_screen__puts(&s, 0, 0, 8, ST_TEXT, "\u6f22\u5b57");
	ins_screen__puts(&s, 0, 1, 1, ST_TEXT, "a");
	assert_string_equal(first_line(&s), " a\u5b57");
	/* a mark stays with its letter, a second one goes */
	ins_screen__clear(&s);
	assert_int_equal(ins_screen__puts(&s, 0, 0, 8, ST_TEXT, "e\u0301\u0302x"), 2);
	assert_string_equal(first_line(&s), "e\u0301x");
	ins_screen__done(&s);
}

static void scrolled_text(void **state)
{
	struct ins_screen s;

	(void)state;
	ins_screen__init(&s, 8, 1, true);
	ins_screen__put_skip(&s, 0, 0, 8, 3, ST_TEXT, "abcdef", 6);
	assert_string_equal(first_line(&s), "def");
	ins_screen__clear(&s);
	ins_screen__put_skip(&s, 0, 0, 8, 30, ST_TEXT, "abcdef", 6);
	assert_string_equal(first_line(&s), "");
	ins_screen__done(&s);
}

/* Whatever bytes come: no cell holds a control character, and no row is wider than the screen. */
static void hostile_text(void **state)
{
	static const char *const texts[] = {
		"\033[2J", "\033]0;x\007", "a\nb\tc\r", "\x9b" "31m", "\302\233", "\302\205",
			"\177", "\xff\xfe",
		"\xe2\x80\xae", "\xe2\x80\x8b", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\xaf",
			"\xe6\xbc",
		"\xef\xbb\xbf", "\xf3\xa0\x81\x81", "\xcc\x81\xcc\x81",
			"\xf0\x9f\x92\xa9\xe2\x80\x8d",
	};
	struct ins_screen s;
	uint32_t x = 12345;

	(void)state;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		ins_screen__init(&s, 20, 1, utf8);
		for (unsigned i = 0; i < 3000; i++) {
			char text[40];
			size_t n = i < sizeof(texts) / sizeof(texts[0]) ? strlen(texts[i]) : i % 40;

			for (size_t k = 0; k < n; k++) {
				x = x * 1103515245u + 12345u;
				text[k] = i < sizeof(texts) / sizeof(texts[0]) ? texts[i][k] :
					(char)(x >> 16);
			}
			ins_screen__clear(&s);
			assert_true(ins_screen__put(&s, 0, (int)(i % 5), 20, ST_TEXT, text,
						    n) <= 20);
			for (int c = 0; c < s.w; c++) {
				uint32_t ch = s.cells[c].ch, mark = s.cells[c].mark;

				assert_true(ch >= 0x20 && (ch < 0x7f || ch >= 0xa0) &&
					    ch <= 0x10ffff);
				assert_true(!mark || mark >= 0x300);
				assert_true(utf8 || ch < 0x7f);
				assert_true(s.cells[c].width || (c && s.cells[c - 1].width == 2));
				assert_true(s.cells[c].width != 2 ||
					    (c + 1 < s.w && !s.cells[c + 1].width));
			}
		}
		ins_screen__done(&s);
	}
}

static void ascii_only(void **state)
{
	struct ins_screen s;

	(void)state;
	ins_screen__init(&s, 12, 1, false);
	ins_screen__puts(&s, 0, 0, 12, ST_TEXT, "\u251c\u2500x \u2192 \u6f22");
	assert_string_equal(first_line(&s), "|-x > ?");
	ins_screen__done(&s);
}

static void colours(void **state)
{
	struct ins_screen s;
	struct buf out = { 0 };

	(void)state;
	ins_screen__init(&s, 6, 1, true);
	ins_screen__puts(&s, 0, 0, 6, ST_BAD, "no");
	ins_screen__restyle(&s, 0, 0, 1, ST_SELECTED);
	ins_screen__dump(&s, true, &out);
	buf__u8(&out, 0);
	assert_string_equal((char *)out.p,
			    "\033[0;1;38;5;203;48;5;238mn\033[0;1;38;5;203mo\033[0m\n");
	buf__done(&out);
	ins_screen__done(&s);
}

static size_t break_at(const char *text, int w)
{
	static const struct ins_screen s = { .utf8 = true };

	return ins_text__break(&s, text, strlen(text), w);
}

static void breaking(void **state)
{
	(void)state;
	assert_int_equal(break_at("short", 10), 5);
	assert_int_equal(break_at("some words here", 9), 5);	/* behind a blank */
	assert_int_equal(break_at("some words here", 10), 10);
	assert_int_equal(break_at("some words here", 11), 11);
	assert_int_equal(break_at("a veryverylongword", 10), 10);	/* the blank is too near the
									 * start */
	assert_int_equal(break_at("\u6f22\u5b57\u6f22", 5), 6);
	assert_int_equal(break_at("\u6f22", 1), 3);		/* always at least one character */
	assert_int_equal(break_at("\033\033", 4), 1);		/* counted as they are shown:
								 * \x1B */
}

static void utf8_codes(void **state)
{
	static const uint32_t codes[] = { 0x41, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };
	uint32_t back;

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct buf b = { 0 };

		ins_utf8__add(&b, codes[i]);
		assert_int_equal(ins_utf8__get((char *)b.p, b.len, &back), b.len);
		assert_int_equal(back, codes[i]);
		if (b.len > 1)
			assert_int_equal(ins_utf8__get((char *)b.p, b.len - 1, &back), 0);
		buf__done(&b);
	}
	assert_int_equal(ins_utf8__get("\xed\xa0\x80", 3, &back), 0);
	assert_int_equal(ins_utf8__get("\xc0\x80", 2, &back), 0);
	assert_int_equal(ins_utf8__get("\xf4\x90\x80\x80", 4, &back), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text), cmocka_unit_test(wide_text),
			cmocka_unit_test(scrolled_text),
		cmocka_unit_test(hostile_text), cmocka_unit_test(ascii_only),
			cmocka_unit_test(colours),
		cmocka_unit_test(breaking), cmocka_unit_test(utf8_codes),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
