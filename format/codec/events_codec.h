/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_codec - a batch to the sections of an EVENTS or KEYFRAME chunk, and back.
 *
 * Spec: TRACE-FORMAT.md section 9. The encoder is deterministic: the same batches in the same order
 * give the same bytes. The decoder takes untrusted input and fills a batch in which every index is
 * in range, or fails.
 */
#ifndef FMT_EVENTS_CODEC_H
#define FMT_EVENTS_CODEC_H

#include "format/batch/batch.h"
#include "format/codec/chunk_build.h"
#include "format/codec/schema_codec.h"
#include "format/file/source.h"

/* Columns of the base tables. */
enum base_table { BASE_THREADS = 0, BASE_ROWS = 1 };	/* then one table per event type */
enum base_col {
	BCOL_TID = 0, BCOL_PID = 1,				/* threads */
	BCOL_THREAD = 2, BCOL_TIME = 3, BCOL_TYPE = 4, BCOL_CPU = 5,	/* rows */
	BCOL_RES = 6, BCOL_DUR = 7,				/* per type */
};

struct events_encoder;
struct events_encode_stats { uint64_t base, dict, columns, payload; };	/* stored bytes */

int events_encoder__new(struct events_encoder **ret, int level);
void events_encoder__free(struct events_encoder *e);
/* Add the sections of a batch to a chunk. The batch is not changed. stats are added to. */
void events_encoder__encode(struct events_encoder *e, const struct fmt_batch *b, bool no_payload,
			    struct chunk_build *out, struct events_encode_stats *stats);

/* A section of a chunk, to be decoded: entry and stored bytes. */
struct stored_section {
	struct section_entry entry;
	const uint8_t *p;
};

struct events_decoder;
int events_decoder__new(struct events_decoder **ret);
void events_decoder__free(struct events_decoder *d);
/* True if decoding with this wish needs the section. */
bool events_decoder__needs(const struct section_entry *s, const struct schema_map *map,
			   const struct fmt_want *want);
/*
 * Decode into b (which is reset). Sections that are not needed may have p == NULL. n_events is what the
 * chunk's header says. *ret_skipped: rows left out for their type is not known here.
 * -FMT_E_CORRUPT, -FMT_E_LIMIT, -FMT_E_VERSION with the reason in err; b is empty then.
 */
int events_decoder__decode(struct events_decoder *d, const struct schema_map *map,
			   const struct fmt_want *want, const struct stored_section *sections,
			   uint32_t n_sections, uint64_t first_num, uint32_t n_events,
			   struct fmt_batch *b, uint64_t *ret_skipped, struct err *err);
/* Decompress one section into memory that the decoder owns until the next call. */
int events_decoder__section(struct events_decoder *d, const struct stored_section *s,
			    const uint8_t **ret, struct err *err);

#endif
