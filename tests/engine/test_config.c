// SPDX-License-Identifier: Apache-2.0
/* Configurations: values, defaults, everything that is wrong in a file at once with its place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/config/config.h"

struct inner {
	uint64_t wait;
	int form;
};

struct item {
	const char *name;
	uint64_t n;
};

struct all {
	bool on;
	uint64_t number, size, duration;
	const char *text, *path;
	int form;
	struct cfg_strings list, paths;
	struct cfg_pairs pairs;
	struct inner inner;
	struct cfg_list items;
};

static const struct cfg_key inner_keys[] = {
	CFG_KEY(struct inner, wait, CFG_DURATION, "wait", "2s", "How long."),
	CFG_KEY(struct inner, form, CFG_ENUM, "form", "json", "Which.", .choices = "text|json"),
	CFG_END,
};
static const struct cfg_section inner_section = { "Within.", inner_keys, sizeof(struct inner),
						  NULL };

static const struct cfg_key item_keys[] = {
	CFG_KEY(struct item, name, CFG_STRING, "name", NULL, "Its name.", .required = true),
	CFG_KEY(struct item, n, CFG_NUMBER, "n", "7", "How many.", .min = 1, .max = 9),
	CFG_END,
};

static void check_item(struct cfg *c, const struct yaml_node *n, void *opts)
{
	const struct item *i = opts;

	if (i->n == 5)
		cfg__problem(c, cfg__place(n, "n"), "five is right out");
}

static const struct cfg_section item_section = { "An item.", item_keys, sizeof(struct item),
						 check_item };

static const struct cfg_key keys[] = {
	CFG_KEY(struct all, on, CFG_BOOL, "on", "true", "On or not."),
	CFG_KEY(struct all, number, CFG_NUMBER, "number", NULL, "A number.", .max = 100),
	CFG_KEY(struct all, size, CFG_SIZE, "size", "64MiB", "A size.", .min = 4096, .off = true),
	CFG_KEY(struct all, duration, CFG_DURATION, "duration", "1m30s", "A duration."),
	CFG_KEY(struct all, text, CFG_STRING, "text", NULL, "A text."),
	CFG_KEY(struct all, path, CFG_PATH, "path", NULL, "A path."),
	CFG_KEY(struct all, form, CFG_ENUM, "form", "text", "A form.", .choices = "text|json|xml"),
	CFG_KEY(struct all, list, CFG_STRINGS, "list", "one", "A list."),
	CFG_KEY(struct all, paths, CFG_PATHS, "paths", NULL, "Paths."),
	CFG_KEY(struct all, pairs, CFG_PAIRS, "pairs", NULL, "Pairs."),
	CFG_KEY(struct all, inner, CFG_SECTION, "inner", NULL, "A section.", .section = &inner_section),
	CFG_KEY(struct all, items, CFG_SECTIONS, "items", NULL, "Items.", .section = &item_section),
	CFG_END,
};
static const struct cfg_section section = { "Everything.", keys, sizeof(struct all), NULL };

static struct cfg *load(const char *text, struct all *ret)
{
	struct err err = { 0 };
	struct cfg *c;

	assert_int_equal(cfg__parse(&c, "etc/test.yaml", text, strlen(text), &err), 0);
	cfg__read(c, cfg__root(c), &section, ret);
	return c;
}

static void defaults(void **state)
{
	struct all a;
	struct cfg *c = load("# nothing\n", &a);

	(void)state;
	assert_int_equal(cfg__n_problems(c), 0);
	assert_true(a.on);
	assert_int_equal(a.size, 64 << 20);
	assert_int_equal(a.duration, 90000000000);
	assert_null(a.text);
	assert_int_equal(a.list.n, 1);
	assert_string_equal(a.list.p[0], "one");
	assert_int_equal(a.inner.wait, 2000000000);
	assert_int_equal(a.inner.form, 1);
	assert_int_equal(a.items.n, 0);
	cfg__free(c);
}

static void values(void **state)
{
	struct all a;
	struct cfg *c = load("on: no\nnumber: 16\nsize: off\nduration: 5\ntext: 'true'\npath: a/b\n"
			     "form: xml\nlist: [a, b]\npaths: /x\npairs: {k: v, l: ''}\n"
			     "inner: {form: text}\nitems:\n- name: i\n- {name: j, n: 9}\n", &a);
	const struct item *items = a.items.p;

	(void)state;
	assert_int_equal(cfg__n_problems(c), 0);
	assert_false(a.on);
	assert_int_equal(a.number, 16);
	assert_int_equal(a.size, 0);
	assert_int_equal(a.duration, 5000000000);
	assert_string_equal(a.text, "true");
	assert_string_equal(a.path, "etc/a/b");
	assert_int_equal(a.form, 2);
	assert_int_equal(a.list.n, 2);
	assert_string_equal(a.list.p[1], "b");
	assert_string_equal(a.paths.p[0], "/x");
	assert_int_equal(a.pairs.n, 2);
	assert_string_equal(a.pairs.p[1].name, "l");
	assert_int_equal(a.inner.wait, 2000000000);
	assert_int_equal(a.inner.form, 0);
	assert_int_equal(a.items.n, 2);
	assert_string_equal(items[0].name, "i");
	assert_int_equal(items[0].n, 7);
	assert_int_equal(items[1].n, 9);
	cfg__free(c);
}

/* text, then what is wrong with it: "line:column: sentence\n"... */
static const char *const wrong[][2] = {
	{ "onn: 1\n", "1:1: there is no key 'onn' here: did you mean 'on'?\n" },
	{ "quite_else: 1\n", "1:1: there is no key 'quite_else' here\n" },
	{ "on: 3\nsize: 1\nform: jsn\n",
	  "1:5: on: '3': write true or false\n2:7: size: '1': at least 4.0 KiB, or off\n"
	  "3:7: form: 'jsn': did you mean 'json'? (one of: text json xml)\n" },
	{ "number: 101\n", "1:9: number: '101': between 0 and 100\n" },
	{ "text: [a]\n", "1:7: text: one value is expected here\n" },
	{ "text:\n", "1:6: text: the value is missing\n" },
	{ "text: \"a\\0b\"\n", "1:7: text: holds a NUL character\n" },
	{ "on: true\nsize: 1MiB\non: false\n",
	  "3:1: the key 'on' is given twice: first in line 1\n" },
	{ "pairs: {a: b, a: c}\n", "1:15: the key 'a' is given twice: first in line 1\n" },
	{ "inner: 5\n", "1:8: keys with values are expected here: 'key: value'\n" },
	{ "items:\n  - n: 3\n  - {name: x, n: 10}\n  - {name: y, n: 5}\n",
	  "2:5: the key 'name' is missing here\n3:18: n: '10': between 1 and 9\n"
	  "4:18: five is right out\n" },
	{ "items: {name: x}\n", "1:8: items: a list is expected here: each entry begins with '- '\n" },
	{ "- a\n", "1:1: a configuration is a mapping of keys to values: 'key: value'\n" },
	{ "a: b\n--- \nc: d\n",
	  "1:1: there is no key 'a' here\n3:1: a second document: a configuration is one\n" },
	{ "path: ''\n", "1:7: path: a path is missing\n" },
	{ "inner:\n  wait: soon\n",
	  "2:9: wait: 'soon' is not a duration: write 30s, 500ms, 1m30s or 2h\n" },
};

static void problems(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct buf b = { 0 };
		struct all a;
		struct cfg *c = load(wrong[i][0], &a);

		for (unsigned j = 0; j < cfg__n_problems(c); j++) {
			const struct err *e = cfg__problem_at(c, j);

			assert_string_equal(e->file, "etc/test.yaml");
			assert_true(e->snippet[0]);
			buf__printf(&b, "%u:%u: %s\n", e->line, e->col, e->msg);
		}
		buf__u8(&b, 0);
		assert_string_equal((char *)b.p, wrong[i][1]);
		buf__done(&b);
		cfg__free(c);
	}
}

static void no_yaml(void **state)
{
	struct err err = { 0 };
	struct all a;
	struct cfg *c = load("on: true\n\tsize: 4\n", &a);

	(void)state;
	assert_int_equal(cfg__n_problems(c), 1);
	assert_true(cfg__result(c, &err) < 0);
	assert_int_equal(err.line, 2);
	cfg__free(c);
}

static void many_problems(void **state)
{
	struct buf b = { 0 };
	struct all a;
	struct cfg *c;

	(void)state;
	for (int i = 0; i < 150; i++)
		buf__printf(&b, "unknown%d: 1\n", i);
	buf__u8(&b, 0);
	c = load((char *)b.p, &a);
	assert_int_equal(cfg__n_problems(c), 150);
	assert_non_null(cfg__problem_at(c, 99));
	assert_null(cfg__problem_at(c, 100));
	buf__done(&b);
	cfg__free(c);
}

static void reference(void **state)
{
	struct err err = { 0 };
	struct buf b = { 0 };

	(void)state;
	assert_int_equal(cfg_section__verify(&section, &err), 0);
	cfg_section__doc(&section, CFG_DOC_MARKDOWN, &b);
	buf__u8(&b, 0);
	assert_non_null(strstr((char *)b.p,
			       "| `size` | size, at least 4.0 KiB, or off; 64MiB if not given | A size. |"));
	assert_non_null(strstr((char *)b.p, "### `items[]`"));
	b.len = 0;
	cfg_section__doc(&section, CFG_DOC_MAN, &b);
	buf__u8(&b, 0);
	assert_non_null(strstr((char *)b.p, ".SS inner\nWithin.\n.TP\n"));
	buf__done(&b);
}

static void wrong_table(void **state)
{
	static const struct cfg_key bad[] = {
		CFG_KEY(struct all, on, CFG_SIZE, "size", "1", "A size.", .min = 2),
		CFG_END,
	};
	static const struct cfg_section s = { "Bad.", bad, sizeof(uint64_t), NULL };

	(void)state;
	assert_true(cfg_section__verify(&s, NULL) < 0);
}

static void secrets(void **state)
{
	char path[] = "/tmp/test_config.XXXXXX", *secret = NULL;
	struct err err = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(cfg_secret__read(path, &secret, &err), -FMT_E_VALUE);
	assert_int_equal(write(fd, "token\r\nmore\n", 12), 12);
	assert_int_equal(cfg_secret__read(path, &secret, NULL), 0);
	assert_string_equal(secret, "token");
	free(secret);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(cfg_secret__read(path, &secret, NULL), -EPERM);
	unlink(path);
	close(fd);
	err = (struct err){ 0 };
	assert_int_equal(cfg_secret__read(path, &secret, &err), -ENOENT);
	assert_string_equal(err.file, path);
}

#define EACH "on: no\nnumber: 16\nsize: off\nduration: 5\ntext: here\npath: a/b\nform: xml\nlist: [a, b]\npaths: /x\n" \
	     "pairs: {k: v, l: ''}\ninner: {form: text}\nitems:\n- name: i\n- {name: j, n: 9}\n"

/* What of two texts differs, as "key key ". */
static const char *differ(const char *one, const char *two)
{
	static char names[256];
	const struct cfg_key *k = NULL;
	struct cfg *c, *d;
	struct all a, b;

	c = load(one, &a);
	d = load(two, &b);
	names[0] = 0;
	while ((k = cfg_section__differs(&section, &a, &b, k)))
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ", k->name);
	cfg__free(c);
	cfg__free(d);
	return names;
}

static void differences(void **state)
{
	(void)state;
	assert_string_equal(differ("", ""), "");
	assert_string_equal(differ(EACH, EACH), "");
	assert_string_equal(differ(EACH, "text: there\n"), "on number size duration text path form list paths pairs inner items ");
	assert_string_equal(differ("list: [a, b]", "list: [a]"), "list ");
	assert_string_equal(differ("list: [a, b]", "list: [a, c]"), "list ");
	assert_string_equal(differ("pairs: {a: b}", "pairs: {a: c}"), "pairs ");
	assert_string_equal(differ("items: [{name: a}, {name: b, n: 2}]", "items: [{name: a}, {name: b, n: 3}]"), "items ");
	assert_string_equal(differ("inner: {wait: 2s}", "inner: {}"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),	 cmocka_unit_test(values),
		cmocka_unit_test(problems),	 cmocka_unit_test(no_yaml),
		cmocka_unit_test(many_problems), cmocka_unit_test(reference),
		cmocka_unit_test(wrong_table),	 cmocka_unit_test(secrets),
		cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
