// SPDX-License-Identifier: Apache-2.0
/* Units, times and safe text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "format/base/text.h"

static void check_safe(const char *in, size_t n, const char *want)
{
	struct buf b = { 0 };

	text__safe(&b, in, n);
	buf__u8(&b, 0);
	assert_string_equal((char *)b.p, want);
	buf__done(&b);
}

static void safe_text(void **state)
{
	(void)state;
	check_safe("plain", 5, "plain");
	check_safe("\x1b[31mred", 8, "\\x1B[31mred");
	check_safe("a\0b", 3, "a\\x00b");
	check_safe("a\nb\tc\rd", 7, "a\\nb\\tc\\rd");
	check_safe("caf\xc3\xa9", 5, "caf\xc3\xa9");
	check_safe("\xc2\x9b" "31m", 5, "\\xC2\\x9B31m");		/* C1 CSI */
	check_safe("\xe2\x80\xae" "x", 4, "\\xE2\\x80\\xAEx");		/* right-to-left override */
	check_safe("\xff\xfe", 2, "\\xFF\\xFE");
	check_safe("\xc0\xaf", 2, "\\xC0\\xAF");			/* overlong */
	check_safe("\xed\xa0\x80", 3, "\\xED\\xA0\\x80");		/* surrogate */
	check_safe("\xe2\x82", 2, "\\xE2\\x82");			/* cut off */
	check_safe("\x7f", 1, "\\x7F");
}

/* Whatever goes in, no control byte comes out. */
static void safe_text_random(void **state)
{
	unsigned seed = 42;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char in[64];
		struct buf b = { 0 };

		for (size_t i = 0; i < sizeof(in); i++) {
			seed = seed * 1103515245u + 12345u;
			in[i] = (char)(seed >> 16);
		}
		text__safe(&b, in, sizeof(in));
		for (size_t i = 0; i < b.len; i++)
			assert_true(b.p[i] >= 0x20 && b.p[i] != 0x7f);
		buf__done(&b);
	}
}

static void json_text(void **state)
{
	struct buf b = { 0 };

	(void)state;
	text__json(&b, "a\"b\\c\n\x01\xff\xc3\xa9", 10);
	buf__u8(&b, 0);
	assert_string_equal((char *)b.p, "a\\\"b\\\\c\\n\\u0001\xef\xbf\xbd\xc3\xa9");
	b.len = 0;
	/* C1, bidi override, a tag character: a reader gets them, a terminal does not */
	text__json(&b, "\xc2\x9b\xe2\x80\xae\xf3\xa0\x81\x81\xf0\x9f\x98\x80", 13);
	buf__add(&b, "", 1);
	assert_string_equal((char *)b.p, "\\u009b\\u202e\\udb40\\udc41\xf0\x9f\x98\x80");
	buf__done(&b);
}

static void sizes(void **state)
{
	static const struct { const char *s; uint64_t v; } good[] = {
		{ "0", 0 }, { "4096", 4096 }, { "1k", 1024 }, { "64KiB", 65536 }, { "256MiB", 268435456 },
		{ "1.5GiB", 1610612736 }, { "2MB", 2000000 }, { "10B", 10 },
	};
	static const char *const bad[] = { "", "x", "-1", "1kk", "1 k", "99999999999999999999", "16777216TiB" };
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(text__parse_size(good[i].s, &v, NULL), 0);
		assert_int_equal(v, good[i].v);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = { 0 };

		assert_int_equal(text__parse_size(bad[i], &v, &e), -FMT_E_VALUE);
		assert_non_null(strstr(e.msg, "is not a size"));
	}
}

static void durations(void **state)
{
	static const struct { const char *s; uint64_t v; } good[] = {
		{ "30s", 30000000000 }, { "500ms", 500000000 }, { "1m30s", 90000000000 }, { "2h", 7200000000000 },
		{ "5", 5000000000 }, { "0.5s", 500000000 }, { "250us", 250000 }, { "10ns", 10 },
		{ "1d", 86400000000000 }, { "2min", 120000000000 },
	};
	static const char *const bad[] = { "", "s", "1x", "1s5", "-1s", "9000000h", "1 s" };
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(text__parse_duration(good[i].s, &v, NULL), 0);
		assert_int_equal(v, good[i].v);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(text__parse_duration(bad[i], &v, NULL), -FMT_E_VALUE);
}

static void times(void **state)
{
	const uint64_t s = 1000000000u, base = 1795295077 * s + 5;
	uint64_t v;

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(text__parse_time("+30s", base, &v, NULL), 0);
	assert_int_equal(v, base + 30 * s);
	assert_int_equal(text__parse_time("-10s", base, &v, NULL), 0);
	assert_int_equal(v, base - 10 * s);
	assert_int_equal(text__parse_time("2026-11-21T21:04:37.5Z", base, &v, NULL), 0);
	assert_int_equal(v, 1795295077 * s + s / 2);
	assert_int_equal(text__parse_time("2026-11-21 23:04:37+02:00", base, &v, NULL), 0);
	assert_int_equal(v, 1795295077 * s);
	assert_int_equal(text__parse_time("21:04:38", base, &v, NULL), 0);
	assert_int_equal(v, 1795295078 * s);
	assert_int_equal(text__parse_time("1795295077000000005ns", base, &v, NULL), 0);
	assert_int_equal(v, base);
	assert_int_equal(text__parse_time("25:00:00", base, &v, NULL), -FMT_E_VALUE);
	assert_int_equal(text__parse_time("2026-13-01", base, &v, NULL), -FMT_E_VALUE);
	assert_int_equal(text__parse_time("soon", base, &v, NULL), -FMT_E_VALUE);
	assert_int_equal(text__parse_time("", base, &v, NULL), -FMT_E_VALUE);
}

static void show(void **state)
{
	char b[48];

	(void)state;
	assert_string_equal(text__size(1023, b), "1023 B");
	assert_string_equal(text__size(1048576, b), "1.0 MiB");
	assert_string_equal(text__duration(999, b), "999 ns");
	assert_string_equal(text__duration(1500000, b), "1.5 ms");
	assert_string_equal(text__duration(150000000000, b), "2m30s");
	assert_string_equal(text__count(0, b), "0");
	assert_string_equal(text__count(1234567, b), "1,234,567");
	assert_string_equal(text__iso(1795295077000000005, "Z", b), "2026-11-21T21:04:37.000000005Z");
}

static void carets(void **state)
{
	struct err e = { 0 };
	const char *text = "first\nsecond line\n";

	(void)state;
	err__caret(&e, text, strlen(text), 2, 8);
	assert_string_equal(e.snippet, "    second line\n           ^");
	assert_int_equal(e.line, 2);
	assert_int_equal(e.col, 8);
}

static void test_unescape_octal(void **state)
{
	char s[] = "/a\\040b\\134c\\04", t[] = "\\", u[] = "\\899\\1";

	(void)state;
	assert_string_equal(text__unescape_octal(s), "/a b\\c\\04");
	assert_string_equal(text__unescape_octal(t), "\\");
	assert_string_equal(text__unescape_octal(u), "\\899\\1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unescape_octal),
		cmocka_unit_test(safe_text), cmocka_unit_test(safe_text_random), cmocka_unit_test(json_text),
		cmocka_unit_test(sizes), cmocka_unit_test(durations), cmocka_unit_test(times),
		cmocka_unit_test(show), cmocka_unit_test(carets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
