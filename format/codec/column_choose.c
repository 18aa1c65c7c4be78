// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <zstd.h>

#include "format/base/err.h"
#include "format/codec/chunk_build.h"
#include "format/codec/column_choose.h"
#include "format/codec/layout.h"

#define SAMPLE_BLOCKS 4u
#define SAMPLE_BLOCK 1024u
#define SAMPLE (SAMPLE_BLOCKS * SAMPLE_BLOCK)
#define TRIAL_MIN 128u			/* rows below which a trial says nothing */
#define TRIAL_LEVEL 1
#define CLASSES_MIN 4096u		/* rows below which classes are not tried */
#define EVENTS_BETWEEN (2u << 20)	/* a choice is made again after so many events */

int chooser__init(struct chooser *c, int level)
{
	*c = (struct chooser){ 0 };
	c->cctx = ZSTD_createCCtx();
	if (!c->cctx)
		return -FMT_E_LIMIT;
	/* which of two is smaller is told as well by a fast level */
	ZSTD_CCtx_setParameter(c->cctx, ZSTD_c_compressionLevel, level < TRIAL_LEVEL ? level : TRIAL_LEVEL);
	c->work = xmalloc(COL_LAST_SLOTS * sizeof(*c->work));
	c->z = xmalloc(LIMIT_ROWS * sizeof(*c->z));
	c->sample = xmalloc(SAMPLE * sizeof(*c->sample));
	c->sample_ref = xmalloc(SAMPLE * sizeof(*c->sample_ref));
	return 0;
}

void chooser__done(struct chooser *c)
{
	ZSTD_freeCCtx(c->cctx);
	free(c->work);
	free(c->z);
	free(c->sample);
	free(c->sample_ref);
	buf__done(&c->planes);
	buf__done(&c->packed);
	*c = (struct chooser){ 0 };
}

static unsigned byte_width(uint64_t v)
{
	return v ? (unsigned)(71 - __builtin_clzll(v)) / 8 : 0;
}

/* The base that goes with a predictor: what makes the first residual, or all, small. */
static uint64_t base_for(unsigned pred, const uint64_t *v, uint32_t n, uint64_t next_base)
{
	uint64_t lo = UINT64_MAX, hi = 0;

	switch (pred) {
	case PRED_PREV:
	case PRED_LAST:
		return v[0];
	case PRED_NEXT:
		return next_base;
	case PRED_COL:
	case PRED_SAME:
		return 0;
	}
	for (uint32_t k = 0; k < n; k++) {
		lo = v[k] < lo ? v[k] : lo;
		hi = v[k] > hi ? v[k] : hi;
	}
	if (pred == PRED_CAP)
		return hi;
	return byte_width(hi - lo) < byte_width(hi) ? lo : 0;
}

static uint32_t take_sample(const uint64_t *v, uint32_t n, uint64_t *out)
{
	uint32_t got = 0;

	if (n <= SAMPLE) {
		for (uint32_t k = 0; k < n; k++)
			out[k] = v[k];
		return n;
	}
	for (unsigned b = 0; b < SAMPLE_BLOCKS; b++) {
		uint32_t at = (uint32_t)((uint64_t)(n - SAMPLE_BLOCK) * b / (SAMPLE_BLOCKS - 1));

		for (uint32_t k = 0; k < SAMPLE_BLOCK; k++)
			out[got++] = v[at + k];
	}
	return got;
}

/* Bytes that c->planes take. */
static size_t packed_size(struct chooser *c, const uint32_t *cuts, size_t n_cuts)
{
	size_t room = chunk_build__bound(c->planes.len), packed;

	c->packed.len = 0;
	buf__reserve(&c->packed, room);
	packed = chunk_build__compress(c->cctx, c->packed.p, room, c->planes.p, c->planes.len, cuts, n_cuts);
	return ZSTD_isError(packed) ? c->planes.len : packed;
}

/* Bytes that a sample takes with one predictor. */
static size_t trial(struct chooser *c, unsigned pred, uint32_t n, const uint64_t *ref,
		    uint64_t next_base)
{
	struct col_desc d = { .pred = (uint8_t)pred };
	size_t raw;

	d.base = base_for(pred, c->sample, n, next_base);
	c->planes.len = 0;
	col__encode(&d, c->sample, n, NULL, ref, c->work, c->z, &c->planes);
	raw = c->planes.len;
	if (!raw)
		return d.width;
	return n < TRIAL_MIN ? raw + d.width : packed_size(c, NULL, 0) + d.width;
}

/* Bytes that a column takes in this form, if new statistics begin at each start. */
static size_t size_of_form(struct chooser *c, struct col_desc d, uint64_t *v, uint32_t n, const uint32_t *starts,
			   uint32_t n_starts)
{
	uint32_t *cuts, n_cuts = 0;
	size_t size;

	c->planes.len = 0;
	col__encode(&d, v, n, NULL, NULL, NULL, c->z, &c->planes);
	cuts = xmalloc((8 * (size_t)n_starts + 1) * sizeof(*cuts));
	for (uint32_t at = 0; at < c->planes.len - d.rest; at += n)
		for (uint32_t t = 0; t < n_starts; t++)
			cuts[n_cuts++] = at + starts[t];
	if (d.rest)
		cuts[n_cuts++] = n;
	size = packed_size(c, cuts, n_cuts);
	free(cuts);
	return size;
}

bool chooser__classes(struct chooser *c, struct col_choice *memo, const struct col_desc *d, uint64_t *v, uint32_t n,
		      const uint32_t *starts, uint32_t n_starts)
{
	struct col_desc with = *d;

	if (n < CLASSES_MIN)
		return false;
	if (memo->made && c->events < memo->due)
		return memo->classes;
	with.flags = COL_CLASSES;
	memo->made = true;
	memo->due = c->events + EVENTS_BETWEEN;
	memo->classes = size_of_form(c, with, v, n, starts, n_starts) < size_of_form(c, *d, v, n, starts, n_starts);
	return memo->classes;
}

struct best { size_t cost; uint8_t pred; const struct col_ref *ref; };

static void consider(struct chooser *c, struct best *best, unsigned pred, const struct col_ref *ref,
		     uint32_t n, uint32_t rows, uint64_t next_base)
{
	size_t cost;

	if (ref)
		take_sample(ref->v, rows, c->sample_ref);
	cost = trial(c, pred, n, ref ? c->sample_ref : NULL, next_base);
	if (cost < best->cost)
		*best = (struct best){ cost, (uint8_t)pred, ref };
}

static bool allowed(const struct col_ref *r, unsigned pred)
{
	return pred == PRED_COL || pred == PRED_SAME ? r->as_value : pred == PRED_LAST ? r->as_key : r->as_cap;
}

static void search(struct chooser *c, struct col_choice *memo, unsigned preds, const uint64_t *v,
		   uint32_t rows, const struct col_ref *refs, unsigned n_refs, uint64_t next_base)
{
	struct best best = { SIZE_MAX, PRED_NONE, NULL };
	uint32_t n = take_sample(v, rows, c->sample);

	for (unsigned pred = 0; pred < PRED__N; pred++) {
		if (!(preds >> pred & 1))
			continue;
		if (!pred__needs_ref(pred)) {
			consider(c, &best, pred, NULL, n, rows, next_base);
			continue;
		}
		if (pred == PRED_LAST && n < TRIAL_MIN)
			continue;
		for (unsigned r = 0; r < n_refs && best.cost > 1; r++)
			if (allowed(&refs[r], pred))
				consider(c, &best, pred, &refs[r], n, rows, next_base);
	}
	memo->made = true;
	memo->pred = best.pred;
	memo->ref_id = best.ref ? best.ref->id : 0;
	memo->ref_part = best.ref ? best.ref->part : 0;
	memo->rows = rows;
	memo->due = c->events + EVENTS_BETWEEN;
}

/* The reference that a remembered choice means, if this chunk has it. */
static const struct col_ref *find_ref(const struct col_choice *memo, const struct col_ref *refs,
				      unsigned n_refs)
{
	for (unsigned r = 0; r < n_refs; r++)
		if (refs[r].id == memo->ref_id && refs[r].part == memo->ref_part)
			return &refs[r];
	return NULL;
}

static bool can_say_same(const uint64_t *v, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (v[k] == COL_SAME_CANNOT)
			return false;
	return true;
}

void chooser__choose(struct chooser *c, struct col_choice *memo, struct col_desc *d, unsigned preds,
		     const uint64_t *v, uint32_t n, const uint64_t *null, const struct col_ref *refs,
		     unsigned n_refs, uint64_t next_base)
{
	const struct col_ref *ref = NULL;
	bool same = true;

	for (uint32_t k = 1; k < n && same; k++)
		same = v[k] == v[0];
	if (same && !null) {
		*d = (struct col_desc){ .id = d->id, .part = d->part, .pred = PRED_NONE,
					.ref = COL_REF_NONE, .base = n ? v[0] : 0 };
		return;
	}
	if (memo->made && pred__needs_ref(memo->pred))
		ref = find_ref(memo, refs, n_refs);
	if (!memo->made || c->events >= memo->due || n / 4 > memo->rows ||
	    (pred__needs_ref(memo->pred) && !ref)) {
		search(c, memo, preds, v, n, refs, n_refs, next_base);
		ref = pred__needs_ref(memo->pred) ? find_ref(memo, refs, n_refs) : NULL;
	}
	d->pred = memo->pred;
	if (d->pred == PRED_SAME && !can_say_same(v, n)) {
		d->pred = PRED_NONE;
		ref = NULL;
	}
	d->ref = ref ? ref->index : COL_REF_NONE;
	d->base = base_for(d->pred, v, n, next_base);
}
