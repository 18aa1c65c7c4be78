// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/filter/match/match_utf8.h"
#include "engine/filter/match/regex_posix.h"

#define MAX_REPEAT 1000u
#define MAX_NEST 200u

struct tr {
	const uint8_t *p, *end;
	struct buf *out;
	struct err *err;
	size_t group[MAX_NEST];		/* where in out each open group begins */
	unsigned depth;
	size_t atom;			/* where in out the last thing begins that can be
					 * repeated */
	bool has_atom;
};

static int bad(struct tr *t, const char *what, const uint8_t *from, size_t n)
{
	return err__set(t->err, -FMT_E_SYNTAX, "invalid regex pattern: %s%s%.*s", what,
			n ? ": " : "",
			(int)n, n ? (const char *)from : "");
}

static void begin_atom(struct tr *t)
{
	t->atom = t->out->len;
	t->has_atom = true;
}

static void put_char(struct tr *t, uint32_t c)
{
	buf__printf(t->out, "\\x{%x}", c);
}

static int next_char(struct tr *t, uint32_t *ret)
{
	int n = utf8_step(t->p, t->end, ret);

	if (n < 0)
		return bad(t, "invalid UTF-8", NULL, 0);
	t->p += n;
	return 0;
}

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xHH or \x{H...}; the x has been taken. */
static int hex_escape(struct tr *t, const uint8_t *from, uint32_t *ret)
{
	bool braces = t->p < t->end && *t->p == '{';
	unsigned n = 0;

	*ret = 0;
	t->p += braces;
	for (; t->p < t->end && hex(*t->p) >= 0 && (braces || n < 2); n++) {
		*ret = *ret << 4 | (uint32_t)hex(*t->p++);
		if (*ret > 0x10ffff)
			goto wrong;
	}
	if (!n || (!braces && n < 2))
		goto wrong;
	if (braces && (t->p >= t->end || *t->p++ != '}'))
		goto wrong;
	return 0;
wrong:
	return bad(t, "invalid escape sequence", from, (size_t)(t->p - from));
}

/* After a backslash: one character. */
static int escape(struct tr *t, uint32_t *ret)
{
	static const char from[] = "afnrtv", to[] = "\a\f\n\r\t\v";
	const uint8_t *start = t->p - 1;
	const char *k;
	uint8_t c;

	if (t->p >= t->end)
		return bad(t, "trailing \\", NULL, 0);
	c = *t->p++;
	if (c == 'x')
		return hex_escape(t, start, ret);
	k = memchr(from, c, sizeof(from) - 1);
	if (k) {
		*ret = (uint32_t)to[k - from];
		return 0;
	}
	/* \1 to \7 alone would be a reference; with another octal digit it is a character */
	if (c == '0' || (c >= '1' && c <= '7' && t->p < t->end && *t->p >= '0' && *t->p <= '7')) {
		*ret = c - '0';
		for (unsigned i = 0; i < 2 && t->p < t->end && *t->p >= '0' && *t->p <= '7'; i++)
			*ret = *ret * 8 + (*t->p++ - '0');
		return 0;
	}
	if (c < 128 && (c == '_' || !((c >= '0' && c <= '9') ||
				      ((c | 32) >= 'a' && (c | 32) <= 'z')))) {
		*ret = c;
		return 0;
	}
	return bad(t, "invalid escape sequence", start, (size_t)(t->p - start));
}

/* --- [sets] ----------------------------------------------------------------------------------- */

static const struct { const char *name, *ranges; } classes[] = {
	{ "alnum", "09AZaz" }, { "alpha", "AZaz" }, { "ascii", NULL }, { "blank", "\t\t  " },
	{ "cntrl", NULL }, { "digit", "09" }, { "graph", "!~" }, { "lower", "az" },
	{ "print", " ~" },
	{ "punct", "!/:@[`{~" }, { "space", "\t\r  " }, { "upper", "AZ" }, { "word", "09AZaz__" },
	{ "xdigit", "09AFaf" },
};

static void put_range(struct tr *t, uint32_t lo, uint32_t hi)
{
	put_char(t, lo);
	if (hi > lo) {
		buf__puts(t->out, "-");
		put_char(t, hi);
	}
}

static void put_class(struct tr *t, const uint8_t *bounds, unsigned n, bool negated)
{
	uint32_t from = 0;

	for (unsigned i = 0; i < n; i += 2) {	/* bounds are in order and do not touch */
		if (!negated)
			put_range(t, bounds[i], bounds[i + 1]);
		else if (bounds[i] > from)
			put_range(t, from, bounds[i] - 1u);
		from = bounds[i + 1] + 1u;
	}
	if (negated)
		put_range(t, from, 0x10ffff);
}

/* [:name:] or [:^name:]. 1: taken, 0: it is none, negative: no such class. */
static int named_class(struct tr *t)
{
	const uint8_t *name = t->p + 2, *q = name;
	bool negated;
	size_t n;

	while (q + 1 < t->end && (q[0] != ':' || q[1] != ']'))
		q++;
	if (q + 1 >= t->end)
		return 0;
	negated = name < q && *name == '^';
	name += negated;
	n = (size_t)(q - name);
	for (unsigned i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		const char *r = classes[i].ranges;

		if (strlen(classes[i].name) != n || memcmp(classes[i].name, name, n))
			continue;
		if (r)
			put_class(t, (const uint8_t *)r, (unsigned)strlen(r), negated);
		else if (classes[i].name[0] == 'a')
			put_class(t, (const uint8_t *)"\0\x7f", 2, negated);
		else
			put_class(t, (const uint8_t *)"\0\x1f\x7f\x7f", 4, negated);
		t->p = q + 2;
		return 1;
	}
	return bad(t, "invalid character class range", t->p, (size_t)(q + 2 - t->p));
}

static int set_char(struct tr *t, uint32_t *ret)
{
	if (t->p >= t->end)
		return bad(t, "missing ]", NULL, 0);
	if (*t->p == '\\') {
		t->p++;
		return escape(t, ret);
	}
	return next_char(t, ret);
}

static int set_range(struct tr *t)
{
	const uint8_t *from = t->p;
	uint32_t lo, hi;
	int r = set_char(t, &lo);

	if (r < 0)
		return r;
	hi = lo;
	if (t->end - t->p >= 2 && t->p[0] == '-' && t->p[1] != ']') {
		t->p++;
		r = set_char(t, &hi);
		if (r < 0)
			return r;
		if (hi < lo)
			return bad(t, "invalid character class range", from, (size_t)(t->p - from));
	}
	put_range(t, lo, hi);
	return 0;
}

/* The [ has been taken. */
static int set(struct tr *t)
{
	bool first = true;
	int r;

	begin_atom(t);
	buf__puts(t->out, "[");
	if (t->p < t->end && *t->p == '^') {
		buf__puts(t->out, "^");
		t->p++;
	}
	for (; t->p < t->end && (*t->p != ']' || first); first = false) {
		/* an unescaped '-' stands first or last */
		if (*t->p == '-' && !first && (t->end - t->p == 1 || t->p[1] != ']'))
			return bad(t, "invalid character class range", t->p, 1);
		if (t->end - t->p > 2 && t->p[0] == '[' && t->p[1] == ':') {
			r = named_class(t);
			if (r < 0)
				return r;
			if (r)
				continue;
		}
		r = set_range(t);
		if (r < 0)
			return r;
	}
	if (t->p >= t->end)
		return bad(t, "missing ]", NULL, 0);
	t->p++;
	buf__puts(t->out, "]");
	return 0;
}

/* --- Repetition and groups -------------------------------------------------------------------- */

/*
 * Put the last thing into a group of its own and repeat that: so nothing else is read into `how`.
 */
static int repeat(struct tr *t, const char *how, const uint8_t *from)
{
	static const char open[] = "(?:";
	size_t n = sizeof(open) - 1;

	if (!t->has_atom)
		return bad(t, "no argument for repetition operator", from, (size_t)(t->p - from));
	if (t->out->len > 65536)
		return bad(t, "pattern too large", NULL, 0);
	buf__reserve(t->out, n);
	memmove(t->out->p + t->atom + n, t->out->p + t->atom, t->out->len - t->atom);
	memcpy(t->out->p + t->atom, open, n);
	t->out->len += n;
	buf__printf(t->out, ")%s", how);
	return 0;
}

static bool number(const uint8_t **p, const uint8_t *end, uint32_t *ret)
{
	const uint8_t *from = *p;

	*ret = 0;
	while (*p < end && **p >= '0' && **p <= '9') {
		if (*ret < 100000000)
			*ret = *ret * 10 + (*(*p) - '0');
		++*p;
	}
	return *p > from;
}

/* {n}, {n,} or {n,m}; anything else is a brace like other characters. */
static int brace(struct tr *t)
{
	const uint8_t *from = t->p - 1, *p = t->p;
	uint32_t lo, hi;
	char how[40];

	if (!number(&p, t->end, &lo))
		goto literal;
	hi = lo;
	if (p < t->end && *p == ',') {
		p++;
		if (!number(&p, t->end, &hi))
			hi = UINT32_MAX;
	}
	if (p >= t->end || *p != '}')
		goto literal;
	t->p = p + 1;
	if (lo > MAX_REPEAT || (hi != UINT32_MAX && (hi > MAX_REPEAT || hi < lo)))
		return bad(t, "invalid repetition size", from, (size_t)(t->p - from));
	if (hi == UINT32_MAX)
		snprintf(how, sizeof(how), "{%u,}", lo);
	else
		snprintf(how, sizeof(how), "{%u,%u}", lo, hi);
	return repeat(t, how, from);
literal:
	begin_atom(t);
	put_char(t, '{');
	return 0;
}

static int open_group(struct tr *t)
{
	if (t->depth == MAX_NEST)
		return bad(t, "pattern is nested too deeply", NULL, 0);
	t->group[t->depth++] = t->out->len;
	t->has_atom = false;
	buf__puts(t->out, "(?:");
	return 0;
}

static int close_group(struct tr *t)
{
	if (!t->depth)
		return bad(t, "unexpected )", NULL, 0);
	buf__puts(t->out, ")");
	t->atom = t->group[--t->depth];
	t->has_atom = true;
	return 0;
}

static int step(struct tr *t)
{
	const uint8_t *from = t->p;
	char how[2] = { (char)*from, 0 };
	uint32_t c;
	int r;

	switch (*t->p) {
	case '(':
		t->p++;
		return open_group(t);
	case ')':
		t->p++;
		return close_group(t);
	case '|':
		t->p++;
		buf__puts(t->out, "|");
		t->has_atom = false;
		return 0;
	case '*':
	case '+':
	case '?':
		t->p++;
		return repeat(t, how, from);
	case '{':
		t->p++;
		return brace(t);
	case '[':
		t->p++;
		return set(t);
	case '.':
	case '^':
	case '$':
		t->p++;
		begin_atom(t);
		/* start of a line: nothing before it but a line feed; end of a line likewise */
		buf__puts(t->out,
			  *from == '.' ? "[^\\n]" : *from == '^' ? "(?<![^\\n])" : "(?![^\\n])");
		return 0;
	case '\\':
		t->p++;
		r = escape(t, &c);
		break;
	default:
		r = next_char(t, &c);
	}
	if (r < 0)
		return r;
	begin_atom(t);
	put_char(t, c);
	return 0;
}

int regex_posix__translate(const char *pattern, uint32_t len, struct buf *out, struct err *err)
{
	struct tr t = { .p = (const uint8_t *)pattern, .end = (const uint8_t *)pattern + len,
		       .out = out,
			.err = err };
	int r;

	while (t.p < t.end) {
		r = step(&t);
		if (r < 0)
			return r;
	}
	if (t.depth)
		return bad(&t, "missing )", NULL, 0);
	return 0;
}
