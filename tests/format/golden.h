/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden - the minimal trace that TRACE-FORMAT.md shows, and defects made in it.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "format/codec/events_codec.h"

/* The minimal trace: nothing compressed, no SCHEMA, one keyframe, three events. Appended to out. */
void golden__minimal(struct buf *out);
/* The same with escape sequences in all names that tools print. */
void golden__hostile(struct buf *out);

/* Chunks of the minimal trace, in order. */
enum golden_chunk { GOLDEN_META, GOLDEN_KEYFRAME, GOLDEN_EVENTS, GOLDEN_INDEX, GOLDEN_END, GOLDEN__N };
size_t golden__chunk(const struct buf *f, enum golden_chunk c);
size_t golden__chunk_end(const struct buf *f, enum golden_chunk c);
/* The entry of a section in its chunk's table; the section's bytes. */
size_t golden__entry(const struct buf *f, enum golden_chunk c, enum section_kind kind);
size_t golden__section(const struct buf *f, enum golden_chunk c, enum section_kind kind);

struct golden_defect {
	const char *name;		/* of its files, without extension */
	void (*make)(struct buf *f);	/* f holds the minimal trace */
};
extern const struct golden_defect golden_defects[];	/* the last has no name */

#endif
