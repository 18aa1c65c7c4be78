// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <string.h>

#include "format/jsonl/json_in.h"

#define MAX_DEPTH 32u

bool json_str__is(const struct json_str *s, const char *text)
{
	return s->n == strlen(text) && !memcmp(s->p, text, s->n);
}

bool json_in__fail(struct json_in *j, const char *what)
{
	if (!j->bad)
		j->bad = what;
	j->p = j->end;
	return false;
}

char json_in__peek(struct json_in *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\r' || *j->p == '\n'))
		j->p++;
	return j->p < j->end ? *j->p : '\0';
}

bool json_in__byte(struct json_in *j, char c)
{
	if (json_in__peek(j) != c || j->p == j->end)
		return json_in__fail(j, "a character is missing");
	j->p++;
	return true;
}

static bool hex4(struct json_in *j, uint32_t *ret)
{
	uint32_t v = 0;

	if (j->end - j->p < 4)
		return json_in__fail(j, "the line ends within an escape");
	for (unsigned k = 0; k < 4; k++) {
		char c = *j->p++;

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v |= (uint32_t)((c | 32) - 'a' + 10);
		else
			return json_in__fail(j, "\\u without four hexadecimal digits");
	}
	*ret = v;
	return true;
}

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf__u8(b, (uint8_t)c);
	} else if (c < 0x800) {
		buf__u8(b, (uint8_t)(0xc0 | c >> 6));
		buf__u8(b, (uint8_t)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		buf__u8(b, (uint8_t)(0xe0 | c >> 12));
		buf__u8(b, (uint8_t)(0x80 | (c >> 6 & 63)));
		buf__u8(b, (uint8_t)(0x80 | (c & 63)));
	} else {
		buf__u8(b, (uint8_t)(0xf0 | c >> 18));
		buf__u8(b, (uint8_t)(0x80 | (c >> 12 & 63)));
		buf__u8(b, (uint8_t)(0x80 | (c >> 6 & 63)));
		buf__u8(b, (uint8_t)(0x80 | (c & 63)));
	}
}

/* Behind "\u": one code point, which may take two escapes. */
static bool unicode(struct json_in *j)
{
	uint32_t c, low;

	if (!hex4(j, &c))
		return false;
	if (c >= 0xdc00 && c <= 0xdfff)
		return json_in__fail(j, "half a surrogate pair");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (j->end - j->p < 6 || j->p[0] != '\\' || j->p[1] != 'u')
			return json_in__fail(j, "half a surrogate pair");
		j->p += 2;
		if (!hex4(j, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return json_in__fail(j, "half a surrogate pair");
		c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
	}
	put_utf8(j->scratch, c);
	return true;
}

static bool escape(struct json_in *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	char c;

	if (j->p == j->end)
		return json_in__fail(j, "the line ends within a string");
	c = *j->p++;
	if (c == 'u')
		return unicode(j);
	at = c ? strchr(from, c) : NULL;
	if (!at)
		return json_in__fail(j, "an unknown escape");
	buf__u8(j->scratch, (uint8_t)to[at - from]);
	return true;
}

/* The end of what needs no escape; NULL if the line ends first. */
static const char *plain_end(struct json_in *j)
{
	const char *p = j->p;

	while (p < j->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	if (p == j->end) {
		json_in__fail(j, "the line ends within a string");
		return NULL;
	}
	if ((unsigned char)*p < 0x20) {
		json_in__fail(j, "a control character in a string");
		return NULL;
	}
	return p;
}

bool json_in__string(struct json_in *j, struct json_str *ret)
{
	const char *end;
	size_t at;

	if (json_in__peek(j) != '"')
		return json_in__fail(j, "a string is missing");
	j->p++;
	end = plain_end(j);
	if (!end)
		return false;
	if (*end == '"') {
		*ret = (struct json_str){ j->p, (size_t)(end - j->p) };
		j->p = end + 1;
		return true;
	}
	at = j->scratch->len;
	for (;;) {
		buf__add(j->scratch, j->p, (size_t)(end - j->p));
		j->p = end + 1;
		if (*end == '"')
			break;
		if (!escape(j))
			return false;
		end = plain_end(j);
		if (!end)
			return false;
	}
	*ret = (struct json_str){ (const char *)j->scratch->p + at, j->scratch->len - at };
	return true;
}

bool json_in__int(struct json_in *j, uint64_t *ret)
{
	bool minus = json_in__peek(j) == '-';
	uint64_t v = 0;
	const char *from;

	j->p += minus;
	from = j->p;
	for (; j->p < j->end && *j->p >= '0' && *j->p <= '9'; j->p++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*j->p - '0'), &v))
			return json_in__fail(j, "a number of more than 64 bits");
	if (j->p == from || (j->p < j->end && (*j->p == '.' || *j->p == 'e' || *j->p == 'E')))
		return json_in__fail(j, "a whole number is missing");
	if (minus && v > (uint64_t)1 << 63)
		return json_in__fail(j, "a number of more than 64 bits");
	*ret = minus ? -v : v;
	return true;
}

bool json_in__max(struct json_in *j, uint64_t max, uint64_t *ret)
{
	return json_in__int(j, ret) && (*ret <= max || json_in__fail(j, "a number is too large"));
}

char json_in__word(struct json_in *j)
{
	static const char *const words[] = { "true", "false", "null" };

	json_in__peek(j);
	for (unsigned k = 0; k < 3; k++) {
		size_t n = strlen(words[k]);

		if ((size_t)(j->end - j->p) >= n && !memcmp(j->p, words[k], n)) {
			j->p += n;
			return words[k][0];
		}
	}
	json_in__fail(j, "a value is missing");
	return 0;
}

static bool skip_number(struct json_in *j)
{
	const char *from = j->p;

	while (j->p < j->end && ((*j->p >= '0' && *j->p <= '9') || (*j->p && strchr("+-.eE", *j->p))))
		j->p++;
	return j->p > from || json_in__fail(j, "a value is missing");
}

/* Without looking at escapes: they are looked at when the string is used. */
static bool skip_string(struct json_in *j)
{
	for (j->p++;;) {
		const char *end = plain_end(j);

		if (!end)
			return false;
		j->p = end + 1;
		if (*end == '"')
			return true;
		if (j->p == j->end)
			return json_in__fail(j, "the line ends within a string");
		j->p++;
	}
}

static bool skip_at(struct json_in *j, unsigned depth)
{
	struct json_str key;
	bool first = true;

	if (depth > MAX_DEPTH)
		return json_in__fail(j, "too many brackets within each other");
	switch (json_in__peek(j)) {
	case '"':
		return skip_string(j);
	case '{':
		while (json_in__member(j, &first, &key))
			if (!skip_at(j, depth + 1))
				return false;
		return !j->bad;
	case '[':
		while (json_in__item(j, &first))
			if (!skip_at(j, depth + 1))
				return false;
		return !j->bad;
	case 't':
	case 'f':
	case 'n':
		return json_in__word(j);
	default:
		return skip_number(j);
	}
}

bool json_in__skip(struct json_in *j)
{
	return skip_at(j, 0);
}

/* The opening bracket, or the comma before what is not the first; false at the closing one. */
static bool next_of(struct json_in *j, bool *first, char open, char close)
{
	if (*first) {
		*first = false;
		if (!json_in__byte(j, open))
			return false;
		if (json_in__peek(j) != close)
			return true;
		j->p++;
		return false;
	}
	if (json_in__peek(j) == close) {
		j->p++;
		return false;
	}
	return json_in__byte(j, ',');
}

bool json_in__member(struct json_in *j, bool *first, struct json_str *key)
{
	return next_of(j, first, '{', '}') && json_in__string(j, key) && json_in__byte(j, ':');
}

bool json_in__item(struct json_in *j, bool *first)
{
	return next_of(j, first, '[', ']');
}
