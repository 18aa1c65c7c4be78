// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/base/log.h"

static void (*die_hook)(void);

void alloc__on_die(void (*hook)(void))
{
	die_hook = hook;
}

static void *checked(void *p, size_t n)
{
	if (p || !n)
		return p;
	if (die_hook)
		die_hook();
	fprintf(stderr, "%s: out of memory (asked for %zu bytes)\n", log__tool_name(), n);
	_Exit(1);
}

void *xmalloc(size_t n)
{
	return checked(malloc(n ? n : 1), n);
}

void *xcalloc(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1), n * size);
}

void *xrealloc(void *p, size_t n)
{
	return checked(realloc(p, n ? n : 1), n);
}

char *xstrdup(const char *s)
{
	return xmemdup0(s, strlen(s));
}

char *xmemdup0(const void *p, size_t n)
{
	char *s = xmalloc(n + 1);

	if (n)
		memcpy(s, p, n);
	s[n] = 0;
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = checked(NULL, 1);
	va_end(ap);
	return s;
}

void *xgrow(void *p, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap ? *cap : 16;

	if (need <= *cap)
		return p;
	while (n < need)
		n *= 2;
	if (n > SIZE_MAX / size)
		checked(NULL, SIZE_MAX);
	*cap = n;
	return xrealloc(p, n * size);
}

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	_Alignas(8) uint8_t data[];
};

#define ARENA_BLOCK 65536u

void *arena__alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->head;
	size_t need = (n + 7) & ~(size_t)7;

	if (need < n)
		return checked(NULL, n);
	if (!b || b->size - b->used < need) {
		size_t size = b && b->size * 2 < (16u << 20) ? b->size * 2 : ARENA_BLOCK;

		if (size < need)
			size = need;
		b = xmalloc(sizeof(*b) + size);
		b->size = size;
		b->used = 0;
		b->next = a->head;
		a->head = b;
	}
	b->used += need;
	a->used += need;
	return b->data + b->used - need;
}

void *arena__zalloc(struct arena *a, size_t n)
{
	void *p = arena__alloc(a, n);

	memset(p, 0, n);
	return p;
}

char *arena__strndup(struct arena *a, const char *s, size_t n)
{
	char *d = arena__alloc(a, n + 1);

	if (n)
		memcpy(d, s, n);
	d[n] = 0;
	return d;
}

void arena__reset(struct arena *a)
{
	struct arena_block *keep = a->head, *b, *next;

	for (b = a->head; b; b = b->next)
		if (b->size > keep->size)
			keep = b;
	for (b = a->head; b; b = next) {
		next = b->next;
		if (b != keep)
			free(b);
	}
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
	}
	a->head = keep;
	a->used = 0;
}

void arena__done(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->head; b; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
	a->used = 0;
}

void buf__reserve(struct buf *b, size_t more)
{
	b->p = xgrow(b->p, &b->cap, b->len + more, 1);
}

void buf__add(struct buf *b, const void *p, size_t n)
{
	if (!n)
		return;
	buf__reserve(b, n);
	memcpy(b->p + b->len, p, n);
	b->len += n;
}

void buf__puts(struct buf *b, const char *s)
{
	buf__add(b, s, strlen(s));
}

void buf__printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	buf__reserve(b, 128);
	n = vsnprintf((char *)b->p + b->len, b->cap - b->len, fmt, ap);
	if (n >= 0 && (size_t)n >= b->cap - b->len) {
		buf__reserve(b, (size_t)n + 1);
		n = vsnprintf((char *)b->p + b->len, b->cap - b->len, fmt, again);
	}
	if (n > 0)
		b->len += (size_t)n;
	va_end(again);
	va_end(ap);
}

void buf__u8(struct buf *b, uint8_t v)
{
	buf__add(b, &v, 1);
}

void buf__le16(struct buf *b, uint16_t v)
{
	buf__add(b, &v, 2);
}

void buf__le32(struct buf *b, uint32_t v)
{
	buf__add(b, &v, 4);
}

void buf__le64(struct buf *b, uint64_t v)
{
	buf__add(b, &v, 8);
}

void buf__varint(struct buf *b, uint64_t v)
{
	uint8_t t[10];
	size_t n = 0;

	for (; v >= 128; v >>= 7)
		t[n++] = (uint8_t)(v | 128);
	t[n++] = (uint8_t)v;
	buf__add(b, t, n);
}

void buf__done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ 0 };
}
