// SPDX-License-Identifier: Apache-2.0
/*
 * Wildcards with the meaning of fnmatch(pattern, text, 0) in the C locale, whatever the locale of
 * the process: '*' and '?' match '/' and leading dots too. The pattern is turned into tokens once;
 * a star gives up one byte at a time and only the last star is gone back to, so the time is bounded
 * by pattern x text.
 */
#include <string.h>

#include "engine/filter/match/match.h"

enum tok_kind { TK_BYTE, TK_ANY, TK_SET, TK_STAR, TK_NEVER };

struct tok {
	uint8_t kind;			/* enum tok_kind */
	uint8_t byte;
	uint32_t set;			/* TK_SET: index */
};

struct byte_set {
	uint64_t bits[4];
};

struct match_glob {
	bool fold;
	uint32_t n, n_sets;
	struct tok *toks;
	struct byte_set *sets;
};

struct reader {
	const char *p;
	uint32_t len, at;
};

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static void set__add(struct byte_set *s, uint8_t c)
{
	s->bits[c >> 6] |= 1ull << (c & 63);
}

static bool set__has(const struct byte_set *s, uint8_t c)
{
	return s->bits[c >> 6] >> (c & 63) & 1;
}

static bool in_range(uint8_t c, uint8_t lo, uint8_t hi)
{
	return c >= lo && c <= hi;
}

static bool in_class(const char *name, uint8_t c)
{
	bool upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z'),
		digit = in_range(c, '0', '9');

	if (!strcmp(name, "alpha"))
		return upper || lower;
	if (!strcmp(name, "digit"))
		return digit;
	if (!strcmp(name, "alnum"))
		return upper || lower || digit;
	if (!strcmp(name, "upper"))
		return upper;
	if (!strcmp(name, "lower"))
		return lower;
	if (!strcmp(name, "space"))
		return c == ' ' || in_range(c, '\t', '\r');
	if (!strcmp(name, "blank"))
		return c == ' ' || c == '\t';
	if (!strcmp(name, "punct"))
		return in_range(c, 33, 126) && !upper && !lower && !digit;
	if (!strcmp(name, "print"))
		return in_range(c, 32, 126);
	if (!strcmp(name, "graph"))
		return in_range(c, 33, 126);
	if (!strcmp(name, "cntrl"))
		return c < 32 || c == 127;
	if (!strcmp(name, "xdigit"))
		return digit || in_range(c, 'a', 'f') || in_range(c, 'A', 'F');
	return false;
}

/* "[:name:]" at `at`. Bytes taken, 0: it is none. *bad: no such class, nothing can match. */
static uint32_t read_class(const struct reader *r, uint32_t at, struct byte_set *s, bool *bad)
{
	bool found = false;
	char name[8];
	uint32_t n = 0;

	while (at + 2 + n < r->len && n < sizeof(name) - 1 && r->p[at + 2 + n] >= 'a' &&
	       r->p[at + 2 + n] <= 'z') {
		name[n] = r->p[at + 2 + n];
		n++;
	}
	name[n] = 0;
	if (at + 3 + n >= r->len || r->p[at + 2 + n] != ':' || r->p[at + 3 + n] != ']')
		return 0;
	for (unsigned c = 0; c < 256; c++) {
		if (in_class(name, (uint8_t)c)) {
			set__add(s, (uint8_t)c);
			found = true;
		}
	}
	*bad |= !found;
	return n + 4;
}

/* One end of a range: a byte, \byte, or [.x.] and [=x=] of one byte. */
static bool read_end(const struct reader *r, uint32_t *at, uint8_t *ret)
{
	uint32_t i = *at;

	if (i >= r->len)
		return false;
	if (r->p[i] == '[' && i + 4 < r->len && (r->p[i + 1] == '.' || r->p[i + 1] == '=') &&
	    r->p[i + 3] == r->p[i + 1] && r->p[i + 4] == ']') {
		*ret = (uint8_t)r->p[i + 2];
		*at = i + 5;
		return true;
	}
	if (r->p[i] == '\\' && ++i >= r->len)
		return false;
	*ret = (uint8_t)r->p[i];
	*at = i + 1;
	return true;
}

/*
 * What stands in a set: classes take bytes as they are, bytes and ranges are folded at both ends.
 */
struct members {
	struct byte_set classes, bytes;
	bool fold, bad;
};

/* One element of a set: a class, a byte or a range. False: the set does not end. */
static bool read_element(const struct reader *r, uint32_t *at, struct members *m)
{
	uint8_t lo, hi;
	uint32_t took;

	if (r->p[*at] == '[' && *at + 1 < r->len && r->p[*at + 1] == ':') {
		took = read_class(r, *at, &m->classes, &m->bad);
		if (took) {
			*at += took;
			return true;
		}
	}
	if (!read_end(r, at, &lo))
		return false;
	hi = lo;
	if (*at + 1 < r->len && r->p[*at] == '-' && r->p[*at + 1] != ']') {
		++*at;
		if (!read_end(r, at, &hi))
			return false;
	}
	if (m->fold) {
		lo = fold(lo);
		hi = fold(hi);
	}
	for (unsigned c = lo; c <= hi; c++)
		set__add(&m->bytes, (uint8_t)c);
	return true;
}

/* A set after its '['. False: it has no end, the bracket is a byte like others. */
static bool read_set(struct reader *r, bool folding, struct byte_set *ret, bool *bad)
{
	uint32_t at = r->at, first;
	bool negated = at < r->len && (r->p[at] == '!' || r->p[at] == '^');
	struct members m = { .fold = folding };

	at += negated;
	for (first = at; at < r->len && (r->p[at] != ']' || at == first);)
		if (!read_element(r, &at, &m))
			return false;
	if (at >= r->len)
		return false;
	*ret = (struct byte_set){ 0 };
	for (unsigned i = 0; i < 256; i++) {
		uint8_t c = (uint8_t)i;

		if ((set__has(&m.classes, c) || set__has(&m.bytes,
							 folding ? fold(c) : c)) != negated)
			set__add(ret, c);
	}
	*bad = m.bad;
	r->at = at + 1;
	return true;
}

static struct tok read_tok(struct reader *r, struct match_glob *g)
{
	uint8_t c = (uint8_t)r->p[r->at++];
	bool bad;

	if (c == '*')
		return (struct tok){ .kind = TK_STAR };
	if (c == '?')
		return (struct tok){ .kind = TK_ANY };
	if (c == '[' && read_set(r, g->fold, &g->sets[g->n_sets], &bad))
		return (struct tok){ .kind = bad ? TK_NEVER : TK_SET, .set = g->n_sets++ };
	if (c == '\\') {
		if (r->at >= r->len)
			/* a backslash at the end matches nothing */
			return (struct tok){ .kind = TK_NEVER };
		c = (uint8_t)r->p[r->at++];
	}
	return (struct tok){ .kind = TK_BYTE, .byte = g->fold ? fold(c) : c };
}

struct match_glob *match_glob__new(const char *pattern, uint32_t len, bool fold_case,
				   struct arena *mem)
{
	struct reader r = { .p = pattern, .len = len };
	struct match_glob *g = arena__zalloc(mem, sizeof(*g));
	uint32_t brackets = 1;

	for (uint32_t i = 0; i < len; i++)
		brackets += pattern[i] == '[';
	g->fold = fold_case;
	g->toks = arena__alloc(mem, (len + 1) * sizeof(*g->toks));
	g->sets = arena__alloc(mem, brackets * sizeof(*g->sets));
	while (r.at < len) {
		struct tok t = read_tok(&r, g);

		if (t.kind != TK_STAR || !g->n || g->toks[g->n - 1].kind != TK_STAR)
			g->toks[g->n++] = t;
	}
	return g;
}

static bool tok__fits(const struct match_glob *g, const struct tok *t, uint8_t c)
{
	switch (t->kind) {
	case TK_BYTE:
		return t->byte == (g->fold ? fold(c) : c);
	case TK_ANY:
		return true;
	case TK_SET:
		return set__has(&g->sets[t->set], c);
	}
	return false;
}

bool match_glob(const struct match_glob *g, const char *p, uint32_t len)
{
	uint32_t i = 0, k = 0, star = UINT32_MAX, back = 0;

	while (i < len) {
		if (k < g->n && g->toks[k].kind == TK_STAR) {
			star = k++;
			back = i;
		} else if (k < g->n && tok__fits(g, &g->toks[k], (uint8_t)p[i])) {
			i++;
			k++;
		} else if (star != UINT32_MAX) {
			k = star + 1;
			i = ++back;
		} else {
			return false;
		}
	}
	while (k < g->n && g->toks[k].kind == TK_STAR)
		k++;
	return k == g->n;
}
