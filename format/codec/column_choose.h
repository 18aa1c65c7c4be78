/* SPDX-License-Identifier: Apache-2.0 */
/*
 * column_choose - which predictor a column gets.
 *
 * Candidates are tried on a sample and the one that compresses best is kept for the following
 * chunks, until the column has grown much or many rows have gone by. Any choice decodes; a bad one only costs
 * space.
 */
#ifndef FMT_COLUMN_CHOOSE_H
#define FMT_COLUMN_CHOOSE_H

#include "format/codec/column.h"

/* A column that a predictor may refer to. */
struct col_ref {
	const uint64_t *v;
	uint8_t index;		/* what col_desc.ref says */
	uint8_t id, part;	/* for remembering it over chunks, where the index may differ */
	bool as_value;		/* may be equal or near: PRED_COL */
	bool as_key;		/* may determine the value: PRED_LAST */
	bool as_cap;		/* PRED_CAP */
};

/* The decision for one column, kept from chunk to chunk. */
struct col_choice {
	bool made;
	bool classes;		/* chooser__classes: COL_CLASSES */
	uint8_t pred, ref_id, ref_part;
	uint32_t rows;		/* of the column when it was made */
	uint64_t due;		/* events seen, when to make it again */
};

struct chooser {
	void *cctx;		/* ZSTD_CCtx for trials */
	uint64_t events;	/* seen so far */
	uint64_t *work, *z, *sample, *sample_ref;
	struct buf planes, packed;
};

int chooser__init(struct chooser *c, int level);
void chooser__done(struct chooser *c);
/* Set d->pred, d->ref and d->base for column v. preds: bit set of allowed enum col_pred. */
void chooser__choose(struct chooser *c, struct col_choice *memo, struct col_desc *d, unsigned preds,
		     const uint64_t *v, uint32_t n, const uint64_t *null, const struct col_ref *refs,
		     unsigned n_refs, uint64_t next_base);

/*
 * Whether column v, whose description says all but that, takes fewer bytes with COL_CLASSES. starts: rows at which what
 * is in it changes.
 */
bool chooser__classes(struct chooser *c, struct col_choice *memo, const struct col_desc *d, uint64_t *v, uint32_t n,
		      const uint32_t *starts, uint32_t n_starts);

#endif
