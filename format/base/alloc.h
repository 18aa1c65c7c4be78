/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc - allocation that either succeeds or ends the process with one message.
 *
 * Sizes that a file controls are capped by their reader before they come here. die hooks run
 * first (the inspector restores the terminal).
 */
#ifndef FMT_ALLOC_H
#define FMT_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xmemdup0(const void *p, size_t n);	/* copy of n bytes and a NUL */
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grow an array to hold at least `need` elements of `size` bytes (doubling); *cap is in elements. */
void *xgrow(void *p, size_t *cap, size_t need, size_t size);

/* Called before an abort for lack of memory. */
void alloc__on_die(void (*hook)(void));

/*
 * arena - memory given back all at once. Blocks grow; pointers stay valid until reset or done.
 */
struct arena {
	struct arena_block *head;
	size_t used;		/* bytes handed out since the last reset */
};
void *arena__alloc(struct arena *a, size_t n);		/* 8-byte aligned, not zeroed */
void *arena__zalloc(struct arena *a, size_t n);
char *arena__strndup(struct arena *a, const char *s, size_t n);
void arena__reset(struct arena *a);	/* keeps the largest block */
void arena__done(struct arena *a);

/*
 * buf - a growing byte buffer. Zero-initialise; buf__done frees.
 */
struct buf {
	uint8_t *p;
	size_t len, cap;
};
void buf__reserve(struct buf *b, size_t more);
void buf__add(struct buf *b, const void *p, size_t n);
void buf__puts(struct buf *b, const char *s);
void buf__printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf__u8(struct buf *b, uint8_t v);
void buf__le16(struct buf *b, uint16_t v);
void buf__le32(struct buf *b, uint32_t v);
void buf__le64(struct buf *b, uint64_t v);
void buf__varint(struct buf *b, uint64_t v);	/* unsigned LEB128 */
void buf__done(struct buf *b);

#endif
