// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/base/err.h"
#include "format/codec/column.h"
#include "format/codec/layout.h"

/* */
int col_desc__get(struct cursor *c, unsigned index, struct col_desc *ret)
{
	struct col_desc d = { 0 };

	d.id = cursor__u8(c);
	d.part = cursor__u8(c);
	d.pred = cursor__u8(c);
	d.ref = cursor__u8(c);
	d.flags = cursor__u8(c);
	d.width = cursor__u8(c);
	d.mask = cursor__u8(c);
	d.base = col__unzigzag(cursor__varint(c));
	if (!c->bad && (d.pred >= PRED__N || d.flags & ~COL_FLAGS_KNOWN))
		return -FMT_E_VERSION;
	if (d.width > 8 || d.mask >> d.width || (d.flags & COL_CLASSES && d.width))
		return -FMT_E_CORRUPT;
	for (unsigned p = 0; p < d.width; p++)
		if (!(d.mask >> p & 1))
			d.fill[p] = cursor__u8(c);
	if (d.flags & COL_CLASSES) {
		uint64_t rest = cursor__varint(c);

		if (rest > LIMIT_SECTION_RAW)
			return -FMT_E_CORRUPT;
		d.rest = (uint32_t)rest;
	}
	if (c->bad || (pred__needs_ref(d.pred) ? d.ref >= index : d.ref != COL_REF_NONE))
		return -FMT_E_CORRUPT;
	*ret = d;
	return 0;
}

const uint8_t *col__nulls(const struct col_desc *d, const uint8_t *data, uint32_t n)
{
	return d->flags & COL_NULLS ? data + col_desc__size(d, n) - (n + 7) / 8 : NULL;
}

/* Rows worked on at a time, so that all passes over them stay in the first cache. */
#define BLOCK 512u

VECTORIZE static void widen(uint64_t *restrict out, const uint8_t *restrict p, unsigned shift, uint64_t fill,
		  uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] = fill | (uint64_t)p[k] << shift;
}

VECTORIZE static void widen2(uint64_t *restrict out, const uint8_t *restrict p, const uint8_t *restrict q,
		   unsigned shift, unsigned shift2, uint64_t fill, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] = fill | (uint64_t)p[k] << shift | (uint64_t)q[k] << shift2;
}

VECTORIZE static void merge(uint64_t *restrict out, const uint8_t *restrict p, unsigned shift, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] |= (uint64_t)p[k] << shift;
}

VECTORIZE static void unzigzag_all(uint64_t *out, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] = col__unzigzag(out[k]);
}

/* Where the stored planes are, and what the others give. */
struct planes {
	unsigned n;
	const uint8_t *p[8];
	unsigned shift[8];
	uint64_t fill;
};

static void find_planes(struct planes *pl, const struct col_desc *d, const uint8_t *data, uint32_t n)
{
	pl->n = 0;
	pl->fill = 0;
	for (unsigned p = 0; p < d->width; p++) {
		if (d->mask >> p & 1) {
			pl->p[pl->n] = data + (size_t)pl->n * n;
			pl->shift[pl->n++] = p * 8;
		} else {
			pl->fill |= (uint64_t)d->fill[p] << (p * 8);
		}
	}
}

/* Residuals of rows at .. at + n - 1. */
static void residuals(const struct planes *pl, uint32_t at, uint32_t n, uint64_t *out)
{
	switch (pl->n) {
	case 0:
		for (uint32_t k = 0; k < n; k++)
			out[k] = pl->fill;
		break;
	case 1:
		widen(out, pl->p[0] + at, pl->shift[0], pl->fill, n);
		break;
	default:
		widen2(out, pl->p[0] + at, pl->p[1] + at, pl->shift[0], pl->shift[1], pl->fill, n);
		for (unsigned j = 2; j < pl->n; j++)
			merge(out, pl->p[j] + at, pl->shift[j], n);
	}
}

/* The rests of a column of classes, as far as they are read. Behind their end there are zeros. */
struct rests {
	const uint8_t *p;
	size_t size;
	uint64_t bit;
};

static uint64_t rest_slowly(const struct rests *r, unsigned n)
{
	uint64_t v = 0;

	for (unsigned k = 0; k < n; k++) {
		uint64_t at = r->bit + k;

		if (at / 8 < r->size)
			v |= (uint64_t)(r->p[at / 8] >> (at % 8) & 1) << k;
	}
	return v;
}

/* Residuals of n rows from their classes. */
static void from_classes(const uint8_t *classes, uint32_t n, struct rests *r, uint64_t *out)
{
	for (uint32_t k = 0; k < n; k++) {
		unsigned rest = col_class__rest(classes[k]);
		uint64_t word;

		if (r->bit / 8 + 8 <= r->size && rest <= 56) {
			memcpy(&word, r->p + r->bit / 8, 8);
			word = word >> (r->bit % 8) & (((uint64_t)1 << rest) - 1);
		} else {
			word = rest_slowly(r, rest);
		}
		out[k] = col_class__start(classes[k]) | word;
		r->bit += rest;
	}
}

VECTORIZE static void add_base(uint64_t *out, uint64_t base, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] += base;
}

VECTORIZE static void add_col(uint64_t *restrict out, const uint64_t *restrict ref, uint64_t base, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] += ref[k] + base;
}

VECTORIZE static void add_cap(uint64_t *restrict out, const uint64_t *restrict ref, uint64_t base, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] += ref[k] < base ? ref[k] : base;
}

static uint64_t add_prev(uint64_t *out, uint64_t last, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] = last += out[k];
	return last;
}

static void add_last(uint64_t *restrict out, const uint64_t *restrict ref, uint64_t *restrict slots,
		     uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		uint64_t *s = &slots[ref[k] & (COL_LAST_SLOTS - 1)];

		out[k] = *s += out[k];
	}
}

VECTORIZE static void take_same(uint64_t *restrict out, const uint64_t *restrict ref, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] = out[k] ? col__unzigzag(out[k] - 1) : ref[k];
}

static uint64_t add_next(uint64_t *out, uint64_t top, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++) {
		uint64_t v = out[k] ? out[k] - 1 : top + 1;

		if (v > top)
			top = v;
		out[k] = v;
	}
	return top;
}

void col__decode(const struct col_desc *d, const uint8_t *data, uint32_t n, const uint64_t *ref,
		 uint64_t *work, uint64_t *out)
{
	struct rests rests = { .p = d->flags & COL_CLASSES ? data + n : NULL, .size = d->rest };
	uint64_t carry = d->base;
	struct planes pl;

	find_planes(&pl, d, data, n);
	if (d->pred == PRED_LAST)
		for (uint32_t k = 0; k < COL_LAST_SLOTS; k++)
			work[k] = d->base;
	for (uint32_t at = 0; at < n; at += BLOCK) {
		uint32_t m = n - at < BLOCK ? n - at : BLOCK;
		uint64_t *o = out + at;

		if (d->flags & COL_CLASSES)
			from_classes(data + at, m, &rests, o);
		else
			residuals(&pl, at, m, o);
		if (d->flags & COL_SIGNED)
			unzigzag_all(o, m);
		switch (d->pred) {
		case PRED_NONE:
			if (d->base)
				add_base(o, d->base, m);
			break;
		case PRED_PREV:
			carry = add_prev(o, carry, m);
			break;
		case PRED_COL:
			add_col(o, ref + at, d->base, m);
			break;
		case PRED_LAST:
			add_last(o, ref + at, work, m);
			break;
		case PRED_NEXT:
			carry = add_next(o, carry, m);
			break;
		case PRED_CAP:
			add_cap(o, ref + at, d->base, m);
			break;
		case PRED_SAME:
			take_same(o, ref + at, m);
			break;
		}
	}
}
