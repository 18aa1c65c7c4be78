// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/codec/column.h"

void col_desc__put(struct buf *out, const struct col_desc *d)
{
	const uint8_t fixed[7] = { d->id, d->part, d->pred, d->ref, d->flags, d->width, d->mask };

	buf__add(out, fixed, sizeof(fixed));
	buf__varint(out, col__zigzag(d->base));
	for (unsigned p = 0; p < d->width; p++)
		if (!(d->mask >> p & 1))
			buf__u8(out, d->fill[p]);
	if (d->flags & COL_CLASSES)
		buf__varint(out, d->rest);
}

static bool is_null(const uint64_t *null, uint32_t k)
{
	return null && null[k >> 6] >> (k & 63) & 1;
}

/* Differences without bitmap: loops that the compiler can vectorise. */
VECTORIZE static void residuals_plain(const struct col_desc *d, const uint64_t *restrict v, uint32_t n,
			    const uint64_t *restrict ref, uint64_t *restrict z)
{
	uint64_t base = d->base;

	switch (d->pred) {
	case PRED_NONE:
		for (uint32_t k = 0; k < n; k++)
			z[k] = v[k] - base;
		break;
	case PRED_PREV:
		z[0] = v[0] - base;
		for (uint32_t k = 1; k < n; k++)
			z[k] = v[k] - v[k - 1];
		break;
	case PRED_COL:
		for (uint32_t k = 0; k < n; k++)
			z[k] = v[k] - ref[k] - base;
		break;
	case PRED_SAME:
		for (uint32_t k = 0; k < n; k++)
			z[k] = v[k] == ref[k] ? 0 : col__zigzag(v[k]) + 1;
		break;
	default:
		for (uint32_t k = 0; k < n; k++)
			z[k] = v[k] - (ref[k] < base ? ref[k] : base);
	}
}

/* What the decoder expects of row k, before its residual. carry: see residuals_by_row. */
static uint64_t expect(const struct col_desc *d, uint32_t k, const uint64_t *ref, const uint64_t *slots,
		       uint64_t carry)
{
	switch (d->pred) {
	case PRED_PREV:
		return carry;
	case PRED_COL:
		return ref[k] + d->base;
	case PRED_LAST:
		return slots[ref[k] & (COL_LAST_SLOTS - 1)];
	case PRED_NEXT:
		return carry + 1;
	case PRED_SAME:
		return ref[k];
	case PRED_CAP:
		return ref[k] < d->base ? ref[k] : d->base;
	default:
		return d->base;
	}
}

/*
 * One row at a time: predictors with memory, and columns with missing rows. carry is the row before, for NEXT
 * the highest so far.
 */
static void residuals_by_row(const struct col_desc *d, uint64_t *v, uint32_t n, const uint64_t *null,
			     const uint64_t *ref, uint64_t *slots, uint64_t *z)
{
	uint64_t carry = d->base;

	if (d->pred == PRED_LAST)
		for (uint32_t k = 0; k < COL_LAST_SLOTS; k++)
			slots[k] = d->base;
	for (uint32_t k = 0; k < n; k++) {
		uint64_t want = expect(d, k, ref, slots, carry);

		if (is_null(null, k))
			v[k] = want;	/* */
		if (d->pred == PRED_SAME)
			z[k] = v[k] == want ? 0 : col__zigzag(v[k]) + 1;
		else if (d->pred == PRED_NEXT)
			z[k] = v[k] == want ? 0 : v[k] + 1;
		else
			z[k] = v[k] - want;
		if (d->pred == PRED_LAST)
			slots[ref[k] & (COL_LAST_SLOTS - 1)] = v[k];
		if (d->pred != PRED_NEXT || v[k] > carry)
			carry = v[k];
	}
}

/* Zigzag if any residual has its top bit set; finds which bytes vary. */
VECTORIZE static void fold(struct col_desc *d, uint64_t *z, uint32_t n, uint64_t *ret_or, uint64_t *ret_and)
{
	uint64_t any = 0, all = ~(uint64_t)0;

	for (uint32_t k = 0; k < n; k++)
		any |= z[k];
	if (any >> 63 && d->pred != PRED_NEXT && d->pred != PRED_SAME) {
		d->flags |= COL_SIGNED;
		for (uint32_t k = 0; k < n; k++)
			z[k] = col__zigzag(z[k]);
		any = 0;
	}
	for (uint32_t k = 0; k < n; k++) {
		any |= z[k];
		all &= z[k];
	}
	*ret_or = any;
	*ret_and = all;
}

VECTORIZE static void cut_plane(uint8_t *restrict out, const uint64_t *restrict z, unsigned shift, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		out[k] = (uint8_t)(z[k] >> shift);
}

/* A byte for each row, then the rests, lowest bit first. */
static void put_classes(struct col_desc *d, const uint64_t *z, uint32_t n, struct buf *out)
{
	uint8_t *classes, *p;
	uint64_t acc = 0;
	unsigned have = 0;

	buf__reserve(out, n + (size_t)n * 8 + 8);
	classes = out->p + out->len;
	p = classes + n;
	for (uint32_t k = 0; k < n; k++) {
		unsigned c = col_class__of(z[k]), rest = col_class__rest(c);
		uint64_t low = z[k] & (((uint64_t)1 << rest) - 1);

		classes[k] = (uint8_t)c;
		acc |= low << have;
		if (have + rest < 64) {
			have += rest;
			continue;
		}
		memcpy(p, &acc, 8);
		p += 8;
		acc = have ? low >> (64 - have) : 0;
		have = have + rest - 64;
	}
	memcpy(p, &acc, 8);
	p += (have + 7) / 8;
	d->rest = (uint32_t)(p - (classes + n));
	out->len += n + d->rest;
}

void col__encode(struct col_desc *d, uint64_t *v, uint32_t n, const uint64_t *null,
		 const uint64_t *ref, uint64_t *work, uint64_t *z, struct buf *out)
{
	uint64_t any, all;

	d->flags &= COL_CLASSES;
	d->rest = 0;
	d->width = d->mask = 0;
	memset(d->fill, 0, sizeof(d->fill));
	if (!n) {
		d->flags = 0;
		return;
	}
	if (null || d->pred == PRED_LAST || d->pred == PRED_NEXT)
		residuals_by_row(d, v, n, null, ref, work, z);
	else
		residuals_plain(d, v, n, ref, z);
	fold(d, z, n, &any, &all);
	if (d->flags & COL_CLASSES)
		put_classes(d, z, n, out);
	for (unsigned p = 0; !(d->flags & COL_CLASSES) && p < 8 && any >> (p * 8); p++) {
		d->width = (uint8_t)(p + 1);
		if ((uint8_t)(any >> (p * 8)) == (uint8_t)(all >> (p * 8))) {
			d->fill[p] = (uint8_t)(any >> (p * 8));
			continue;
		}
		d->mask |= (uint8_t)(1 << p);
		buf__reserve(out, n);
		cut_plane(out->p + out->len, z, p * 8, n);
		out->len += n;
	}
	if (null) {
		d->flags |= COL_NULLS;
		buf__add(out, null, (n + 7) / 8);
	}
}
