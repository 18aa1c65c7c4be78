/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor - bounds-checked reading of untrusted bytes, little-endian.
 *
 * A read past the end sets `bad`, returns zeros and stays at the end: parse a whole structure, then
 * test `bad` once.
 */
#ifndef FMT_CURSOR_H
#define FMT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *p, *end, *start;
	bool bad;
};

static inline struct cursor cursor__of(const void *p, size_t n)
{
	const uint8_t *b = p;

	return (struct cursor){ .p = b, .end = n ? b + n : b, .start = b };	/* p may be NULL if n is 0 */
}

static inline size_t cursor__left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

/* n bytes in place (borrowed from the underlying memory), or NULL. */
static inline const uint8_t *cursor__take(struct cursor *c, size_t n)
{
	const uint8_t *p = c->p;

	if (n > cursor__left(c)) {
		c->bad = true;
		c->p = c->end;
		return NULL;
	}
	c->p += n;
	return p;
}

#define CURSOR_LE(bits)							\
static inline uint##bits##_t cursor__le##bits(struct cursor *c)	\
{									\
	const uint8_t *p = cursor__take(c, bits / 8);			\
	uint##bits##_t v = 0;						\
									\
	if (p)								\
		memcpy(&v, p, bits / 8);				\
	return v;							\
}
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "big-endian hosts are not supported"
#endif
CURSOR_LE(16)
CURSOR_LE(32)
CURSOR_LE(64)
#undef CURSOR_LE

static inline uint8_t cursor__u8(struct cursor *c)
{
	const uint8_t *p = cursor__take(c, 1);

	return p ? *p : 0;
}

/* Unsigned LEB128, at most 10 bytes; a longer one is bad. */
static inline uint64_t cursor__varint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned s = 0; s < 70; s += 7) {
		uint8_t b = cursor__u8(c);

		if (s < 64)
			v |= (uint64_t)(b & 127) << s;
		if (!(b & 128))
			return v;
	}
	c->bad = true;
	return 0;
}

#endif
