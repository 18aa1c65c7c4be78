/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge_internal - merge_inputs.c opens the files and tells their machines apart; merge.c puts the events in order.
 */
#ifndef TRC_MERGE_INTERNAL_H
#define TRC_MERGE_INTERNAL_H

#include "engine/state/state.h"
#include "trace/merge/merge.h"
#include "trace/read_all.h"

#define MERGE_NUMS 65536u		/* numbers of events remembered, for the alerts that come behind them */

/* A file, or segments of a flight recorder's ring that follow each other, which are one recording. */
struct merge_input {
	const char **paths;		/* in order; owned, the paths borrowed */
	size_t n_paths, at;		/* at: the one that is open */
	struct reading in;
	uint64_t before;		/* events of the ones before it */
	int code;			/* exit code of all so far */
	uint64_t t_first, t_last;	/* of its events; only known where a machine is in several files */
	uint8_t origin[FMT_MAX_ORIGINS];	/* by its own: the origin in the result */
	bool anew;			/* within the keyframe of another recording in it */
	bool joins;			/* another file of the same origin begins before it */
	struct fmt_batch **held;	/* its first keyframe, until it begins */
	unsigned n_held;
	const struct fmt_batch *b;	/* the batch at hand, and the row in it; NULL: at its end */
	uint32_t row;
	uint64_t key;			/* the latest time so far, which orders the row */
	struct { uint64_t was, is; } *nums;	/* by the number that the event had */
};

/* An event that has been met, with the same key as others. */
struct merge_seen {
	uint64_t hash, num;
	uint8_t file;
	bool kept, context;
};
#define MERGE_MAX_SEEN 1024u		/* with one key; beyond that nothing is looked for */

struct merge_origin {
	struct fmt_meta meta;
	unsigned n_files;		/* that it has events from */
	uint64_t t_first, t_last;
	uint64_t key;			/* seen is about events of this key */
	struct merge_seen *seen;
	unsigned n_seen;
};

struct merge {
	struct merge_input *inputs;
	size_t n;
	struct merge_origin origins[FMT_MAX_ORIGINS];
	unsigned n_origins;
	struct fmt_meta meta, *more;	/* as described */
	struct output *out;
	bool anew;			/* the next keyframe begins another recording */
	struct fmt_batch *b;
	struct eng_state *st;		/* of origins that several files are of; NULL: there are none */
	uint64_t duplicates;
};

/* Open the files, and give each of their machines an origin. */
int merge_inputs__open(struct merge *m, const char *const *paths, size_t n, struct err *err);
/* As reading__next, over all files of the input. */
int merge_input__next(struct merge_input *x, const struct fmt_batch **b, struct fmt_batch_info *info, struct err *err);

#endif
