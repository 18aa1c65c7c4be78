/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout - the fixed structures of a trace file: preamble, chunk header, section table, limits.
 *
 * Spec: TRACE-FORMAT.md, sections 4 to 6. Everything here works on bytes in memory; nothing reads or
 * writes files. Input of the unpack functions is untrusted.
 */
#ifndef FMT_LAYOUT_H
#define FMT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

#define TRACE_MAJOR 1
#define TRACE_MINOR 0

#define PREAMBLE_SIZE 64u
#define CHUNK_HEADER_SIZE 192u
#define SECTION_ENTRY_SIZE 48u
#define END_BODY_SIZE 32u
#define END_SIZE (CHUNK_HEADER_SIZE + END_BODY_SIZE)
#define TRACE_HASH_SIZE 32u

/* Limits, with their reasons: TRACE-FORMAT.md section 12. */
#define LIMIT_HEADER_SIZE 4096u		/* preamble, and chunk header */
#define LIMIT_CHUNK (128u << 20)	/* */
#define LIMIT_SUMMARY (1u << 20)	/* */
#define LIMIT_SECTIONS 2048u		/* */
#define LIMIT_SECTION_RAW (64u << 20)	/* */
#define LIMIT_CHUNK_RAW (160u << 20)	/* sum over the sections of a chunk */
#define LIMIT_ROWS 65536u		/* rows of any table but DICT */
#define LIMIT_STRINGS (1u << 20)	/* dictionary entries */
#define LIMIT_STRING (1u << 20)		/* bytes of one string or payload */
#define LIMIT_FILE_TYPES 4096u		/* event ids in a file are below this */
#define LIMIT_FILE_PARAMS 64u		/* parameters of one event type in a file */

/* Flags of the preamble. A set incompatible bit that is not known refuses the file. */
#define PREAMBLE_WHOSE 0x0001u		/* incompatible: threads may have ORIGIN and CONTEXT */
#define PREAMBLE_INCOMPAT_KNOWN PREAMBLE_WHOSE

/* Flags of a chunk. Low byte: may be ignored by who does not know them. High byte: skip the chunk. */
#define CHUNK_CONTINUES 0x0001u		/* KEYFRAME: goes on with the keyframe before it */
#define CHUNK_ANEW 0x0002u		/* KEYFRAME: another recording begins; what was known is void */
#define CHUNK_INCOMPAT_MASK 0xff00u

enum section_kind {
	SECTION_BASE = 1, SECTION_DICT = 2, SECTION_COLUMNS = 3, SECTION_PAYLOAD = 4,
	SECTION_META = 5, SECTION_SCHEMA = 6, SECTION_INDEX = 7,
};
enum section_codec { CODEC_RAW = 0, CODEC_ZSTD = 1 };
#define SECTION_INCOMPAT_MASK 0xf0u	/* of the flags byte */
#define SECTION_PREFIX 0x10u		/* reserved: zstd prefix from an earlier chunk of the segment */
#define SECTION_ANY_TYPE 0xffffu	/* COLUMNS: several event types, see the tables inside */

struct preamble {
	uint16_t major, minor;
	uint32_t size;
	uint32_t incompat, compat;
	uint64_t created;		/* ns since the epoch */
	uint8_t uuid[16];
};

struct chunk_header {
	uint8_t uuid[16];
	uint16_t kind;			/* enum fmt_chunk_kind, or one not known here */
	uint16_t flags;
	uint32_t header_size;
	uint64_t length;		/* whole chunk, header included */
	uint64_t seq;
	uint64_t first_num;
	uint32_t n_events, n_alerts;
	uint64_t n_lost;
	uint64_t t_first, t_last;
	uint32_t summary_size, n_sections;
	uint8_t hash_head[TRACE_HASH_SIZE];	/* of summary and section table */
	uint8_t hash_prev[TRACE_HASH_SIZE];	/* of the previous header, or of the preamble */
};

struct section_entry {
	uint16_t kind;
	uint8_t codec, flags;
	uint16_t type;			/* file's event id, or SECTION_ANY_TYPE */
	uint32_t raw_size, stored_size;
	uint8_t hash[TRACE_HASH_SIZE];	/* of the stored bytes */
};

struct end_body {
	uint64_t index_offset, index_length;
	uint64_t n_chunks;		/* END included */
	uint64_t n_events;		/* rows of EVENTS chunks */
};

extern const uint8_t trace_magic[8], chunk_magic[8];

void trace_hash(uint8_t ret[TRACE_HASH_SIZE], const void *p, size_t n);

void preamble__pack(const struct preamble *p, uint8_t out[PREAMBLE_SIZE]);
/*
 * Parse a preamble of n bytes (the first 64 of the file at least). -FMT_E_FORMAT: not a trace;
 * -FMT_E_VERSION: too new; -FMT_E_CORRUPT: check wrong; 1: ret->size bytes are needed.
 */
int preamble__unpack(struct preamble *ret, const uint8_t *p, size_t n, struct err *err);

/* Does another recording begin with this keyframe? */
bool chunk_header__is_anew(const struct chunk_header *h);
void chunk_header__pack(const struct chunk_header *h, uint8_t out[CHUNK_HEADER_SIZE]);
/* Set trace, seq and predecessor of a packed header, of whatever size, to those of h. */
void chunk_header__replace(uint8_t *packed, const struct chunk_header *h);
/*
 * Parse a chunk header out of n bytes. 0, 1: more bytes are needed (*need says how many in all),
 * -FMT_E_CORRUPT: no valid header is here; *why (a constant) says what is wrong.
 */
int chunk_header__unpack(struct chunk_header *ret, const uint8_t *p, size_t n, size_t *need,
			 const char **why);

void section_entry__pack(const struct section_entry *s, uint8_t out[SECTION_ENTRY_SIZE]);
void section_entry__unpack(struct section_entry *ret, const uint8_t in[SECTION_ENTRY_SIZE]);

void end_body__pack(const struct end_body *e, uint8_t out[END_BODY_SIZE]);
void end_body__unpack(struct end_body *ret, const uint8_t in[END_BODY_SIZE]);

/* Name of a kind: "EVENTS"; NULL if not known. */
const char *chunk_kind__name(unsigned kind);
const char *section_kind__name(unsigned kind);

#endif
