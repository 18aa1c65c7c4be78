/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk_build - puts a chunk together: summary, sections (compressed here), header.
 *
 * One builder serves all chunks of a trace; its memory and compressor are reused.
 */
#ifndef FMT_CHUNK_BUILD_H
#define FMT_CHUNK_BUILD_H

#include "format/codec/layout.h"

struct chunk_build {
	struct buf summary, table, body;	/* table: packed section entries */
	uint32_t n_sections;
	uint64_t raw_bytes;
	bool raw;				/* store sections uncompressed */
	void *cctx;				/* ZSTD_CCtx */
};

int chunk_build__init(struct chunk_build *b, int level);
void chunk_build__done(struct chunk_build *b);
void chunk_build__reset(struct chunk_build *b);
/*
 * Compress a section and add it. Returns its stored size. cuts (n_cuts, ascending): places in raw where the nature
 * of the bytes changes; the compressor begins new blocks, and with them new statistics, at some of them.
 */
uint32_t chunk_build__section(struct chunk_build *b, enum section_kind kind, uint16_t type,
			      const void *raw, size_t raw_size, const uint32_t *cuts, size_t n_cuts);
/*
 * Fill in sizes and hash of h, whose other fields the caller has set, and pack it into out.
 * What is written is out, then summary, table and body.
 */
void chunk_build__header(struct chunk_build *b, struct chunk_header *h,
			 uint8_t out[CHUNK_HEADER_SIZE]);

/*
 * One zstd frame of size bytes, whose blocks end at those of cuts (ascending) that are far enough apart: the statistics of
 * what comes next are others. cctx: a ZSTD_CCtx. The frame's size, or an error of zstd. cap: at least chunk_build__bound.
 */
size_t chunk_build__compress(void *cctx, uint8_t *out, size_t cap, const uint8_t *raw, size_t size,
			     const uint32_t *cuts, size_t n_cuts);
size_t chunk_build__bound(size_t size);

#endif
