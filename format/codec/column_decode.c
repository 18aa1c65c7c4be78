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

static void find_planes(struct col_planes *pl, const struct col_desc *d, const uint8_t *data, uint32_t n)
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
static void residuals(const struct col_planes *pl, uint32_t at, uint32_t n, uint64_t *out)
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

static uint64_t rest_slowly(const struct col_rests *r, unsigned n)
{
	uint64_t v = 0;

	for (unsigned k = 0; k < n; k++) {
		uint64_t at = r->bit + k;

		if (at / 8 < r->size)
			v |= (uint64_t)(r->p[at / 8] >> (at % 8) & 1) << k;
	}
	return v;
}

/* The most bits that a load of eight bytes has for sure, and the last class with no more. */
#define EASY_REST 56u
#define EASY_CLASS ((EASY_REST + 1) << 2 | 3)

/* One at the end of the rests, which damage may have made shorter than they should be. */
static uint64_t from_class(unsigned c, struct col_rests *r)
{
	unsigned rest = col_class__rest(c);
	uint64_t v = 0;

	if (rest <= EASY_REST && r->bit / 8 + 8 <= r->size) {
		memcpy(&v, r->p + r->bit / 8, 8);
		v = v >> (r->bit % 8) & (((uint64_t)1 << rest) - 1);
	} else {
		v = rest_slowly(r, rest);
	}
	r->bit += rest;
	return col_class__start(c) | v;
}

static struct {
	uint64_t start, mask;
	unsigned rest;
} easy[EASY_CLASS + 1];

__attribute__((constructor)) static void make_easy(void)
{
	for (unsigned c = 0; c <= EASY_CLASS; c++) {
		easy[c].start = col_class__start(c);
		easy[c].rest = col_class__rest(c);
		easy[c].mask = ((uint64_t)1 << easy[c].rest) - 1;
	}
}

VECTORIZE static uint8_t highest(const uint8_t *classes, uint32_t n)
{
	uint8_t top = 0;

	for (uint32_t k = 0; k < n; k++)
		top = classes[k] > top ? classes[k] : top;
	return top;
}

/* Residuals of n rows from their classes. */
static void from_classes(const uint8_t *classes, uint32_t n, struct col_rests *r, uint64_t *out)
{
	unsigned top = highest(classes, n);
	uint64_t bit = r->bit;

	if (top > EASY_CLASS || (bit + (uint64_t)n * col_class__rest(top)) / 8 + 8 > r->size) {
		for (uint32_t k = 0; k < n; k++)
			out[k] = from_class(classes[k], r);
		return;
	}
	for (uint32_t k = 0; k < n; k++) {
		unsigned c = classes[k];
		uint64_t word;

		memcpy(&word, r->p + bit / 8, 8);
		out[k] = easy[c].start | (word >> (bit % 8) & easy[c].mask);
		bit += easy[c].rest;
	}
	r->bit = bit;
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

void col_reader__init(struct col_reader *r, const struct col_desc *d, const uint8_t *data, uint32_t n,
		      const uint64_t *ref, uint64_t *work)
{
	r->d = d;
	r->data = data;
	r->ref = ref;
	r->work = work;
	r->n = n;
	r->at = 0;
	r->carry = d->base;
	if (d->flags & COL_CLASSES)
		r->rests = (struct col_rests){ data + n, d->rest, 0 };
	else
		find_planes(&r->planes, d, data, n);
	/* of a short column those that it meets */
	for (uint32_t k = 0; d->pred == PRED_LAST && k < n && k < COL_LAST_SLOTS; k++)
		work[n < COL_LAST_SLOTS ? ref[k] & (COL_LAST_SLOTS - 1) : k] = d->base;
}

uint32_t col_reader__next(struct col_reader *r, uint64_t *out)
{
	const struct col_desc *d = r->d;
	const uint64_t *ref = r->ref ? r->ref + r->at : NULL;	/* columns that go by themselves have none */
	uint32_t n = r->n - r->at < COL_BLOCK ? r->n - r->at : COL_BLOCK;

	if (d->flags & COL_CLASSES)
		from_classes(r->data + r->at, n, &r->rests, out);
	else
		residuals(&r->planes, r->at, n, out);
	if (d->flags & COL_SIGNED)
		unzigzag_all(out, n);
	switch (d->pred) {
	case PRED_NONE:
		if (d->base)
			add_base(out, d->base, n);
		break;
	case PRED_PREV:
		r->carry = add_prev(out, r->carry, n);
		break;
	case PRED_COL:
		add_col(out, ref, d->base, n);
		break;
	case PRED_LAST:
		add_last(out, ref, r->work, n);
		break;
	case PRED_NEXT:
		r->carry = add_next(out, r->carry, n);
		break;
	case PRED_CAP:
		add_cap(out, ref, d->base, n);
		break;
	case PRED_SAME:
		take_same(out, ref, n);
		break;
	}
	r->at += n;
	return n;
}

void col__decode(const struct col_desc *d, const uint8_t *data, uint32_t n, const uint64_t *ref,
		 uint64_t *work, uint64_t *out)
{
	struct col_reader r;

	col_reader__init(&r, d, data, n, ref, work);
	while (r.at < n)
		col_reader__next(&r, out + r.at);
}
