// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/filter/match/match.h"
#include "engine/filter/match/regex_need.h"
#include "format/base/alloc.h"

#define MAX_NEST 32u

/* Words of which one is needed. n == 0: nothing is known. */
struct words {
	struct regex_word w[NEED_WORDS];
	uint32_t n;
};

/* The best sets of one concatenation. */
struct needs {
	struct words set[NEED_SETS];
	uint32_t n;
};

struct reader {
	const char *p, *end;
	char *text;			/* words go there */
	uint32_t used, cap;
	unsigned depth;
	bool lost;			/* something is not understood: nothing is needed */
};

static uint32_t shortest(const struct words *s)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < s->n; i++)
		least = s->w[i].len < least ? s->w[i].len : least;
	return least;
}

/* How much a set is worth: long words, few of them. */
static int worth(const struct words *s)
{
	return s->n ? (int)(shortest(s) < 8 ? shortest(s) : 8) * 8 - (int)s->n : -1000;
}

/* Keep a set if it is among the best. */
static void keep(struct needs *n, const struct words *s)
{
	uint32_t worst = 0;

	if (!s->n)
		return;
	if (n->n < NEED_SETS) {
		n->set[n->n++] = *s;
		return;
	}
	for (uint32_t i = 1; i < NEED_SETS; i++)
		if (worth(&n->set[i]) < worth(&n->set[worst]))
			worst = i;
	if (worth(s) > worth(&n->set[worst]))
		n->set[worst] = *s;
}

static const struct words *best(const struct needs *n)
{
	const struct words *b = NULL;

	for (uint32_t i = 0; i < n->n; i++)
		if (!b || worth(&n->set[i]) > worth(b))
			b = &n->set[i];
	return b;
}

/* How often the last thing comes at least; steps over the operator. More than one operator is not understood. */
static uint32_t least_times(struct reader *r, bool *ret_repeated)
{
	uint32_t n = 1;

	*ret_repeated = true;
	if (r->p >= r->end || !strchr("*+?{", *r->p)) {
		*ret_repeated = false;
		return 1;
	}
	if (*r->p == '{') {
		const char *digits = ++r->p;

		n = (uint32_t)strtoul(digits, NULL, 10);
		while (r->p < r->end && ((*r->p >= '0' && *r->p <= '9') || (*r->p == ',' && r->p > digits)))
			r->p++;
		/* else a brace like other characters */
		r->lost |= r->p == digits || r->p >= r->end || *r->p != '}';
	} else if (*r->p != '+') {
		n = 0;
	}
	r->p++;
	r->lost |= r->p < r->end && strchr("*+?{", *r->p);
	return n;
}

/* The byte that a set of one stands for, or 0; steps over the set. */
static char read_set(struct reader *r)
{
	const char *p = r->p + 1;
	bool negated = p < r->end && *p == '^';
	char one;

	p += negated;
	one = p < r->end ? *p : 0;
	if (p + 1 < r->end && p[1] == ']' && one != '\\' && !negated) {
		r->p = p + 2;
		return (signed char)one > 0 ? one : 0;
	}
	/* a bracket that comes first is a member */
	for (p += p < r->end && *p == ']'; p < r->end && *p != ']'; p++) {
		if (*p == '\\') {
			p++;
		} else if (*p == '[' && p + 1 < r->end && p[1] == ':') {
			while (p < r->end && !(*p == ':' && p[1] == ']' && p[-1] != '['))
				p++;
			p++;
		}
	}
	r->lost |= p >= r->end;
	r->p = p + 1;
	return 0;
}

/* One byte or set: the byte that must be there, or 0. */
static char read_one(struct reader *r)
{
	char c = *r->p;

	if (c == '[')
		return read_set(r);
	if (c == '\\') {
		/* escaped punctuation is itself; letters and digits have meanings */
		c = r->p + 1 < r->end ? r->p[1] : 0;
		r->p += 2;
		r->lost |= !c || (c & 0x80) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			   (c >= 'A' && c <= 'Z');
		return c;
	}
	r->p++;
	return c == '.' || c == '^' || c == '$' || (signed char)c <= 0 ? 0 : c;
}

static void alternatives(struct reader *r, struct words *ret);

static void group(struct reader *r, struct needs *n)
{
	struct words inner = { .n = 0 };
	bool repeated;

	r->p++;
	r->lost |= ++r->depth > MAX_NEST || (r->p < r->end && *r->p == '?');
	if (!r->lost)
		alternatives(r, &inner);
	r->depth--;
	r->lost |= r->p >= r->end || *r->p != ')';
	r->p++;
	if (!r->lost && least_times(r, &repeated))
		keep(n, &inner);
}

static void end_run(struct reader *r, struct needs *n, uint32_t *from)
{
	struct words s = { .w = { { r->text + *from, r->used - *from, 0 } }, .n = r->used > *from };

	keep(n, &s);
	*from = r->used;
}

/* Up to '|', ')' or the end. */
static void concatenation(struct reader *r, struct needs *n)
{
	uint32_t from = r->used;

	while (!r->lost && r->p < r->end && *r->p != '|' && *r->p != ')') {
		bool repeated;
		uint32_t times;
		char c;

		if (*r->p == '(') {
			end_run(r, n, &from);
			group(r, n);
			from = r->used;
			continue;
		}
		c = read_one(r);
		times = r->lost ? 0 : least_times(r, &repeated);
		if (c && times && r->used < r->cap)
			r->text[r->used++] = c;
		if (!c || !times || repeated)
			end_run(r, n, &from);
	}
	end_run(r, n, &from);
}

/* What each alternative needs most, together; nothing if one needs nothing. */
static void alternatives(struct reader *r, struct words *ret)
{
	bool all = true;

	ret->n = 0;
	for (;;) {
		struct needs n = { .n = 0 };
		const struct words *b;

		concatenation(r, &n);
		b = best(&n);
		all = all && b && ret->n + b->n <= NEED_WORDS;
		for (uint32_t i = 0; all && i < b->n; i++)
			ret->w[ret->n++] = b->w[i];
		if (r->lost || r->p >= r->end || *r->p != '|')
			break;
		r->p++;
	}
	if (!all)
		ret->n = 0;
}

void regex_need__find(struct regex_need *n, const char *pattern, uint32_t len)
{
	struct reader r = { .p = pattern, .end = pattern + len, .cap = len };
	struct needs top = { .n = 0 };
	struct words s;

	*n = (struct regex_need){ .text = xmalloc(len + 1) };
	r.text = n->text;
	concatenation(&r, &top);
	if (!r.lost && r.p < r.end && *r.p == '|') {
		/* alternatives at the top: one set of all */
		r.p = pattern;
		r.used = 0;
		top.n = 0;
		alternatives(&r, &s);
		keep(&top, &s);
	}
	if (r.lost || r.p != r.end)
		return;
	for (uint32_t i = 0; i < top.n; i++) {
		memcpy(n->set[i].word, top.set[i].w, sizeof(top.set[i].w));
		n->set[i].n = top.set[i].n;
		for (uint32_t k = 0; k < n->set[i].n; k++)
			n->set[i].word[k].rare = match_rarest(n->set[i].word[k].p, n->set[i].word[k].len);
	}
	n->n_sets = top.n;
}

void regex_need__done(struct regex_need *n)
{
	free(n->text);
}

bool regex_need__holds(const struct regex_need *n, const char *p, uint32_t len)
{
	for (uint32_t i = 0; i < n->n_sets; i++) {
		const struct regex_word *w = n->set[i].word;
		bool found = false;

		for (uint32_t k = 0; k < n->set[i].n && !found; k++)
			found = match_find(p, len, w[k].p, w[k].len, w[k].rare);
		if (!found)
			return false;
	}
	return true;
}
