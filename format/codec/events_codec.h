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
	BCOL_THREAD = 2,	/* rows, in order */
	BCOL_TIME = 3,		/* rows, in order: the time; or its base alone, and one of CLOCK and STEP */
	BCOL_CLOCK = 4,		/* rows, by type, then by thread: how much later than expected (clock__expect) */
	BCOL_TYPE = 5, BCOL_CPU = 6,				/* rows, by thread */
	BCOL_DUR = 7,						/* rows, by type, then by thread */
	BCOL_RES = 8,						/* one table per type: its rows, by thread */
	BCOL_STEP = 9,		/* as CLOCK: how much later than the row before */
	BCOL_ORIGIN = 10, BCOL_CONTEXT = 11,			/* threads; only where some are not 0 */
	BCOL__N
};

enum dict_col { DCOL_NULS = 0, DCOL_CUT = 1 };

/*
 * When a row's call returns at the earliest: not before the thread's last return and this call's duration, nor
 * before the last return on the same processor.
 */
#define CLOCK_CPUS 4096u
struct clock {
	uint64_t prev;			/* time of the row before; of the first row: base */
	uint64_t *thread;		/* last return by thread, 0 = none yet */
	uint64_t cpu[CLOCK_CPUS];	/* by the low bits of the processor's number */
};
static inline uint64_t clock__expect(const struct clock *c, uint32_t thread, unsigned cpu, uint64_t dur)
{
	uint64_t t = c->thread[thread], p = c->cpu[cpu & (CLOCK_CPUS - 1)];

	t = t ? t + dur : 0;
	t = t > p ? t : p;
	return t ? t : c->prev;
}
static inline void clock__set(struct clock *c, uint32_t thread, unsigned cpu, uint64_t ts)
{
	c->prev = c->thread[thread] = c->cpu[cpu & (CLOCK_CPUS - 1)] = ts;
}

struct events_encoder;
struct events_encode_stats { uint64_t base, dict, columns, payload; };	/* stored bytes */

int events_encoder__new(struct events_encoder **ret, int level);
void events_encoder__free(struct events_encoder *e);
/* What has been found out about columns goes over from one to another, which has not been used. */
void events_encoder__take_over(struct events_encoder *e, struct events_encoder *from);
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
