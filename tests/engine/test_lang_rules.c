// SPDX-License-Identifier: Apache-2.0
/*
 * Rule files: each of lang/rules is loaded, files NAME.1.yaml, NAME.2.yaml ... into one set, and
 * what comes of it is compared with NAME.expected: the result as JSON, then the rules as they are
 * compiled. SPOOR_BLESS=1 writes the expected files anew.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cJSON.h>
#include <cmocka.h>

#include "engine/alert/alert.h"
#include "tests/engine/lang_tsv.h"

/* --- What is compared ------------------------------------------------------------------------- */

static char *read_all(const char *path, size_t *ret_len)
{
	FILE *fp = fopen(path, "r");
	struct buf b = { 0 };
	size_t n;

	if (!fp)
		return NULL;
	do {
		buf__reserve(&b, 4096);
		n = fread(b.p + b.len, 1, 4096, fp);
		b.len += n;
	} while (n);
	fclose(fp);
	*ret_len = b.len;
	buf__u8(&b, 0);
	return (char *)b.p;
}

static void put_result(const struct eng_ruleset *rs, struct buf *out)
{
	struct buf json = { 0 };
	cJSON *tree;
	char *text;

	eng_ruleset__result_json(rs, &json);
	buf__u8(&json, 0);
	tree = cJSON_Parse((char *)json.p);
	assert_non_null(tree);
	text = cJSON_Print(tree);
	buf__puts(out, text);
	buf__puts(out, "\n");
	cJSON_free(text);
	cJSON_Delete(tree);
	buf__done(&json);
}

static void put_rule(const struct eng_ruleset *rs, const struct eng_rule *r, struct buf *out)
{
	buf__printf(out, "rule: %s\n  desc: %s\n  output: %s\n", r->name, r->desc, r->output);
	buf__printf(out, "  %s, %s, %s", eng_priority__name(r->priority), r->source,
		    r->enabled ? "on" : "off");
	if (r->capture)
		buf__printf(out, ", capture %u ms", r->capture_ms);
	buf__puts(out, "\n  tags:");
	for (unsigned i = 0; i < r->n_tags; i++)
		buf__printf(out, " %s", r->tags[i]);
	buf__puts(out, "\n  condition: ");
	if (r->cond >= 0)
		eng_prog__print(eng_ruleset__prog(rs), r->cond, out);
	else
		buf__puts(out, "not compiled");
	buf__puts(out, "\n");
}

static void put_rules(struct eng_ruleset *rs, struct buf *out)
{
	const struct eng_rule *r;
	unsigned n;

	/* all on, to see their conditions; what is off is told first */
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	r = eng_ruleset__rules(rs, &n);
	buf__puts(out, "off:");
	for (unsigned i = 0; i < n; i++)
		if (!r[i].enabled)
			buf__printf(out, " '%s'", r[i].name);
	buf__puts(out, "\n");
	eng_ruleset__select(rs, true, "*", NULL);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	r = eng_ruleset__rules(rs, &n);
	for (unsigned i = 0; i < n; i++)
		put_rule(rs, &r[i], out);
}

/* --- Cases ------------------------------------------------------------------------------------ */

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_yaml(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 5 && !strcmp(d->d_name + n - 5, ".yaml");
}

static void load(struct eng_ruleset *rs, const char *dir, const char *name, bool *failed)
{
	char *path = xasprintf("%s/%s", dir, name), *text;
	struct err err = { 0 };
	size_t len;

	text = read_all(path, &len);
	assert_non_null(text);
	if (eng_ruleset__load_text(rs, name, text, len, &err) < 0) {
		*failed = true;
		assert_int_not_equal(err.code, 0);
		assert_string_not_equal(err.msg, "");
	}
	free(text);
	free(path);
}

static bool compare(const char *dir, const char *name, struct buf *got)
{
	char *path = xasprintf("%s/%s.expected", dir, name), *want;
	size_t len = 0;
	bool same;
	FILE *fp;

	if (getenv("SPOOR_BLESS")) {
		fp = fopen(path, "w");
		assert_non_null(fp);
		fwrite(got->p, 1, got->len, fp);
		fclose(fp);
	}
	want = read_all(path, &len);
	same = want && len == got->len && !memcmp(want, got->p, len);
	if (!same)
		print_error("%s: is not as expected; it is\n%.*s\n", path, (int)got->len,
			    (char *)got->p);
	free(want);
	free(path);
	return same;
}

/* The case that begins at names[*i]; *i goes to its last file. */
static bool run_case(const char *dir, struct dirent **names, int n, int *i)
{
	size_t base = strcspn(names[*i]->d_name, ".");
	char *name = xmemdup0(names[*i]->d_name, base);
	struct eng_ruleset *rs;
	struct buf out = { 0 };
	bool failed = false, same;

	assert_int_equal(eng_ruleset__new(&rs), 0);
	eng_ruleset__suggested_output(rs, false);
	load(rs, dir, names[*i]->d_name, &failed);
	while (*i + 1 < n && !strncmp(names[*i + 1]->d_name, name, base) &&
	       names[*i + 1]->d_name[base] == '.')
		load(rs, dir, names[++*i]->d_name, &failed);
	put_result(rs, &out);
	if (!failed)
		put_rules(rs, &out);
	same = compare(dir, name, &out);
	buf__done(&out);
	eng_ruleset__free(rs);
	free(name);
	return same;
}

static void files_load_as_expected(void **state)
{
	char *dir = lang_path("rules");
	struct dirent **names;
	int n = scandir(dir, &names, is_yaml, by_name), failed = 0;

	(void)state;
	assert_true(n > 100);
	for (int i = 0; i < n; i++)
		failed += !run_case(dir, names, n, &i);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	free(dir);
	assert_int_equal(failed, 0);
}

/*
 * Every code that there is is in some expected file, but for files that cannot be read: those are
 * below.
 */
static void every_code_occurs(void **state)
{
	static const char *const codes[] = {
		"LOAD_ERR_YAML_PARSE", "LOAD_ERR_YAML_VALIDATE", "LOAD_ERR_COMPILE_CONDITION",
		"LOAD_ERR_COMPILE_OUTPUT", "LOAD_ERR_VALIDATE", "LOAD_UNKNOWN_SOURCE",
		"LOAD_UNSAFE_NA_CHECK",
		"LOAD_NO_EVTTYPE", "LOAD_UNKNOWN_FILTER", "LOAD_UNUSED_MACRO", "LOAD_UNUSED_LIST",
		"LOAD_UNKNOWN_ITEM", "LOAD_DEPRECATED_ITEM", "LOAD_APPEND_NO_VALUES",
		"LOAD_EXCEPTION_NAME_NOT_UNIQUE", "LOAD_INVALID_MACRO_NAME",
		"LOAD_INVALID_LIST_NAME",
		"LOAD_COMPILE_CONDITION", "LOAD_UNKNOWN_KEY",
	};
	char *dir = lang_path("rules");
	bool seen[sizeof(codes) / sizeof(*codes)] = { false };
	struct dirent **names;
	int n = scandir(dir, &names, NULL, NULL);

	(void)state;
	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, names[i]->d_name), *text = NULL;
		size_t len;

		if (strstr(path, ".expected"))
			text = read_all(path, &len);
		for (unsigned k = 0; text && k < sizeof(codes) / sizeof(*codes); k++)
			seen[k] |= strstr(text, codes[k]) != NULL;
		free(text);
		free(path);
		free(names[i]);
	}
	free(names);
	free(dir);
	for (unsigned k = 0; k < sizeof(codes) / sizeof(*codes); k++)
		if (!seen[k])
			fail_msg("%s does not occur", codes[k]);
}

/* --- Files and folders ------------------------------------------------------------------------ */

static void write_file(const char *dir, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", dir, name);
	FILE *fp = fopen(path, "w");

	assert_non_null(fp);
	fputs(text, fp);
	fclose(fp);
	free(path);
}

static void remove_all(const char *dir)
{
	char *cmd = xasprintf("rm -rf '%s'", dir);

	assert_int_equal(system(cmd), 0);
	free(cmd);
}

static const struct eng_diag *only_error(struct eng_ruleset *rs, const char *path, struct err *err)
{
	const struct eng_diag *d;
	unsigned n;

	memset(err, 0, sizeof(*err));
	assert_true(eng_ruleset__load(rs, path, err) < 0);
	d = eng_ruleset__diags(rs, &n);
	assert_true(n > 0);
	return &d[n - 1];
}

static void files_that_cannot_be_read(void **state)
{
	char dir[] = "/tmp/lang_rules_XXXXXX", *path;
	struct eng_ruleset *rs;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(eng_ruleset__new(&rs), 0);
	path = xasprintf("%s/none.yaml", dir);
	assert_string_equal(only_error(rs, path, &err)->code, "LOAD_ERR_FILE_READ");
	assert_string_equal(err.file, path);
	assert_string_equal(err.msg, "cannot read the rules: No such file or directory");
	free(path);
	write_file(dir, "rules.txt", "");
	path = xasprintf("%s/rules.txt", dir);
	assert_string_equal(only_error(rs, path, &err)->message, "rule files end in .yaml or .yml");
	free(path);
	assert_string_equal(only_error(rs, "", &err)->code, "LOAD_ERR_FILE_READ");
	eng_ruleset__free(rs);
	remove_all(dir);
}

static void a_folder_is_its_files_in_order(void **state)
{
	char dir[] = "/tmp/lang_rules_XXXXXX";
	const struct eng_rule *r;
	struct eng_ruleset *rs;
	unsigned n;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_file(dir, "20.yml",
		   "- {rule: b, desc: d, condition: m, output: o, priority: INFO}\n");
	write_file(dir, "10.yaml", "- {macro: m, condition: evt.type = open}\n"
		   "- {rule: a, desc: d, condition: m, output: o, priority: INFO}\n");
	write_file(dir, "30.txt", "not looked at: [");
	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_int_equal(eng_ruleset__load(rs, dir, NULL), 0);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	r = eng_ruleset__rules(rs, &n);
	assert_int_equal(n, 2);
	assert_string_equal(r[0].name, "a");
	assert_string_equal(r[1].name, "b");
	assert_non_null(strstr(r[0].file, "/10.yaml"));
	assert_int_equal(r[0].line, 2);
	eng_ruleset__free(rs);
	remove_all(dir);
}

/* What a file only defines is unused in itself, and used in the set that it belongs to. */
static void files_of_one_set(void **state)
{
	static const char first[] = "- {macro: m, condition: evt.type = open}\n";
	static const char second[] =
		"- {rule: r, desc: d, condition: m, output: o, priority: INFO}\n"
		"- {macro: unused, condition: evt.type = close}\n";
	char dir[] = "/tmp/lang_rules_XXXXXX", *one, *two;
	const struct eng_diag *d;

	(void)state;
	assert_non_null(mkdtemp(dir));
	write_file(dir, "1.yaml", first);
	write_file(dir, "2.yaml", second);
	one = xasprintf("%s/1.yaml", dir);
	two = xasprintf("%s/2.yaml", dir);
	for (unsigned one_set = 0; one_set < 2; one_set++) {
		struct eng_ruleset *rs;
		unsigned n;

		assert_int_equal(eng_ruleset__new(&rs), 0);
		eng_ruleset__more_to_come(rs, one_set);
		assert_int_equal(eng_ruleset__load(rs, one, NULL), 0);
		eng_ruleset__more_to_come(rs, false);
		assert_int_equal(eng_ruleset__load(rs, two, NULL), 0);
		d = eng_ruleset__diags(rs, &n);
		assert_int_equal(n, one_set ? 1 : 2);
		assert_string_equal(d[n - 1].item_name, "unused");
		eng_ruleset__free(rs);
	}
	free(one);
	free(two);
	remove_all(dir);
}

/* --- Selection -------------------------------------------------------------------------------- */

static const char selectable[] =
	"- {rule: open a, desc: d, condition: evt.type = open, output: o, priority: ERROR, tags: "
	"[x]}\n"
	"- {rule: open b, desc: d, condition: evt.type = open, output: o, priority: INFO, tags: "
	"[x, y]}\n"
	"- {rule: abab, desc: d, condition: evt.type = open, output: o, priority: DEBUG, enabled: "
	"false, tags: [y]}\n";

/* The rules that are on, by their numbers: "013". */
static void expect_on(const char *want, void (*select)(struct eng_ruleset *rs))
{
	const struct eng_rule *r;
	struct eng_ruleset *rs;
	char got[8] = "";
	unsigned n;

	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_int_equal(eng_ruleset__load_text(rs, "s.yaml", selectable, strlen(selectable), NULL),
			 0);
	if (select)
		select(rs);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	r = eng_ruleset__rules(rs, &n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(r[i].enabled, r[i].cond >= 0);
		if (r[i].cond >= 0) {
			got[strlen(got)] = (char)('0' + i);
			assert_ptr_equal(eng_ruleset__by_cond(rs, r[i].cond), &r[i]);
		}
	}
	assert_string_equal(got, want);
	eng_ruleset__free(rs);
}

static void by_tag(struct eng_ruleset *rs)
{
	assert_int_equal(eng_ruleset__select(rs, false, NULL, "x"), 2);
	assert_int_equal(eng_ruleset__select(rs, true, NULL, "y"), 2);
}

static void by_glob(struct eng_ruleset *rs)
{
	assert_int_equal(eng_ruleset__select(rs, false, "*", NULL), 3);
	assert_int_equal(eng_ruleset__select(rs, true, "open*", NULL), 2);
	assert_int_equal(eng_ruleset__select(rs, false, "*b", NULL),
			 2);	/* `open b`, and abab at its second b */
}

static void by_name_exactly(struct eng_ruleset *rs)
{
	assert_int_equal(eng_ruleset__select(rs, false, "open", NULL), 0);
	assert_int_equal(eng_ruleset__select(rs, false, "open a", NULL), 1);
	assert_int_equal(eng_ruleset__select(rs, true, "abab", NULL), 1);
}

static void by_priority(struct eng_ruleset *rs)
{
	eng_ruleset__min_priority(rs, PRIO_NOTICE);
	eng_ruleset__select(rs, true, "*", NULL);
}

static void rules_are_selected_in_order(void **state)
{
	(void)state;
	expect_on("01", NULL);
	expect_on("12", by_tag);
	expect_on("0", by_glob);
	expect_on("12", by_name_exactly);
	expect_on("0", by_priority);
}

/* --- Suggested fields ------------------------------------------------------------------------- */

static void outputs_get_the_suggested_fields(void **state)
{
	static const char text[] =
		"- {rule: r, desc: d, condition: evt.type = open, output: o, priority: INFO}\n";
	struct eng_ruleset *rs;
	unsigned n;

	(void)state;
	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_int_equal(eng_ruleset__load_text(rs, "s.yaml", text, strlen(text), NULL), 0);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	assert_string_equal(eng_ruleset__rules(rs, &n)->output,
			    "o container_id=%container.id container_name=%container.name "
			    "container_image_repository=%container.image.repository "
			    "container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name "
			    "k8s_ns_name=%k8s.ns.name");
	eng_ruleset__free(rs);
}

static void results_are_readable(void **state)
{
	static const char text[] =
		"- rule: r\n  desc: d\n  condition: evt.type = open and\n    proc.pid = x\n"
				   "  output: o\n  priority: INFO\n";
	struct eng_ruleset *rs;
	struct buf b = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_true(eng_ruleset__load_text(rs, "a\033b.yaml", text, strlen(text), &err) < 0);
	eng_ruleset__result_text(rs, false, &b);
	buf__u8(&b, 0);
	assert_string_equal((char *)b.p, "a\\x1Bb.yaml: Invalid\n"
			    "a\\x1Bb.yaml:4:16: error: LOAD_ERR_COMPILE_CONDITION, in rule 'r': x "
			    "is not a valid number\n"
			    "    evt.type = open and proc.pid = x\n"
			    "                                   ^\n");
	assert_int_equal(err.line, 4);
	assert_int_equal(err.col, 16);
	b.len = 0;
	eng_ruleset__result_text(rs, true, &b);
	buf__u8(&b, 0);
	assert_non_null(strstr((char *)b.p, "\033[1;31merror: LOAD_ERR_COMPILE_CONDITION\033[0m"));
	buf__done(&b);
	eng_ruleset__free(rs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_load_as_expected),
		cmocka_unit_test(every_code_occurs),
		cmocka_unit_test(files_that_cannot_be_read),
		cmocka_unit_test(a_folder_is_its_files_in_order),
		cmocka_unit_test(files_of_one_set),
		cmocka_unit_test(rules_are_selected_in_order),
		cmocka_unit_test(outputs_get_the_suggested_fields),
		cmocka_unit_test(results_are_readable),
	};

	return cmocka_run_group_tests_name("engine/lang_rules", tests, NULL, NULL);
}
