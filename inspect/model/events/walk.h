/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk - events in their surroundings, anywhere in the trace: one decoded chunk and the state at a
 * row of it.
 *
 * Going to a chunk starts at the last keyframe before it (or goes on from where the walk is, if
 * that is nearer) and may take many chunks, so it is done in slices. Memory: a chunk, a state, a
 * saved state.
 */
#ifndef INS_WALK_H
#define INS_WALK_H

#include "engine/state/state.h"
#include "inspect/model/trace.h"

struct ins_walk;

/* Called between enter and leave of an event. */
typedef void (*ins_walk_fn)(void *arg, const struct eng_ctx *ctx);

/*
 * want: what is decoded of the chunk that the walk is in, beyond the state's needs; NULL: all of
 * it.
 */
int ins_walk__new(struct ins_walk **ret, struct ins_trace *t, const struct fmt_want *want);
void ins_walk__free(struct ins_walk *w);
/*
 * Be at the first row of a chunk. 1: not there yet after ns nanoseconds, call again with the same
 * chunk; 0: there; negative: the chunk cannot be read.
 */
int ins_walk__to(struct ins_walk *w, uint32_t chunk, uint64_t ns);
/* The chunk that the walk is in, or INS_NONE; its events. */
uint32_t ins_walk__chunk(const struct ins_walk *w);
const struct fmt_batch *ins_walk__batch(const struct ins_walk *w);
/*
 * Apply the rows from where the walk is up to, not including, `to`; fn (may be NULL) sees those
 * from `from` on. A `from` before the place where the walk is goes back to the chunk's first row
 * first.
 */
void ins_walk__run(struct ins_walk *w, uint32_t from, uint32_t to, ins_walk_fn fn, void *arg);

#endif
