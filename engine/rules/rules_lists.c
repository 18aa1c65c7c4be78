// SPDX-License-Identifier: Apache-2.0
/*
 * Lists are put into conditions as text, before anything is parsed: every occurrence of a list's
 * name between delimiters, wherever it stands, becomes its items. So it is in Falco, and rules
 * depend on it.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/rules/ruleset.h"

/* bytes of one list or one condition, with everything put in */
#define MAX_TEXT (8u << 20)
#define MAX_TEXTS (64u << 20)		/* bytes of all lists */
#define MAX_NESTING 64u			/* lists in lists */

static void put_item(struct buf *b, const char *item)
{
	bool quote = strchr(item, ' ') && item[0] != '"' && item[0] != '\'';

	buf__puts(b, b->len ? ", " : "");
	buf__puts(b, quote ? "\"" : "");
	buf__puts(b, item);
	buf__puts(b, quote ? "\"" : "");
}

struct expansion {
	struct eng_ruleset *rs;
	struct list_texts *texts;
	unsigned depth;
};

static int too_long(struct expansion *x, const struct def_list *l)
{
	return rules__error(x->rs, LOAD_ERR_VALIDATE, l->ctx,
			    "List becomes too long with the lists that it names");
}

static int expand_list(struct expansion *x, uint32_t at);

/*
 * One item: a list defined before this one's last change gives its items, however deep they are
 * nested (upstream leaves the third level as names). A list that is being put together is a name
 * like any other.
 */
static int expand_item(struct expansion *x, const struct def_list *l, const char *item,
		       struct buf *b)
{
	struct def_list *inner = find_list(x->rs, item);
	const struct list_text *t;
	int r;

	if (!inner || inner->index >= l->visibility || inner->open) {
		put_item(b, item);
		return 0;
	}
	inner->used = true;
	r = expand_list(x, (uint32_t)(inner - x->rs->lists));
	if (r < 0)
		return r;
	t = &x->texts->p[inner - x->rs->lists];
	if (t->len) {
		buf__puts(b, b->len ? ", " : "");
		buf__add(b, t->text, t->len);
	}
	return 0;
}

/* Items joined, once for each list. */
static int expand_list(struct expansion *x, uint32_t at)
{
	struct def_list *l = &x->rs->lists[at];
	struct list_text *t = &x->texts->p[at];
	struct buf b = { 0 };
	int r = 0;

	if (t->text)
		return 0;
	if (x->depth++ == MAX_NESTING)
		return rules__error(x->rs, LOAD_ERR_VALIDATE, l->ctx,
				    "Lists are nested more than %u deep", MAX_NESTING);
	l->open = true;
	for (uint32_t i = 0; i < l->n_items && !r; i++) {
		r = expand_item(x, l, l->items[i], &b);
		if (!r && b.len > MAX_TEXT)
			r = too_long(x, l);
	}
	l->open = false;
	x->depth--;
	x->texts->bytes += b.len;
	if (!r && x->texts->bytes > MAX_TEXTS)
		r = too_long(x, l);
	if (!r) {
		t->text = arena__strndup(&x->rs->build, (char *)b.p, b.len);
		t->len = (uint32_t)b.len;
	}
	buf__done(&b);
	return r;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_delimiter(char c)
{
	static const bool is[256] = {
		[' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, ['('] = true, [')'] = true, [','] = true,
		['='] = true,
	};

	return is[(uint8_t)c];
}

/*
 * Which words a text may hold: a bit for each word's hash. Most lists are in few conditions, and
 * looking for each of them would take longer than all the rest of loading.
 */
struct words {
	uint64_t bits[64];
};

static uint32_t word_hash(const char *p, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)p[i]) * 16777619u;
	return h;
}

static uint32_t word_bit(uint32_t hash)
{
	return (hash ^ hash >> 16) & 4095;
}

/* Of all texts: two bits of so many that few other words have both. */
static void note_word(struct list_texts *all, uint32_t hash)
{
	all->words[(hash & 0xffff) >> 6] |= 1ull << (hash & 63);
	all->words[hash >> 22] |= 1ull << (hash >> 16 & 63);
}

static bool is_noted(const struct list_texts *all, uint32_t hash)
{
	return all->words[(hash & 0xffff) >> 6] >> (hash & 63) & 1 && all->words[hash >> 22] >> (hash >> 16 & 63) & 1;
}

static void words__add(struct words *w, struct list_texts *all, const char *text, size_t len)
{
	for (size_t at = 0, from = 0; at <= len; at++) {
		uint32_t hash, bit;

		if (at < len && !is_delimiter(text[at]))
			continue;
		hash = word_hash(text + from, at - from);
		bit = word_bit(hash);
		w->bits[bit >> 6] |= 1ull << (bit & 63);
		note_word(all, hash);
		from = at + 1;
	}
}

/* Those of a list's text, worked out when it is first put in. */
static void words__add_list(struct words *w, struct eng_ruleset *rs, struct list_text *l)
{
	if (!l->words) {
		l->words = arena__zalloc(&rs->build, sizeof(*l->words));
		words__add(l->words, &rs->texts, l->text, l->len);
	}
	for (unsigned i = 0; i < 64; i++)
		w->bits[i] |= l->words->bits[i];
}

static bool has_delimiter(const struct list_text *l)
{
	for (uint32_t i = 0; i < l->name_len; i++)
		if (is_delimiter(l->name[i]))
			return true;
	return false;
}

int lists__expand(struct eng_ruleset *rs)
{
	struct list_texts *t = &rs->texts;
	struct expansion x = { .rs = rs, .texts = t };
	uint32_t first = t->n, n = rs->list_names.n;
	int r = 0;

	t->p = xgrow(t->p, &t->cap, n, sizeof(*t->p));
	t->n = n;
	for (uint32_t i = first; i < n; i++) {
		struct def_list *l = &rs->lists[i];

		l->used = l->open = false;
		t->p[i] = (struct list_text){ .name = l->name, .name_len = (uint32_t)strlen(l->name) };
		t->p[i].hash = word_hash(l->name, t->p[i].name_len);
		t->p[i].many_words = has_delimiter(&t->p[i]);
	}
	for (uint32_t i = first; i < n && !r; i++)
		r = expand_list(&x, i);
	return r;
}

static bool is_whole(const char *text, size_t len, size_t at, size_t name_len)
{
	return (!at || is_delimiter(text[at - 1])) && (at + name_len >= len ||
						       is_delimiter(text[at + name_len]));
}

/*
 * Put the list's items at the end of out; blanks on both sides of the name go, one takes their
 * place.
 */
static size_t put_list(const struct list_text *l, const char *text, size_t len, size_t end,
		       struct buf *out)
{
	bool first;

	while (out->len && is_blank((char)out->p[out->len - 1]))
		out->len--;
	while (end < len && is_blank(text[end]))
		end++;
	/* an empty list takes one comma with it, the left one if there is one */
	if (!l->len) {
		if (out->len && out->p[out->len - 1] == ',')
			out->len--;
		else if (end < len && text[end] == ',')
			end++;
	}
	first = !out->len;
	if (!first)
		buf__puts(out, " ");
	buf__add(out, l->text, l->len);
	buf__puts(out, " ");
	/* the search goes on one byte later here: upstream's arithmetic */
	if (first && end < len)
		buf__add(out, &text[end++], 1);
	return end;
}

/* One list into the text. True if its name was there. */
static bool put_one(const struct list_text *l, const char *text, size_t len, struct buf *out)
{
	size_t done = 0, from = 0;
	bool used = false;
	const char *hit;

	while (l->name_len && from < len && (hit = memmem(text + from, len - from, l->name,
							  l->name_len))) {
		size_t at = (size_t)(hit - text);

		from = at + 1;
		if (!is_whole(text, len, at, l->name_len))
			continue;
		buf__add(out, text + done, at - done);
		done = from = put_list(l, text, len, at + l->name_len, out);
		used = true;
		if (out->len > MAX_TEXT)
			break;
	}
	if (used)
		buf__add(out, text + done, len - done);
	return used;
}

static bool words__may_have(const struct words *w, const struct list_text *l)
{
	uint32_t bit = word_bit(l->hash);

	return w->bits[bit >> 6] >> (bit & 63) & 1 || l->many_words;
}

static struct eng_text keep(struct arena *mem, const struct buf *b, const struct eng_text *before)
{
	if (before && before->len == b->len && !memcmp(before->p, b->p, b->len))
		return *before;
	return (struct eng_text){ arena__strndup(mem, (char *)b->p, b->len), (uint32_t)b->len };
}

int lists__substitute(struct eng_ruleset *rs, struct eng_text cond, const struct eng_text *before, struct eng_text *ret)
{
	struct list_texts *t = &rs->texts;
	struct buf a = { 0 }, b = { 0 };
	struct words words = { 0 };
	int r = 0;

	buf__add(&a, cond.p, cond.len);
	words__add(&words, t, cond.p, cond.len);
	for (uint32_t i = 0; i < t->n && !r; i++) {
		struct buf swap;

		b.len = 0;
		if (!words__may_have(&words, &t->p[i]) || !put_one(&t->p[i], (char *)a.p, a.len, &b))
			continue;
		words__add_list(&words, rs, &t->p[i]);
		rs->lists[i].used = true;
		swap = a;
		a = b;
		b = swap;
		if (a.len > MAX_TEXT)
			r = -FMT_E_LIMIT;
	}
	if (!r) {
		*ret = keep(&rs->build, &a, before);
		t->conds = xgrow(t->conds, &t->cap_conds, t->n_conds + 1, sizeof(*t->conds));
		t->conds[t->n_conds++] = *ret;
	}
	buf__done(&a);
	buf__done(&b);
	return r;
}

/* --- Lists that come later -------------------------------------------------------------------- */

static bool is_in(const char *name, size_t name_len, struct eng_text text)
{
	const char *end = text.p + text.len, *hit = text.p;

	for (; (hit = memmem(hit, (size_t)(end - hit), name, name_len)); hit++)
		if (is_whole(text.p, text.len, (size_t)(hit - text.p), name_len))
			return true;
	return false;
}

bool lists__change_texts(const struct eng_ruleset *rs)
{
	const struct list_texts *t = &rs->texts;

	for (uint32_t i = t->n; i < rs->list_names.n; i++) {
		const char *name = rs->lists[i].name;
		size_t len = strlen(name);

		if (!strpbrk(name, " \t\n\r(),=") && !is_noted(t, word_hash(name, len)))
			continue;
		for (uint32_t k = 0; k < t->n_conds; k++)
			if (is_in(name, len, t->conds[k]))
				return true;
	}
	return false;
}

void lists__forget(struct list_texts *t)
{
	t->n = t->n_conds = 0;
	t->bytes = 0;
	memset(t->words, 0, sizeof(t->words));
}

void lists__done(struct list_texts *t)
{
	free(t->p);
	free(t->conds);
}
