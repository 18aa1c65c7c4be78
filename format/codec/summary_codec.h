/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary_codec - the uncompressed head of a chunk: what occurs in it.
 *
 * Spec: TRACE-FORMAT.md section 6. Items are tagged and of known length; unknown ones are skipped. A summary
 * is a hint for skipping: whoever reads the events needs it not.
 */
#ifndef FMT_SUMMARY_CODEC_H
#define FMT_SUMMARY_CODEC_H

#include "format/batch/batch.h"
#include "format/codec/layout.h"
#include "format/codec/schema_codec.h"
#include "format/file/trace_reader.h"

#define SUMMARY_MAX_PIDS 4096u
#define SUMMARY_MAX_CONTAINERS 1024u
#define CONTAINER_ID_MAX 64u

/* Numbers that the header repeats, found in one pass over a batch. */
struct summary_totals { uint64_t t_first, t_last, n_lost; uint32_t n_alerts; };
void summary__totals(const struct fmt_batch *b, struct summary_totals *ret);

/* Containers: n ids, each NUL-terminated; complete = false if more occurred than are given. */
void summary__encode(const struct fmt_batch *b, const char *const *containers, uint32_t n_containers,
		     bool containers_complete, struct buf *out);

/* Memory that a decoded summary points into; reused. */
struct summary_store {
	void *types;
	uint32_t *pids;
	const char **containers;
	struct arena mem;
	size_t cap_types, cap_pids, cap_containers;
};
/* Fill the parts of ret that are in the summary. Types that map does not know are left out. */
int summary__decode(const uint8_t *p, size_t n, const struct schema_map *map, struct summary_store *s,
		    struct fmt_summary *ret, struct err *err);
void summary_store__done(struct summary_store *s);

#endif
