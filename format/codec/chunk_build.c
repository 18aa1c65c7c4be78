// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <string.h>
#include <zstd.h>

#include "format/codec/chunk_build.h"

/* Below this a frame's own header and checksum outweigh what compression saves. */
#define RAW_BELOW 48u

int chunk_build__init(struct chunk_build *b, int level)
{
	*b = (struct chunk_build){ 0 };
	b->cctx = ZSTD_createCCtx();
	if (!b->cctx)
		return -FMT_E_LIMIT;
	ZSTD_CCtx_setParameter(b->cctx, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(b->cctx, ZSTD_c_checksumFlag, 1);
	return 0;
}

void chunk_build__done(struct chunk_build *b)
{
	ZSTD_freeCCtx(b->cctx);
	buf__done(&b->summary);
	buf__done(&b->table);
	buf__done(&b->body);
	*b = (struct chunk_build){ 0 };
}

void chunk_build__reset(struct chunk_build *b)
{
	b->summary.len = b->table.len = b->body.len = 0;
	b->n_sections = 0;
	b->raw_bytes = 0;
}

/* A block has statistics of its own, which cost about a hundred bytes. */
#define BLOCK_MIN 4096u
#define BLOCK_NEXT_MIN 1024u

size_t chunk_build__bound(size_t size)
{
	return ZSTD_compressBound(size) + size / BLOCK_MIN * 8;
}

size_t chunk_build__compress(void *cctx, uint8_t *out, size_t cap, const uint8_t *raw, size_t size,
			     const uint32_t *cuts, size_t n_cuts)
{
	ZSTD_inBuffer in = { raw, 0, 0 };
	ZSTD_outBuffer to = { out, cap, 0 };
	size_t last = 0, r;

	ZSTD_CCtx_reset(cctx, ZSTD_reset_session_only);
	ZSTD_CCtx_setPledgedSrcSize(cctx, size);
	for (size_t k = 0; k < n_cuts; k++) {
		size_t next = k + 1 < n_cuts ? cuts[k + 1] : size;

		if (cuts[k] - last < BLOCK_MIN || next - cuts[k] < BLOCK_NEXT_MIN)
			continue;
		in.size = last = cuts[k];
		do {
			r = ZSTD_compressStream2(cctx, &to, &in, ZSTD_e_flush);
			if (ZSTD_isError(r))
				return r;
		} while (r && to.pos < to.size);
	}
	in.size = size;
	do {
		r = ZSTD_compressStream2(cctx, &to, &in, ZSTD_e_end);
		if (ZSTD_isError(r))
			return r;
	} while (r && to.pos < to.size);
	return r ? (size_t)-1 : to.pos;
}

uint32_t chunk_build__section(struct chunk_build *b, enum section_kind kind, uint16_t type,
			      const void *raw, size_t raw_size, const uint32_t *cuts, size_t n_cuts)
{
	struct section_entry s = { .kind = kind, .type = type, .raw_size = (uint32_t)raw_size };
	size_t n = chunk_build__bound(raw_size);
	uint8_t packed[SECTION_ENTRY_SIZE], *out;

	buf__reserve(&b->body, n);
	out = b->body.p + b->body.len;
	if (raw_size >= RAW_BELOW && !b->raw)
		n = chunk_build__compress(b->cctx, out, n, raw, raw_size, cuts, n_cuts);
	if (raw_size >= RAW_BELOW && !b->raw && !ZSTD_isError(n)) {
		s.codec = CODEC_ZSTD;
		s.stored_size = (uint32_t)n;
	} else {
		s.codec = CODEC_RAW;
		s.stored_size = (uint32_t)raw_size;
		if (raw_size)
			memcpy(out, raw, raw_size);
	}
	trace_hash(s.hash, out, s.stored_size);
	b->body.len += s.stored_size;
	section_entry__pack(&s, packed);
	buf__add(&b->table, packed, sizeof(packed));
	b->n_sections++;
	b->raw_bytes += raw_size;
	return s.stored_size;
}

void chunk_build__header(struct chunk_build *b, struct chunk_header *h,
			 uint8_t out[CHUNK_HEADER_SIZE])
{
	crypto_generichash_state st;

	h->header_size = CHUNK_HEADER_SIZE;
	h->summary_size = (uint32_t)b->summary.len;
	h->n_sections = b->n_sections;
	h->length = CHUNK_HEADER_SIZE + b->summary.len + b->table.len + b->body.len;
	crypto_generichash_init(&st, NULL, 0, TRACE_HASH_SIZE);
	crypto_generichash_update(&st, b->summary.p, b->summary.len);
	crypto_generichash_update(&st, b->table.p, b->table.len);
	crypto_generichash_final(&st, h->hash_head, TRACE_HASH_SIZE);
	chunk_header__pack(h, out);
}
