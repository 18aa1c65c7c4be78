/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk_stream - the chunks of a trace one after another, with damage found, told and stepped over.
 *
 * What reads, verifies or recovers traces stands on this. Spec: TRACE-FORMAT.md sections 4, 5, 13.
 */
#ifndef FMT_CHUNK_STREAM_H
#define FMT_CHUNK_STREAM_H

#include "format/codec/events_codec.h"
#include "format/codec/layout.h"
#include "format/file/source.h"
#include "format/file/trace_input.h"

struct chunk {
	struct chunk_header h;
	uint64_t offset;
	const uint8_t *head;		/* summary, then section table; borrowed until the next call */
	uint64_t body_offset;		/* of the first section, from the chunk's beginning */
	struct stored_section *sections;	/* p is NULL until chunk_stream__body */
};

struct chunk_stream {
	struct trace_input in;
	char name[256];
	struct preamble pre;
	bool pre_ok;			/* false: damaged, and so is pre */
	bool uuid_known;
	uint8_t uuid[16];
	/* the chain, as far as it is known at this place */
	bool chained;
	uint8_t hash_prev[TRACE_HASH_SIZE];
	uint64_t next_seq;
	/* what the next call does */
	bool resync;			/* look for the next valid header */
	bool again;			/* give the chunk in cur once more */
	bool ended;			/* an END chunk was last */
	bool told_end;			/* the missing end has been reported */
	bool dead;			/* reading failed: nothing more comes */
	bool follow;			/* what is not there yet may still be written: see chunk_stream__follow */
	uint64_t size_seen;		/* following: of the file, when the last call looked */
	bool scanning;			/* a resync has come to what there is of the file so far */
	struct chunk cur;
	size_t cap_sections;
	uint64_t gap_from;		/* where the resync began */
	uint64_t skipped_bytes;		/* passed over without belonging to a chunk given */
	struct err pending;		/* to be given by the next call */
};

/*
 * Takes over fd, also on error. -FMT_E_FORMAT, -FMT_E_VERSION, -FMT_E_TRUNCATED: there is nothing to read.
 * A damaged preamble is not an error here but of the first chunk_stream__next.
 */
int chunk_stream__open(struct chunk_stream *cs, int fd, bool regular, const char *name, const void *head,
		       size_t n, struct err *err);
/* A second stream over the same regular file, by the descriptor fd, which is taken over: seek first. */
void chunk_stream__clone(struct chunk_stream *cs, const struct chunk_stream *of, int fd);
void chunk_stream__close(struct chunk_stream *cs);
/*
 * The next chunk, of any kind, with a head that fits its hash: 0; 1 at the end; FMT_SOURCE_WAIT when following and it is
 * not there yet. After a negative result a further call goes on behind the damage.
 */
int chunk_stream__next(struct chunk_stream *cs, const struct chunk **ret, struct err *err);
/*
 * Regular files: from now on (on) a chunk is given only when it is there whole, and a trace that has no END goes on.
 * What was reported of its end so far is taken back, if nobody has read it yet.
 */
void chunk_stream__follow(struct chunk_stream *cs, bool on);
/* Give the current chunk again by the next call. */
static inline void chunk_stream__unread(struct chunk_stream *cs) { cs->again = true; }
/*
 * Load the sections of the current chunk for which need says true (NULL: all) and set their p.
 * -FMT_E_TRUNCATED if the file ends before.
 */
int chunk_stream__body(struct chunk_stream *cs,
		       bool (*need)(const struct section_entry *s, const void *arg), const void *arg,
		       struct err *err);
/* Regular files: the next chunk is the one at offset. Its predecessor is not checked. */
void chunk_stream__seek(struct chunk_stream *cs, uint64_t offset);
/* Fill err for a fault found within the current chunk: names chunk, place and remedy. Returns code. */
int chunk_stream__fault(const struct chunk_stream *cs, int code, const char *what, struct err *err);

#endif
