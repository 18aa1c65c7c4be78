/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refit - makes the hashes and checks of a changed trace fit again, as an attacker would, so that tests
 * and fuzzers get behind them.
 */
#ifndef TESTS_REFIT_H
#define TESTS_REFIT_H

#include <string.h>

#include "format/codec/layout.h"

static inline void refit__check(uint8_t *p, size_t n)
{
	uint8_t h[TRACE_HASH_SIZE];

	trace_hash(h, p, n - 8);
	memcpy(p + n - 8, h, 8);
}

static inline uint64_t refit__le(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	memcpy(&v, p, bytes);
	return v;
}

/* Bytes of the sections' hashes, from a table that lies within the chunk. */
static inline void refit__sections(uint8_t *chunk, size_t len, size_t table, uint32_t n)
{
	size_t at = table + (size_t)n * SECTION_ENTRY_SIZE;

	for (uint32_t k = 0; k < n; k++) {
		uint8_t *e = chunk + table + (size_t)k * SECTION_ENTRY_SIZE;
		size_t stored = (size_t)refit__le(e + 12, 4);

		if (stored > len - at)
			return;
		trace_hash(e + 16, chunk + at, stored);
		at += stored;
	}
}

/* From the preamble on, as far as the lengths in the headers lead. uuid: taken from the preamble. */
static inline void refit(uint8_t *p, size_t n)
{
	uint8_t prev[TRACE_HASH_SIZE];
	size_t at = PREAMBLE_SIZE, size;

	if (n < PREAMBLE_SIZE)
		return;
	size = (size_t)refit__le(p + 12, 4);
	if (size < PREAMBLE_SIZE || size > n)
		size = PREAMBLE_SIZE;
	refit__check(p, size);
	trace_hash(prev, p, size);
	for (at = size; at + CHUNK_HEADER_SIZE <= n;) {
		uint8_t *c = p + at;
		uint64_t hs = refit__le(c + 28, 4), len = refit__le(c + 32, 8), sum = refit__le(c + 88, 4);
		uint64_t secs = refit__le(c + 92, 4);

		if (hs < CHUNK_HEADER_SIZE || hs > n - at || len > n - at || len < hs)
			return;
		if (sum <= len - hs && secs <= (len - hs - sum) / SECTION_ENTRY_SIZE) {
			refit__sections(c, (size_t)len, (size_t)(hs + sum), (uint32_t)secs);
			trace_hash(c + 96, c + hs, (size_t)(sum + secs * SECTION_ENTRY_SIZE));
		}
		memcpy(c, chunk_magic, 8);
		memcpy(c + 8, p + 32, 16);
		memcpy(c + 128, prev, sizeof(prev));
		refit__check(c, (size_t)hs);
		trace_hash(prev, c, (size_t)hs);
		at += (size_t)len;
	}
}

#endif
