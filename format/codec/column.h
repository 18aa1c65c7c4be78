/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column - one column of numbers as bytes: a predictor, and what it missed in byte planes.
 *
 * A column of n numbers is stored as its description (struct col_desc, in the directory of a table)
 * and its data: one plane of n bytes for each byte of the residuals that is not the same in all rows,
 * the lowest first, then the bitmap of missing rows if there is one. Numbers are 64-bit and wrap.
 * Numbers whose low bits are noise, as times are, may instead have a class of one byte each, which says how large they
 * are, and what is left of them as a string of bits.
 * Spec: TRACE-FORMAT.md section 8. The encoder is deterministic; the decoder takes untrusted input.
 */
#ifndef FMT_COLUMN_H
#define FMT_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/base/alloc.h"
#include "format/base/cursor.h"
#include "format/base/vectorize.h"

/* What a value is expected to be; the residual is value - expectation. */
enum col_pred {
	PRED_NONE = 0,	/* base */
	PRED_PREV = 1,	/* the row before; base for the first row */
	PRED_COL = 2,	/* the same row of column `ref`, plus base */
	PRED_LAST = 3,	/* the last row whose low 12 bits of column `ref` were the same; base if none */
	PRED_NEXT = 4,	/* residual 0: one more than the highest so far (first: base); else value + 1 */
	PRED_CAP = 5,	/* the lesser (unsigned) of the same row of column `ref` and base */
	PRED_SAME = 6,	/* residual 0: the same row of column `ref`; else zigzag(value) + 1 */
	PRED__N
};

static inline bool pred__needs_ref(unsigned pred)
{
	return pred == PRED_COL || pred == PRED_LAST || pred == PRED_CAP || pred == PRED_SAME;
}

static inline uint64_t col__zigzag(uint64_t v)
{
	return v << 1 ^ (uint64_t)((int64_t)v >> 63);
}
static inline uint64_t col__unzigzag(uint64_t z)
{
	return z >> 1 ^ -(z & 1);
}
/* The value that PRED_SAME cannot say: its residual would be 0. */
#define COL_SAME_CANNOT ((uint64_t)1 << 63)

#define COL_SIGNED 0x01		/* residuals are zigzag: 0, -1, 1, -2 ... */
#define COL_NULLS 0x02		/* a bitmap of missing rows follows the planes */
#define COL_CLASSES 0x04	/* classes and rests instead of planes */
#define COL_FLAGS_KNOWN (COL_SIGNED | COL_NULLS | COL_CLASSES)

#define COL_REF_NONE 0xff
#define COL_LAST_SLOTS 4096u

struct col_desc {
	uint8_t id;		/* what the table says it is: parameter index, or a base column */
	uint8_t part;		/* enum col_part */
	uint8_t pred, ref;	/* ref: index of an earlier column of the table */
	uint8_t flags;
	uint8_t width;		/* bytes of the largest residual */
	uint8_t mask;		/* bit p: plane p is stored; clear: fill[p] in all rows */
	uint8_t fill[8];
	uint32_t rest;		/* COL_CLASSES: bytes of the rests */
	uint64_t base;
};

/*
 * The class of a residual has its length in bits and the two bits behind the first: below 8 it is the residual itself,
 * above there is a rest of so many bits.
 */
static inline unsigned col_class__rest(unsigned c)
{
	return c < 8 ? 0 : (c >> 2) - 1;
}
static inline uint64_t col_class__start(unsigned c)
{
	return c < 8 ? c : (uint64_t)(4 + c % 4) << ((c >> 2) - 1);
}
static inline unsigned col_class__of(uint64_t z)
{
	unsigned rest;

	if (z < 8)
		return (unsigned)z;
	rest = 61 - (unsigned)__builtin_clzll(z);
	return (rest + 1) << 2 | (z >> rest & 3);
}

/*
 * A parameter of numbers or strings has one column, COL_VALUE. One of bytes has three: how many were
 * kept (COL_VALUE), how many there were, and, without data, where in the payload the first row's begin (base).
 */
enum col_part { COL_VALUE = 0, COL_FULL = 1, COL_START = 2 };

/* Bytes of the data of a column of n rows. */
static inline size_t col_desc__size(const struct col_desc *d, uint32_t n)
{
	size_t data = d->flags & COL_CLASSES ? n + (size_t)d->rest : (size_t)__builtin_popcount(d->mask) * n;

	return data + (d->flags & COL_NULLS ? (n + 7) / 8 : 0);
}

/* Is it 0 in all rows, whatever stands in its data? */
static inline bool col__is_zero(const struct col_desc *d)
{
	return d->pred == PRED_NONE && !d->width && !(d->flags & COL_CLASSES) && !d->base;
}

/* Its numbers, if they are stored as they are and none is above 255; else NULL. */
static inline const uint8_t *col__bytes(const struct col_desc *d, const uint8_t *data)
{
	return d->pred == PRED_NONE && !d->flags && d->width == 1 && d->mask && !d->base ? data : NULL;
}

void col_desc__put(struct buf *out, const struct col_desc *d);
/* Read that of the `index`th column of a table. -FMT_E_CORRUPT, or -FMT_E_VERSION: coded in a way not known here. */
int col_desc__get(struct cursor *c, unsigned index, struct col_desc *ret);

/* Rows decoded at a time, so that all passes over them, and what becomes of them, stay in the first cache. */
#define COL_BLOCK 512u

/* Where the stored planes are, and what the others give. */
struct col_planes {
	unsigned n;
	const uint8_t *p[8];
	unsigned shift[8];
	uint64_t fill;
};
/* The rests of a column of classes, as far as they are read. Behind their end there are zeros. */
struct col_rests {
	const uint8_t *p;
	size_t size;
	uint64_t bit;
};

/* A column while it is decoded, in order. */
struct col_reader {
	const struct col_desc *d;
	const uint8_t *data;
	const uint64_t *ref;
	uint64_t *work, carry;
	uint32_t n, at;
	union {
		struct col_planes planes;
		struct col_rests rests;
	};
};
/*
 * A column of n values, borrowed: data has col_desc__size() bytes; ref is column d->ref, n values (NULL if the
 * predictor needs none); work has COL_LAST_SLOTS elements, for this column alone until it is read.
 */
void col_reader__init(struct col_reader *r, const struct col_desc *d, const uint8_t *data, uint32_t n,
		      const uint64_t *ref, uint64_t *work);
/*
 * The next values, COL_BLOCK of them or those that are left; how many. out may be written up to that rounded up to a
 * multiple of 64. Missing rows get a value too, of no meaning.
 */
uint32_t col_reader__next(struct col_reader *r, uint64_t *out);
/* All values at once. */
void col__decode(const struct col_desc *d, const uint8_t *data, uint32_t n, const uint64_t *ref,
		 uint64_t *work, uint64_t *out);
/* The bitmap of missing rows of such a column, or NULL. */
const uint8_t *col__nulls(const struct col_desc *d, const uint8_t *data, uint32_t n);

/*
 * Encode v[0..n-1] as pred/ref/base of d say, and COL_CLASSES of its flags; fills the rest of d and appends the data to
 * out.
 * null (or NULL) has a bit for each missing row; v of those rows is set to what the decoder will get.
 * z: room for n numbers. ref as for the decoder.
 */
void col__encode(struct col_desc *d, uint64_t *v, uint32_t n, const uint64_t *null,
		 const uint64_t *ref, uint64_t *work, uint64_t *z, struct buf *out);

#endif
