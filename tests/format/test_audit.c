// SPDX-License-Identifier: Apache-2.0
/*
 * Audit logs in all their shapes, and what is wrong with an entry costs that entry; JSON as json_doc reads it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "format/audit/audit.h"
#include "tests/format/tracefile.h"

#define ENTRY(id, verb) "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"" id "\"," \
	"\"stage\":\"ResponseComplete\",\"verb\":\"" verb "\",\"user\":{\"username\":\"eve\"}," \
	"\"stageTimestamp\":\"2026-11-27T22:29:12.438001Z\"}"
#define T 1795818552438001000u

/* The source's events as "verb verb ...", its errors as "!place: message"; those of a batch come before its events. */
static char *read_all(const char *text, size_t n, bool *ret_opened)
{
	const char *path = tracefile__path("t.json");
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	struct fmt_source *s = NULL;
	struct buf out = { 0 };
	struct err err = { 0 };
	int r;

	tracefile__write(path, text, n);
	r = fmt_source__open(&s, path, &err);
	*ret_opened = !r;
	while (!r && (r = fmt_source__next(s, &b, &info, &err)) != 1) {
		if (r < 0)
			buf__printf(&out, "!%u:%u: %s ", err.line, err.col, err.msg);
		for (uint32_t k = 0; !r && k < b->n; k++) {
			struct fmt_ev ev = fmt_batch__ev(b, k);

			assert_int_equal(ev.type, EV_k8s_audit);
			buf__printf(&out, "%s ", fmt_ev__str(&ev, P_k8s_audit_verb)->p);
		}
		r = 0;
		err = (struct err){ 0 };
	}
	fmt_source__close(s);
	buf__u8(&out, 0);
	return (char *)out.p;
}

static void expect(const char *text, const char *want)
{
	bool opened;
	char *got = read_all(text, strlen(text), &opened);

	assert_true(opened);
	assert_string_equal(got, want);
	free(got);
}

static void shapes(void **state)
{
	(void)state;
	expect(ENTRY("1", "get") "\n" ENTRY("2", "list") "\n", "get list ");
	expect(ENTRY("1", "get") ENTRY("2", "list"), "get list ");
	expect("\n [\n" ENTRY("1", "get") ",\n" ENTRY("2", "list") "]\n", "get list ");
	expect("{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"items\":[" ENTRY("1", "get") "," ENTRY("2", "list")
	       "]}\n" ENTRY("3", "watch"), "get list watch ");
	expect("{ \"auditID\" : \"x\",\n  \"verb\" : \"get\",\n  \"requestReceivedTimestamp\": \"2026-11-27T22:29:12Z\"\n}\n"
	       ENTRY("2", "list"), "get list ");
	/* of v1beta1, as old clusters wrote it */
	expect("{\"auditID\":\"x\",\"verb\":\"get\",\"timestamp\":\"2018-10-25T13:58:49Z\"}", "get ");
	expect("{\"auditID\":\"x\",\"verb\":\"get\",\"metadata\":{\"creationTimestamp\":\"2018-10-25T13:58:49Z\"}}", "get ");
}

static void row(void **state)
{
	static const char text[] = "{ \"kind\": \"Event\", \"auditID\": \"1\", \"verb\": \"cre\\u0061te\", \"user\": {\"username\": \"e v\\\"e\"},"
		" \"objectRef\": {\"resource\": \"pods\", \"subresource\": \"exec\", \"namespace\": \"ns\", \"name\": \"p\"},"
		" \"responseStatus\": {\"code\": 101}, \"requestReceivedTimestamp\": \"2026-11-27T22:29:12.438001Z\" }";
	struct json_doc d = { 0 };
	struct audit_scratch scratch = { 0 };
	struct audit_entry e;
	struct fmt_batch *b;
	struct fmt_ev ev;
	const char *why;
	uint64_t code;

	(void)state;
	fmt_batch__new(&b);
	fmt_batch__reset(b, 1);
	assert_int_equal(json_doc__parse(&d, text, sizeof(text) - 1), JSON_OK);
	assert_true(audit_entry__read(&d, 0, &e, &why));
	assert_true(audit_entry__add(&e, b, &scratch));
	ev = fmt_batch__ev(b, 0);
	assert_true(fmt_ev__ts(&ev) == T);
	assert_string_equal(fmt_ev__str(&ev, P_k8s_audit_verb)->p, "create");
	assert_string_equal(fmt_ev__str(&ev, P_k8s_audit_user)->p, "e v\"e");
	assert_string_equal(fmt_ev__str(&ev, P_k8s_audit_subresource)->p, "exec");
	assert_string_equal(fmt_ev__str(&ev, P_k8s_audit_stage)->p, "");
	assert_string_equal(fmt_ev__str(&ev, P_k8s_audit_json)->p, "{\"kind\":\"Event\",\"auditID\":\"1\",\"verb\":\"cre\\u0061te\","
			    "\"user\":{\"username\":\"e v\\\"e\"},\"objectRef\":{\"resource\":\"pods\",\"subresource\":\"exec\","
			    "\"namespace\":\"ns\",\"name\":\"p\"},\"responseStatus\":{\"code\":101},"
			    "\"requestReceivedTimestamp\":\"2026-11-27T22:29:12.438001Z\"}");
	assert_true(fmt_ev__int(&ev, P_k8s_audit_code, &code));
	assert_int_equal(code, 101);
	fmt_batch__free(b);
	json_doc__done(&d);
	audit_scratch__done(&scratch);
}

/* An entry with an object of so many bytes. */
static char *large(size_t n, const char *member)
{
	char *fill = xmalloc(n + 1), *text;

	memset(fill, 'x', n);
	fill[n] = '\0';
	text = xasprintf("{\"auditID\":\"1\",\"verb\":\"get\",\"%s\":{\"a\":\"%s\"},"
			 "\"stageTimestamp\":\"2026-11-27T22:29:12.438001Z\"}\n" ENTRY("2", "list"), member, fill);
	free(fill);
	return text;
}

static void too_large(void **state)
{
	static const struct { const char *member, *want; } cases[] = {
		{ "responseObject", "get list " }, { "requestObject", "get list " },
		{ "annotations", "!1:1: an entry of more than 1 MiB without its objects: left out list " },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		char *text = large(FMT_MAX_STR, cases[k].member);

		expect(text, cases[k].want);
		free(text);
	}
}

static void faults(void **state)
{
	(void)state;
	/* cut off within the line: the next is read */
	expect(ENTRY("1", "get") "\n{\"auditID\":\"2\",\"verb\":\n" ENTRY("3", "list"),
	       "!2:1: the text ends within an entry: left out get list ");
	expect(ENTRY("1", "get") "\n{\"auditID\":\"2\",\"verb\":\n" ENTRY("3", "list") "\n" ENTRY("4", "watch"),
	       "!4:1: a comma or a closing bracket is missing: left out get list watch ");
	/* pretty-printed in an array: the elements behind it are read */
	expect("[\n  {\n    \"auditID\": \"1\",\n    \"a\": [\n      {}\n      {}\n    ]\n  },\n  " ENTRY("2", "list") "\n]\n",
	       "!6:7: a comma or a closing bracket is missing: left out list ");
}

static void faults_of_one(void **state)
{
	static const struct { const char *bad, *why; } cases[] = {
		{ "{\"auditID\":\"2\",\"ve", "a control character in a string" },
		{ "{\"auditID\":\"2\",,}", "a name is missing" },
		{ "{\"auditID\":\"2\" \"a\":1}", "a comma or a closing bracket is missing" },
		{ "{\"auditID\":\"2\",\"a\" 1}", "a colon is missing" },
		{ "{\"auditID\":\"2\",\"a\":\"\\q\"}", "an unknown escape" },
		{ "{\"auditID\":\"2\",\"a\":\"\\u12g4\"}", "\\u without four hexadecimal digits" },
		{ "{\"auditID\":\"2\",\"a\":01}", "a comma or a closing bracket is missing" },
		{ "{\"auditID\":\"2\",\"a\":1.}", "a value is missing, or a number is none" },
		{ "{\"auditID\":\"2\",\"a\":nul}", "a value is missing" },
		{ "{\"auditID\":\"2\",\"a\":\"\xff\"}", "a string that is not UTF-8" },
		{ "{\"auditID\":\"2\",\"a\":\"\xed\xa0\x80\"}", "a string that is not UTF-8" },
		{ "{\"auditID\":\"2\",\"a\":1,\"a\":1}", "a name is there twice in one object" },
		{ "{\"auditID\":\"2\",\"a\":{\"b\":1,\"\\u0062\":1}}", "a name is there twice in one object" },
		{ "{\"kind\":\"Pod\",\"auditID\":\"2\"}", "is no audit event: of another kind, or without auditID" },
		{ "{\"kind\":0}", "is no audit event: of another kind, or without auditID" },
		{ "17", "is no audit event: not an object" },
		{ "{\"auditID\":\"2\",\"stageTimestamp\":\"yesterday\"}", "is an audit event without a time that can be read" },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		char *text = xasprintf(ENTRY("1", "get") "\n%s\n" ENTRY("3", "list"), cases[k].bad), *got, *why;
		bool opened;

		got = read_all(text, strlen(text), &opened);
		why = xasprintf(": %s: left out ", cases[k].why);
		if (strncmp(got, "!2:", 3) || !strstr(got, why) || strcmp(got + strlen(got) - 9, "get list "))
			fail_msg("%s: %s", cases[k].bad, got);
		free(text);
		free(got);
		free(why);
	}
}

static void hostile(void **state)
{
	size_t n = 300000;
	char *deep = xmalloc(n + 1), *text, *got;
	bool opened;

	(void)state;
	memset(deep, '[', n);
	deep[n] = '\0';
	text = xasprintf(ENTRY("1", "get") "\n{\"auditID\":\"2\",\"a\":%s\n" ENTRY("3", "list"), deep);
	got = read_all(text, strlen(text), &opened);
	assert_string_equal(got, "!2:275: too many brackets within each other: left out get list ");
	free(got);
	free(text);
	/* many wrong ones: told one by one at first, then by their number */
	text = xcalloc(1, 100000);
	strcpy(text, ENTRY("1", "get") "\n");
	for (unsigned k = 0; k < 1000; k++)
		strcat(text, "{\"kind\":0}\n");
	got = read_all(text, strlen(text), &opened);
	assert_non_null(strstr(got, "992 more entries were left out"));
	free(got);
	free(text);
	free(deep);
}

/*
 * Documents within one another that are never closed are not read once for each level; whole lines among them are found, and what comes
 * behind them in any form.
 */
static void never_closed(void **state)
{
	struct buf b = { 0 };
	char *got, *text = xmalloc(20001);
	bool opened;

	(void)state;
	memset(text, 'x', 20000);
	text[20000] = '\0';
	buf__puts(&b, ENTRY("0", "create") "\n");
	for (unsigned k = 0; k < 400; k++) {
		if (k % 100 == 50)
			buf__puts(&b, ENTRY("1", "get") ",\n");
		buf__printf(&b, "{\"a\":[\"%s\",\n", text);
	}
	buf__puts(&b, ENTRY("2", "list") "\n{\n  \"auditID\":\"3\",\n  \"verb\":\"watch\",\n  \"stageTimestamp\":\"2026-11-27T22:29:12Z\"\n}\n");
	got = read_all((char *)b.p, b.len, &opened);
	assert_true(opened);
	free(text);
	text = got;
	for (unsigned k = 0; k < 4; k++, text++)
		if (!(text = strstr(text, " get")))
			fail_msg("entry %u among what is never closed is missing", k);
	assert_non_null(strstr(got, "list watch "));
	free(got);
	buf__done(&b);
}

/* Objects of many names: one twice among them is found, and so is that there is none. */
static void many_names(void **state)
{
	struct json_doc d = { 0 };
	struct buf b = { 0 };

	(void)state;
	buf__puts(&b, "{");
	for (unsigned k = 0; k < 5000; k++)
		buf__printf(&b, "\"n%u\":%u,", k, k);
	buf__puts(&b, "\"z\":1}");
	assert_int_equal(json_doc__parse(&d, (char *)b.p, b.len), JSON_OK);
	assert_int_equal(d.nodes[json_doc__get(&d, 0, "n4999")].len, 4);
	b.len -= 6;
	buf__puts(&b, "\"n7\":1}");
	assert_int_equal(json_doc__parse(&d, (char *)b.p, b.len), JSON_BAD);
	json_doc__done(&d);
	buf__done(&b);
}

/* Different names that share a hash are different names, however they are written; and one of them twice is found. */
static void names_of_one_hash(void **state)
{
	static const struct { const char *names; int want; } cases[] = {
		{ "\"8yn0iYCKYHlIj4-BwPqk\":1,\"GReLUrM4wMqfg9yzV3KQ\":2", JSON_OK },
		{ "\"\\u0038yn0iYCKYHlIj4-BwPqk\":1,\"GReLUrM4wMqfg9yzV3KQ\":2", JSON_OK },
		{ "\"\\u0038yn0iYCKYHlIj4-BwPqk\":1,\"8yn0iYCKYHlIj4-BwPqk\":2", JSON_BAD },
		{ "\"8yn0iYCKYHlIj4-BwPqk\":1,\"GReLUrM4wMqfg9yzV3KQ\":2,\"8yn0iYCKYHlIj4-BwPqk\":3", JSON_BAD },
	};
	struct json_doc d = { 0 };

	(void)state;
	for (size_t k = 0; k < 2 * sizeof(cases) / sizeof(*cases); k++) {
		struct buf b = { 0 };

		buf__puts(&b, "{");
		for (unsigned n = 0; k % 2 && n < 100; n++)	/* of many they are found in another way */
			buf__printf(&b, "\"n%u\":%u,", n, n);
		buf__printf(&b, "%s}", cases[k / 2].names);
		if (json_doc__parse(&d, (char *)b.p, b.len) != cases[k / 2].want)
			fail_msg("%.*s", (int)b.len, (char *)b.p);
		buf__done(&b);
	}
	json_doc__done(&d);
}

static void times(void **state)
{
	static const struct { const char *text; uint64_t want; } cases[] = {
		{ "2026-11-27T22:29:12.438001Z", T }, { "2026-11-27T22:29:12.438001000Z", T },
		{ "2026-11-27T23:29:12.438001+01:00", T }, { "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T00:00:00Z", 951782400000000000u }, { "2026-13-27T22:29:12Z", 1 }, { "2026-11-27 22:29:12Z", 1 },
		{ "2026-11-27T22:29:12", 1 }, { "2026-11-27T22:29:12.4", 1 }, { "1970-01-01T00:00:00+01:00", 1 }, { "", 1 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		uint64_t got = 1;
		bool ok = audit_time__get(cases[k].text, strlen(cases[k].text), &got);

		if (ok != (cases[k].want != 1) || got != cases[k].want)
			fail_msg("%s: %llu", cases[k].text, (unsigned long long)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shapes), cmocka_unit_test(row), cmocka_unit_test(too_large), cmocka_unit_test(faults),
		cmocka_unit_test(faults_of_one), cmocka_unit_test(hostile), cmocka_unit_test(never_closed), cmocka_unit_test(many_names), cmocka_unit_test(names_of_one_hash),
		cmocka_unit_test(times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
