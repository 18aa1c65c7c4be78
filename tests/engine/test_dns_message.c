// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/dns/dns_message.h"

/* Header: id 0x1234, flags, one question, `answers`. */
#define HEAD(flags_hi, flags_lo, answers) "\x12\x34" flags_hi flags_lo "\0\1\0" answers "\0\0\0\0"
#define WWW "\3www\7example\3com\0"

static bool parse(struct eng_dns *d, const char *bytes, size_t n)
{
	return eng_dns__parse(d, (const uint8_t *)bytes, n, n);
}
#define PARSE(d, text) parse(d, text, sizeof(text) - 1)

static void a_question(void **state)
{
	struct eng_dns d;

	(void)state;
	assert_true(PARSE(&d, HEAD("\1", "\0", "\0") WWW "\0\x1c\0\1"));
	assert_int_equal(d.id, 0x1234);
	assert_false(d.answer);
	assert_int_equal(d.type, 28);
	assert_string_equal(d.name, "www.example.com");
	assert_int_equal(d.n_name, 15);
}

#define ALIAS "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cdn\xc0\x10"
#define ADDRESS "\xc0\x2d\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\5"

static void an_answer_by_an_alias(void **state)
{
	static const char m[] = HEAD("\x81", "\x80", "\2") WWW "\0\1\0\1" ALIAS ADDRESS;
	struct eng_dns d;

	(void)state;
	assert_true(PARSE(&d, HEAD("\x81", "\x80", "\2") WWW "\0\1\0\1" ALIAS ADDRESS));
	assert_true(d.answer && !d.cut && !d.rcode);
	assert_int_equal(d.n_addrs, 1);
	assert_memory_equal(d.addrs[0].ip, "\xcb\0\x71\5", 4);
	/* The same without its end: the question is known, and that there was more. */
	for (size_t n = 12 + 17 + 4; n < sizeof(m) - 1; n++) {
		assert_true(eng_dns__parse(&d, (const uint8_t *)m, n, sizeof(m) - 1));
		assert_true(d.cut && !d.n_addrs);
		assert_string_equal(d.name, "www.example.com");
	}
	for (size_t n = 0; n < 12 + 17 + 4; n++)
		assert_false(eng_dns__parse(&d, (const uint8_t *)m, n, sizeof(m) - 1));
}

static void names_that_are_none(void **state)
{
	char longest[12 + 256 + 5] = HEAD("\1", "\0", "\0");
	struct eng_dns d;

	(void)state;
	/* A pointer to itself, forwards, a label of a kind that does not exist, no question, two. */
	assert_false(PARSE(&d, HEAD("\1", "\0", "\0") "\xc0\x0c\0\1\0\1"));
	assert_false(PARSE(&d, HEAD("\1", "\0", "\0") "\xc0\x0e\1a\0\0\1\0\1"));
	assert_false(PARSE(&d, HEAD("\1", "\0", "\0") "\x41" "a\0\0\1\0\1"));
	assert_false(PARSE(&d, "\0\1\1\0\0\0\0\0\0\0\0\0"));
	assert_false(PARSE(&d, "\0\1\1\0\0\2\0\0\0\0\0\0" WWW "\0\1\0\1" WWW "\0\1\0\1"));
	/* 255 bytes are a name, one more is none. */
	for (int i = 0; i < 4; i++)
		longest[12 + 64 * i] = i == 3 ? 61 : 63;
	assert_true(parse(&d, longest, 12 + 255 + 4));
	longest[12 + 192] = 62;
	assert_false(parse(&d, longest, sizeof(longest)));
}

static void bytes_of_a_name_are_made_safe(void **state)
{
	struct eng_dns d;
	char buf[16];

	(void)state;
	assert_true(PARSE(&d, HEAD("\1", "\0", "\0") "\5\x1b[2.j\1\xff\0\xab\xcd\0\1"));
	assert_string_equal(d.name, "\\027\\0912\\046j.\\255");
	assert_string_equal(eng_dns__type(d.type, buf), "TYPE43981");
	assert_string_equal(eng_dns__type(16, buf), "TXT");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question),
		cmocka_unit_test(an_answer_by_an_alias),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(bytes_of_a_name_are_made_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
