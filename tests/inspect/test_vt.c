// SPDX-License-Identifier: Apache-2.0
/* A terminal's output becomes what was seen; nonsense in it does no harm. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "inspect/model/events/vt.h"

/* What a terminal of 20 by 5 shows after this output; rows joined by '|', blanks at the ends cut. */
static const char *shown(const char *out, size_t n)
{
	static char text[1024];
	struct ins_screen s;
	struct ins_vt vt;
	struct buf b = { 0 };

	ins_screen__init(&s, 20, 5, true);
	ins_vt__init(&vt, 20, 5);
	ins_vt__feed(&vt, (const uint8_t *)out, n);
	ins_vt__draw(&vt, &s, 0, 0, 5, 20);
	ins_screen__dump(&s, false, &b);
	snprintf(text, sizeof(text), "%.*s", (int)b.len, (char *)b.p);
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? '|' : *p;
	ins_vt__done(&vt);
	ins_screen__done(&s);
	buf__done(&b);
	return text;
}

#define SHOWS(out, want) assert_string_equal(shown(out, sizeof(out) - 1), want)

static void lines(void **state)
{
	(void)state;
	SHOWS("one\r\ntwo\r\n", "one|two||||");
	SHOWS("one\ntwo", "one|   two||||");
	SHOWS("a\tb", "a       b|||||");
	SHOWS("abc\b\bX", "aXc|||||");
	SHOWS("abc\rX", "Xbc|||||");
	SHOWS("12345678901234567890x", "12345678901234567890|x||||");
	/* exactly a row, then a new line: no blank row between */
	SHOWS("12345678901234567890\r\nx", "12345678901234567890|x||||");
	SHOWS("1\r\n2\r\n3\r\n4\r\n5\r\n6", "2|3|4|5|6|");
	SHOWS("\xc3\xa9\xe6\xbc\xa2", "\u00e9\u6f22|||||");
	SHOWS("\xc3z\xff", "z\ufffd|||||");
}

static void sequences(void **state)
{
	(void)state;
	SHOWS("\x1b[2;3Hx", "|  x||||");
	SHOWS("abcdef\x1b[3D\x1b[K", "abc|||||");
	SHOWS("abcdef\x1b[3D\x1b[1K", "    ef|||||");
	SHOWS("abcdef\x1b[2Jx", "      x|||||");
	SHOWS("one\r\ntwo\r\nthree\x1b[2;2H\x1b[J", "one|t||||");
	SHOWS("one\r\ntwo\r\nthree\x1b[2;2H\x1b[1J", "|  o|three|||");
	SHOWS("abcdef\x1b[1G\x1b[2P", "cdef|||||");
	SHOWS("abcdef\x1b[1G\x1b[2@", "  abcdef|||||");
	SHOWS("abcdef\x1b[1G\x1b[2X", "  cdef|||||");
	SHOWS("1\r\n2\r\n3\x1b[2;1H\x1b[L", "1||2|3||");
	SHOWS("1\r\n2\r\n3\x1b[1;1H\x1b[M", "2|3||||");
	/* a region that scrolls: the rows outside it stay */
	SHOWS("1\r\n2\r\n3\r\n4\r\n5\x1b[2;4r\x1b[4;1H\n", "1|3|4||5|");
	SHOWS("1\r\n2\r\n3\r\n4\r\n5\x1b[2;4r\x1b[2;1H\x1bM", "1||2|3|5|");
	SHOWS("\x1b" "7abc\x1b" "8x", "xbc|||||");
	SHOWS("before\x1b[?1049h\x1b[Heditor", "editor|||||");
	SHOWS("\x1b[1;31mred\x1b[0m", "red|||||");
	SHOWS("\x1b[38;5;196mred\x1b[38;2;1;2;3mrgb", "redrgb|||||");
}

/* What would reach beyond drawing is swallowed, whole. */
static void swallowed(void **state)
{
	(void)state;
	SHOWS("\x1b]0;title\x07x", "x|||||");
	SHOWS("\x1b]52;c;aGk=\x1b\\x", "x|||||");
	SHOWS("\x1bPq#0;2;0\x1b\\x", "x|||||");
	SHOWS("\x1b[6n\x1b[c\x1b[>0cx", "x|||||");
	SHOWS("\x1b[?25l\x1b[?2004hx", "x|||||");
	SHOWS("\x1b(Bx\x1b#8y", "xy|||||");
}

static void hostile(void **state)
{
	struct ins_vt vt;
	uint32_t x = 2463534242u;
	uint8_t noise[512];

	(void)state;
	SHOWS("\x1b[99999999999;99999999999Hx", "||||                   x|");
	SHOWS("\x1b[999999999Ax\x1b[999999999By", "x|||| y|");
	SHOWS("\x1b[;;;;;;;;;;;;;;;;;;;;;;;;;;1;2;3mx", "x|||||");
	SHOWS("\x1b[5;2r\x1b[0;0r\x1b[9;9rx", "x|||||");
	SHOWS("\x1b[2147483647@\x1b[2147483647P\x1b[2147483647Lx", "x|||||");
	for (int w = 1; w < 40; w += 13) {
		ins_vt__init(&vt, w, w / 3 + 1);
		for (int round = 0; round < 400; round++) {
			for (size_t i = 0; i < sizeof(noise); i++) {
				static const char likely[] = "\x1b[];?0123456789HJKLMPmrhX@ \r\n\b";

				x ^= x << 13;
				x ^= x >> 17;
				x ^= x << 5;
				noise[i] = x & 1 ? (uint8_t)likely[x / 2 % (sizeof(likely) - 1)] :
						   (uint8_t)(x >> 8);
			}
			ins_vt__feed(&vt, noise, sizeof(noise));
			assert_in_range(vt.x, 0, vt.w - 1);
			assert_in_range(vt.y, 0, vt.h - 1);
			assert_in_range(vt.top, 0, vt.bottom);
			assert_in_range(vt.bottom, vt.top, vt.h - 1);
		}
		ins_vt__done(&vt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines), cmocka_unit_test(sequences), cmocka_unit_test(swallowed),
		cmocka_unit_test(hostile),
	};

	setlocale(LC_ALL, "C.UTF-8");	/* widths of characters */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
