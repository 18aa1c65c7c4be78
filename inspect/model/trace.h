/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace - the file being inspected: its chunks as their summaries tell them, and reading them.
 *
 * Opening costs no more than the index; summaries are taken in slices, so that a first screen can
 * be drawn from some of them. What cannot be read in order at random (a pipe, another format) is
 * first copied into a trace of our own in a file without a name.
 *
 * Ownership: a trace owns its reader. Threads: one. Input: untrusted.
 */
#ifndef INS_TRACE_H
#define INS_TRACE_H

#include "format/file/trace_reader.h"

#define INS_NONE UINT32_MAX

struct ins_chunk {
	uint16_t kind;		/* CHUNK_EVENTS or CHUNK_KEYFRAME */
	bool bad;		/* its summary could not be read */
	bool anew;		/* a keyframe before which nothing is to be known */
	uint32_t n_events;
	uint64_t first_num, t_first, t_last;
	uint32_t n_alerts;
	uint64_t n_lost;
};

struct ins_trace {
	struct fmt_reader *r;
	struct fmt_meta meta;		/* of the first machine */
	unsigned n_machines;		/* whose events there are: origins */
	char path[512];			/* as given */
	char name[64];			/* its last part, for the header */
	uint64_t bytes;
	bool complete;			/* closed in order by its writer */
	struct ins_chunk *chunks;
	uint32_t n_chunks, n_read;	/* chunks whose summary is known: the first n_read */
	size_t cap;
	uint64_t t_first, t_last;	/* of the whole file, ns since the epoch */
	uint64_t n_events, n_listed;	/* by summaries: all; without internal ones */
	uint64_t n_alerts, n_lost;
	uint64_t type_counts[FMT_MAX_EVENTS];
	uint32_t damaged;		/* chunks that cannot be read */
	char damage[512];		/* what is wrong, "" if nothing */
};

/*
 * Open a file, or "-" for stdin. Errors name the file and the remedy.
 */
int ins_trace__open(struct ins_trace **ret, const char *path, struct err *err);
void ins_trace__close(struct ins_trace *t);
/* What is known of a machine, by its origin. Borrowed from the trace. */
const struct fmt_meta *ins_trace__machine(const struct ins_trace *t, unsigned origin);
/* Read more summaries for about ns nanoseconds. True: there are more. */
bool ins_trace__step(struct ins_trace *t, uint64_t ns);
/*
 * Decode a chunk. Damage is noted in the trace and returned as the reader's error; whoever reads
 * goes on with the next one.
 */
int ins_trace__read(struct ins_trace *t, uint32_t chunk, const struct fmt_want *want,
		    struct fmt_batch *into);
/* The EVENTS chunk that holds event number num (the last before, if none does), or INS_NONE. */
uint32_t ins_trace__chunk_of(const struct ins_trace *t, uint64_t num);
/* The first EVENTS chunk that ends at or after ts, or the last one; INS_NONE if there is none. */
uint32_t ins_trace__chunk_at(const struct ins_trace *t, uint64_t ts);
/* The last keyframe at or before a chunk: its first chunk. */
uint32_t ins_trace__keyframe(const struct ins_trace *t, uint32_t chunk);
/* Look again at a file that grows. Returns the number of new chunks, or negative. */
int ins_trace__refresh(struct ins_trace *t, struct err *err);

/* Monotonic clock, ns. */
uint64_t ins_now(void);

#endif
