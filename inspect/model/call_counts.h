/* SPDX-License-Identifier: Apache-2.0 */
/*
 * call_counts - how often each call was made in a selection, how long it took, and how it failed. Counted from
 * base columns alone.
 */
#ifndef INS_CALL_COUNTS_H
#define INS_CALL_COUNTS_H

#include "inspect/model/events/evlist.h"

/* Powers of two of nanoseconds: the first bucket is all below 512 ns, the last all from 2 s on. */
#define INS_LATENCIES 24u
#define INS_LATENCY_FIRST 9u

struct ins_call {
	uint64_t n, failed, n_timed, ns, longest;
	uint64_t longest_num;		/* the event that took longest */
	uint32_t latency[INS_LATENCIES];
};

struct ins_failure {		/* of one call with one error */
	uint16_t type;
	int16_t err;
	uint64_t n, first_ts, last_ts, first_num;
};

struct ins_calls {
	struct ins_call by_type[FMT_MAX_EVENTS];
	struct ins_failure *failures;	/* in the order of their first */
	uint32_t n_failures;
	size_t cap;
	struct ins_map by_failure;
	uint64_t gen;			/* changes when anything here does */
	bool done;
	/* its own */
	struct ins_evlist *list;
	struct ins_trace *t;
	struct fmt_batch *b;
	struct ins_evpos at;
	uint32_t loaded;
};

/* Trace, model and lens are borrowed. */
int ins_calls__new(struct ins_calls **ret, struct ins_trace *t, const struct ins_model *m,
		   const struct ins_lens *lens, struct ins_scope scope);
void ins_calls__free(struct ins_calls *c);
/* The model has grown: go on, or begin anew where what was counted does not hold. */
void ins_calls__again(struct ins_calls *c);
/* Work for about ns nanoseconds. True: there is more to do. */
bool ins_calls__step(struct ins_calls *c, uint64_t ns);
/* Lower bound of a bucket, ns. */
uint64_t ins_latency__from(unsigned bucket);

#endif
