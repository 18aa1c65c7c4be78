// SPDX-License-Identifier: Apache-2.0
/*
 * Lists are put into conditions as text, before anything is parsed: every occurrence of a list's
 * name between delimiters, wherever it stands, becomes its items. So it is in Falco, and rules
 * depend on it.
 */
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
	buf__printf(b, quote ? "\"%s\"" : "%s", item);
}

struct expansion {
	struct eng_ruleset *rs;
	struct arena *mem;
	struct list_texts *texts;
	unsigned depth;
	size_t total;			/* bytes of all texts */
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
	x->total += b.len;
	if (!r && x->total > MAX_TEXTS)
		r = too_long(x, l);
	if (!r) {
		t->text = arena__strndup(x->mem, (char *)b.p, b.len);
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
	return is_blank(c) || c == '(' || c == ')' || c == ',' || c == '=';
}

/*
 * Which words a text may hold: a bit for each word's hash. Most lists are in few conditions, and
 * looking for each of them would take longer than all the rest of loading.
 */
struct words {
	uint64_t bits[64];
};

static uint32_t word_bit(const char *p, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)p[i]) * 16777619u;
	return (h ^ h >> 16) & 4095;
}

static void words__add(struct words *w, const char *text, size_t len)
{
	for (size_t at = 0, from = 0; at <= len; at++) {
		uint32_t bit;

		if (at < len && !is_delimiter(text[at]))
			continue;
		bit = word_bit(text + from, at - from);
		w->bits[bit >> 6] |= 1ull << (bit & 63);
		from = at + 1;
	}
}

static bool has_delimiter(const struct list_text *l)
{
	for (uint32_t i = 0; i < l->name_len; i++)
		if (is_delimiter(l->name[i]))
			return true;
	return false;
}

int lists__expand(struct eng_ruleset *rs, struct arena *mem, struct list_texts *ret)
{
	struct expansion x = { .rs = rs, .mem = mem, .texts = ret };
	uint32_t n = rs->list_names.n;
	int r = 0;

	ret->p = arena__zalloc(mem, n * sizeof(*ret->p));
	ret->n = n;
	for (uint32_t i = 0; i < n; i++) {
		struct def_list *l = &rs->lists[i];

		l->used = l->open = false;
		ret->p[i] = (struct list_text){ .name = l->name, .def = l,
						.name_len = (uint32_t)strlen(l->name) };
		ret->p[i].bit = word_bit(l->name, ret->p[i].name_len);
		ret->p[i].many_words = has_delimiter(&ret->p[i]);
	}
	for (uint32_t i = 0; i < n && !r; i++)
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
	return w->bits[l->bit >> 6] >> (l->bit & 63) & 1 || l->many_words;
}

int lists__substitute(const struct list_texts *lists, struct eng_text cond, struct arena *mem,
		      struct eng_text *ret)
{
	struct buf a = { 0 }, b = { 0 };
	struct words words = { 0 };
	int r = 0;

	buf__add(&a, cond.p, cond.len);
	words__add(&words, cond.p, cond.len);
	for (uint32_t i = 0; i < lists->n && !r; i++) {
		struct buf swap;

		b.len = 0;
		if (!words__may_have(&words, &lists->p[i]) ||
		    !put_one(&lists->p[i], (char *)a.p, a.len, &b))
			continue;
		words__add(&words, lists->p[i].text, lists->p[i].len);
		lists->p[i].def->used = true;
		swap = a;
		a = b;
		b = swap;
		if (a.len > MAX_TEXT)
			r = -FMT_E_LIMIT;
	}
	if (!r)
		*ret = (struct eng_text){ arena__strndup(mem, (char *)a.p, a.len),
					 (uint32_t)a.len };
	buf__done(&a);
	buf__done(&b);
	return r;
}
