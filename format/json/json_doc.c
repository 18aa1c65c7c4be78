// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/json/json_text.h"

/* Names of the objects that are open, to find those said twice. */
struct json_name { uint64_t hash; uint32_t node; };
#define FEW_NAMES 32u			/* so many are compared with each other, more are sorted */

struct parse {
	struct json_doc *d;
	const char *text, *p, *end;
	uint32_t open[JSON_DOC_DEPTH], names_from[JSON_DOC_DEPTH];
	unsigned depth;
};

#define BAD_FORM(x, what) fail(x, what, false)
#define BAD_VALUE(x, what) fail(x, what, true)

static int fail(struct parse *x, const char *what, bool value)
{
	x->d->bad = what;
	x->d->bad_at = (size_t)(x->p - x->text);
	x->d->bad_value = value;
	return JSON_BAD;
}

static inline void skip_blanks(struct parse *x)
{
	const char *p = x->p;

	while (p < x->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	x->d->blanks |= p != x->p && x->d->n;
	x->p = p;
}

static inline struct json_node *new_node(struct parse *x, enum json_kind kind)
{
	struct json_doc *d = x->d;
	struct json_node *n;

	if (d->n >= d->cap)
		d->nodes = xgrow(d->nodes, &d->cap, d->n + 1, sizeof(*d->nodes));
	n = &d->nodes[d->n++];
	n->at = (uint32_t)(x->p - x->text);
	n->next = d->n;
	n->kind = (uint8_t)kind;
	n->escaped = false;
	return n;
}

/* --- strings ----------------------------------------------------------------------------------------------- */

#define ONES 0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

/* Eight bytes none of which is a quote, a backslash, a control character or no ASCII. */
static inline bool plain8(const char *p)
{
	uint64_t w, quote, slash;

	memcpy(&w, p, 8);
	quote = w ^ ONES * '"';
	slash = w ^ ONES * '\\';
	return !((w | (w - ONES * 0x20) | (quote - ONES) | (slash - ONES)) & HIGHS);
}

/* Bytes of the UTF-8 sequence that p begins with, at most n; 0 if it is none. */
static unsigned utf8_len(const uint8_t *p, size_t n)
{
	unsigned len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;

	if (p[0] < 0xc2 || p[0] > 0xf4 || n < len)
		return 0;
	for (unsigned k = 1; k < len; k++)
		if ((p[k] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int escape(struct parse *x)
{
	size_t left = (size_t)(x->end - x->p);

	if (left < 2)
		return JSON_MORE;
	if (x->p[1] != 'u') {
		if (!x->p[1] || !strchr("\"\\/bfnrt", x->p[1]))
			return BAD_VALUE(x, "an unknown escape");
		x->p += 2;
		return JSON_OK;
	}
	for (unsigned k = 2; k < 6; k++) {
		if (k >= left)
			return JSON_MORE;
		if (hex_of(x->p[k]) < 0)
			return BAD_VALUE(x, "\\u without four hexadecimal digits");
	}
	x->p += 6;
	return JSON_OK;
}

/* Behind the opening quote; leaves behind the closing one. */
static int string(struct parse *x)
{
	struct json_node *n;
	bool escaped = false;
	int r;

	x->p++;
	n = new_node(x, JSON_STRING);
	for (;;) {
		unsigned char c;

		while (x->end - x->p >= 8 && plain8(x->p))
			x->p += 8;
		if (x->p == x->end)
			return JSON_MORE;
		c = (unsigned char)*x->p;
		if (c == '"')
			break;
		if (c == '\\') {
			escaped = true;
			r = escape(x);
			if (r)
				return r;
		} else if (c < 0x20) {
			return BAD_FORM(x, "a control character in a string");
		} else if (c < 0x80) {
			x->p++;
		} else {
			unsigned len = utf8_len((const uint8_t *)x->p, (size_t)(x->end - x->p));

			if (!len)
				return x->end - x->p < 4 && memchr(x->p, '"', (size_t)(x->end - x->p)) == NULL ? JSON_MORE :
				       BAD_VALUE(x, "a string that is not UTF-8");
			x->p += len;
		}
	}
	n->len = (uint32_t)(x->p - x->text) - n->at;
	n->escaped = escaped;
	x->p++;
	return JSON_OK;
}

/* One code point of a string's inside, as UTF-8 into out[4]; the bytes it takes there. *p moves on. */
static unsigned decode(const char **p, const char *end, char out[4])
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t c = 0, low = 0;

	if (**p != '\\') {
		out[0] = *(*p)++;
		return 1;
	}
	(*p)++;
	if (**p != 'u') {
		out[0] = to[strchr(from, *(*p)++) - from];
		return 1;
	}
	for (unsigned k = 1; k <= 4; k++)
		c = c << 4 | (uint32_t)hex_of((*p)[k]);
	*p += 5;
	if (c >= 0xd800 && c <= 0xdbff && end - *p >= 6 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		for (unsigned k = 2; k <= 5; k++)
			low = low << 4 | (uint32_t)hex_of((*p)[k]);
		if (low >= 0xdc00 && low <= 0xdfff) {
			c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
			*p += 6;
		}
	}
	if (c >= 0xd800 && c <= 0xdfff)
		c = 0xfffd;
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 63));
		out[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 63));
	out[2] = (char)(0x80 | (c >> 6 & 63));
	out[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* --- names ------------------------------------------------------------------------------------------------- */

static uint64_t name_hash(const struct json_doc *d, const struct json_node *n)
{
	const char *p = d->text + n->at, *end = p + n->len;
	uint64_t h = 0xcbf29ce484222325ull;
	char c[4];

	if (!n->escaped) {
		for (; p < end; p++)
			h = (h ^ (uint8_t)*p) * 0x100000001b3ull;
		return h;
	}
	while (p < end)
		for (unsigned k = 0, len = decode(&p, end, c); k < len; k++)
			h = (h ^ (uint8_t)c[k]) * 0x100000001b3ull;
	return h;
}

/* The bytes of a string, escapes resolved, one after the other. */
struct letters { const char *p, *end; char c[4]; unsigned n, i; };

static int next_byte(struct letters *l)
{
	if (l->i == l->n) {
		if (l->p >= l->end)
			return -1;
		l->n = decode(&l->p, l->end, l->c);
		l->i = 0;
	}
	return (uint8_t)l->c[l->i++];
}

/* Of names of one hash: it is no secret, so that others than equal ones can have it. */
static bool same_name(const struct json_doc *d, uint32_t a, uint32_t b)
{
	const struct json_node *x = &d->nodes[a], *y = &d->nodes[b];
	struct letters l = { .p = d->text + x->at, .end = d->text + x->at + x->len };
	struct letters r = { .p = d->text + y->at, .end = d->text + y->at + y->len };
	int c;

	while ((c = next_byte(&l)) == next_byte(&r))
		if (c < 0)
			return true;
	return false;
}

static bool add_name(struct parse *x, uint32_t node)
{
	struct json_doc *d = x->d;
	uint32_t from = x->names_from[x->depth - 1], n = d->n_names - from;
	uint64_t hash = name_hash(d, &d->nodes[node]);

	for (uint32_t i = 0; n < FEW_NAMES && i < n; i++)
		if (d->names[from + i].hash == hash && same_name(d, d->names[from + i].node, node))
			return false;
	if (d->n_names >= d->cap_names)
		d->names = xgrow(d->names, &d->cap_names, d->n_names + 1, sizeof(*d->names));
	d->names[d->n_names++] = (struct json_name){ hash, node };
	return true;
}

static int by_hash(const void *a, const void *b)
{
	const struct json_name *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Is name i of those in order of their hashes unlike those before it? So many of one hash are there only to cost time. */
static bool is_new_name(const struct json_doc *d, uint32_t from, uint32_t i)
{
	const struct json_name *names = d->names;

	for (uint32_t k = i; k > from && names[k - 1].hash == names[i].hash; k--)
		if (i - k >= FEW_NAMES || same_name(d, names[k - 1].node, names[i].node))
			return false;
	return true;
}

/* An object ends: of many names, is one there twice? */
static bool names_differ(struct parse *x)
{
	struct json_doc *d = x->d;
	uint32_t from = x->names_from[x->depth - 1], n = d->n_names - from;
	bool ok = true;

	if (n > FEW_NAMES) {
		qsort(d->names + from, n, sizeof(*d->names), by_hash);
		for (uint32_t i = 1; i < n && ok; i++)
			ok = is_new_name(d, from, from + i);
	}
	d->n_names = from;
	return ok;
}

/* --- values ------------------------------------------------------------------------------------------------ */

static inline bool is_digit(const struct parse *x)
{
	return x->p < x->end && *x->p >= '0' && *x->p <= '9';
}

static bool digits(struct parse *x)
{
	if (!is_digit(x))
		return false;
	while (is_digit(x))
		x->p++;
	return true;
}

static int number(struct parse *x)
{
	struct json_node *n = new_node(x, JSON_NUMBER);
	bool ok, zero;

	x->p += *x->p == '-';
	zero = x->p < x->end && *x->p == '0';
	if (zero)
		x->p++;
	ok = zero || digits(x);
	if (ok && x->p < x->end && *x->p == '.') {
		x->p++;
		ok = digits(x);
	}
	if (ok && x->p < x->end && (*x->p | 32) == 'e') {
		x->p++;
		x->p += x->p < x->end && (*x->p == '+' || *x->p == '-');
		ok = digits(x);
	}
	if (x->p == x->end)
		return JSON_MORE;
	if (!ok)
		return BAD_VALUE(x, "a value is missing, or a number is none");
	n->len = (uint32_t)(x->p - x->text) - n->at;
	return JSON_OK;
}

static int word(struct parse *x, const char *text, enum json_kind kind)
{
	size_t n = strlen(text), left = (size_t)(x->end - x->p);

	if (memcmp(x->p, text, n < left ? n : left))
		return BAD_VALUE(x, "a value is missing");
	if (left < n)
		return JSON_MORE;
	new_node(x, kind)->len = (uint32_t)n;
	x->p += n;
	return JSON_OK;
}

static int open_container(struct parse *x, enum json_kind kind)
{
	if (x->depth >= JSON_DOC_DEPTH)
		return BAD_VALUE(x, "too many brackets within each other");
	x->open[x->depth] = x->d->n;
	x->names_from[x->depth++] = x->d->n_names;
	new_node(x, kind);
	x->p++;
	return JSON_OK;
}

static int close_container(struct parse *x)
{
	struct json_node *n = &x->d->nodes[x->open[x->depth - 1]];

	if (n->kind == JSON_OBJECT && !names_differ(x))
		return BAD_VALUE(x, "a name is there twice in one object");
	x->p++;
	n->len = (uint32_t)(x->p - x->text) - n->at;
	n->next = x->d->n;
	x->depth--;
	return JSON_OK;
}

static int value(struct parse *x)
{
	if (x->d->n >= JSON_DOC_NODES)
		return BAD_VALUE(x, "too many values");
	switch (*x->p) {
	case '{':
		return open_container(x, JSON_OBJECT);
	case '[':
		return open_container(x, JSON_ARRAY);
	case '"':
		return string(x);
	case 't':
		return word(x, "true", JSON_TRUE);
	case 'f':
		return word(x, "false", JSON_FALSE);
	case 'n':
		return word(x, "null", JSON_NULL);
	default:
		return number(x);
	}
}

static int name(struct parse *x)
{
	uint32_t node = x->d->n;
	int r;

	if (*x->p != '"')
		return BAD_FORM(x, "a name is missing");
	r = string(x);
	if (r)
		return r;
	if (!add_name(x, node))
		return BAD_VALUE(x, "a name is there twice in one object");
	skip_blanks(x);
	if (x->p == x->end)
		return JSON_MORE;
	if (*x->p != ':')
		return BAD_FORM(x, "a colon is missing");
	x->p++;
	skip_blanks(x);
	return x->p == x->end ? JSON_MORE : JSON_OK;
}

/* One step: a closing bracket, or the next value of the innermost container. */
static int step(struct parse *x, bool *first)
{
	bool object = x->d->nodes[x->open[x->depth - 1]].kind == JSON_OBJECT;
	unsigned depth = x->depth;
	int r;

	skip_blanks(x);
	if (x->p == x->end)
		return JSON_MORE;
	if (*x->p == (object ? '}' : ']')) {
		*first = false;
		return close_container(x);
	}
	if (!*first) {
		if (*x->p != ',')
			return BAD_FORM(x, "a comma or a closing bracket is missing");
		x->p++;
		skip_blanks(x);
		if (x->p == x->end)
			return JSON_MORE;
	}
	r = object ? name(x) : JSON_OK;
	if (!r)
		r = value(x);
	*first = x->depth > depth;
	return r;
}

int json_doc__parse(struct json_doc *d, const char *text, size_t len)
{
	struct parse x;
	bool first = true;
	int r;

	x.d = d;
	x.text = x.p = text;
	x.end = text + len;
	x.depth = 0;
	d->text = text;
	d->n = d->n_names = 0;
	d->blanks = false;
	d->bad = NULL;
	if (len > UINT32_MAX / 2)
		return fail(&x, "too long", false);
	skip_blanks(&x);
	if (x.p == x.end)
		return JSON_MORE;
	r = value(&x);
	while (!r && x.depth)
		r = step(&x, &first);
	d->used = (size_t)(x.p - text);
	return r;
}

void json_doc__done(struct json_doc *d)
{
	free(d->nodes);
	free(d->names);
	*d = (struct json_doc){ 0 };
}

size_t json_doc__end(const char *text, size_t len)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted && (c == '\n' || c == '\0'))
			return 0;
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && (!depth || !--depth))
			return depth ? 0 : i + 1;
	}
	return 0;
}

/* --- texts ------------------------------------------------------------------------------------------------- */

bool json_text__is(const struct json_doc *d, const struct json_node *n, const char *text, size_t len)
{
	const char *p = d->text + n->at, *end = p + n->len;
	size_t at = 0;
	char c[4];

	if (!n->escaped)
		return n->len == len && !memcmp(p, text, len);
	while (p < end) {
		unsigned k = decode(&p, end, c);

		if (len - at < k || memcmp(text + at, c, k))
			return false;
		at += k;
	}
	return at == len;
}

size_t json_text__decode(const struct json_doc *d, const struct json_node *n, char *out)
{
	const char *p = d->text + n->at, *end = p + n->len;
	size_t at = 0;
	char c[4];

	while (p < end) {
		unsigned k = decode(&p, end, c);

		memcpy(out + at, c, k);
		at += k;
	}
	return at;
}
