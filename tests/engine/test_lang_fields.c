// SPDX-License-Identifier: Apache-2.0
/*
 * The table of fields as a contract: lang/fields.tsv names every field with its type, what may
 * follow its name, what may be done with it, its source, and its value for a call of a process of
 * which nothing is known. Nothing is in one table and not in the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/filter.h"
#include "tests/engine/lang_tsv.h"
#include "tests/engine/world.h"

enum { NAME, TYPE, ARGUMENT, FLAGS, SOURCE, UNKNOWN };

/* What may follow a name, by the word of the table: nothing, [1], [x], .name (which exists). */
static const struct {
	const char *word;
	bool bare, index, key, suffix;
} arguments[] = {
	{ "none", true, false, false, false },
	{ "index?", true, true, false, false },
	{ "index", false, true, false, false },
	{ "key", false, true, true, false },
	{ "index|key", false, true, true, false },
	{ "index|key?", true, true, true, false },
	{ "index|.name", false, true, false, true },
	{ ".name", false, false, false, true },
	{ ".name?", true, false, false, true },
};

static bool resolves(const char *name, const char *rest, struct arena *mem)
{
	char *text = xasprintf("%s%s", name, rest);
	struct eng_fref ref;
	bool ok = !eng_field__resolve(text, strlen(text), mem, &ref, NULL);

	free(text);
	return ok;
}

static const char *suffix_of(const char *name)
{
	return !strcmp(name, "evt.type.is") ? ".open" : !strcmp(name, "evt.abspath") ? ".src" :
	       !strcmp(name, "thread.cgroup") ? ".cpu" : ".flags";
}

/* The shortest way to write the field. */
static char *use_of(const char *name, struct arena *mem)
{
	const char *rest = resolves(name, "", mem) ? "" : resolves(name, "[1]", mem) ? "[1]" :
			   suffix_of(name);

	return xasprintf("%s%s", name, rest);
}

static void check_arguments(struct tsv *t, const struct tsv_line *l)
{
	const char *name = l->col[NAME];
	size_t i = 0, n = sizeof(arguments) / sizeof(*arguments);

	while (i < n && strcmp(arguments[i].word, l->col[ARGUMENT]))
		i++;
	if (i == n) {
		tsv__fail(t, l, "what is %s?", l->col[ARGUMENT]);
		return;
	}
	if (resolves(name, "", &t->mem) != arguments[i].bare)
		tsv__fail(t, l, "%s%s", name, arguments[i].bare ? " is refused" : " is taken");
	if (resolves(name, "[1]", &t->mem) != arguments[i].index)
		tsv__fail(t, l, "%s[1]", name);
	if (resolves(name, "[\"x y\"]", &t->mem) != arguments[i].key)
		tsv__fail(t, l, "%s[\"x y\"]", name);
	if (resolves(name, suffix_of(name), &t->mem) != arguments[i].suffix)
		tsv__fail(t, l, "%s%s", name, suffix_of(name));
}

static bool compiles(const char *fmt, const char *a, const char *b, struct arena *mem)
{
	char *text = xasprintf(fmt, a, b);
	struct eng_prog *p;
	struct eng_ast *ast;
	bool ok;

	assert_int_equal(eng_prog__new(&p), 0);
	ok = !eng_filter__parse(text, strlen(text), 100, mem, &ast, NULL) &&
	     eng_prog__add(p, ast, NULL, NULL, NULL) >= 0;
	eng_prog__free(p);
	free(text);
	return ok;
}

static bool has_flag(const struct tsv_line *l, const char *flag)
{
	return strstr(l->col[FLAGS], flag);
}

/* What the flags say is what conditions may do. */
static void check_uses(struct tsv *t, const struct tsv_line *l, const struct eng_field *f)
{
	char *use = use_of(l->col[NAME], &t->mem);
	bool type = !strncmp(use, "evt.type", 8) || !strcmp(use, "syscall.type");
	bool rhs = !has_flag(l, "no_rhs") && strcmp(l->col[TYPE], "ipnet") &&
		   (!type || !strncmp(use, "evt.type.is", 11));

	if (!compiles("%s exists%s", use, "", &t->mem))
		tsv__fail(t, l, "'exists' is refused");
	if (!has_flag(l, "list") && compiles("%s = val(%s)", use, use, &t->mem) != rhs)
		tsv__fail(t, l, "val() is %s", rhs ? "refused" : "taken");
	if (f->type == T_STR && !type &&
	    compiles("toupper(%s) in (X)%s", use, "", &t->mem) == has_flag(l, "no_transformer"))
		tsv__fail(t, l, "toupper() is %s", has_flag(l, "no_transformer") ? "taken" : "refused");
	if (f->type == T_STR && !type && !has_flag(l, "no_transformer") &&
	    compiles("%s = x%s", use, "", &t->mem) == has_flag(l, "list"))
		tsv__fail(t, l, "'=' is %s", has_flag(l, "list") ? "taken" : "refused");
	free(use);
}

static const char *value_of(const char *name, const struct eng_ctx *ctx, struct arena *mem)
{
	char *use = use_of(name, mem);
	struct arena scratch = { 0 };
	struct eng_vals v = { .scratch = &scratch };
	struct buf b = { 0 };
	struct eng_fref ref;
	const char *out;

	assert_int_equal(eng_field__resolve(use, strlen(use), mem, &ref, NULL), 0);
	if (eng_field__get(&ref, ctx, false, &v))
		eng_val__text(&ref, &v, &b);
	out = v.missing ? "-" : !b.len ? "\"\"" : arena__strndup(mem, (char *)b.p, b.len);
	buf__done(&b);
	arena__done(&scratch);
	free(use);
	return out;
}

static const struct eng_field *field_called(const char *name)
{
	const struct eng_field *f = eng_field__find(name, strlen(name));

	return f && !strcmp(f->name, name) ? f : NULL;
}

static void check_flag(struct tsv *t, const struct tsv_line *l, const struct eng_field *f,
		       const char *word, uint32_t flag)
{
	if (has_flag(l, word) != !!(f->flags & flag))
		tsv__fail(t, l, "%s: %s", word, f->flags & flag ? "has it" : "has it not");
}

static void every_field_has_a_line(struct tsv *t)
{
	size_t n;
	const struct eng_field *all = eng_field__all(&n);

	for (size_t i = 0; i < n; i++) {
		bool found = false;

		for (size_t k = 0; k < t->n && !found; k++)
			found = !strcmp(t->lines[k].col[NAME], all[i].name);
		if (!found)
			tsv__fail(t, &t->lines[0], "%s has no line: add one", all[i].name);
	}
}

static void fields_are_those_of_the_table(void **state)
{
	struct world *w = world__new();
	struct tsv t;

	(void)state;
	setenv("TZ", "UTC", 1);
	ev(w, EV_getpid, 77, 77, 77);
	go(w);
	tsv__open(&t, "fields.tsv", 400);
	every_field_has_a_line(&t);
	for (size_t i = 0; i < t.n; i++) {
		const struct tsv_line *l = &t.lines[i];
		const struct eng_field *f = field_called(l->col[NAME]);
		const char *value;

		if (!f) {
			tsv__fail(&t, l, "there is no field %s", l->col[NAME]);
			continue;
		}
		if (strcmp(eng_type__name(f), l->col[TYPE]))
			tsv__fail(&t, l, "its type is %s", eng_type__name(f));
		if (strcmp(*f->source ? f->source : "all", l->col[SOURCE]))
			tsv__fail(&t, l, "its source is %s", f->source);
		check_arguments(&t, l);
		check_flag(&t, l, f, "deprecated", FF_DEPRECATED);
		check_flag(&t, l, f, "hidden", FF_HIDDEN);
		check_flag(&t, l, f, "filter_only", FF_FILTER_ONLY);
		check_flag(&t, l, f, "suggested", FF_SUGGESTED);
		check_flag(&t, l, f, "never", FF_MISSING);
		check_uses(&t, l, f);
		value = value_of(l->col[NAME], &w->ctx, &t.mem);
		if (strcmp(value, l->col[UNKNOWN]))
			tsv__fail(&t, l, "its value is %s", value);
	}
	tsv__close(&t);
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_those_of_the_table),
	};

	return cmocka_run_group_tests_name("engine/lang_fields", tests, NULL, NULL);
}
