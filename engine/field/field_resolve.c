// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdlib.h>

#include "engine/field/field_internal.h"
#include "format/base/nearest.h"

#define MAX_NAME 256u

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

/* May `rest`, which follows a field's name, be its argument? */
static bool fits(const struct eng_field *f, const char *rest, size_t n)
{
	bool suffix = f->arg == ARG_SUFFIX_REQ || f->arg == ARG_SUFFIX_OPT ||
		      f->arg == ARG_INDEX_OR_SUFFIX;

	return !n || rest[0] == '[' || (suffix && rest[0] == '.');
}

/* Open addressing from a name to its place in the table of fields, plus one; some 430 names. */
#define NAME_SLOTS 1024u
static uint16_t by_name[NAME_SLOTS];
static pthread_once_t by_name_once = PTHREAD_ONCE_INIT;

static uint32_t name_hash(const char *p, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)p[i]) * 16777619u;
	return h ^ h >> 15;
}

static void index_names(void)
{
	size_t n;
	const struct eng_field *all = eng_field__all(&n);

	for (size_t i = 0; i < n; i++) {
		uint32_t at = name_hash(all[i].name, strlen(all[i].name)) % NAME_SLOTS;

		while (by_name[at])
			at = (at + 1) % NAME_SLOTS;
		by_name[at] = (uint16_t)(i + 1);
	}
}

static const struct eng_field *field_called(const char *name, size_t len)
{
	size_t n;
	const struct eng_field *all = eng_field__all(&n);
	uint32_t at;

	for (at = name_hash(name, len) % NAME_SLOTS; by_name[at]; at = (at + 1) % NAME_SLOTS) {
		const struct eng_field *f = &all[by_name[at] - 1];

		if (!strncmp(f->name, name, len) && !f->name[len])
			return f;
	}
	return NULL;
}

/*
 * The field with the longest name that text begins with: what follows a name is nothing, a bracket
 * or a dot.
 */
const struct eng_field *eng_field__find(const char *text, size_t len)
{
	size_t ends[16], n_ends = 0, l = 0;

	pthread_once(&by_name_once, index_names);
	for (; l < len && (is_name_char(text[l]) || text[l] == '.'); l++)
		if (text[l] == '.' && n_ends < sizeof(ends) / sizeof(*ends))
			ends[n_ends++] = l;
	if (l < len && text[l] != '[')
		l = n_ends ? ends[--n_ends] : 0;
	while (l) {
		const struct eng_field *f = field_called(text, l);

		if (f && fits(f, text + l, len - l))
			return f;
		l = n_ends ? ends[--n_ends] : 0;
	}
	return NULL;
}

static int unknown(const char *text, size_t len, struct err *err)
{
	struct nearest near;
	size_t n, name_len = 0;
	const struct eng_field *all = eng_field__all(&n);

	if (!err)		/* nobody reads the name that is nearest */
		return -FMT_E_UNKNOWN;
	while (name_len < len && name_len < MAX_NAME && text[name_len] != '[')
		name_len++;
	near = nearest__begin(text, name_len);
	for (size_t i = 0; i < n; i++)
		if (!(all[i].flags & FF_HIDDEN))
			nearest__try(&near, all[i].name);
	if (near.name)
		return err__set(err, -FMT_E_UNKNOWN, "unknown field '%.*s'; did you mean '%s'?",
				(int)name_len, text, near.name);
	return err__set(err, -FMT_E_UNKNOWN,
			"unknown field '%.*s'; spoor-replay --list fields names them all",
			(int)name_len, text);
}

static int bad_arg(const struct eng_field *f, struct err *err, const char *what)
{
	return err__set(err, -FMT_E_VALUE, "field '%s' %s", f->name, what);
}

/* What is between the brackets, quotes and backslashes taken away, into mem. */
static int unbracket(const struct eng_field *f, const char *rest, size_t n, struct arena *mem,
		     char **ret, size_t *ret_len, struct err *err)
{
	char *out = arena__alloc(mem, n + 1), quote;
	size_t k = 0, i = 1;

	if (n < 3 || rest[n - 1] != ']')
		return bad_arg(f, err, "has an argument that does not end: expected [...]");
	quote = rest[1] == '"' || rest[1] == '\'' ? rest[1] : 0;
	if (quote && (n < 4 || rest[n - 2] != quote))
		return bad_arg(f, err, "has a quoted argument that does not end");
	for (i += quote != 0; i < n - 1 - (quote != 0); i++) {
		if (quote && rest[i] == '\\' && i + 1 < n - 2)
			i++;
		else if (!quote && strchr("[]\"' \t\r\n", rest[i]))
			return bad_arg(f, err, "has a wrong character in its argument: quote it");
		out[k++] = rest[i];
	}
	out[k] = 0;
	if (!k && f->arg != ARG_KEY_REQ)	/* an empty JSON pointer is the whole entry */
		return bad_arg(f, err, "has an empty argument");
	*ret = out;
	*ret_len = k;
	return 0;
}

static bool parse_index(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (!is_digit(*s) || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*ret = v;
	return true;
}

static int set_index(struct eng_fref *ref, const char *key, struct err *err)
{
	bool strict = !strcmp(ref->field->source, "k8s_audit");

	if (!parse_index(key, &ref->index) || (strict && key[0] == '0' && key[1]))
		return bad_arg(ref->field, err, "takes a number in brackets");
	return 0;
}

static int take_bracket(struct eng_fref *ref, const char *rest, size_t n, struct arena *mem,
			struct err *err)
{
	const struct eng_field *f = ref->field;
	size_t key_len = 0;
	char *key = NULL;
	int r;

	r = unbracket(f, rest, n, mem, &key, &key_len, err);
	if (r < 0)
		return r;
	ref->has_arg = true;
	switch (f->arg) {
	case ARG_NONE:
		return bad_arg(f, err, "takes no argument");
	case ARG_SUFFIX_REQ:
	case ARG_SUFFIX_OPT:
		return bad_arg(f, err, "takes its argument after a dot, not in brackets");
	case ARG_INDEX_OPT:
	case ARG_INDEX_REQ:
	case ARG_INDEX_OR_SUFFIX:
		return set_index(ref, key, err);
	case ARG_INDEX_OR_KEY:
	case ARG_INDEX_OR_KEY_OPT:
		if (parse_index(key, &ref->index))
			return 0;
	}
	ref->key = key;
	return 0;
}

static int take_suffix(struct eng_fref *ref, const char *rest, size_t n, struct arena *mem,
		       struct err *err)
{
	for (size_t i = 1; i < n; i++)
		if (!is_name_char(rest[i]))
			return bad_arg(ref->field, err, "has a wrong character after the dot");
	if (n < 2)
		return bad_arg(ref->field, err, "needs a name after the dot");
	ref->has_arg = true;
	ref->key = arena__strndup(mem, rest + 1, n - 1);
	return 0;
}

static bool needs_arg(const struct eng_field *f)
{
	return f->arg == ARG_INDEX_REQ || f->arg == ARG_KEY_REQ || f->arg == ARG_INDEX_OR_KEY ||
	       f->arg == ARG_SUFFIX_REQ || f->arg == ARG_INDEX_OR_SUFFIX;
}

int eng_field__resolve(const char *text, size_t len, struct arena *mem, struct eng_fref *ret,
		       struct err *err)
{
	const struct eng_field *f = len <= MAX_NAME * 16 ? eng_field__find(text, len) : NULL;
	struct eng_fref ref = { .field = f };
	size_t name_len;
	int r = 0;

	if (!f)
		return unknown(text, len, err);
	name_len = strlen(f->name);
	ref.type = f->type;
	ref.ptype = f->ptype;
	ref.scope = f->scope;
	if (name_len == len)
		r = needs_arg(f) ? bad_arg(f, err, "needs an argument") : 0;
	else if (text[name_len] == '[')
		r = take_bracket(&ref, text + name_len, len - name_len, mem, err);
	else
		r = take_suffix(&ref, text + name_len, len - name_len, mem, err);
	if (!r)
		r = field__refine(&ref, mem, err);
	if (!r)
		*ret = ref;
	return r;
}

/* Where a field's text can end at the latest: after its letters and dots, and one bracket. */
static size_t longest_end(const char *text, size_t len)
{
	size_t n = 0;
	char quote = 0;

	while (n < len && (is_name_char(text[n]) || text[n] == '.'))
		n++;
	if (n == len || text[n] != '[')
		return n;
	for (size_t i = n + 1; i < len; i++) {
		if (quote) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == quote)
				quote = 0;
		} else if (text[i] == '"' || text[i] == '\'') {
			quote = text[i];
		} else if (text[i] == ']') {
			return i + 1;
		}
	}
	return n;
}

size_t eng_field__longest(const char *text, size_t len, struct arena *mem, struct eng_fref *ret)
{
	size_t n = longest_end(text, len);

	if (n && text[n - 1] == ']') {
		if (!eng_field__resolve(text, n, mem, ret, NULL))
			return n;
		while (text[n - 1] != '[')
			n--;
		n--;
	}
	if (n > MAX_NAME)
		n = MAX_NAME;
	for (; n; n--)
		if (!eng_field__resolve(text, n, mem, ret, NULL))
			return n;
	return 0;
}
