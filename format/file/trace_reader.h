/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_reader - reads a spoor trace: in order, by time, by summary; whole, partial or damaged.
 *
 * The file is untrusted. Sequential reading needs only the source interface (source.h); what is here
 * serves seeking, skipping and inspection.
 */
#ifndef FMT_TRACE_READER_H
#define FMT_TRACE_READER_H

#include "format/file/source.h"

enum fmt_chunk_kind {
	CHUNK_META = 1, CHUNK_SCHEMA = 2, CHUNK_KEYFRAME = 3, CHUNK_EVENTS = 4,
	CHUNK_INDEX = 5, CHUNK_SEAL = 6, CHUNK_END = 7,
};

struct fmt_type_count { uint16_t type; uint32_t n; };

/* What a chunk says of itself without decompressing anything. */
struct fmt_summary {
	uint16_t kind;
	bool anew;			/* a keyframe before which nothing is to be known: reset the state */
	uint64_t offset, length;	/* bytes in the file, header included */
	uint64_t seq;
	uint64_t first_num;		/* evt.num of its first event */
	uint32_t n_events;
	uint64_t t_first, t_last;	/* ns since the epoch */
	uint64_t n_alerts, n_lost;
	uint32_t n_types;
	const struct fmt_type_count *types;	/* events per type, borrowed */
	bool pids_complete;		/* false: more processes occur than are listed */
	uint32_t n_pids;
	const uint32_t *pids;		/* sorted */
	bool containers_complete;
	uint32_t n_containers;
	const char *const *containers;	/* 12-character ids */
};

struct fmt_reader;

/* Open a regular spoor trace for random access. The INDEX is used if it is there, else headers are walked. */
int fmt_reader__open(struct fmt_reader **ret, const char *path, struct err *err);
void fmt_reader__close(struct fmt_reader *r);
const struct fmt_meta *fmt_reader__meta(const struct fmt_reader *r);
/* The same and the other machines', as a source says it. Strings and more are borrowed; ops stays NULL: it cannot be read. */
void fmt_reader__as_source(const struct fmt_reader *r, struct fmt_source *ret);
/* True if the file has a valid END: it was closed in order. */
bool fmt_reader__complete(const struct fmt_reader *r);
/* Chunks that hold events or keyframes, in file order. */
uint32_t fmt_reader__n_chunks(const struct fmt_reader *r);
int fmt_reader__summary(struct fmt_reader *r, uint32_t chunk, struct fmt_summary *ret, struct err *err);
void fmt_reader__want(struct fmt_reader *r, const struct fmt_want *w);
/* Decode a chunk into a batch of the caller. */
int fmt_reader__read(struct fmt_reader *r, uint32_t chunk, struct fmt_batch *into, struct err *err);
/* The last keyframe chunk that begins at or before a time / a chunk. Returns its number. */
uint32_t fmt_reader__keyframe_at(const struct fmt_reader *r, uint64_t ts);
uint32_t fmt_reader__keyframe_before(const struct fmt_reader *r, uint32_t chunk);
/* Look again at a file that is still being written; returns the number of new chunks, or an error: it is shorter now. */
int fmt_reader__refresh(struct fmt_reader *r, struct err *err);

/* What was verified. Who has kept hash can tell later that nothing in the trace was changed. */
struct fmt_verified {
	uint64_t chunks;
	uint8_t hash[32];		/* of the last header */
};
/* Check every hash and the chain. 0: all fit; else err names the first chunk that does not. */
int fmt_trace__verify(const char *path, struct fmt_verified *ret, struct err *err);
/*
 * Write what is readable of a damaged or unfinished file to out_fd, which is taken over, also on error; out names it
 * in messages. Returns 0, 1 if something was left out.
 */
struct fmt_recover_stats { uint64_t chunks, events, skipped_bytes, damaged_chunks; };
int fmt_trace__recover(const char *in, int out_fd, const char *out, struct fmt_recover_stats *ret,
		       struct err *err);

#endif
