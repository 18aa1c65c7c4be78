// SPDX-License-Identifier: Apache-2.0
/* Reading a configuration: keys of mappings, and what is wrong with them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/config_internal.h"
#include "format/base/nearest.h"

/* --- problems --------------------------------------------------------------------------------- */

static void problem(struct cfg *c, const struct yaml_mark *at, const char *msg)
{
	struct err *e;

	if (c->n_problems++ >= CFG_MAX_PROBLEMS)
		return;
	e = &c->problems[c->n_problems - 1];
	*e = (struct err){ 0 };
	err__file(e, c->name);
	err__set(e, -FMT_E_VALUE, "%s", msg);
	if (!at)
		return;
	e->line = at->line + 1;
	e->col = at->col + 1;
	err__caret(e, c->text, c->len, e->line, e->col);
}

void cfg__problem(struct cfg *c, const struct yaml_node *at, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	problem(c, at ? &at->mark : NULL, msg);
}

unsigned cfg__n_problems(const struct cfg *c)
{
	return c->n_problems;
}

const struct err *cfg__problem_at(const struct cfg *c, unsigned i)
{
	return i < c->n_problems && i < CFG_MAX_PROBLEMS ? &c->problems[i] : NULL;
}

int cfg__result(const struct cfg *c, struct err *err)
{
	if (!c->n_problems)
		return 0;
	if (err && !err->code)
		*err = c->problems[0];
	return c->problems[0].code;
}

static int by_place(const void *a, const void *b)
{
	const struct err *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return (x->col > y->col) - (x->col < y->col);
}

/* Sections are read in the table's order; a person goes through the file in its own. */
static void sort_problems(struct cfg *c)
{
	unsigned n = c->n_problems < CFG_MAX_PROBLEMS ? c->n_problems : CFG_MAX_PROBLEMS;

	qsort(c->problems, n, sizeof(*c->problems), by_place);
}

/* --- opening ---------------------------------------------------------------------------------- */

static void parse(struct cfg *c)
{
	struct err err = { 0 };
	struct yaml_node **docs;
	struct yaml_mark at = { 0 };
	uint32_t n;

	if (yaml_tree__parse(c->text, c->len, &c->mem, &docs, &n, &at, &err)) {
		problem(c, &at, err.msg);
		return;
	}
	if (n > 1)
		cfg__problem(c, docs[1], "a second document: a configuration is one");
	if (!n || docs[0]->kind == Y_NULL)
		return;
	if (docs[0]->kind != Y_MAP) {
		cfg__problem(c, docs[0], "a configuration is a mapping of keys to values: 'key: value'");
		return;
	}
	c->root = docs[0];
}

int cfg__parse(struct cfg **ret, const char *name, const char *text, size_t len, struct err *err)
{
	struct cfg *c;
	const char *slash = strrchr(name, '/');

	if (len > CFG_MAX_BYTES)
		return err__set(err, -FMT_E_LIMIT, "%s: larger than %u MiB", name,
				CFG_MAX_BYTES >> 20);
	c = xcalloc(1, sizeof(*c));
	c->name = xstrdup(name);
	c->dir = slash ? xmemdup0(name, (size_t)(slash + 1 - name)) : xstrdup("");
	c->text = xmemdup0(text, len);
	c->len = len;
	parse(c);
	*ret = c;
	return 0;
}

int cfg__open(struct cfg **ret, const char *path, struct err *err)
{
	struct buf b = { 0 };
	FILE *f = fopen(path, "re");
	size_t n;
	int r;

	if (!f) {
		r = -errno;
		err__file(err, path);
		return err__set(err, r, "cannot read the configuration: %s", strerror(-r));
	}
	do {
		buf__reserve(&b, 65536);
		n = fread(b.p + b.len, 1, 65536, f);
		b.len += n;
	} while (n && b.len <= CFG_MAX_BYTES);
	r = ferror(f) ? -errno : 0;
	fclose(f);
	if (r) {
		err__file(err, path);
		err__set(err, r, "cannot read the configuration: %s", strerror(-r));
	} else {
		r = cfg__parse(ret, path, (char *)b.p, b.len, err);
	}
	buf__done(&b);
	return r;
}

void cfg__free(struct cfg *c)
{
	if (!c)
		return;
	arena__done(&c->mem);
	free(c->name);
	free(c->dir);
	free(c->text);
	free(c);
}

const struct yaml_node *cfg__root(const struct cfg *c)
{
	return c->root;
}

const struct yaml_node *cfg__place(const struct yaml_node *section, const char *key)
{
	const struct yaml_node *n = yaml_node__get(section, key);

	return n ? n : section;
}

const char *cfg__path(struct cfg *c, const char *path)
{
	size_t dir = *path == '/' ? 0 : strlen(c->dir), n = strlen(path);
	char *s;

	if (!dir)
		return arena__strndup(&c->mem, path, n);
	s = arena__alloc(&c->mem, dir + n + 1);
	memcpy(s, c->dir, dir);
	memcpy(s + dir, path, n + 1);
	return s;
}

/* --- values ----------------------------------------------------------------------------------- */

static bool too_many(struct cfg *c, const struct yaml_node *n)
{
	if (n->n <= CFG_MAX_ENTRIES)
		return false;
	cfg__problem(c, n, "more than %u entries", CFG_MAX_ENTRIES);
	return true;
}

/* A string that a C string can hold. */
static bool is_text(struct cfg *c, const struct yaml_node *n, const char *what)
{
	if (n->kind != Y_SCALAR) {
		cfg__problem(c, n, n->kind == Y_NULL ? "%s: the value is missing"
						     : "%s: one value is expected here", what);
		return false;
	}
	if (strlen(n->text) != n->len) {
		cfg__problem(c, n, "%s: holds a NUL character", what);
		return false;
	}
	return true;
}

static void read_text(struct cfg *c, const struct yaml_node *n, const struct cfg_key *k, void *opts)
{
	struct err err = { 0 };

	if (is_text(c, n, k->name) && cfg_value__set(k, n->text, opts, c, &err))
		cfg__problem(c, n, "%s: %s", k->name, err.msg);
}

static void read_strings(struct cfg *c, const struct yaml_node *n, const struct cfg_key *k,
			 struct cfg_strings *to)
{
	struct yaml_node *one = (struct yaml_node *)n, **kids = n->kind == Y_SEQ ? n->kids : &one;
	uint32_t m = n->kind == Y_SEQ ? n->n : n->kind == Y_NULL ? 0 : 1;

	if (n->kind == Y_SEQ && too_many(c, n))
		return;
	to->p = arena__alloc(&c->mem, m * sizeof(*to->p));
	to->n = 0;
	for (uint32_t i = 0; i < m; i++) {
		if (!is_text(c, kids[i], k->name))
			continue;
		if (k->kind == CFG_PATHS && !kids[i]->len)
			cfg__problem(c, kids[i], "%s: a path is missing", k->name);
		to->p[to->n++] = k->kind == CFG_PATHS ? cfg__path(c, kids[i]->text) : kids[i]->text;
	}
}

/* Keys of a mapping that are no plain names, or come twice. */
static bool check_names(struct cfg *c, const struct yaml_node *n)
{
	bool fine = !too_many(c, n);

	for (uint32_t i = 0; fine && i < n->n; i++) {
		const struct yaml_node *k = n->kids[2 * i];

		if (!is_text(c, k, "the name of a key")) {
			fine = false;
			break;
		}
		for (uint32_t j = 0; j < i; j++) {
			const struct yaml_node *other = n->kids[2 * j];

			if (other->kind != Y_SCALAR || strcmp(other->text, k->text))
				continue;
			cfg__problem(c, k, "the key '%s' is given twice: first in line %u", k->text,
				     other->mark.line + 1);
			fine = false;
			break;
		}
	}
	return fine;
}

static void read_pairs(struct cfg *c, const struct yaml_node *n, const struct cfg_key *k,
		       struct cfg_pairs *to)
{
	if (n->kind == Y_NULL)
		return;
	if (n->kind != Y_MAP) {
		cfg__problem(c, n, "%s: a mapping of names to values is expected here", k->name);
		return;
	}
	if (!check_names(c, n))
		return;
	to->p = arena__alloc(&c->mem, n->n * sizeof(*to->p));
	to->n = 0;
	for (uint32_t i = 0; i < n->n; i++)
		if (is_text(c, n->kids[2 * i + 1], n->kids[2 * i]->text))
			to->p[to->n++] = (struct cfg_pair){ n->kids[2 * i]->text,
							    n->kids[2 * i + 1]->text };
}

static void read_list(struct cfg *c, const struct yaml_node *n, const struct cfg_key *k,
		      struct cfg_list *to)
{
	if (n->kind == Y_NULL)
		return;
	if (n->kind != Y_SEQ) {
		cfg__problem(c, n, "%s: a list is expected here: each entry begins with '- '",
			     k->name);
		return;
	}
	if (too_many(c, n))
		return;
	to->p = arena__alloc(&c->mem, n->n * k->section->size);
	to->nodes = (const struct yaml_node **)n->kids;
	to->n = n->n;
	for (uint32_t i = 0; i < n->n; i++)
		cfg__read(c, n->kids[i], k->section, (char *)to->p + i * k->section->size);
}

static void read_value(struct cfg *c, const struct yaml_node *n, const struct cfg_key *k, void *opts)
{
	void *to = (char *)opts + k->at;

	switch (k->kind) {
	case CFG_STRINGS:
	case CFG_PATHS:
		read_strings(c, n, k, to);
		break;
	case CFG_PAIRS:
		read_pairs(c, n, k, to);
		break;
	case CFG_SECTION:
		cfg__read(c, n, k->section, to);
		break;
	case CFG_SECTIONS:
		read_list(c, n, k, to);
		break;
	default:
		read_text(c, n, k, opts);
	}
}

/* --- sections --------------------------------------------------------------------------------- */

static void set_default(struct cfg *c, const struct cfg_key *k, void *opts)
{
	struct cfg_strings *l = (void *)((char *)opts + k->at);

	if (k->kind == CFG_SECTION) {
		cfg__read(c, NULL, k->section, (char *)opts + k->at);
	} else if (k->dflt && cfg_kind__is_text(k->kind)) {
		cfg_value__set(k, k->dflt, opts, c, NULL);
	} else if (k->dflt && (k->kind == CFG_STRINGS || k->kind == CFG_PATHS)) {
		l->p = arena__alloc(&c->mem, sizeof(*l->p));
		l->p[0] = k->dflt;
		l->n = 1;
	}
}

static void unknown_key(struct cfg *c, const struct yaml_node *key, const struct cfg_section *s)
{
	struct nearest near = nearest__begin(key->text, key->len);

	for (const struct cfg_key *k = s->keys; k->name; k++)
		nearest__try(&near, k->name);
	if (near.name)
		cfg__problem(c, key, "there is no key '%s' here: did you mean '%s'?", key->text,
			     near.name);
	else
		cfg__problem(c, key, "there is no key '%s' here", key->text);
}

static const struct cfg_key *find_key(const struct cfg_section *s, const char *name)
{
	for (const struct cfg_key *k = s->keys; k->name; k++)
		if (!strcmp(k->name, name))
			return k;
	return NULL;
}

static void read_keys(struct cfg *c, const struct yaml_node *n, const struct cfg_section *s,
		      void *opts)
{
	for (uint32_t i = 0; i < n->n; i++) {
		const struct yaml_node *key = n->kids[2 * i];
		const struct cfg_key *k = key->kind == Y_SCALAR ? find_key(s, key->text) : NULL;

		if (k)
			read_value(c, n->kids[2 * i + 1], k, opts);
		else if (key->kind == Y_SCALAR)
			unknown_key(c, key, s);
	}
}

void cfg__read(struct cfg *c, const struct yaml_node *n, const struct cfg_section *s, void *opts)
{
	unsigned before = c->n_problems;

	memset(opts, 0, s->size);
	for (const struct cfg_key *k = s->keys; k->name; k++)
		if (!yaml_node__get(n, k->name) || k->kind != CFG_SECTION)
			set_default(c, k, opts);
	if (n && n->kind == Y_NULL)
		n = NULL;
	if (n && n->kind != Y_MAP)
		cfg__problem(c, n, "keys with values are expected here: 'key: value'");
	else if (n && check_names(c, n))
		read_keys(c, n, s, opts);
	for (const struct cfg_key *k = s->keys; n && n->kind == Y_MAP && k->name; k++)
		if (k->required && !yaml_node__get(n, k->name))
			cfg__problem(c, n, "the key '%s' is missing here", k->name);
	if (s->check && c->n_problems == before)
		s->check(c, n, opts);
	sort_problems(c);
}
