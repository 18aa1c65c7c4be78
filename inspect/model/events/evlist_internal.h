/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evlist_internal - shared by evlist.c (places and texts) and evlist_hits.c (which rows belong to
 * the list).
 */
#ifndef INS_EVLIST_INTERNAL_H
#define INS_EVLIST_INTERNAL_H

#include "inspect/model/events/evlist.h"

#define N_LINES 2048u		/* texts kept, by place */

/* Which rows of a chunk belong to the list: sorted rows when few, else bits. */
struct ins_hits {
	uint32_t n;
	bool known, bits;
	union {
		uint16_t *rows;
		uint64_t *map;
	};
};

/* A life of a process in the scope, for matching by number and pid alone. */
struct pid_life {
	uint64_t who;			/* pid << 8 | origin */
	uint64_t first, last;		/* event numbers */
};

/* One way of working out hits: the place that it is at, and its own run of the condition. */
struct ins_scan {
	struct ins_walk *walk;
	struct eng_run *run;
	struct fmt_batch *plain;	/* for matching without a state */
	/* while a chunk is being matched */
	uint32_t chunk, row;
	uint16_t *rows;			/* FMT_BATCH_MAX_EVENTS of them */
	uint32_t n;
};

struct ins_evlist {
	struct ins_trace *t;
	const struct ins_model *m;
	const struct ins_lens *lens;
	struct ins_scope scope;
	bool all;
	bool needs_state;
	const uint8_t *types;		/* types that can satisfy the condition, or NULL */
	struct ins_only only;		/* what is listed */
	uint8_t only_types[FMT_MAX_EVENTS / 8];
	struct pid_life *lives;		/* sorted by who, then first; the scope's, if by_pid */
	uint32_t n_lives;
	bool by_pid;
	uint64_t settled;		/* of events before this number the lives were all known when they were taken */
	struct ins_hits *hits;		/* by chunk */
	uint32_t n_hits;
	size_t cap_hits;
	size_t hit_bytes;
	struct ins_scan here, back;	/* for what is shown, and for counting in the background */
	uint32_t counted_chunks;
	uint64_t counted;
	struct ins_evline lines[N_LINES];
	struct ins_walk *shown;		/* the walk that texts are made from */
	struct buf scratch;
};

/* Hits of a chunk: INS_FOUND with *ret, INS_PENDING. A chunk that cannot be read has none. */
enum ins_answer evlist__hits(struct ins_evlist *l, struct ins_scan *s, uint32_t chunk, uint64_t ns,
			     const struct ins_hits **ret);
int evlist__scan_init(struct ins_evlist *l, struct ins_scan *s);
void evlist__scan_done(struct ins_scan *s);
void evlist__hits_free(struct ins_hits *h);
size_t evlist__hits_bytes(const struct ins_hits *h);
/* Could a chunk hold an event of the list? By its summary. */
bool evlist__may_hold(struct ins_evlist *l, uint32_t chunk);
/* Take the scope's processes from the model. */
void evlist__take_lives(struct ins_evlist *l);

#endif
