/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - the bytes that were read and written in a selection, in order: by one connection, on one
 * file or terminal, by a process through all its descriptors.
 *
 * Kept in memory up to a cap; what lies behind it is counted. A recording keeps the first bytes of
 * each call only (its snap length), so that a piece may be shorter than what went through.
 */
#ifndef INS_STREAM_H
#define INS_STREAM_H

#include "inspect/model/events/evlist.h"

#define INS_MAX_STREAM (16u << 20)	/* bytes kept */
#define INS_MAX_PIECES 1000000u

struct ins_piece {		/* of one call */
	uint64_t num, ts;
	uint32_t off, len;	/* in the stream's bytes */
	uint32_t full;		/* bytes that went through */
	int32_t pid;
	uint8_t origin;			/* machine */
	uint32_t who, name;	/* strings: comm and what the descriptor is called */
	bool out;		/* written, sent */
};

struct ins_stream {
	struct buf bytes;
	struct ins_piece *pieces;
	uint32_t n;
	size_t cap;
	uint64_t full[2];	/* bytes that went through: read, written */
	uint64_t left_out;	/* bytes over the caps */
	bool done;
	struct strtab str;
	/* the stream's own */
	struct ins_evlist *list;
	struct ins_evpos at;
};

/* Trace, model and lens are borrowed. */
int ins_stream__new(struct ins_stream **ret, struct ins_trace *t, const struct ins_model *m,
		    const struct ins_lens *lens, struct ins_scope scope);
void ins_stream__free(struct ins_stream *s);
/* The model has grown: go on, or begin anew where what was read does not hold. True: it goes on. */
bool ins_stream__again(struct ins_stream *s);
/* Work for about ns nanoseconds. True: there is more to do. */
bool ins_stream__step(struct ins_stream *s, uint64_t ns);
/* A string of a piece, "" for 0. */
const char *ins_stream__str(const struct ins_stream *s, uint32_t id);

#endif
