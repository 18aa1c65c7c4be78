// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/filter/match/name_filter.h"

/* --- Building --------------------------------------------------------------------------------- */

static void add_word(struct name_filter *f, const char *p, uint32_t len, enum word_place place)
{
	if (!words__add(&f->words, p, len, place, 1))
		f->usable = false;
}

/* The longest part of a pattern without wildcards. */
static void add_longest(struct name_filter *f, const char *p, uint32_t len, const char *ends)
{
	struct match_str part = words__part(p, len, ends);

	add_word(f, part.p, part.len, WORD_ANYWHERE);
}

static void add_start(struct name_filter *f, const char *p, uint32_t len)
{
	f->starts = xgrow(f->starts, &f->cap_starts, f->n_starts + 1, sizeof(*f->starts));
	f->starts[f->n_starts++] = (struct name_start){ p, len, 0 };
}

static const char *with_slash(struct eng_text t, bool before, struct arena *mem)
{
	char *p = arena__alloc(mem, t.len + 1);

	p[before ? 0 : t.len] = '/';
	memcpy(p + before, t.p, t.len);
	return p;
}

/* A file's own name is what stands behind the last slash. */
static void add_own(struct name_filter *f, struct eng_text t, enum word_place place, struct arena *mem)
{
	add_word(f, with_slash(t, true, mem), t.len + 1, place);
}

/* A path, or what is below it. */
static void add_path(struct name_filter *f, struct eng_text t, bool of_name, struct arena *mem)
{
	while (t.len && t.p[t.len - 1] == '/')
		t.len--;
	for (uint32_t i = 0; i < t.len; i++)
		if (strchr("*?[", t.p[i]) || (i && t.p[i] == '/' && t.p[i - 1] == '/'))
			of_name = false;
	if (of_name && t.len > 1 && t.p[0] == '/') {
		add_word(f, t.p, t.len, WORD_IS_TEXT);
		add_start(f, with_slash(t, false, mem), t.len + 1);
	} else if (t.len) {
		add_longest(f, t.p, t.len, "*?[\\/");
	}
}

static void add_regex(struct name_filter *f, const struct match_regex *re)
{
	const struct regex_need *need = match_regex__need(re);

	if (!need->n_sets) {
		f->usable = false;
		return;
	}
	for (uint32_t k = 0; k < need->set[0].n; k++)
		add_word(f, need->set[0].word[k].p, need->set[0].word[k].len, WORD_ANYWHERE);
}

enum shows { SHOWS_OTHER, SHOWS_NAME, SHOWS_RAW, SHOWS_DIRECTORY, SHOWS_OWN, SHOWS_BASENAME };

static enum shows what_shows(const struct eng_expr *x)
{
	if (x->kind == X_CALL && x->call == CALL_BASENAME && eng_expr__is_field(x->kids[0], "fd.name"))
		return SHOWS_BASENAME;
	return eng_expr__is_field(x, "fd.name") ? SHOWS_NAME : eng_expr__is_field(x, "fd.nameraw") ? SHOWS_RAW :
	       eng_expr__is_field(x, "fd.directory") ? SHOWS_DIRECTORY :
	       eng_expr__is_field(x, "fd.filename") ? SHOWS_OWN : SHOWS_OTHER;
}

/* What a whole text is equal to. Names that are like others have directories longer than one byte. */
static void add_equal(struct name_filter *f, enum shows what, struct eng_text t, struct arena *mem)
{
	if (what == SHOWS_OWN || what == SHOWS_BASENAME)
		add_own(f, t, what == SHOWS_OWN ? WORD_ENDS : WORD_ANYWHERE, mem);
	else if (t.len > 1)
		add_word(f, t.p, t.len, what == SHOWS_DIRECTORY ? WORD_IS_DIR : WORD_IS_TEXT);
}

static void add_begin(struct name_filter *f, enum shows what, struct eng_text t, struct arena *mem)
{
	if (what == SHOWS_NAME)
		add_start(f, t.p, t.len);
	else if (what == SHOWS_OWN || what == SHOWS_BASENAME)
		add_own(f, t, WORD_ANYWHERE, mem);
	else if (t.len > 1 || what == SHOWS_RAW)
		add_word(f, t.p, t.len, WORD_STARTS);
}

static void add_literal(struct name_filter *f, const struct eng_pred *p, uint32_t i, struct arena *mem)
{
	struct eng_text t = { p->lits[i].v.str.p, p->lits[i].v.str.len };
	enum shows what = what_shows(p->left);
	bool to_end = what == SHOWS_NAME || what == SHOWS_RAW || what == SHOWS_OWN;

	if (!t.len && p->op != OP_GLOB && p->op != OP_IGLOB && p->op != OP_REGEX)
		return;		/* true of all texts, or of none that is like others */
	switch (p->op) {
	case OP_EQ:
	case OP_NE:
	case OP_IN:
		add_equal(f, what, t, mem);
		return;
	case OP_STARTSWITH:
		add_begin(f, what, t, mem);
		return;
	case OP_CONTAINS:
	case OP_ICONTAINS:
		add_word(f, t.p, t.len, WORD_ANYWHERE);
		return;
	case OP_ENDSWITH:
		add_word(f, t.p, t.len, to_end ? WORD_ENDS : WORD_ANYWHERE);
		return;
	case OP_GLOB:
	case OP_IGLOB:
		add_longest(f, t.p, t.len, "*?[\\");
		return;
	case OP_PMATCH:
		add_path(f, t, what == SHOWS_NAME || what == SHOWS_DIRECTORY, mem);
		return;
	case OP_REGEX:
		add_regex(f, p->regexes[i]);
		return;
	}
	f->usable = false;
}

/* Kinds of descriptors are part of what entries are found by. */
static void add_pred(struct name_filter *f, const struct eng_pred *p, struct arena *mem)
{
	const struct eng_expr *x = p->left;
	bool of_kind = eng_expr__is_field(x, "fd.type") || eng_expr__is_field(x, "fd.typechar");

	if (p->level != LV_NAME || p->mode == PM_NEVER || (p->mode == PM_EXISTS && x->kind == X_FIELD) ||
	    (p->mode == PM_ONE && of_kind))
		return;
	if (p->mode != PM_ONE || what_shows(x) == SHOWS_OTHER)
		f->usable = false;
	for (uint32_t i = 0; i < p->n_lits && f->usable; i++)
		add_literal(f, p, i, mem);
}

static int compare(const char *a, uint32_t a_len, const char *b, uint32_t b_len)
{
	int r = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return r ? r : a_len < b_len ? -1 : a_len > b_len;
}

static bool begins(const char *p, uint32_t len, const struct name_start *s)
{
	return len >= s->len && !memcmp(p, s->p, s->len);
}

static int by_bytes(const void *a, const void *b)
{
	const struct name_start *x = a, *y = b;

	return compare(x->p, x->len, y->p, y->len);
}

static void order_starts(struct name_filter *f)
{
	size_t n = 0;

	if (f->n_starts)
		qsort(f->starts, f->n_starts, sizeof(*f->starts), by_bytes);
	for (size_t i = 0; i < f->n_starts; i++) {
		struct name_start s = f->starts[i];
		uint32_t k = (uint32_t)n;

		if (n && !by_bytes(&s, &f->starts[n - 1]))
			continue;
		while (k && !begins(s.p, s.len, &f->starts[k - 1]))
			k = f->starts[k - 1].shorter;
		s.shorter = k;
		f->starts[n++] = s;
	}
	f->n_starts = n;
	/* those that are before all names "/c..." */
	for (unsigned c = 0, k = 0; c <= 256; c++) {
		while (k < n && (f->starts[k].len < 2 || (uint8_t)f->starts[k].p[0] < '/' ||
				 (f->starts[k].p[0] == '/' && (uint8_t)f->starts[k].p[1] < c)))
			k++;
		f->starts_at[c] = k;
	}
}

void name_filter__build(struct name_filter *f, struct eng_pred *const *preds, uint32_t n, struct arena *mem)
{
	memset(f, 0, sizeof(*f));
	f->usable = true;
	add_word(f, "//", 2, WORD_ANYWHERE);	/* fd.nameraw shows one slash then: another text */
	for (uint32_t i = 0; i < n && f->usable; i++)
		add_pred(f, preds[i], mem);
	order_starts(f);
	words__build(&f->words, mem);
}

void name_filter__done(struct name_filter *f)
{
	words__done(&f->words);
	free(f->starts);
}

/* --- Looking ---------------------------------------------------------------------------------- */

static bool is_special(const struct name_filter *f, const char *p, uint32_t len)
{
	return words__in(&f->words, p, len, 1);
}

/* The longest beginning: the last one in order that is not behind the name, or one that that one begins with. */
static uint32_t longest_start(const struct name_filter *f, const char *p, uint32_t len)
{
	uint32_t lo = f->starts_at[(uint8_t)p[1]], hi = f->starts_at[(uint8_t)p[1] + 1];

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (compare(f->starts[mid].p, f->starts[mid].len, p, len) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo && !begins(p, len, &f->starts[lo - 1]))
		lo = f->starts[lo - 1].shorter;
	return lo;
}

uint32_t name_filter__class(const struct name_filter *f, const char *name, uint32_t len, const char *raw,
			    uint32_t raw_len)
{
	if (!f->usable || len < 3 || name[0] != '/' || name[len - 1] == '/' || !memchr(name + 1, '/', len - 1) ||
	    is_special(f, name, len) || (raw && (raw_len < 2 || is_special(f, raw, raw_len))))
		return 0;
	return 1 + longest_start(f, name, len);
}
