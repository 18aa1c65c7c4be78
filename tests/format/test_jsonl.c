// SPDX-License-Identifier: Apache-2.0
/*
 * A trace as text: what is written reads back exactly, and what is wrong with a line costs that line.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/base/text.h"
#include "format/jsonl/jsonl.h"
#include "format/jsonl/jsonl_text.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

#define HEAD "{\"spoor\":\"events\",\"version\":1}\n"
#define EVENT "\"time\":\"2026-11-27T22:29:12.438001608Z\",\"type\":\"openat\""

static struct fmt_source *open_text(const char *text, size_t n, struct err *err)
{
	const char *path = tracefile__path("t.jsonl");
	struct fmt_source *s = NULL;

	tracefile__write(path, text, n);
	fmt_source__open(&s, path, err);
	return s;
}

/* Write batch a as text and read it back into the source's batch. */
static void round_trip(const struct fmt_batch *a, bool keyframe)
{
	struct fmt_batch_info info = { .keyframe = keyframe };
	struct fmt_meta meta = { .hostname = "h" };
	const struct fmt_batch *b;
	struct jsonl_writer *w;
	struct fmt_source *s;
	struct buf out = { 0 };
	struct err err = { 0 };
	uint32_t seen = 0;

	jsonl_writer__new(&w);
	jsonl_writer__head(w, &meta, NULL, 0, false, &out);
	jsonl_writer__batch(w, a, &info, &out);
	assert_true(text__is_utf8((char *)out.p, out.len));
	s = open_text((char *)out.p, out.len, &err);
	if (!s)
		fail_msg("%s", err.msg);
	while (seen < a->n) {
		if (fmt_source__next(s, &b, &info, &err))
			fail_msg("row %u: %s", seen, err.msg);
		if (info.keyframe != keyframe) {
			assert_int_equal(b->n, 0);	/* the empty one at the beginning */
			continue;
		}
		if (!keyframe)
			assert_int_equal(b->first_num, a->first_num + seen);
		for (uint32_t k = 0; k < b->n; k++)
			rows__assert_equal(a, seen + k, b, k);
		seen += b->n;
	}
	assert_int_equal(fmt_source__next(s, &b, &info, &err), 1);
	fmt_source__close(s);
	jsonl_writer__free(w);
	buf__done(&out);
}

static void exact(void **state)
{
	struct fmt_batch *b;

	(void)state;
	fmt_batch__new(&b);
	for (uint64_t seed = 1; seed <= 12; seed++) {
		fmt_batch__reset(b, seed * 1000);
		rows__random(b, seed, 1500, 1 + 20 * (unsigned)seed);
		round_trip(b, seed & 1);
	}
	fmt_batch__reset(b, 1);
	rows__plausible(b, 7, 20000);
	round_trip(b, false);
	fmt_batch__free(b);
}

static void result_unknown(void **state)
{
	struct fmt_batch *b;

	(void)state;
	fmt_batch__new(&b);
	fmt_batch__begin(b, EV_openat, 5, 0, 1, 1, 0, FMT_NO_RES);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_procexit, 6, 0, 1, 1, 0, FMT_NO_RES);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_procexit, 7, 0, 1, 1, 0, INT64_MAX);
	fmt_batch__end(b);
	round_trip(b, false);
	fmt_batch__free(b);
}

static void addresses(void **state)
{
	static const struct { const char *bytes; uint32_t n; bool tuple; const char *text; } cases[] = {
		{ "\x02\x0a\x00\x00\x01\x50\x00", 7, false, "10.0.0.1:80" },
		{ "\x02\x0a\x00\x00\x01\x50\x00\x7f\x00\x00\x01\xff\xff", 13, true, "10.0.0.1:80->127.0.0.1:65535" },
		{ "\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x50\x00", 19, false, "[::1]:80" },
		{ "\x01/run/x\0", 8, false, "unix:/run/x" },
		{ "\x01\xef\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0@a\0", 20, true, "unix:ef->1:@a" },
		/* no text for these: cut, of another family, a NUL within */
		{ "\x02\x0a\x00\x00\x01\x50", 6, false, NULL },
		{ "\x02\x0a\x00\x00\x01\x50\x00\x00", 8, false, NULL },
		{ "\x11\x0a\x00\x00\x01\x50\x00", 7, false, NULL },
		{ "\x01/run/x", 7, false, NULL },
		{ "\x01/run\0x\0", 8, false, NULL },
		{ "\x01\xff\0", 3, false, NULL },
		{ "\x01", 1, true, NULL },
		{ "", 0, false, NULL },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct fmt_str s = { cases[k].bytes, cases[k].n, cases[k].n };
		struct buf text = { 0 }, back = { 0 };

		assert_int_equal(jsonl_addr__put(&text, &s, cases[k].tuple), cases[k].text != NULL);
		if (cases[k].text) {
			buf__u8(&text, 0);
			assert_string_equal((char *)text.p, cases[k].text);
			assert_true(jsonl_addr__get(&back, (char *)text.p, text.len - 1, cases[k].tuple));
			assert_int_equal(back.len, cases[k].n);
			assert_memory_equal(back.p, cases[k].bytes, back.len);
		} else {
			assert_int_equal(text.len, 0);
		}
		buf__done(&text);
		buf__done(&back);
	}
}

static void wrong_addresses(void **state)
{
	static const char *const texts[] = { "", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3:80", ":80", "[::1:80", "[]:1",
					     "1.2.3.4:-1", "1.2.3.4: 1", "1.2.3.4:1->", "1.2.3.4:1->[::1]:1" };

	(void)state;
	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
		struct buf b = { 0 };

		assert_false(jsonl_addr__get(&b, texts[k], strlen(texts[k]), true));
		if (!strstr(texts[k], "->"))
			assert_false(jsonl_addr__get(&b, texts[k], strlen(texts[k]), false));
		buf__done(&b);
	}
}

static void times(void **state)
{
	static const uint64_t some[] = { 0, 1, 999999999, 1000000000, 951782400000000000u, 1700000000123456789u,
					 UINT64_MAX / 1000000000u * 1000000000u - 1 };
	struct jsonl_clock a = { 0 }, b = { 0 };
	uint64_t ns;

	(void)state;
	for (size_t k = 0; k < sizeof(some) / sizeof(*some); k++) {
		char text[JSONL_TIME_SIZE], iso[48];

		jsonl_time__put(&a, some[k], text);
		text__iso(some[k], "Z", iso);
		assert_memory_equal(text, iso, sizeof(text));
		assert_true(jsonl_time__get(&b, text, sizeof(text), &ns));
		assert_int_equal(ns, some[k]);
	}
	assert_false(jsonl_time__get(&b, "2026-11-27T22:29:12.438001608+", 30, &ns));
	assert_false(jsonl_time__get(&b, "2026-11-27 22:29:12.438001608Z", 30, &ns));
	assert_false(jsonl_time__get(&b, "1969-12-31T23:59:59.000000000Z", 30, &ns));
	assert_false(jsonl_time__get(&b, "2026-11-27T22:29:12Z", 20, &ns));
}

static void base64(void **state)
{
	struct buf b = { 0 };

	(void)state;
	assert_true(jsonl_base64__get(&b, "", 0) && b.len == 0);
	assert_true(jsonl_base64__get(&b, "YWI=", 4) && b.len == 2);
	assert_false(jsonl_base64__get(&b, "YWI", 3));
	assert_false(jsonl_base64__get(&b, "Y=I=", 4));
	assert_false(jsonl_base64__get(&b, "Y WI", 4));
	buf__done(&b);
}

/* One line behind a head; what the first error says, or "" and the number of rows. */
static uint32_t one_line(const char *line, char why[512])
{
	char *text = xasprintf(HEAD "%s\n{" EVENT ",\"args\":{\"name\":\"/last\"}}\n", line);
	struct err err = { 0 };
	struct fmt_source *s = open_text(text, strlen(text), &err);
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	uint32_t rows = 0;
	int r;

	assert_non_null(s);
	why[0] = '\0';
	while ((r = fmt_source__next(s, &b, &info, &err)) != 1) {
		if (r < 0 && !why[0]) {
			assert_int_equal(r, -FMT_E_CORRUPT);
			assert_int_equal(err.line, 2);
			snprintf(why, 512, "%s", err.msg);
		}
		rows += r == 0 && !info.keyframe ? b->n : 0;
	}
	fmt_source__close(s);
	free(text);
	return rows;
}

static void wrong_lines(void **state)
{
	static const struct { const char *line, *why; uint32_t rows; } cases[] = {
		{ "", "", 1 },
		{ "  ", "", 1 },
		{ "{" EVENT "}", "", 2 },
		{ "{" EVENT ",\"new\":{\"a\":[1,{\"b\":null}]}}", "", 2 },
		{ "{" EVENT ",\"args\":{\"new\":1.5e3}}", "", 2 },
		{ "{\"time\":\"2026-11-27T22:29:12.438001608Z\",\"type\":\"of_tomorrow\"}", "", 1 },
		{ "hello", "a character is missing", 1 },
		{ "{", "a string is missing", 1 },
		{ "{" EVENT, "a character is missing", 1 },
		{ "{" EVENT "} x", "there is more behind", 1 },
		{ "{}", "without 'time' or 'type'", 1 },
		{ "{\"type\":\"openat\"}", "without 'time' or 'type'", 1 },
		{ "{\"time\":\"noon\",\"type\":\"openat\"}", "a time is not of the form", 1 },
		{ "{" EVENT ",\"tid\":4294967296}", "a number is too large", 1 },
		{ "{" EVENT ",\"res\":99999999999999999999}", "more than 64 bits", 1 },
		{ "{" EVENT ",\"res\":-9223372036854775809}", "more than 64 bits", 1 },
		{ "{" EVENT ",\"res\":1.5}", "a whole number", 1 },
		{ "{" EVENT ",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "too many brackets", 1 },
		{ "{" EVENT ",\"args\":{\"name\":5}}", "a string is missing", 2 },
		{ "{" EVENT ",\"args\":{\"name\":{\"base64\":\"!\"}}}", "no base64", 2 },
		{ "{" EVENT ",\"args\":{\"name\":\"\\ud800\"}}", "half a surrogate pair", 2 },
		{ "{" EVENT ",\"args\":{\"name\":\"\\x41\"}}", "an unknown escape", 2 },
		{ "{" EVENT ",\"args\":{\"name\":\"\t\"}}", "a control character", 1 },
		{ "{" EVENT ",\"args\":{\"flags\":\"O_NEVER\"}}", "an unknown symbol", 2 },
		{ "{" EVENT ",\"args\":{\"flags\":\"O_RDONLY\\u0000and more\"}}", "an unknown symbol", 2 },
		{ "{\"keyframe\":7}", "a value is missing", 1 },
		{ "{\"keyframe\":\"end\"}", "neither true nor", 1 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		char why[512];
		uint32_t rows = one_line(cases[k].line, why);

		if (rows != cases[k].rows || !strstr(why, cases[k].why) || (!*cases[k].why && *why))
			fail_msg("%s: %u rows, '%s'", cases[k].line, rows, why);
	}
}

/* Many wrong lines in a row are one message. */
static void told_once(void **state)
{
	const char *text = HEAD "a\nb\nc\n{" EVENT "}\nd\ne\n{" EVENT "}\n";
	struct err err = { 0 };
	struct fmt_source *s = open_text(text, strlen(text), &err);
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	unsigned errors = 0, rows = 0;
	int r;

	(void)state;
	while ((r = fmt_source__next(s, &b, &info, &err)) != 1) {
		errors += r < 0;
		rows += r == 0 ? b->n : 0;
	}
	assert_int_equal(errors, 2);
	assert_int_equal(rows, 2);
	fmt_source__close(s);
}

static void heads(void **state)
{
	static const struct { const char *text; int code; } cases[] = {
		{ "{\"spoor\":\"events\",\"version\":2}\n", -FMT_E_VERSION },
		{ "{\"spoor\":\"events\",\"version\":1", -FMT_E_CORRUPT },
		{ "{\"spoor\":\"other\",\"version\":1}\n", -FMT_E_FORMAT },
		{ "{\"kind\":\"Event\"}\n", -FMT_E_FORMAT },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct err err = { 0 };

		assert_null(open_text(cases[k].text, strlen(cases[k].text), &err));
		assert_int_equal(err.code, cases[k].code);
	}
}

static void described(void **state)
{
	struct fmt_meta m = { .n_cpus = 3, .snaplen = 80, .memory = UINT64_MAX, .boot_ns = 12345678901, .start_ns = 5,
			      .utc_offset = -3600, .noise = true, .no_durations = true }, more[2];
	struct jsonl_writer *w;
	struct fmt_source *s;
	struct buf out = { 0 };

	(void)state;
	strcpy(m.hostname, "host\xff");
	strcpy(m.command, "sh -c \"x\"\n");
	strcpy(m.snaplen_for, "port:53=4096,path:/a\"b=1");
	jsonl_writer__new(&w);
	more[0] = more[1] = m;
	more[0].no_durations = false;
	strcpy(more[0].hostname, "second");
	strcpy(more[1].made_from, "two files");
	jsonl_writer__head(w, &m, more, 2, true, &out);
	s = open_text((char *)out.p, out.len, NULL);
	assert_non_null(s);
	assert_memory_equal(&s->meta, &m, sizeof(m));
	assert_int_equal(s->n_more, 2);
	assert_memory_equal(s->more, more, sizeof(more));
	assert_true(s->has_context);
	fmt_source__close(s);
	jsonl_writer__free(w);
	buf__done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact),
		cmocka_unit_test(result_unknown),
		cmocka_unit_test(addresses),
		cmocka_unit_test(wrong_addresses),
		cmocka_unit_test(times),
		cmocka_unit_test(base64),
		cmocka_unit_test(wrong_lines),
		cmocka_unit_test(told_once),
		cmocka_unit_test(heads),
		cmocka_unit_test(described),
	};

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
