// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/audit/audit_uri.h"

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of the text, escapes resolved; *p moves on. */
static char next_byte(const char **p, const char *end)
{
	char c = *(*p)++;

	if (c == '+')
		return ' ';
	if (c == '%' && end - *p >= 2 && hex_of((*p)[0]) >= 0 && hex_of((*p)[1]) >= 0) {
		c = (char)(hex_of((*p)[0]) << 4 | hex_of((*p)[1]));
		*p += 2;
	}
	return c;
}

static bool is_name(const char *p, const char *end, const char *name)
{
	while (p < end && *name)
		if (next_byte(&p, end) != *name++)
			return false;
	return p == end && !*name;
}

const char *audit_uri__next(const char *uri, size_t len, size_t *at, const char *name, struct arena *mem, uint32_t *ret_len)
{
	const char *end = uri + len, *p = *at ? uri + *at : memchr(uri, '?', len), *amp, *eq;
	char *out;
	uint32_t n = 0;

	for (p = p ? p + 1 : end; p < end; p = amp + 1) {
		amp = memchr(p, '&', (size_t)(end - p));
		amp = amp ? amp : end;
		eq = memchr(p, '=', (size_t)(amp - p));
		eq = eq ? eq : amp;
		if (!is_name(p, eq, name))
			continue;
		out = arena__alloc(mem, (size_t)(amp - eq) + 1);
		for (p = eq < amp ? eq + 1 : amp; p < amp;)
			out[n++] = next_byte(&p, amp);
		out[n] = '\0';
		*ret_len = n;
		*at = (size_t)(amp - uri);
		return out;
	}
	return NULL;
}

const char *audit_uri__param(const char *uri, size_t len, const char *name, struct arena *mem, uint32_t *ret_len)
{
	size_t at = 0;

	return audit_uri__next(uri, len, &at, name, mem, ret_len);
}
