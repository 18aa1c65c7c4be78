// SPDX-License-Identifier: Apache-2.0
/* Classes of names: whatever is asked, names of one class have the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/filter/filter.h"
#include "engine/filter/prog/prog.h"
#include "engine/state/path.h"
#include "engine/state/state_internal.h"

#define NAMES 20000u
#define TURNS 40u

static const char *const conditions[] = {
	"fd.name = /etc/shadow", "fd.name != /a/b", "fd.name in (/etc/passwd, /a/b/c, GuestAgent.log)",
	"fd.name startswith /etc", "fd.name startswith /etc/", "fd.name startswith /etc/ssh", "fd.name startswith /",
	"fd.name startswith x", "fd.name startswith \"\"", "fd.name contains /.ssh/", "fd.name contains \"\"",
	"fd.name endswith .pub", "fd.name icontains PassWD", "fd.name glob /proc/*/mem", "fd.name glob *b/c?d*",
	"fd.name iglob *READ*me*", "fd.name pmatch (/usr/lib, /a/, /usr)", "fd.name pmatch (/bcd/*/c)",
	"fd.name regex \"/proc/[0-9]+/.*\"", "fd.name regex \".*(shadow|passwd)\"", "fd.name endswith oneof (.so, .py, bcd)",
	"fd.name startswith anyof (/usr/lib, /us, /etc)", "fd.name contains allof (ssh, etc)",
	"fd.nameraw contains ../", "fd.nameraw startswith ..", "fd.nameraw glob *../*../*", "fd.nameraw = a/b", "fd.nameraw = /",
	"fd.nameraw contains /a/b", "fd.nameraw endswith b/c",
	"fd.directory = /", "fd.directory in (/usr/lib, /etc, /a)", "fd.directory startswith /a/b", "fd.directory endswith /.ssh",
	"fd.directory contains lib/", "fd.directory pmatch (/etc, /usr/lib)", "fd.directory pmatch (/etc/*)", "fd.directory != /a/b",
	"fd.filename = mem", "fd.filename = b", "fd.filename in (shadow, id_rsa)", "fd.filename startswith x", "fd.filename startswith pa",
	"fd.filename endswith .so", "fd.filename contains .so.", "basename(fd.name) in (mem, lib, b)", "basename(fd.name) startswith pass",
	"fd.name exists", "fd.directory exists", "fd.filename exists", "fd.type = file", "fd.typechar = d",
};
#define N_CONDITIONS (sizeof(conditions) / sizeof(*conditions))

static void add(struct eng_prog *p, const char *text, struct arena *mem)
{
	struct err err = { 0 };
	struct eng_ast *ast;

	assert_int_equal(eng_filter__parse(text, strlen(text), 100, mem, &ast, &err), 0);
	assert_true(eng_prog__add(p, ast, NULL, NULL, &err) >= 0);
}

static uint32_t seed = 1;

static uint32_t next_random(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static struct eng_str *made(bool absolute)
{
	static const char *const parts[] = {
		"etc", "usr", "lib", "a", "b", "c", "bcd", "ssh", ".ssh", "shadow", "passwd", "PASSWD", "proc", "12", "mem", "x", "x.so",
		"x.so.1", "k.pub", "..", ".", "readme", "tmp", "share", "doc", "long-name-of-a-file", "us", "Lib", "c_d", "",
	};
	char text[128] = "";

	for (uint32_t n = 1 + next_random(5), i = 0; i < n; i++) {
		if (i || absolute)
			strcat(text, "/");
		strcat(text, parts[next_random(sizeof(parts) / sizeof(*parts))]);
	}
	return eng_str__new(text, strlen(text), strlen(text));
}

/* The answers of all predicates as a text of 0 and 1. */
static void answers(const struct eng_prog *p, struct eng_fd *fd, struct match_scratch *s, char *ret)
{
	struct eng_ctx ctx = { .fd = fd, .has_fd_num = true, .fd_num = 3 };
	struct arena mem = { 0 };

	for (uint32_t i = 0; i < p->n_preds; i++) {
		struct eng_vals v;
		bool has = eng_expr__get(p->preds[i]->left, &ctx, true, &mem, &v);

		ret[i] = '0' + eng_pred__eval(p->preds[i], &ctx, has ? &v : NULL, NULL, s);
	}
	ret[p->n_preds] = 0;
	arena__done(&mem);
}

/* What came of the names of a program. */
struct sums {
	unsigned alike, own;
};

static void compare_names(const struct eng_prog *p, unsigned n, struct match_scratch *s, struct sums *sums)
{
	static char first[2][4096][256];

	memset(first, 0, sizeof(first));
	for (unsigned i = 0; i < n; i++) {
		bool is_dir = next_random(2), other = !next_random(4);
		struct eng_fd fd = { .type = is_dir ? FDT_DIRECTORY : FDT_FILE, .name = made(next_random(8)) };
		char got[256];
		uint32_t class;

		fd.nameraw = other ? made(next_random(2)) : NULL;
		class = name_filter__class(&p->names, fd.name->s, fd.name->len, other ? fd.nameraw->s : NULL,
					   other ? fd.nameraw->len : 0);
		assert_true(class < 4096);
		answers(p, &fd, s, got);
		if (class && !first[is_dir][class][0])
			strcpy(first[is_dir][class], got);
		if (class && strcmp(first[is_dir][class], got))
			fail_msg("%s (%s), class %u: %s, not %s", fd.name->s, other ? fd.nameraw->s : "", class, got,
				 first[is_dir][class]);
		sums->alike += class != 0;
		sums->own += !class;
		eng_str__unref(fd.name);
		eng_str__unref(fd.nameraw);
	}
}

static void names_of_a_class_have_the_same_answers(void **state)
{
	struct match_scratch *s = match_scratch__new();
	struct sums sums = { 0, 0 };
	struct arena mem = { 0 };
	struct eng_prog *p;
	struct err err;

	(void)state;
	eng_prog__new(&p);
	for (size_t i = 0; i < N_CONDITIONS; i++)
		add(p, conditions[i], &mem);
	assert_int_equal(eng_prog__seal(p, &err), 0);
	assert_true(p->names.usable);
	compare_names(p, NAMES, s, &sums);
	/* both happen, or this has tested nothing */
	assert_true(sums.alike > NAMES / 50 && sums.own > NAMES / 50);
	eng_prog__free(p);
	arena__done(&mem);
	match_scratch__free(s);
}

static void the_same_of_a_few_conditions(void **state)
{
	struct match_scratch *s = match_scratch__new();
	struct sums sums = { 0, 0 };

	(void)state;
	for (unsigned turn = 0; turn < TURNS; turn++) {
		struct arena mem = { 0 };
		struct eng_prog *p;
		struct err err;

		eng_prog__new(&p);
		for (unsigned n = 1 + next_random(12); n; n--)
			add(p, conditions[next_random(N_CONDITIONS)], &mem);
		assert_int_equal(eng_prog__seal(p, &err), 0);
		assert_true(p->names.usable);
		compare_names(p, NAMES / TURNS, s, &sums);
		eng_prog__free(p);
		arena__done(&mem);
	}
	assert_true(sums.alike > NAMES / 4 && sums.own > NAMES / 50);
	match_scratch__free(s);
}

/* What is not about a few words keeps names apart. */
static void what_cannot_be_told_by_words_keeps_all_names_apart(void **state)
{
	static const char *const texts[] = {
		"fd.name contains x", "fd.name regex \"[a-m]*\"", "len(fd.name) > 10", "fd.name = val(fd.nameraw)",
		"tolower(fd.name) = /a/b", "fd.type = val(fd.name)", "fd.name glob *?*",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct arena mem = { 0 };
		struct eng_prog *p;
		struct err err;

		eng_prog__new(&p);
		add(p, texts[i], &mem);
		assert_int_equal(eng_prog__seal(p, &err), 0);
		assert_int_equal(name_filter__class(&p->names, "/some/name", 10, NULL, 0), 0);
		eng_prog__free(p);
		arena__done(&mem);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_a_class_have_the_same_answers),
		cmocka_unit_test(the_same_of_a_few_conditions),
		cmocka_unit_test(what_cannot_be_told_by_words_keeps_all_names_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
