/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_codec - the list of a trace's chunks, as the INDEX chunk holds it.
 *
 * Spec: TRACE-FORMAT.md section 11. It repeats what the chunk headers say, nothing else.
 */
#ifndef FMT_INDEX_CODEC_H
#define FMT_INDEX_CODEC_H

#include "format/base/alloc.h"
#include "format/codec/layout.h"

#define LIMIT_INDEX (16u << 20)		/* chunks */

struct index_entry {
	uint64_t offset, length, first_num, t_first, t_last, n_lost;
	uint32_t n_events, n_alerts;
	uint16_t kind, flags;
	uint32_t zero;			/* no padding: entries are compared as bytes */
};

struct chunk_index {
	struct index_entry *e;
	size_t cap;
	uint32_t n;
};

void chunk_index__add(struct chunk_index *x, uint64_t offset, const struct chunk_header *h);
void chunk_index__done(struct chunk_index *x);
/* The raw bytes of entries from .. from + n - 1; n is at most LIMIT_ROWS. */
void chunk_index__encode(const struct chunk_index *x, uint32_t from, uint32_t n, struct buf *out);
/* Append the entries of one section. */
int chunk_index__decode(struct chunk_index *x, const uint8_t *raw, size_t size, struct err *err);

#endif
